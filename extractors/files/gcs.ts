import {
  GCS_FIELD_ALIASES,
  GCS_SECRET_FIELDS,
  gcsConnectionSchema,
  gcsPlace,
  type GcsConnection,
} from '../../core/clients/gcs-connection';
import { openGcsReader } from '../../core/clients/gcs-reader';
import type { ObjectClient } from '../../core/clients/object-client';
import type { SourceServices } from '../../core/extractor';
import { bucketSource } from './bucket/bucket-source';
import { parseGcsUrl } from './gcs-url';

/** Files of a bucket of Cloud Storage. */
export const gcsSource = bucketSource({
  type: 'gcs',
  aliases: ['gs', 'google_cloud_storage'],
  title: 'Google Cloud Storage',
  connectionSchema: gcsConnectionSchema,
  secretFields: GCS_SECRET_FIELDS,
  fieldAliases: GCS_FIELD_ALIASES,
  parseUrl: parseGcsUrl,
  place: (connection) => {
    const { bucket, prefix } = gcsPlace(gcsConnectionSchema.parse(connection));
    return { location: `gs://${bucket}`, prefix: prefix.replaceAll('$${', () => '${') };
  },
  openClient: async (connection, services, signal) =>
    await openClient(gcsConnectionSchema.parse(connection), services, signal),
});

async function openClient(
  connection: GcsConnection,
  { secrets, environment, log }: SourceServices,
  signal: AbortSignal,
): Promise<ObjectClient> {
  const resolve = async (text: string): Promise<string> => await secrets.resolve(text, signal);
  const { credentials, impersonate, project, endpoint } = connection;
  return await openGcsReader(
    {
      environment,
      log,
      bucket: await resolve(gcsPlace(connection).bucket),
      ...(credentials === undefined
        ? {}
        : { credentials: await resolve(credentials), origin: originOf(credentials) }),
      ...(impersonate === undefined ? {} : { impersonate: await resolve(impersonate) }),
      ...(project === undefined ? {} : { project: await resolve(project) }),
      ...(endpoint === undefined ? {} : { endpoint: await resolve(endpoint) }),
    },
    signal,
  );
}

/** A reference tells where a key comes from; a key that is written out stays untold. */
function originOf(written: string): string {
  const reference = /^\$\{(?:env|file|secret):[^}]*\}$/.exec(written)?.[0];
  return reference === undefined
    ? '`credentials` of the connection'
    : `\`credentials\` of the connection, ${reference},`;
}
