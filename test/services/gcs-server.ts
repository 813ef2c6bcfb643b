import { join } from 'node:path';
import { freePort } from './free-port';
import { installedService } from './installed-services';
import { startServer } from './server-process';

/** fake-gcs-server, and a bucket in it. */
export interface GcsServer {
  /** `http://127.0.0.1:PORT`, the `staging_endpoint` of a destination. */
  readonly endpoint: string;
  /** A bucket that exists. */
  readonly bucket: string;
  createBucket(name: string): Promise<void>;
  /** Names of objects that begin with the prefix, in order. */
  list(prefix?: string, bucket?: string): Promise<string[]>;
  /** Undefined: there is no such object. */
  read(name: string, bucket?: string): Promise<Buffer | undefined>;
  /** Writes over what is there. */
  write(name: string, body: string | Uint8Array, bucket?: string): Promise<void>;
  delete(name: string, bucket?: string): Promise<void>;
  /** The end of what the server wrote. */
  log(): string;
  stop(): Promise<void>;
}

/** For a `before` hook; call `stop` in `after`. Takes 0.1 seconds. Objects are in memory, or in files of a folder that exists. */
export async function startGcsServer(bucket = 'staging', folder?: string): Promise<GcsServer> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await startServer(
    join(installedService('fake-gcs-server'), 'fake-gcs-server'),
    [
      ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port)],
      ...(folder === undefined
        ? ['-backend', 'memory']
        : ['-backend', 'filesystem', '-filesystem-root', folder]),
      ...[
        '-public-host',
        `127.0.0.1:${port}`,
        '-external-url',
        endpoint,
        '-location',
        'US',
        '-log-level',
        'warn',
      ],
    ],
    {},
    `${endpoint}/_internal/healthcheck`,
  );
  const objects = (inBucket: string): string => `${endpoint}/storage/v1/b/${inBucket}/o`;
  const gcs: GcsServer = {
    endpoint,
    bucket,
    createBucket: async (name) => {
      await expectOk(
        await fetch(`${endpoint}/storage/v1/b?project=test`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name, location: 'US' }),
        }),
      );
    },
    list: async (prefix = '', inBucket = bucket) => {
      const names: string[] = [];
      let pageToken = '';
      do {
        const query = new URLSearchParams({ prefix, pageToken });
        const page = (await (
          await expectOk(await fetch(`${objects(inBucket)}?${query.toString()}`))
        ).json()) as {
          items?: { name: string }[];
          nextPageToken?: string;
        };
        for (const { name } of page.items ?? []) names.push(name);
        pageToken = page.nextPageToken ?? '';
      } while (pageToken !== '');
      return names.sort();
    },
    read: async (name, inBucket = bucket) => {
      const response = await fetch(`${objects(inBucket)}/${encodeURIComponent(name)}?alt=media`);
      if (response.status === 404) return undefined;
      return Buffer.from(await (await expectOk(response)).arrayBuffer());
    },
    write: async (name, body, inBucket = bucket) => {
      const query = new URLSearchParams({ uploadType: 'media', name });
      await expectOk(
        await fetch(`${endpoint}/upload/storage/v1/b/${inBucket}/o?${query.toString()}`, {
          method: 'POST',
          body: Buffer.from(body),
        }),
      );
    },
    delete: async (name, inBucket = bucket) => {
      await expectOk(await fetch(`${objects(inBucket)}/${encodeURIComponent(name)}`, { method: 'DELETE' }));
    },
    log: () => server.log(),
    stop: () => server.stop(),
  };
  await gcs.createBucket(bucket);
  return gcs;
}

async function expectOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw new Error(`${response.status} of ${response.url}: ${await response.text()}`);
}
