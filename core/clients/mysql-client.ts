import type { Connection, FieldPacket } from 'mysql2';
import { BeamliftError, type ErrorPlace } from '../errors';
import { statementError } from './mysql-errors';
import { openRowFlow } from './mysql-row-flows';
import type { ReadPlace } from './socket-taps';

/** A result as the server wrote it: every value is its text, null is NULL. */
export interface TextResult {
  readonly fields: readonly ResultField[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A column of a result, as the server announces it. */
export interface ResultField {
  readonly name: string;
  /** Number of the type in the protocol. */
  readonly type: number;
  /** Number of the collation; 63 is `binary`. */
  readonly collation: number;
  readonly flags: number;
  readonly decimals: number;
  /** In bytes, as displayed. */
  readonly length: number;
  /** MariaDB's own name of a type that the protocol has no number for (`uuid`, `inet6`, `point`). */
  readonly extendedType: string | undefined;
  /** MariaDB: `json` for a text that is checked to be JSON. */
  readonly extendedFormat: string | undefined;
}

/** Takes the rows of a streamed result as they come. */
export interface RowReceiver {
  /** Called once, before the first row. An error thrown here or by `row` ends the stream with it. */
  fields(fields: readonly ResultField[]): void;
  /** One row of the text protocol: length-encoded texts from `start` to `end` of `bytes`, which stay as they are. */
  row(bytes: Buffer, start: number, end: number): void;
  /**
   * Complete packets of rows from `start` to `end`, each with its header, which stay as they are while the receiver is full; it is from now on. Absent: rows
   * come by `row` alone. Else those come so that are longer than a packet, in their place among the others.
   */
  packets?(bytes: Buffer, view: DataView, start: number, end: number, rows: number): void;
  /** Whether the rows so far should be taken before more are given. */
  readonly isFull: boolean;
}

/** What a statement is for: the first sentence of the error when it fails, and where that is. */
export interface StatementPurpose {
  readonly what: string;
  readonly place: ErrorPlace;
}

/** How long the server may take to close a connection that has said goodbye. */
const GOODBYE_TIMEOUT_MS = 2_000;

/** One connection. Statements run one after another; every value comes back as the server's text. */
export class MysqlClient {
  /** What an abort or a broken connection left behind is never used again. */
  private lostReason: Error | undefined;
  private readonly lostListeners = new Set<(reason: Error) => void>();

  /**
   * Use `connectMysql` of mysql.ts.
   * @param kill asks the server, over another connection, to end this one.
   */
  constructor(
    private readonly connection: Connection,
    /** `TLSv1.3`, … ; undefined where the connection is not encrypted. */
    readonly protocol: string | undefined,
    private readonly kill: () => void,
    /** Where the socket reads to, if that can be said. */
    private readonly place: ReadPlace | undefined,
  ) {
    connection.on('error', (error: Error) => this.lose(error));
    connection.on('end', () => this.lose(new Error('the server closed the connection')));
  }

  get isLost(): boolean {
    return this.lostReason !== undefined;
  }

  /** Runs one statement; the server refuses a second one in `text`. */
  async query(text: string, signal: AbortSignal, purpose: StatementPurpose): Promise<TextResult> {
    return await this.guard(signal, purpose, async () => {
      return await new Promise<TextResult>((resolve, reject) => {
        const options = {
          sql: text,
          rowsAsArray: true,
          typeCast: (field: { string(encoding?: BufferEncoding): string | null }) => field.string('utf8'),
        };
        this.connection.query(options, (error, rows: unknown, fields: FieldPacket[] | undefined) => {
          if (error !== null) reject(error);
          // a statement without a result has a summary instead of rows
          else if (fields === undefined) resolve({ fields: [], rows: [] });
          else resolve({ fields: fields.map(resultField), rows: rows as (string | null)[][] });
        });
      });
    });
  }

  /** Asks the server for the columns of a statement without running it. */
  async describe(
    text: string,
    signal: AbortSignal,
    purpose: StatementPurpose,
  ): Promise<readonly ResultField[]> {
    return await this.guard(signal, purpose, async () => {
      return await new Promise<readonly ResultField[]>((resolve, reject) => {
        this.connection.prepare(text, (error, statement) => {
          if (error !== null) {
            reject(error);
            return;
          }
          const { columns } = statement as unknown as { columns: FieldPacket[] };
          this.connection.unprepare(text);
          resolve(columns.map(resultField));
        });
      });
    });
  }

  /**
   * Runs one statement and gives its rows to `receiver`. Yields that whenever it is full; the server waits meanwhile. Ends when the
   * server's packet for the end of the result was seen, and throws in every other case. Nothing else may be run before; when the
   * caller stops earlier, or the signal aborts, the connection is gone.
   *
   * @param maxRowBytes of one row on its way here; more are LIMIT_EXCEEDED before they are all in memory.
   */
  async *stream<Receiver extends RowReceiver>(
    text: string,
    receiver: Receiver,
    maxRowBytes: number,
    signal: AbortSignal,
    purpose: StatementPurpose,
  ): AsyncGenerator<Receiver, void, undefined> {
    signal.throwIfAborted();
    if (this.lostReason !== undefined) throw statementError(this.lostReason, purpose.what, purpose.place);
    let wake = (): void => undefined;
    const outcome: { failure: unknown; isWhole: boolean } = { failure: undefined, isWhole: false };
    const fail = (error: unknown): void => {
      outcome.failure ??= error;
      wake();
    };
    const onAbort = (): void => this.abort();
    const failHere = (error: unknown): void => {
      fail(error);
      this.destroy();
    };
    const flow = openRowFlow({
      ...{ connection: this.connection, place: this.place, receiver, maxRowBytes, fail: failHere },
      ...{ tooLong: () => tooLong(maxRowBytes, purpose), wake: () => wake() },
    });
    this.lostListeners.add(fail);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const command = this.connection.query({ sql: text });
      flow.begin(command);
      command.on('fields', (fields: FieldPacket[]) => {
        try {
          receiver.fields(fields.map(resultField));
          flow.knowsFields();
        } catch (error) {
          failHere(error);
        }
      });
      command.on('error', fail);
      command.on('end', () => {
        outcome.isWhole = outcome.failure === undefined;
        wake();
      });
      for (;;) {
        const { failure, isWhole } = outcome;
        signal.throwIfAborted();
        if (failure !== undefined) throw statementError(failure, purpose.what, purpose.place);
        if (isWhole) return;
        if (!receiver.isFull) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        yield receiver;
        signal.throwIfAborted();
        flow.resume();
      }
    } finally {
      flow.end();
      this.lostListeners.delete(fail);
      signal.removeEventListener('abort', onAbort);
      if (!outcome.isWhole) this.abort();
    }
  }

  /** Ends the connection at once, and asks the server to stop what it is doing; a busy server would not notice otherwise. */
  abort(): void {
    if (this.lostReason !== undefined) return;
    this.destroy();
    this.kill();
  }

  /** Ends the connection at once. Safe to call twice. */
  destroy(): void {
    this.lose(new Error('the connection was closed here'));
    this.connection.destroy();
  }

  /** Says goodbye to the server. Safe to call on a connection that is lost. */
  async close(): Promise<void> {
    if (this.lostReason === undefined) {
      this.lostReason = new Error('the connection is closed');
      let giveUp: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        giveUp = setTimeout(resolve, GOODBYE_TIMEOUT_MS);
        this.connection.end(() => resolve());
      });
      clearTimeout(giveUp);
    }
    this.connection.destroy();
  }

  private async guard<T>(signal: AbortSignal, purpose: StatementPurpose, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.lostReason !== undefined) throw statementError(this.lostReason, purpose.what, purpose.place);
    let onLost = (_reason: Error): void => undefined;
    const lost = new Promise<never>((_resolve, reject) => {
      onLost = reject;
      this.lostListeners.add(onLost);
    });
    const onAbort = (): void => this.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work(), lost]);
    } catch (error) {
      signal.throwIfAborted();
      throw statementError(error, purpose.what, purpose.place);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.lostListeners.delete(onLost);
    }
  }

  private lose(reason: Error): void {
    if (this.lostReason !== undefined) return;
    this.lostReason = reason;
    for (const listener of this.lostListeners) listener(reason);
    this.lostListeners.clear();
  }
}

function resultField(field: FieldPacket): ResultField {
  return {
    name: field.name,
    type: field.columnType ?? -1,
    collation: field.characterSet ?? 0,
    flags: typeof field.flags === 'number' ? field.flags : 0,
    decimals: field.decimals,
    length: field.columnLength ?? 0,
    extendedType: field.extendedTypeName,
    extendedFormat: field.extendedFormat,
  };
}

function tooLong(maxRowBytes: number, { what, place }: StatementPurpose): BeamliftError {
  return new BeamliftError('LIMIT_EXCEEDED', {
    what: `${what}: a row is longer than ${maxRowBytes / 1024 / 1024} MiB`,
    where: place,
    hint: 'Leave its longest columns out, or read them in pieces by a query.',
  });
}
