import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { freePort } from './free-port';
import { installedService } from './installed-services';
import { startServer } from './server-process';

/** versitygw, and a bucket in it. */
export interface S3Server {
  /** `http://127.0.0.1:PORT`, the `endpoint` of a connection. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A bucket that exists. */
  readonly bucket: string;
  /** Writes over what is there. */
  write(key: string, body: string | Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  createBucket(name: string): Promise<void>;
  /** Fields of a connection to the bucket. */
  connection(more?: Readonly<Record<string, string | boolean>>): Record<string, string | boolean>;
  stop(): Promise<void>;
}

const ACCESS_KEY_ID = 'AKIABEAMLIFTTESTS';
const SECRET_ACCESS_KEY = 'a+Secret/Key-of-40-characters-0123456789';
const REGION = 'eu-central-1';

/** For a `before` hook; call `stop` in `after`. Objects are files of a temporary folder. */
export async function startS3Server(bucket = 'lake'): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'beamlift-s3-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await startServer(
    join(installedService('versitygw'), 'versitygw'),
    ['--port', `127.0.0.1:${port}`, '--region', REGION, '--health', '/healthy', '--quiet', 'posix', folder],
    { ROOT_ACCESS_KEY: ACCESS_KEY_ID, ROOT_SECRET_KEY: SECRET_ACCESS_KEY, HOME: folder },
    `${endpoint}/healthy`,
  );
  const config: S3ClientConfig = {
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY },
  };
  const client = new S3Client(config);
  const createBucket = async (name: string): Promise<void> => {
    await client.send(new CreateBucketCommand({ Bucket: name }));
  };
  const stop = async (): Promise<void> => {
    client.destroy();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await createBucket(bucket);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint,
    region: REGION,
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET_ACCESS_KEY,
    bucket,
    createBucket,
    write: async (key, body) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body) }));
    },
    delete: async (key) => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    connection: (more = {}) => ({
      bucket,
      endpoint,
      region: REGION,
      access_key_id: ACCESS_KEY_ID,
      secret_access_key: SECRET_ACCESS_KEY,
      ...more,
    }),
    stop,
  };
}
