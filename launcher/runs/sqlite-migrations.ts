import { BeamliftError } from '../../core/errors';
import type { SqliteDatabase, SqliteSession } from '../../core/clients/sqlite';

interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** In order, only ever added to: version n is the n-th. */
const MIGRATIONS: readonly Migration[] = [
  {
    name: 'runs',
    statements: [
      `CREATE TABLE etl_runs (
         id TEXT PRIMARY KEY NOT NULL,
         job TEXT NOT NULL,
         started_at TEXT NOT NULL,
         completed_at TEXT,
         status TEXT NOT NULL,
         duration_seconds REAL,
         rows_processed INTEGER,
         rows_processed_base INTEGER,
         rows_rejected INTEGER,
         error_message TEXT,
         triggered_by TEXT NOT NULL,
         runner TEXT,
         watermark TEXT,
         report TEXT
       )`,
      'CREATE INDEX etl_runs_by_start ON etl_runs (started_at DESC, id DESC)',
      'CREATE INDEX etl_runs_by_job ON etl_runs (job, started_at DESC, id DESC)',
    ],
  },
  {
    name: 'files of runs',
    statements: [
      `CREATE TABLE etl_run_files (
         run_id TEXT NOT NULL,
         job TEXT NOT NULL,
         started_at TEXT NOT NULL,
         uri TEXT NOT NULL,
         version TEXT NOT NULL,
         size INTEGER NOT NULL,
         last_modified TEXT,
         status TEXT NOT NULL,
         rows_extracted INTEGER,
         rows_loaded INTEGER,
         rows_rejected INTEGER,
         error_code TEXT,
         error_message TEXT,
         PRIMARY KEY (run_id, uri)
       ) WITHOUT ROWID`,
      'CREATE INDEX etl_run_files_by_job ON etl_run_files (job, started_at DESC, run_id DESC, uri)',
      "CREATE INDEX etl_run_files_failed ON etl_run_files (job, started_at DESC, run_id DESC, uri) WHERE status = 'failed'",
    ],
  },
  {
    name: 'connections',
    statements: [
      `CREATE TABLE etl_connections (
         name TEXT PRIMARY KEY NOT NULL,
         type TEXT NOT NULL,
         fields TEXT NOT NULL,
         sealed TEXT NOT NULL,
         revision TEXT NOT NULL,
         created_at TEXT NOT NULL,
         updated_at TEXT NOT NULL
       )`,
    ],
  },
];

/** Brings the file to the newest version. Several processes may do so at once: each step is made once, under the write lock. */
export async function migrate(database: SqliteDatabase, file: string): Promise<void> {
  if ((await versionWithoutLock(database)) === MIGRATIONS.length) return;
  await database.write((session) => {
    session.run(
      'CREATE TABLE IF NOT EXISTS beamlift_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)',
    );
    const version = versionOf(session.all('SELECT max(version) AS version FROM beamlift_migrations'));
    if (version > MIGRATIONS.length) throw tooNew(file, version);
    MIGRATIONS.slice(version).forEach((migration, index) => apply(session, migration, version + index + 1));
  });
}

function apply(session: SqliteSession, migration: Migration, version: number): void {
  for (const statement of migration.statements) session.run(statement);
  session.run('INSERT INTO beamlift_migrations (version, name, applied_at) VALUES (?, ?, ?)', [
    version,
    migration.name,
    new Date().toISOString(),
  ]);
}

/** 0 for a new file. */
async function versionWithoutLock(database: SqliteDatabase): Promise<number> {
  const tables = await database.read(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'beamlift_migrations'",
  );
  if (tables.length === 0) return 0;
  return versionOf(await database.read('SELECT max(version) AS version FROM beamlift_migrations'));
}

function versionOf(rows: readonly Readonly<Record<string, unknown>>[]): number {
  const version = rows[0]?.['version'];
  return typeof version === 'number' ? version : 0;
}

function tooNew(file: string, version: number): BeamliftError {
  return new BeamliftError('RUN_STORE_FAILED', {
    what: `The run store ${file} was made by a newer beamlift (its version is ${version}, this one knows ${MIGRATIONS.length})`,
    where: { object: file },
    hint: 'Upgrade beamlift, or set `run_store` to another file.',
  });
}
