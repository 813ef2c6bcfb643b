import { z } from 'zod';
import type { WarehouseRow, WarehouseSession } from '../../core/clients/duckdb';
import { BeamliftError } from '../../core/errors';
import type { JobState } from '../../core/loader';
import { openRecord } from '../../core/open-record';
import { windowSchema } from '../../core/plan';
import { quoteIdentifier, quoteTable, type TableName } from './sql-text';

/** Where jobs keep their state, in the schema of their tables. */
const STATE_TABLE = '_beamlift_state';

const lastCommitSchema = z.object({
  runId: z.string(),
  manifestHash: z.string(),
  rows: z.number(),
  at: z.string(),
});

/** A job's row: its state, and the run that has the lease. */
export interface StateRow {
  readonly state: JobState;
  /** What the fingerprint was made from, in words; null: not said. */
  readonly description: string | null;
  readonly run: LeaseHolder | null;
}

export interface LeaseHolder {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** See ProcessIdentity. */
  readonly processStarted: string | null;
  readonly startedAt: string;
  readonly leaseUntil: string;
  /** By the warehouse's clock. */
  readonly expired: boolean;
}

/** The state of all jobs that load into a schema. */
export function stateTable(schema: string): TableName {
  return { schema, name: STATE_TABLE };
}

/** Makes the schema and the table where they are missing. */
export async function createStateTable(session: WarehouseSession, schema: string): Promise<void> {
  await session.run(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`);
  await session.run(`CREATE TABLE IF NOT EXISTS ${quoteTable(stateTable(schema))} (
    job VARCHAR PRIMARY KEY,
    fingerprint VARCHAR NOT NULL,
    description VARCHAR,
    fence BIGINT NOT NULL,
    watermark VARCHAR,
    files JSON NOT NULL,
    intervals JSON NOT NULL,
    last_commit JSON,
    run_id VARCHAR,
    run_state VARCHAR,
    run_host VARCHAR,
    run_pid BIGINT,
    run_process_started VARCHAR,
    run_started_at TIMESTAMPTZ,
    run_lease_until TIMESTAMPTZ
  )`);
}

async function hasTable(session: WarehouseSession, table: TableName): Promise<boolean> {
  const found = await session.rows(
    `SELECT 1 AS found FROM duckdb_tables()
      WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)`,
    [table.schema, table.name],
  );
  return found.length > 0;
}

/** The job's row; undefined: there is none, or no such table yet. Throws DESTINATION_FAILED for one that was changed by hand into something else. */
export async function readStateRow(
  session: WarehouseSession,
  schema: string,
  job: string,
): Promise<StateRow | undefined> {
  const table = stateTable(schema);
  if (!(await hasTable(session, table))) return undefined;
  const [row] = await session.rows(
    `SELECT fingerprint, description, fence::VARCHAR AS fence, watermark, files::VARCHAR AS files,
        intervals::VARCHAR AS intervals, last_commit::VARCHAR AS last_commit, run_id, run_host, run_pid::VARCHAR AS run_pid,
        run_process_started, run_started_at::VARCHAR AS run_started_at, run_lease_until::VARCHAR AS run_lease_until,
        coalesce(run_lease_until <= now(), true) AS expired
      FROM ${quoteTable(table)} WHERE job = $1`,
    [job],
  );
  return row === undefined ? undefined : parseRow(row, schema, job);
}

const rowSchema = z.object({
  fingerprint: z.string(),
  description: z.string().nullable(),
  fence: z.string(),
  watermark: z.string().nullable(),
  files: z.string(),
  intervals: z.string(),
  last_commit: z.string().nullable(),
  run_id: z.string().nullable(),
  run_host: z.string().nullable(),
  run_pid: z.string().nullable(),
  run_process_started: z.string().nullable(),
  run_started_at: z.string().nullable(),
  run_lease_until: z.string().nullable(),
  expired: z.boolean(),
});

function parseRow(found: WarehouseRow, schema: string, job: string): StateRow {
  try {
    const row = rowSchema.parse(found);
    const state: JobState = {
      fingerprint: row.fingerprint,
      fence: Number(row.fence),
      watermark: row.watermark,
      files: openRecord(z.string()).parse(JSON.parse(row.files)),
      lastCommit: row.last_commit === null ? null : lastCommitSchema.parse(JSON.parse(row.last_commit)),
      intervals: z.array(windowSchema).parse(JSON.parse(row.intervals)),
    };
    const run =
      row.run_id === null
        ? null
        : {
            id: row.run_id,
            host: row.run_host ?? '',
            pid: Number(row.run_pid ?? '0'),
            processStarted: row.run_process_started,
            startedAt: row.run_started_at ?? 'an unknown time',
            leaseUntil: row.run_lease_until ?? 'an unknown time',
            expired: row.expired,
          };
    return { state, description: row.description, run };
  } catch (cause) {
    throw new BeamliftError('DESTINATION_FAILED', {
      what: `The state of job ${job} in ${schema}.${STATE_TABLE} cannot be read`,
      where: { job, object: `${schema}.${STATE_TABLE}` },
      why: 'Its row is not as beamlift wrote it.',
      hint: 'Put the row back, or delete it: then the job starts again from the beginning.',
      cause,
    });
  }
}

/** Parameters for the JSON columns. */
export function stateTexts(
  state: Pick<JobState, 'files' | 'intervals' | 'lastCommit'>,
): [files: string, intervals: string, lastCommit: string | null] {
  return [
    JSON.stringify(state.files),
    JSON.stringify(state.intervals),
    state.lastCommit === null ? null : JSON.stringify(state.lastCommit),
  ];
}
