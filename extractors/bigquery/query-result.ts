import { createHash } from 'node:crypto';
import type { TableReference } from '../../core/clients/bigquery-api';
import type { BigQueryConnection } from '../../core/clients/bigquery-connection';
import type { BigQueryReader } from '../../core/clients/bigquery-reader-api';
import { asRecord } from '../../core/clients/small-http';
import type { Relation } from './relation';
import { datasetOf } from './table-name';

/** A result that nobody takes away expires after a day, in milliseconds: as those in BigQuery's own dataset of results do. */
const RESULT_LIFETIME_MS = 24 * 60 * 60 * 1000;
/** Of the hash of a statement in the name of its job and table, in hex digits. */
const SQL_HASH_DIGITS = 16;

/** Statements of one pinned source: the same statement has the same job and the same result. */
export interface ResultScope {
  readonly reader: BigQueryReader;
  readonly connection: BigQueryConnection;
  /** Of this run alone: letters, digits and hyphens. */
  readonly nonce: string;
}

/** The rows of a statement, kept as a table that nobody changes. */
export interface QueryRows {
  readonly table: TableReference;
  /** Whether it is ours to take away: it lies in `temporary_dataset`. */
  readonly isTemporary: boolean;
}

/** Runs a statement once, however often it is asked for, and says where its rows are. */
export async function keepResult(
  { reader, connection, nonce }: ResultScope,
  relation: Relation,
  sql: string,
  signal: AbortSignal,
): Promise<QueryRows> {
  const hash = createHash('sha256').update(sql).digest('hex').slice(0, SQL_HASH_DIGITS);
  const jobId = `beamlift_source_${nonce}_${hash}`;
  const { temporary_dataset: dataset } = connection;
  let destination: TableReference | undefined;
  if (dataset !== undefined) {
    destination = { ...datasetOf(dataset, reader.project), tableId: jobId.replaceAll('-', '_') };
    await reader.createTable(
      destination,
      { expirationTime: String(Date.now() + RESULT_LIFETIME_MS) },
      signal,
    );
  }
  const { table } = await reader.runQuery(
    {
      sql,
      jobId,
      cached: false,
      location: relation.location,
      what:
        relation.table === undefined
          ? 'The query of the job failed'
          : `${relation.name} could not be queried`,
      ...(destination === undefined ? {} : { destination }),
    },
    signal,
  );
  return { table, isTemporary: destination !== undefined };
}

/** The one row of a small statement of our own, by the API's texts. */
export async function queryRow(
  { reader, nonce }: ResultScope,
  location: string | undefined,
  sql: string,
  what: string,
  signal: AbortSignal,
): Promise<readonly (string | null)[]> {
  const hash = createHash('sha256').update(sql).digest('hex').slice(0, SQL_HASH_DIGITS);
  const { table } = await reader.runQuery(
    { sql, jobId: `beamlift_source_${nonce}_${hash}`, location, what },
    signal,
  );
  const { rows } = await reader.listRows({ table, fields: undefined, start: 0, maxRows: 1 }, signal);
  const { f } = asRecord(rows[0]);
  return Array.isArray(f)
    ? f.map((cell: unknown) => {
        const { v } = asRecord(cell);
        return v === null || v === undefined ? null : typeof v === 'string' ? v : JSON.stringify(v);
      })
    : [];
}
