import { mysqlSource } from '../../extractors/mysql/mysql';
import type { Environment, Extractor } from '../../core/extractor';
import type { JsonObject, SourceObject } from '../../core/plan';
import type { MysqlServer } from './mysql-server';
import { servicesWith } from './postgres-source';

export interface MysqlSourceOptions {
  readonly object: SourceObject;
  readonly connection?: JsonObject;
  readonly filter?: string;
  readonly maxConnections?: number;
  readonly timezone?: string;
  readonly environment?: Environment;
}

export function mysqlConnectionTo(server: MysqlServer, more: JsonObject = {}): JsonObject {
  const { host, port, user, password, database } = server;
  return { host, port, user, password, database, ...more };
}

/** Opens a source, gives it to `work`, and closes it whatever happens. */
export async function withMysql<T>(
  server: MysqlServer,
  options: MysqlSourceOptions,
  work: (source: Extractor) => Promise<T>,
): Promise<T> {
  const { object, filter, timezone } = options;
  const source = await mysqlSource.open(
    {
      type: 'mysql',
      connectionName: 'shop',
      connection: mysqlConnectionTo(server, options.connection),
      object,
      maxConnections: options.maxConnections ?? 4,
      ...(filter === undefined ? {} : { filter }),
      ...(timezone === undefined ? {} : { timezone }),
    },
    servicesWith(options.environment),
  );
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}
