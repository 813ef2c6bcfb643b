import type { PostgresClient, TextResult } from '../../core/clients/postgres-client';
import type { ErrorPlace } from '../../core/errors';
import { quoteLiteral } from './literal';

/**
 * What every transaction sets for itself, and leaves behind with its end: a pooler hands its connections to others.
 * Texts of values must not depend on who is asking, and a long unit must not be cut off by a timeout meant for web pages.
 */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['DateStyle', 'ISO, YMD'],
  ['IntervalStyle', 'postgres'],
  ['TimeZone', 'UTC'],
  ['extra_float_digits', '3'],
  ['bytea_output', 'hex'],
  ['statement_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  // PostgreSQL 17 and newer
  ['transaction_timeout', '0'],
  // a sequential scan begins at the first page, so that a LIMIT reads the same rows again
  ['synchronize_seqscans', 'off'],
];

/** A database that does not know what its texts are sends them as they are: asked for UTF-8, it would refuse a whole table for one value. */
const CLIENT_ENCODING = `SELECT pg_catalog.set_config('client_encoding',
  CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, true)`;

/** Sets what this server has; `set_config` is local to the transaction. */
const SET_ALL = `SELECT pg_catalog.set_config(s.name, s.value, true) FROM (VALUES ${SETTINGS.map(
  ([name, value]) => `('${name}', '${value}')`,
).join(', ')}) s(name, value) JOIN pg_catalog.pg_settings p ON lower(p.name) = lower(s.name)`;

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** A connection in use by one caller: its signal and its place go with every statement. */
export class PostgresSession {
  constructor(
    readonly client: PostgresClient,
    readonly signal: AbortSignal,
    readonly place: ErrorPlace,
  ) {}

  /** One statement; `what` begins the error if it fails. */
  async query(
    text: string,
    values: readonly (string | null)[] = [],
    what = "PostgreSQL's catalogue could not be read",
  ): Promise<TextResult> {
    return await this.client.query(text, values, this.signal, { what, place: this.place });
  }

  /** The first value of the first row. */
  async queryValue(
    text: string,
    values: readonly (string | null)[] = [],
    what?: string,
  ): Promise<string | null> {
    const { rows } = await this.query(text, values, what);
    return rows[0]?.[0] ?? null;
  }

  /** Begins a read-only transaction with a snapshot of its own; `session` settings apply to all that follows in it. */
  async begin(): Promise<void> {
    await this.run([BEGIN, CLIENT_ENCODING, SET_ALL], 'A transaction could not be started');
  }

  /** The same with the snapshot that another transaction exported. Fails when that one has ended. */
  async beginWithSnapshot(snapshot: string): Promise<void> {
    await this.run(
      [BEGIN, `SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`],
      'The snapshot of the run could not be taken over',
    );
    await this.run([CLIENT_ENCODING, SET_ALL], 'A transaction could not be set up');
  }

  async commit(): Promise<void> {
    await this.run(['COMMIT'], 'The reading transaction could not be ended');
  }

  /** Gives a refused statement's transaction back, so that the connection can be used again. */
  async rollback(): Promise<void> {
    await this.run(['ROLLBACK'], 'The reading transaction could not be ended');
  }

  private async run(statements: readonly string[], what: string): Promise<void> {
    await this.client.execute(statements, this.signal, { what, place: this.place });
  }
}
