import { connectPostgres } from '../../core/clients/postgres';
import type { PostgresClient } from '../../core/clients/postgres-client';
import { POSTGRES_SECRET_FIELDS, postgresConnectionSchema } from '../../core/clients/postgres-connection';
import { resolvePostgresSettings } from '../../core/clients/postgres-settings';
import type { SourceModule } from '../../core/extractor';
import { checkConnection } from './check-connection';
import { discoverTables } from './discover-tables';
import { parsePostgresUrl } from './parse-postgres-url';
import { PostgresExtractor } from './postgres-extractor';
import { PostgresSession } from './session';

/** PostgreSQL as a source: tables, views and queries, read through COPY under one exported snapshot. */
export const postgresSource = {
  type: 'postgresql',
  aliases: ['postgres'],
  title: 'PostgreSQL 12 or newer',
  category: 'database',
  connectionSchema: postgresConnectionSchema,
  secretFields: POSTGRES_SECRET_FIELDS,
  parseUrl: parsePostgresUrl,
  open: (source, services) => Promise.resolve(new PostgresExtractor(source, services)),
  check: checkConnection,
  discover: async (connection, services, filter, signal) => {
    const settings = await resolvePostgresSettings(
      postgresConnectionSchema.parse(connection),
      services,
      signal,
    );
    let client: PostgresClient | undefined;
    try {
      client = await connectPostgres(settings, signal);
      const session = new PostgresSession(client, signal, {});
      await session.begin();
      const objects = await discoverTables(session, filter);
      await session.commit();
      return objects;
    } finally {
      await client?.close();
      await settings.tunnel?.close();
    }
  },
} as const satisfies SourceModule<'postgresql'>;
