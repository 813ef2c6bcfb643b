import { connectPostgres } from '../../core/clients/postgres';
import type { PostgresClient, StatementPurpose } from '../../core/clients/postgres-client';
import { resolvePostgresSettings, type PostgresSettings } from '../../core/clients/postgres-settings';
import { RETRY_POLICIES } from '../../core/retry-policies';
import { withRetries } from '../../core/with-retries';
import { FILES_PER_WRITE, inGroups, type FileFilter, type FileRecord } from './file-record';
import { FILE_COLUMNS, fileRecordSchema } from './file-record-json';
import { isPrepared, migrate, quoteIdentifier, type PostgresPlace } from './postgres-migrations';
import { RECORD_COLUMNS, runRecordSchema } from './record-json';
import type { RunStoreServices } from './run-store-services';
import {
  DEFAULT_POSTGRES_SCHEMA,
  describeRunStore,
  type PostgresRunStoreConfig,
  type RunStoreSpec,
} from './run-store-spec';
import type { RunFilter, RunRecord, RunStore } from './run-store';
import { preparePatience, readPatience, writePatience } from './store-patience';

/**
 * Opens the store in a PostgreSQL database: the table `etl_runs` of the schema, made at first use. `create: false`: nothing is made;
 * undefined where there is nothing yet. Throws what connecting throws.
 */
export async function openPostgresRunStore(
  config: PostgresRunStoreConfig,
  services: RunStoreServices,
  { create }: { create: boolean },
): Promise<RunStore | undefined> {
  const { schema = DEFAULT_POSTGRES_SCHEMA, ...connection } = config;
  const spec: RunStoreSpec = { type: 'postgresql', config };
  const place: PostgresPlace = { schema, shown: describeRunStore(spec) };
  const signal = create ? preparePatience(services.signal) : readPatience(services.signal);
  const settings = await resolvePostgresSettings(connection, services, signal);
  const store = new PostgresRunStore(settings, place, services.signal);
  try {
    const ready = await store.prepare(create, signal);
    if (ready) return store;
  } catch (error) {
    await store.close();
    throw error;
  }
  await store.close();
  return undefined;
}

const TIMES: readonly (keyof RunRecord)[] = ['started_at', 'completed_at'];
const NUMBERS: readonly (keyof RunRecord)[] = [
  'duration_seconds',
  'rows_processed',
  'rows_processed_base',
  'rows_rejected',
];

/** Times as this program writes them, whatever the session's zone and DateStyle are. */
const SELECTED = selected(RECORD_COLUMNS);
const SELECTED_FILES = selected(FILE_COLUMNS);

const FILE_NUMBERS: readonly (keyof FileRecord)[] = [
  'size',
  'rows_extracted',
  'rows_loaded',
  'rows_rejected',
];

function selected(columns: readonly string[]): string {
  return columns
    .map((column) =>
      TIMES.some((time) => time === column)
        ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`
        : column,
    )
    .join(', ');
}

/**
 * One connection, made anew where it broke: between the two records of a run may lie hours, in which firewalls forget connections.
 * Every statement can be repeated.
 */
class PostgresRunStore implements RunStore {
  private client: PostgresClient | undefined;
  private readonly table: string;
  private readonly filesTable: string;

  constructor(
    private readonly settings: PostgresSettings,
    private readonly place: PostgresPlace,
    private readonly signal: AbortSignal,
  ) {
    this.table = `${quoteIdentifier(place.schema)}.etl_runs`;
    this.filesTable = `${quoteIdentifier(place.schema)}.etl_run_files`;
  }

  /** False: there is nothing, and nothing was to be made. */
  async prepare(create: boolean, signal: AbortSignal): Promise<boolean> {
    return await this.connected(signal, async (client) => {
      if (!create && !(await isPrepared(client, this.place, signal))) return false;
      await migrate(client, this.place, signal);
      return true;
    });
  }

  async put(record: RunRecord): Promise<void> {
    const columns = RECORD_COLUMNS.join(', ');
    const parameters = RECORD_COLUMNS.map((_column, index) => `$${index + 1}`).join(', ');
    const changes = RECORD_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ');
    const statement = `INSERT INTO ${this.table} (${columns}) VALUES (${parameters}) ON CONFLICT (id) DO UPDATE SET ${changes}`;
    const values = RECORD_COLUMNS.map((column) => storedText(record[column]));
    await this.query(statement, values, writePatience(), 'The run cannot be written to the run store');
  }

  async get(id: string): Promise<RunRecord | undefined> {
    const [record] = await this.select('WHERE id = $1', [id]);
    return record;
  }

  async list(filter: RunFilter): Promise<RunRecord[]> {
    const conditions: string[] = [];
    const values: string[] = [];
    const add = (value: string | undefined, condition: (parameter: string) => string): void => {
      if (value === undefined) return;
      values.push(value);
      conditions.push(condition(`$${values.length}::text`));
    };
    add(filter.job, (parameter) => `job = ${parameter}`);
    add(filter.status, (parameter) => `status = ${parameter}`);
    add(filter.idPrefix, (parameter) => `starts_with(id, ${parameter})`);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    values.push(String(filter.limit));
    return await this.select(
      `${where} ORDER BY etl_runs.started_at DESC, id DESC LIMIT $${values.length}::bigint`,
      values,
    );
  }

  async putFiles(records: readonly FileRecord[]): Promise<void> {
    const columns = FILE_COLUMNS.join(', ');
    const changes = FILE_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ');
    const statement =
      `INSERT INTO ${this.filesTable} (${columns}) SELECT ${columns} ` +
      `FROM jsonb_populate_recordset(NULL::${this.filesTable}, $1::jsonb) ON CONFLICT (run_id, uri) DO UPDATE SET ${changes}`;
    for (const group of inGroups(records, FILES_PER_WRITE)) {
      await this.query(
        statement,
        [storedText(group)],
        writePatience(),
        'The files of a run cannot be written to the run store',
      );
    }
  }

  async files({ runId, job, status, limit }: FileFilter): Promise<FileRecord[]> {
    const chosen = Object.entries({ run_id: runId, job, status }).flatMap(([column, value]) =>
      value === undefined ? [] : [{ column, value }],
    );
    const conditions = chosen.map(({ column }, index) => `${column} = $${index + 1}::text`).join(' AND ');
    const rows = await this.query(
      `SELECT ${SELECTED_FILES} FROM ${this.filesTable}${conditions === '' ? '' : ` WHERE ${conditions}`} ` +
        `ORDER BY etl_run_files.started_at DESC, run_id DESC, uri LIMIT $${chosen.length + 1}::bigint`,
      [...chosen.map(({ value }) => value), String(limit)],
      readPatience(this.signal),
      'Files cannot be read from the run store',
    );
    return rows.map((row) => fileRecordSchema.parse(fieldsOf(row, FILE_COLUMNS, FILE_NUMBERS)));
  }

  async close(): Promise<void> {
    await this.client?.close();
    this.client = undefined;
    await this.settings.tunnel?.close();
  }

  private async select(clauses: string, values: readonly string[]): Promise<RunRecord[]> {
    const rows = await this.query(
      `SELECT ${SELECTED} FROM ${this.table} ${clauses}`,
      values,
      readPatience(this.signal),
      'Runs cannot be read from the run store',
    );
    return rows.map(toRecord);
  }

  private async query(
    statement: string,
    values: readonly (string | null)[],
    signal: AbortSignal,
    what: string,
  ): Promise<readonly (readonly (string | null)[])[]> {
    const purpose: StatementPurpose = { what, place: { object: this.place.shown } };
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

/** PostgreSQL has no NUL in texts, and neither that nor half a surrogate pair in jsonb: they become the replacement character. */
function storedText(value: RunRecord[keyof RunRecord] | readonly FileRecord[]): string | null {
  if (value === null) return null;
  if (typeof value !== 'object') return String(value).replaceAll('\0', '\ufffd');
  return JSON.stringify(value).replace(/\\(?:u[0-9a-f]{4}|.)/g, (escape) =>
    /^\\u(?:0000|d[89a-f])/.test(escape) ? '\\ufffd' : escape,
  );
}

function toRecord(row: readonly (string | null)[]): RunRecord {
  const fields = fieldsOf(row, RECORD_COLUMNS, NUMBERS);
  const { report } = fields;
  const parsed: unknown = typeof report === 'string' ? JSON.parse(report) : null;
  return runRecordSchema.parse({ ...fields, report: parsed });
}

function fieldsOf(
  row: readonly (string | null)[],
  columns: readonly string[],
  numbers: readonly string[],
): Record<string, string | number | null> {
  return Object.fromEntries(
    columns.map((column, index) => {
      const text = row[index] ?? null;
      return [column, text !== null && numbers.includes(column) ? Number(text) : text];
    }),
  );
}
