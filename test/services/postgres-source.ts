import { postgresSource } from '../../extractors/postgres/postgres';
import type { Row } from '../../core/cells';
import type { Environment, Extractor, ReadRequest, SourceServices } from '../../core/extractor';
import type { JsonObject, SourceObject, SourceSpec } from '../../core/plan';
import type { Reject } from '../../core/reject';
import type { PostgresServer } from './postgres-server';

export const never = new AbortController().signal;

export interface SourceOptions {
  readonly object: SourceObject;
  readonly connection?: JsonObject;
  readonly filter?: string;
  readonly maxConnections?: number;
  readonly timezone?: string;
  readonly environment?: Environment;
}

/** What the launcher gives to a source: secrets from `environment`, nowhere else. */
export function servicesWith(
  environment: Environment = {},
): SourceServices & { readonly warnings: string[] } {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  return {
    secrets: {
      resolve: (text) =>
        Promise.resolve(text.replace(/\$\{env:(\w+)\}/g, (_whole, name: string) => environment[name] ?? '')),
    },
    environment: { HOME: '/nonexistent', ...environment },
    log: { debug: ignore, info: ignore, error: ignore, warn: (event) => void warnings.push(event) },
    baseFolder: '/nonexistent',
    warnings,
  };
}

export function connectionTo(server: PostgresServer, more: JsonObject = {}): JsonObject {
  const { host, port, user, password } = server;
  return { host, port, user, password, database: 'postgres', ...more };
}

export async function openSource(server: PostgresServer, options: SourceOptions): Promise<Extractor> {
  const source: SourceSpec = {
    type: 'postgresql',
    connectionName: 'shop',
    connection: connectionTo(server, options.connection),
    object: options.object,
    maxConnections: options.maxConnections ?? 4,
    ...(options.filter === undefined ? {} : { filter: options.filter }),
    ...(options.timezone === undefined ? {} : { timezone: options.timezone }),
  };
  return await postgresSource.open(source, servicesWith(options.environment));
}

/** Opens, gives to `work`, and closes whatever happens. */
export async function withSource<T>(
  server: PostgresServer,
  options: SourceOptions,
  work: (source: Extractor) => Promise<T>,
): Promise<T> {
  const source = await openSource(server, options);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

export const table = (name: string, schema?: string): SourceObject => ({
  kind: 'table',
  name,
  ...(schema === undefined ? {} : { schema }),
});
export const query = (sql: string): SourceObject => ({ kind: 'query', sql });

/** A request for all rows and columns, but for what is given. */
export async function requestOf(source: Extractor, more: Partial<ReadRequest> = {}): Promise<ReadRequest> {
  const { columns } = await source.schema(never);
  return {
    unit: { id: 'all', kind: 'all' },
    window: null,
    columns: columns.map(({ name }) => name),
    limit: null,
    pin: undefined,
    ...more,
  };
}

export async function readAll(
  source: Extractor,
  more: Partial<ReadRequest> = {},
  signal: AbortSignal = never,
): Promise<{ rows: Row[]; rejects: Reject[]; batches: number }> {
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  let batches = 0;
  for await (const batch of source.read(await requestOf(source, more), signal).batches) {
    rows.push(...batch.rows);
    rejects.push(...batch.rejects);
    batches++;
  }
  return { rows, rejects, batches };
}
