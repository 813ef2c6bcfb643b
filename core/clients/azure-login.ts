import type { TokenCredential } from '@azure/identity' with { 'resolution-mode': 'import' };
import type { AnonymousCredential, StorageSharedKeyCredential } from '@azure/storage-blob' with {
  'resolution-mode': 'import',
};
import type { AzureLogin } from './azure-settings';

/** What signs the requests. A SAS token is part of the address instead. No request is made yet. */
export async function azureCredential(
  login: AzureLogin,
): Promise<TokenCredential | StorageSharedKeyCredential | AnonymousCredential> {
  switch (login.kind) {
    case 'key': {
      const { StorageSharedKeyCredential: SharedKey } = await import('@azure/storage-blob');
      return new SharedKey(login.account, login.key);
    }
    case 'sas':
    case 'anonymous': {
      const { AnonymousCredential: Anonymous } = await import('@azure/storage-blob');
      return new Anonymous();
    }
    case 'service principal': {
      const { ClientSecretCredential } = await import('@azure/identity');
      return new ClientSecretCredential(login.tenant, login.client, login.secret);
    }
    case 'managed identity': {
      const { ManagedIdentityCredential } = await import('@azure/identity');
      return login.client === undefined
        ? new ManagedIdentityCredential()
        : new ManagedIdentityCredential({ clientId: login.client });
    }
    case 'default': {
      const { DefaultAzureCredential } = await import('@azure/identity');
      return new DefaultAzureCredential();
    }
  }
}
