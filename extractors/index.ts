import { lazyModules } from '../core/lazy-modules';
import type { SourceModule } from '../core/extractor';
import type * as BigQuery from './bigquery/bigquery';
import type * as AzureBlob from './files/azure-blob';
import type * as Gcs from './files/gcs';
import type * as Local from './files/local';
import type * as S3 from './files/s3';
import type * as Mysql from './mysql/mysql';
import type * as Postgres from './postgres/postgres';
import { sourceLoadedLater } from './source-loaded-later';

const load = lazyModules(__filename);

/** Every kind of source. A new one is a module and an entry here; config, help, docs and the contract suite follow. */
export const SOURCES = [
  sourceLoadedLater(
    { type: 'postgresql', aliases: ['postgres'], category: 'database', urls: /^postgres(?:ql)?:/ },
    () => (load('./postgres/postgres') as typeof Postgres).postgresSource,
  ),
  sourceLoadedLater(
    { type: 'mysql', aliases: ['mariadb'], category: 'database', urls: /^(?:mysql|mariadb):/ },
    () => (load('./mysql/mysql') as typeof Mysql).mysqlSource,
  ),
  sourceLoadedLater(
    { type: 'bigquery', aliases: [], category: 'database', urls: /^bigquery:/i },
    () => (load('./bigquery/bigquery') as typeof BigQuery).bigquerySource,
  ),
  sourceLoadedLater(
    // What is no other URL may be a path.
    { type: 'local', aliases: ['file', 'folder'], category: 'files', urls: /^(?:file:|(?!\w{2,}:\/\/))/i },
    () => (load('./files/local') as typeof Local).localSource,
  ),
  sourceLoadedLater(
    { type: 's3', aliases: ['aws_s3', 'minio'], category: 'files', urls: /^s3[an]?:/i },
    () => (load('./files/s3') as typeof S3).s3Source,
  ),
  sourceLoadedLater(
    { type: 'gcs', aliases: ['gs', 'google_cloud_storage'], category: 'files', urls: /^gc?s:/i },
    () => (load('./files/gcs') as typeof Gcs).gcsSource,
  ),
  sourceLoadedLater(
    {
      type: 'azure_blob',
      aliases: ['azure', 'azure_blob_storage', 'adls'],
      category: 'files',
      urls: /^(?:azure|abfss?|wasbs?|https):/i,
    },
    () => (load('./files/azure-blob') as typeof AzureBlob).azureBlobSource,
  ),
] as const satisfies readonly SourceModule[];
