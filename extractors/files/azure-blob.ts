import { openAzureContainer } from '../../core/clients/azure-blob';
import {
  AZURE_FIELD_ALIASES,
  AZURE_SECRET_FIELDS,
  azureConnectionSchema,
  azurePlace,
  resolveAzureSettings,
} from '../../core/clients/azure-connection';
import { bucketSource } from './bucket/bucket-source';
import { parseAzureUrl } from './azure-url';

/** Files of a container of Azure Blob Storage. */
export const azureBlobSource = bucketSource({
  type: 'azure_blob',
  aliases: ['azure', 'azure_blob_storage', 'adls'],
  title: 'Azure Blob Storage',
  connectionSchema: azureConnectionSchema,
  secretFields: AZURE_SECRET_FIELDS,
  fieldAliases: AZURE_FIELD_ALIASES,
  parseUrl: parseAzureUrl,
  place: (connection) => {
    const parsed = azureConnectionSchema.parse(connection);
    const { account = parsed.account, container, prefix } = azurePlace(parsed);
    return {
      location: account === undefined ? `azure container ${container}` : `azure://${account}/${container}`,
      prefix: prefix.replaceAll('$${', () => '${'),
    };
  },
  openClient: async (connection, services, signal) =>
    await openAzureContainer({
      settings: await resolveAzureSettings(azureConnectionSchema.parse(connection), services, signal),
    }),
});
