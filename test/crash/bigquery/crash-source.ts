import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PostgresServer } from '../../services/postgres-server';
import type { CrashRow } from './load-cases';

/** Where the rows of a scene come from. */
export interface CrashSource {
  /** The connection, YAML in braces without them. */
  readonly connection: string;
  /** Keys of a job that say what it reads. */
  readonly jobKeys: string;
  /** Whether the job remembers files, and not how far it is in a column. */
  readonly remembersFiles: boolean;
  /** Adds rows that were not there before, as a file of that name where it is files. */
  add(name: string, rows: readonly CrashRow[]): Promise<void>;
}

/** A folder of CSV files. */
export async function fileSource(folder: string): Promise<CrashSource> {
  const data = path.join(folder, 'data');
  await mkdir(data);
  return {
    connection: 'source_type: local, path: data',
    jobKeys: 'file_pattern: "*.csv"',
    remembersFiles: true,
    add: async (name, rows) => {
      const lines = rows.map((row) => `${row.id},"${row.name.replaceAll('"', '""')}"\n`);
      await writeFile(path.join(data, name), `id,name\n${lines.join('')}`);
    },
  };
}

/** A table of PostgreSQL with a column that grows by time. */
export async function postgresSource(server: PostgresServer, table: string): Promise<CrashSource> {
  await server.execute(
    `CREATE TABLE public.${table} (id bigint PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL)`,
  );
  const login = { host: server.host, port: server.port, user: server.user, password: server.password };
  const keys = Object.entries({ ...login, database: 'postgres', sslmode: 'disable' });
  return {
    connection: `source_type: postgresql, ${keys.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ')}`,
    jobKeys: `source_table_name: public.${table}, timestamp_column: created_at, hold_back: 0s, dest_table_name: rows`,
    remembersFiles: false,
    add: async (_name, rows) => {
      const values = rows.map(({ id, name }) => `(${id}, '${name}', clock_timestamp())`);
      await server.execute(`INSERT INTO public.${table} VALUES ${values.join(', ')}`);
    },
  };
}
