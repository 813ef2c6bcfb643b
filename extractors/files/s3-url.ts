import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import { cutObjectPath } from './bucket/cut-object-path';

/**
 * `s3://bucket/exports/2024/*.csv` as a connection (the bucket, and the folder before the first special character or the file) and a
 * pattern. Undefined: not a URL of S3. Throws USAGE.
 */
export function parseS3Url(
  url: string,
): { connection: JsonObject; object?: { pattern: string } } | undefined {
  const path = /^s3[an]?:\/\/(.*)$/is.exec(url)?.[1];
  if (path === undefined) return undefined;
  const slash = path.indexOf('/');
  const bucket = slash === -1 ? path : path.slice(0, slash);
  if (bucket === '' || bucket.includes('@') || bucket.includes(':')) {
    throw new BeamliftError('USAGE', {
      what: 'A URL of S3 is s3://bucket/prefix/**/*.csv.',
      why: bucket === '' ? 'No bucket is named.' : 'It holds neither a login nor a port.',
      hint: 'Credentials come from AWS_ACCESS_KEY_ID, AWS_PROFILE and so on, another service from AWS_ENDPOINT_URL; or write a connection.',
    });
  }
  const { prefix, pattern } = cutObjectPath(slash === -1 ? '' : path.slice(slash + 1));
  return {
    connection: { bucket, ...(prefix === '' ? {} : { prefix }) },
    ...(pattern === undefined ? {} : { object: { pattern } }),
  };
}
