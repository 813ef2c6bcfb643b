import type { TableReference } from './bigquery-api';

/** What a read session covers. */
export interface SessionRequest {
  readonly table: TableReference;
  /** Undefined: all. */
  readonly fields: readonly string[] | undefined;
  /** A condition in SQL; empty: every row. */
  readonly restriction: string;
  /** RFC 3339; undefined: now. */
  readonly snapshotTime: string | undefined;
  /** Undefined: as many streams as the service thinks good, 1,000 at most. */
  readonly maxStreams: number | undefined;
}

/** Rows of a table at one moment, cut into streams. */
export interface ReadSession {
  readonly name: string;
  readonly streams: readonly string[];
  /** Rows before the restriction, by the service's estimate; undefined: it has none. */
  readonly estimatedRows: number | undefined;
  readonly estimatedBytes: number | undefined;
  /** When the streams can no longer be read, in milliseconds since 1970; undefined: not said. */
  readonly expiresAt: number | undefined;
}

/** Some rows of a stream, as messages of Arrow's IPC format. */
export interface ArrowChunk {
  /** A message with the schema; the same at each chunk. */
  readonly schema: Uint8Array;
  readonly batch: Uint8Array;
  readonly rows: number;
}

/**
 * The Storage Read API. Errors: RIGHTS_MISSING, LOGIN_FAILED, SOURCE_NOT_FOUND, QUERY_REFUSED (a restriction that it does not take),
 * QUOTA_EXCEEDED, CONNECTION_TIMEOUT (never reached), CONNECTION_LOST; of streams also SNAPSHOT_LOST (the session has expired),
 * SOURCE_INCOMPLETE and LIMIT_EXCEEDED.
 */
export interface BigQueryStorage {
  createSession(request: SessionRequest, signal: AbortSignal): Promise<ReadSession>;
  /**
   * The rows of a stream, always the same in the same order. A stream that breaks goes on at the row that it had come to. Ends only when
   * the service says that the stream has ended. At most two chunks are held at once.
   */
  readStream(stream: string, signal: AbortSignal): AsyncGenerator<ArrowChunk, void, undefined>;
  close(): void;
}
