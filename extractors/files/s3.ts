import { openS3 } from '../../core/clients/s3';
import {
  S3_FIELD_ALIASES,
  S3_SECRET_FIELDS,
  s3ConnectionSchema,
  s3Place,
} from '../../core/clients/s3-connection';
import { resolveS3Settings } from '../../core/clients/s3-settings';
import { bucketSource } from './bucket/bucket-source';
import { parseS3Url } from './s3-url';

/** Files of a bucket of S3, or of a service that speaks its protocol. */
export const s3Source = bucketSource({
  type: 's3',
  aliases: ['aws_s3', 'minio'],
  title: 'Amazon S3, and services that speak its protocol',
  connectionSchema: s3ConnectionSchema,
  secretFields: S3_SECRET_FIELDS,
  fieldAliases: S3_FIELD_ALIASES,
  parseUrl: parseS3Url,
  place: (connection) => {
    const { bucket, prefix } = s3Place(s3ConnectionSchema.parse(connection));
    return { location: `s3://${bucket}`, prefix: prefix.replaceAll('$${', () => '${') };
  },
  openClient: async (connection, services, signal) =>
    await openS3(await resolveS3Settings(s3ConnectionSchema.parse(connection), services, signal)),
});
