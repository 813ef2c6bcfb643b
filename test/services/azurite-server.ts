import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  BlobServiceClient,
  ContainerSASPermissions,
  StorageSharedKeyCredential,
  type ContainerClient,
} from '@azure/storage-blob';
import { freePort } from './free-port';
import { installedService } from './installed-services';
import { startServer } from './server-process';

/** azurite, and a container in it. */
export interface AzuriteServer {
  readonly account: string;
  readonly key: string;
  /** `http://127.0.0.1:PORT/ACCOUNT`, the `endpoint` of a connection. */
  readonly endpoint: string;
  /** A container that exists. */
  readonly container: string;
  /** Any container, for what only the library can do. */
  client(container?: string): ContainerClient;
  /** Writes over what is there. */
  write(
    name: string,
    body: string | Uint8Array,
    options?: { readonly contentEncoding?: string; readonly metadata?: Record<string, string> },
  ): Promise<void>;
  delete(name: string): Promise<void>;
  /** A token for the container; `permissions` as in `sp`. */
  sas(permissions: string, expires: Date): Promise<string>;
  log(): string;
  stop(): Promise<void>;
}

/** For a `before` hook; call `stop` in `after`. Takes two seconds. Blobs are in memory. */
export async function startAzurite(container = 'raw'): Promise<AzuriteServer> {
  const port = await freePort();
  const account = 'beamlifttest';
  const key = randomBytes(64).toString('base64');
  const origin = `http://127.0.0.1:${port}`;
  const program = join(
    installedService('azurite'),
    'node_modules',
    'azurite',
    'dist',
    'src',
    'blob',
    'main.js',
  );
  const server = await startServer(
    process.execPath,
    [
      program,
      ...['--blobHost', '127.0.0.1', '--blobPort', String(port)],
      ...['--inMemoryPersistence', '--disableTelemetry', '--skipApiVersionCheck', '--silent'],
    ],
    { AZURITE_ACCOUNTS: `${account}:${key}` },
    async () => await isThere(origin),
  );
  const endpoint = `${origin}/${account}`;
  const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key));
  const client = service.getContainerClient(container);
  await client.create();
  return {
    account,
    key,
    endpoint,
    container,
    client: (name = container) => service.getContainerClient(name),
    write: async (name, body, { contentEncoding, metadata } = {}) => {
      const bytes = Buffer.from(body);
      await client.getBlockBlobClient(name).upload(bytes, bytes.byteLength, {
        ...(contentEncoding === undefined
          ? {}
          : { blobHTTPHeaders: { blobContentEncoding: contentEncoding } }),
        ...(metadata === undefined ? {} : { metadata }),
      });
    },
    delete: async (name) => {
      await client.deleteBlob(name);
    },
    sas: async (permissions, expires) => {
      const url = await client.generateSasUrl({
        permissions: ContainerSASPermissions.parse(permissions),
        startsOn: new Date(Date.now() - 24 * 3_600_000),
        expiresOn: expires,
      });
      return new URL(url).search;
    },
    log: () => server.log(),
    stop: () => server.stop(),
  };
}

/** Whatever it answers to somebody unknown. */
async function isThere(origin: string): Promise<boolean> {
  return await fetch(origin, { signal: AbortSignal.timeout(2_000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return true;
    },
    () => false,
  );
}
