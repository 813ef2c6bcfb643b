import { connectPostgres } from '../../core/clients/postgres';
import type { PostgresClient, StatementPurpose } from '../../core/clients/postgres-client';
import { resolvePostgresSettings, type PostgresSettings } from '../../core/clients/postgres-settings';
import { RETRY_POLICIES } from '../../core/retry-policies';
import { withRetries } from '../../core/with-retries';
import { isPrepared, migrate, quoteIdentifier, type PostgresPlace } from '../runs/postgres-migrations';
import type { RunStoreServices } from '../runs/run-store-services';
import {
  DEFAULT_POSTGRES_SCHEMA,
  describeRunStore,
  type PostgresRunStoreConfig,
} from '../runs/run-store-spec';
import { preparePatience, readPatience, writePatience } from '../runs/store-patience';
import {
  byName,
  storedConnectionSchema,
  type ConnectionStore,
  type StoredConnection,
} from './connection-store';

/**
 * Opens the connections in the PostgreSQL database of a run store: its table `etl_connections`, made at first use. `create: false`:
 * nothing is made; undefined where there is nothing yet. Throws what connecting throws.
 */
export async function openPostgresConnectionStore(
  config: PostgresRunStoreConfig,
  services: RunStoreServices,
  { create }: { create: boolean },
): Promise<ConnectionStore | undefined> {
  const { schema = DEFAULT_POSTGRES_SCHEMA, ...connection } = config;
  const place: PostgresPlace = { schema, shown: describeRunStore({ type: 'postgresql', config }) };
  const signal = create ? preparePatience(services.signal) : readPatience(services.signal);
  const settings = await resolvePostgresSettings(connection, services, signal);
  const store = new PostgresConnectionStore(settings, place, services.signal);
  try {
    if (await store.prepare(create, signal)) return store;
  } catch (error) {
    await store.close();
    throw error;
  }
  await store.close();
  return undefined;
}

const COLUMNS = ['name', 'type', 'fields', 'sealed', 'revision', 'created_at', 'updated_at'] as const;

/** Times as this program writes them, whatever the session's zone and DateStyle are. */
const SELECTED = COLUMNS.map((column) =>
  column.endsWith('_at') ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : column,
).join(', ');

/** One connection, made anew where it broke. */
class PostgresConnectionStore implements ConnectionStore {
  private client: PostgresClient | undefined;
  private readonly table: string;

  constructor(
    private readonly settings: PostgresSettings,
    private readonly place: PostgresPlace,
    private readonly signal: AbortSignal,
  ) {
    this.table = `${quoteIdentifier(place.schema)}.etl_connections`;
  }

  /** False: there is nothing, and nothing was to be made. */
  async prepare(create: boolean, signal: AbortSignal): Promise<boolean> {
    return await this.connected(signal, async (client) => {
      if (!create && !(await isPrepared(client, this.place, signal))) return false;
      await migrate(client, this.place, signal);
      return true;
    });
  }

  async get(name: string): Promise<StoredConnection | undefined> {
    const [connection] = await this.select('WHERE name = $1', [name]);
    return connection;
  }

  async list(): Promise<StoredConnection[]> {
    return (await this.select('', [])).sort(byName);
  }

  async put(connection: StoredConnection, replaces: string | undefined): Promise<boolean> {
    const { name, revision } = connection;
    const values = COLUMNS.map((column) => {
      const value = connection[column];
      return typeof value === 'string' ? value : JSON.stringify(value);
    });
    const parameters = COLUMNS.map((_column, index) => `$${index + 1}`).join(', ');
    const changes = COLUMNS.slice(1).map((column, index) => `${column} = $${index + 2}`);
    const rows =
      replaces === undefined
        ? await this.write(
            `INSERT INTO ${this.table} (${COLUMNS.join(', ')}) VALUES (${parameters}) ON CONFLICT (name) DO NOTHING RETURNING name`,
            values,
          )
        : await this.write(
            `UPDATE ${this.table} SET ${changes.join(', ')} WHERE name = $1 AND revision = $${COLUMNS.length + 1} RETURNING name`,
            [...values, replaces],
          );
    // A statement whose answer was lost is made again, and then finds its own row.
    return rows > 0 || (await this.get(name))?.revision === revision;
  }

  async delete(name: string, revision: string): Promise<boolean> {
    const deleted = await this.write(
      `DELETE FROM ${this.table} WHERE name = $1 AND revision = $2 RETURNING name`,
      [name, revision],
    );
    return deleted > 0;
  }

  async close(): Promise<void> {
    await this.client?.close();
    this.client = undefined;
  }

  private async select(clauses: string, values: readonly string[]): Promise<StoredConnection[]> {
    const purpose = this.purpose('Connections cannot be read from the run store');
    const rows = await this.query(
      `SELECT ${SELECTED} FROM ${this.table} ${clauses}`,
      values,
      readPatience(this.signal),
      purpose,
    );
    return rows.map(toConnection);
  }

  /** How many rows were written. */
  private async write(statement: string, values: readonly string[]): Promise<number> {
    const purpose = this.purpose('The connection cannot be written to the run store');
    return (await this.query(statement, values, writePatience(), purpose)).length;
  }

  private purpose(what: string): StatementPurpose {
    return { what, place: { object: this.place.shown } };
  }

  private async query(
    statement: string,
    values: readonly string[],
    signal: AbortSignal,
    purpose: StatementPurpose,
  ): Promise<readonly (readonly (string | null)[])[]> {
    return await this.connected(
      signal,
      async (client) => (await client.query(statement, values, signal, purpose)).rows,
    );
  }

  private async connected<Result>(
    signal: AbortSignal,
    work: (client: PostgresClient) => Promise<Result>,
  ): Promise<Result> {
    return await withRetries(RETRY_POLICIES.connect, signal, async () => {
      if (this.client?.isLost !== false) this.client = await connectPostgres(this.settings, signal);
      return await work(this.client);
    });
  }
}

function toConnection(row: readonly (string | null)[]): StoredConnection {
  const fields = COLUMNS.map((column, index): [string, unknown] => {
    const text = row[index] ?? '';
    return [column, column === 'fields' || column === 'sealed' ? JSON.parse(text) : text];
  });
  return storedConnectionSchema.parse(Object.fromEntries(fields));
}
