import type { SourceModule } from '../core/extractor';
import { bigquerySource } from './bigquery/bigquery';
import { azureBlobSource } from './files/azure-blob';
import { gcsSource } from './files/gcs';
import { localSource } from './files/local';
import { s3Source } from './files/s3';
import { mysqlSource } from './mysql/mysql';
import { postgresSource } from './postgres/postgres';

/** Every kind of source. A new one is a module and an entry here; config, help, docs and the contract suite follow. */
export const SOURCES = [
  postgresSource,
  mysqlSource,
  bigquerySource,
  localSource,
  s3Source,
  gcsSource,
  azureBlobSource,
] as const satisfies readonly SourceModule[];
