import { mysqlConnectionSchema } from '../../core/clients/mysql-connection';
import type { JsonObject } from '../../core/plan';
import { parseDatabaseUrl, type DatabaseUrls } from '../database/database-url';

const MYSQL_URLS: DatabaseUrls = {
  product: 'MySQL',
  schemes: ['mysql', 'mariadb'],
  numbers: new Set(['port', 'connect_timeout']),
  files: new Set(['ssl_ca', 'ssl_cert', 'ssl_key']),
  parameterNames: new Map([
    ['ssl-mode', 'sslmode'],
    ['ssl_mode', 'sslmode'],
    ['ssl-ca', 'ssl_ca'],
    ['ssl-cert', 'ssl_cert'],
    ['ssl-key', 'ssl_key'],
  ]),
  connectionSchema: mysqlConnectionSchema,
};

/** `mysql://user:password@host:port/database?sslmode=require` as the fields of a connection; see `parseDatabaseUrl`. */
export function parseMysqlUrl(url: string): { connection: JsonObject } | undefined {
  return parseDatabaseUrl(url, MYSQL_URLS);
}
