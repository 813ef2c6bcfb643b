import { connectMysql } from '../../core/clients/mysql';
import type { MysqlClient } from '../../core/clients/mysql-client';
import {
  MYSQL_FIELD_ALIASES,
  MYSQL_SECRET_FIELDS,
  mysqlConnectionSchema,
} from '../../core/clients/mysql-connection';
import { resolveMysqlSettings } from '../../core/clients/mysql-settings';
import type { SourceModule } from '../../core/extractor';
import { checkConnection } from './check-connection';
import { discoverTables } from './discover-tables';
import { MysqlExtractor } from './mysql-extractor';
import { parseMysqlUrl } from './parse-mysql-url';
import { MysqlSession } from './session';

/** MySQL and MariaDB as a source: tables, views and queries, read as texts, each unit in a snapshot of its own. */
export const mysqlSource = {
  type: 'mysql',
  aliases: ['mariadb'],
  title: 'MySQL 5.7 or newer, MariaDB 10.5 or newer',
  category: 'database',
  connectionSchema: mysqlConnectionSchema,
  secretFields: MYSQL_SECRET_FIELDS,
  fieldAliases: MYSQL_FIELD_ALIASES,
  parseUrl: parseMysqlUrl,
  open: (source, services) => Promise.resolve(new MysqlExtractor(source, services)),
  check: checkConnection,
  discover: async (connection, services, filter, signal) => {
    const settings = await resolveMysqlSettings(mysqlConnectionSchema.parse(connection), services, signal);
    let client: MysqlClient | undefined;
    try {
      client = await connectMysql(settings, signal);
      const session = new MysqlSession(client, signal, {});
      await session.setUp();
      return await discoverTables(session, filter);
    } finally {
      await client?.close();
      await settings.tunnel?.close();
    }
  },
} as const satisfies SourceModule<'mysql'>;
