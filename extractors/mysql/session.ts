import type { MysqlClient, ResultField, RowReceiver, TextResult } from '../../core/clients/mysql-client';
import type { ErrorPlace } from '../../core/errors';

/** How long the server waits for a reader that is busy staging, in seconds; its own 60 are less than a slow upload may take. */
const WRITE_TIMEOUT_SECONDS = 3600;
/** How long a connection may be idle, in seconds: units of other connections may take hours. */
const IDLE_TIMEOUT_SECONDS = 86_400;
/** Above the longest row that is read, in bytes: GROUP_CONCAT cuts what is longer, and only warns. */
const GROUP_CONCAT_BYTES = 64 * 1024 * 1024;

/**
 * What every session sets for itself. Texts of values must not depend on who is asking: texts in UTF-8, TIMESTAMP in UTC, CHAR without
 * its padding. All else of `sql_mode` stays as the server has it, since users' queries are written for it. A long unit must not be cut
 * off by a timeout or limit meant for web pages. Comments with a version are for the servers that have the variable.
 */
const SETTINGS = [
  'SET NAMES utf8mb4',
  `SET SESSION time_zone = '+00:00',
    SESSION sql_mode = TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@SESSION.sql_mode, ','), ',PAD_CHAR_TO_FULL_LENGTH,', ',')),
    SESSION net_write_timeout = ${WRITE_TIMEOUT_SECONDS}, SESSION wait_timeout = ${IDLE_TIMEOUT_SECONDS},
    SESSION group_concat_max_len = ${GROUP_CONCAT_BYTES}, SESSION sql_select_limit = 18446744073709551615
    /*!50708 , SESSION max_execution_time = 0 */
    /*!80000 , SESSION information_schema_stats_expiry = 0 */
    /*M!100101 , SESSION max_statement_time = 0 */`,
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
] as const;

const BEGIN = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY';

/** A connection in use by one caller: its signal and its place go with every statement. */
export class MysqlSession {
  constructor(
    readonly client: MysqlClient,
    readonly signal: AbortSignal,
    readonly place: ErrorPlace,
  ) {}

  /** One statement; `what` begins the error if it fails. */
  async query(text: string, what = "MySQL's catalogue could not be read"): Promise<TextResult> {
    return await this.client.query(text, this.signal, { what, place: this.place });
  }

  /** The first value of the first row. */
  async queryValue(text: string, what?: string): Promise<string | null> {
    const { rows } = await this.query(text, what);
    return rows[0]?.[0] ?? null;
  }

  /** The columns of a statement, which is not run. */
  async describe(text: string, what: string): Promise<readonly ResultField[]> {
    return await this.client.describe(text, this.signal, { what, place: this.place });
  }

  /** See `MysqlClient.stream`. */
  stream<Receiver extends RowReceiver>(
    text: string,
    receiver: Receiver,
    maxRowBytes: number,
    what: string,
  ): AsyncGenerator<Receiver, void, undefined> {
    return this.client.stream(text, receiver, maxRowBytes, this.signal, { what, place: this.place });
  }

  /** Once for a connection that was just opened. */
  async setUp(): Promise<void> {
    for (const statement of SETTINGS) await this.query(statement, 'The session could not be set up');
  }

  /** Begins a read-only transaction, which reads tables of InnoDB as they are now. */
  async begin(): Promise<void> {
    await this.query(BEGIN, 'A transaction could not be started');
  }

  async commit(): Promise<void> {
    await this.query('COMMIT', 'The reading transaction could not be ended');
  }
}
