import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import { cutObjectPath } from './bucket/cut-object-path';

/**
 * `gs://bucket/exports/2024/*.csv` as a connection (the bucket, and the folder before the first special character or the file) and a
 * pattern. Undefined: not a URL of Cloud Storage. Throws USAGE.
 */
export function parseGcsUrl(
  url: string,
): { connection: JsonObject; object?: { pattern: string } } | undefined {
  const path = /^gc?s:\/\/(.*)$/is.exec(url)?.[1];
  if (path === undefined) return undefined;
  const slash = path.indexOf('/');
  const bucket = slash === -1 ? path : path.slice(0, slash);
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(bucket)) {
    throw new BeamliftError('USAGE', {
      what: 'A URL of Cloud Storage is gs://bucket/prefix/**/*.csv.',
      why: bucket === '' ? 'No bucket is named.' : 'It holds neither a login nor a port.',
      hint: 'Credentials come from GOOGLE_APPLICATION_CREDENTIALS or `gcloud auth application-default login`; or write a connection.',
    });
  }
  const { prefix, pattern } = cutObjectPath(slash === -1 ? '' : path.slice(slash + 1));
  return {
    connection: { bucket, ...(prefix === '' ? {} : { prefix }) },
    ...(pattern === undefined ? {} : { object: { pattern } }),
  };
}
