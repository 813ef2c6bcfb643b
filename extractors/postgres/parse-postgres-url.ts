import type { JsonObject } from '../../core/plan';
import { postgresConnectionSchema } from '../../core/clients/postgres-connection';
import { parseDatabaseUrl, type DatabaseUrls } from '../database/database-url';

const POSTGRES_URLS: DatabaseUrls = {
  product: 'PostgreSQL',
  schemes: ['postgresql', 'postgres'],
  numbers: new Set(['port', 'connect_timeout']),
  files: new Set(['ssl_ca', 'ssl_cert', 'ssl_key']),
  // as libpq spells them
  parameterNames: new Map([
    ['dbname', 'database'],
    ['sslrootcert', 'ssl_ca'],
    ['sslcert', 'ssl_cert'],
    ['sslkey', 'ssl_key'],
  ]),
  connectionSchema: postgresConnectionSchema,
};

/** A URL as libpq reads it, `postgresql://user:password@host:port/database?sslmode=require`; see `parseDatabaseUrl`. */
export function parsePostgresUrl(url: string): { connection: JsonObject } | undefined {
  return parseDatabaseUrl(url, POSTGRES_URLS);
}
