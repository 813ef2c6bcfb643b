import type { PostgresClient, StatementPurpose } from '../../core/clients/postgres-client';
import { BeamliftError } from '../../core/errors';

interface Migration {
  readonly name: string;
  /** `schema`: quoted, with a dot at its end. */
  readonly statements: (schema: string) => readonly string[];
}

/** In order, only ever added to: version n is the n-th. */
const MIGRATIONS: readonly Migration[] = [
  {
    name: 'runs',
    statements: (schema) => [
      `CREATE TABLE ${schema}etl_runs (
         id text COLLATE "C" PRIMARY KEY,
         job text NOT NULL,
         started_at timestamptz NOT NULL,
         completed_at timestamptz,
         status text NOT NULL,
         duration_seconds double precision,
         rows_processed bigint,
         rows_processed_base bigint,
         rows_rejected bigint,
         error_message text,
         triggered_by text NOT NULL,
         runner text,
         watermark text,
         report jsonb
       )`,
      `CREATE INDEX etl_runs_by_start ON ${schema}etl_runs (started_at DESC, id DESC)`,
      `CREATE INDEX etl_runs_by_job ON ${schema}etl_runs (job, started_at DESC, id DESC)`,
    ],
  },
  {
    name: 'files of runs',
    statements: (schema) => [
      `CREATE TABLE ${schema}etl_run_files (
         run_id text COLLATE "C",
         job text NOT NULL,
         started_at timestamptz NOT NULL,
         uri text COLLATE "C",
         version text NOT NULL,
         size bigint NOT NULL,
         last_modified text,
         status text NOT NULL,
         rows_extracted bigint,
         rows_loaded bigint,
         rows_rejected bigint,
         error_code text,
         error_message text,
         PRIMARY KEY (run_id, uri)
       )`,
      `CREATE INDEX etl_run_files_by_job ON ${schema}etl_run_files (job, started_at DESC, run_id DESC, uri)`,
      `CREATE INDEX etl_run_files_failed ON ${schema}etl_run_files (job, started_at DESC, run_id DESC, uri) WHERE status = 'failed'`,
    ],
  },
  {
    name: 'connections',
    statements: (schema) => [
      `CREATE TABLE ${schema}etl_connections (
         name text COLLATE "C" PRIMARY KEY,
         type text NOT NULL,
         fields jsonb NOT NULL,
         sealed jsonb NOT NULL,
         revision text NOT NULL,
         created_at timestamptz NOT NULL,
         updated_at timestamptz NOT NULL
       )`,
    ],
  },
];

/** Any number will do, as long as every version of beamlift has the same one. */
const ADVISORY_LOCK = 7_305_794_021_441;

const TABLE = 'beamlift_migrations';

/** Where the tables are, and how errors name the place. */
export interface PostgresPlace {
  readonly schema: string;
  readonly shown: string;
}

/** A name as PostgreSQL reads it, whatever is in it. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Brings the schema to the newest version. Several processes may do so at once: each step is made once, under an advisory lock, and all of
 * them in one transaction. A login that may only read is enough where there is nothing to do.
 */
export async function migrate(
  client: PostgresClient,
  place: PostgresPlace,
  signal: AbortSignal,
): Promise<void> {
  if ((await versionOf(client, place, signal)) === MIGRATIONS.length) return;
  const purpose = purposeOf(place, 'prepared');
  try {
    // Each statement sees what others have committed while the lock was waited for.
    await client.execute(
      ['BEGIN ISOLATION LEVEL READ COMMITTED', `SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`],
      signal,
      purpose,
    );
    const statements = await missingSteps(client, place, signal);
    await client.execute([...statements, 'COMMIT'], signal, purpose);
  } catch (error) {
    // An open transaction holds the lock; whoever goes on with this connection would be inside of it.
    client.destroy();
    throw error;
  }
}

/** Whether there is something to read. */
export async function isPrepared(
  client: PostgresClient,
  place: PostgresPlace,
  signal: AbortSignal,
): Promise<boolean> {
  return (await versionOf(client, place, signal)) > 0;
}

async function missingSteps(
  client: PostgresClient,
  place: PostgresPlace,
  signal: AbortSignal,
): Promise<string[]> {
  const version = await versionOf(client, place, signal);
  const schema = `${quoteIdentifier(place.schema)}.`;
  const steps = MIGRATIONS.slice(version).flatMap(({ name, statements }, index) => [
    ...statements(schema),
    `INSERT INTO ${schema}${TABLE} (version, name) VALUES (${version + index + 1}, '${name}')`,
  ]);
  if (version > 0) return steps;
  const needsSchema = !(await hasSchema(client, place, signal));
  return [
    // Not IF NOT EXISTS alone: that needs the right to create schemas even where there is nothing to create.
    ...(needsSchema ? [`CREATE SCHEMA ${quoteIdentifier(place.schema)}`] : []),
    `CREATE TABLE IF NOT EXISTS ${schema}${TABLE} (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    ...steps,
  ];
}

/** 0: nothing has been made yet. Throws RUN_STORE_FAILED for a newer one. */
async function versionOf(client: PostgresClient, place: PostgresPlace, signal: AbortSignal): Promise<number> {
  const table = `${quoteIdentifier(place.schema)}.${TABLE}`;
  if (!(await hasTable(client, place, signal))) return 0;
  const { rows } = await client.query(
    `SELECT coalesce(max(version), 0) FROM ${table}`,
    [],
    signal,
    purposeOf(place, 'read'),
  );
  const version = Number(rows[0]?.[0] ?? 0);
  if (version > MIGRATIONS.length) throw tooNew(place, version);
  return version;
}

/**
 * By the catalogue's tables: `to_regclass` answers from a cache of the session, which does not hear what was committed while the lock was
 * waited for.
 */
async function hasTable(client: PostgresClient, place: PostgresPlace, signal: AbortSignal): Promise<boolean> {
  const { rows } = await client.query(
    'SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
    [place.schema, TABLE],
    signal,
    purposeOf(place, 'read'),
  );
  return rows.length > 0;
}

async function hasSchema(
  client: PostgresClient,
  place: PostgresPlace,
  signal: AbortSignal,
): Promise<boolean> {
  const { rows } = await client.query(
    'SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [place.schema],
    signal,
    purposeOf(place, 'read'),
  );
  return rows.length > 0;
}

function purposeOf({ shown }: PostgresPlace, verb: 'prepared' | 'read'): StatementPurpose {
  return { what: `The run store cannot be ${verb}`, place: { object: shown } };
}

function tooNew({ shown }: PostgresPlace, version: number): BeamliftError {
  return new BeamliftError('RUN_STORE_FAILED', {
    what: `The run store was made by a newer beamlift (its version is ${version}, this one knows ${MIGRATIONS.length})`,
    where: { object: shown },
    hint: 'Upgrade beamlift, or give `run_store` another schema.',
  });
}
