import type { Client, FieldDef, Submittable } from 'pg';
import type { ErrorPlace } from '../errors';
import type { CopyPiece } from './copy-frames';
import { requestCancel } from './postgres-cancel';
import { CopyReader } from './postgres-copy-reader';
import { statementError } from './postgres-errors';
import type { PostgresSettings } from './postgres-settings';
import type { PostgresSocket } from './postgres-socket';
import { tappable, type TappableSocket } from './socket-taps';

/** A result as the server wrote it: every value is its text, null is NULL. */
export interface TextResult {
  readonly fields: readonly ResultField[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface ResultField {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
}

/** What a COPY … TO STDOUT sends. */
export interface CopyOut {
  readonly chunks: AsyncIterable<CopyPiece>;
  /** The server's own count. Call it when `chunks` has ended; throws where the server did not complete the command. */
  completed(): Promise<number>;
}

/** How much of a COPY may wait for its consumer before the server has to. */
const COPY_BUFFER_BYTES = 256 * 1024;

/** How long the server may take to close a connection that has said goodbye. */
const GOODBYE_TIMEOUT_MS = 2_000;

/** The parts of pg's client that its type declarations leave out. */
interface CancelKey {
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/** One connection. Statements run one after another; every value comes back as the server's text. */
export class PostgresClient {
  /** What an abort or a broken connection left behind is never used again. */
  private lostReason: Error | undefined;
  private readonly lostListeners: ((reason: Error) => void)[] = [];

  /** Use `connectPostgres` of postgres.ts. */
  constructor(
    private readonly client: Client,
    private readonly settings: PostgresSettings,
    private readonly opened: PostgresSocket,
  ) {
    client.on('error', (error) => this.lose(error));
    client.on('end', () => this.lose(new Error('the server closed the connection')));
  }

  /** `TLSv1.3`, … ; undefined where the connection is not encrypted. */
  get protocol(): string | undefined {
    return this.opened.protocol;
  }

  /** The process id that the server named at login; a pooler names one of its own. */
  get announcedPid(): number | null {
    return (this.client as unknown as CancelKey).processID;
  }

  get isLost(): boolean {
    return this.lostReason !== undefined;
  }

  /** Called once when the connection breaks or is destroyed; at once if it has. */
  onLost(listener: (reason: Error) => void): void {
    if (this.lostReason === undefined) this.lostListeners.push(listener);
    else listener(this.lostReason);
  }

  /** Runs one statement with text parameters, by the extended protocol: the server refuses a second statement in `text`. */
  async query(
    text: string,
    values: readonly (string | null)[],
    signal: AbortSignal,
    purpose: StatementPurpose,
  ): Promise<TextResult> {
    const config = { text, values: [...values], rowMode: 'array' as const, queryMode: 'extended' };
    return await this.guard(signal, purpose, async () => {
      const result = await this.client.query<(string | null)[]>(config);
      return { fields: result.fields.map(resultField), rows: result.rows };
    });
  }

  /** Runs several statements of ours in one message, without results. Never pass text that a user wrote. */
  async execute(
    statements: readonly string[],
    signal: AbortSignal,
    purpose: StatementPurpose,
  ): Promise<void> {
    await this.guard(signal, purpose, async () => {
      await this.client.query(statements.join('; '));
    });
  }

  /**
   * A COPY … TO STDOUT, which begins when `chunks` is first pulled. The server waits while they are not read. Nothing else
   * may be run before they have ended; when the reader stops earlier, or the signal aborts, the connection is gone.
   * `maxMessageBytes`: longer messages of the server are not kept whole.
   */
  async copyOut(
    text: string,
    signal: AbortSignal,
    purpose: StatementPurpose,
    maxMessageBytes: number,
  ): Promise<CopyOut> {
    signal.throwIfAborted();
    const socket = this.settings.copyReader === 'plain' ? undefined : this.socketToTap();
    if (socket !== undefined) {
      const reader = new CopyReader(text, socket, maxMessageBytes);
      return {
        chunks: this.chunksOf(reader, reader.pieces(), signal, purpose),
        completed: async () => await this.guard(signal, purpose, () => reader.completed()),
      };
    }
    const { to } = await import('pg-copy-streams');
    signal.throwIfAborted();
    const stream = to(text, { highWaterMark: COPY_BUFFER_BYTES });
    // a reader that left early does not hear what becomes of the stream; without a listener that would end the process
    stream.on('error', () => undefined);
    return {
      chunks: this.chunksOf(stream, stream as AsyncIterable<Buffer>, signal, purpose),
      completed: async () => {
        // answered after the COPY's own completion has been read
        await this.execute(['SELECT 1'], signal, purpose);
        return stream.rowCount;
      },
    };
  }

  /** Ends the connection at once, and asks the server to stop what it is doing; a busy server would not notice otherwise. */
  abort(): void {
    if (this.lostReason !== undefined) return;
    const { processID, secretKey } = this.client as unknown as CancelKey;
    this.destroy();
    if (processID === null || secretKey === null) return;
    const request = requestCancel(this.settings, processID, secretKey);
    void this.settings.tunnel?.keepFor(request);
  }

  /** Ends the connection at once. Safe to call twice. */
  destroy(): void {
    this.lose(new Error('the connection was closed here'));
    this.opened.socket.destroy();
  }

  /** Says goodbye to the server. Safe to call on a connection that is lost. */
  async close(): Promise<void> {
    if (this.lostReason === undefined) {
      this.lostReason = new Error('the connection is closed');
      const giveUp = setTimeout(() => this.opened.socket.destroy(), GOODBYE_TIMEOUT_MS);
      await this.client.end().catch(() => undefined);
      clearTimeout(giveUp);
    }
    this.opened.socket.destroy();
  }

  /** The socket that pg reads, where pg is as it is known: one that reads it with a single listener. Undefined: COPY is left to pg's own streams. */
  private socketToTap(): TappableSocket | undefined {
    const { connection } = this.client as unknown as { readonly connection?: { readonly stream?: unknown } };
    const { socket, place } = this.opened;
    return connection?.stream === socket ? tappable(socket, place) : undefined;
  }

  private async *chunksOf<T extends CopyPiece>(
    query: Submittable,
    chunks: AsyncIterable<T>,
    signal: AbortSignal,
    purpose: StatementPurpose,
  ): AsyncGenerator<T, void, undefined> {
    const onAbort = (): void => this.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    let ended = false;
    try {
      signal.throwIfAborted();
      this.client.query(query);
      for await (const chunk of chunks) yield chunk;
      ended = true;
    } catch (error) {
      signal.throwIfAborted();
      throw statementError(error, purpose.what, purpose.place);
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (!ended) this.abort();
    }
  }

  private async guard<T>(signal: AbortSignal, purpose: StatementPurpose, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.lostReason !== undefined) throw statementError(this.lostReason, purpose.what, purpose.place);
    const onAbort = (): void => this.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw statementError(error, purpose.what, purpose.place);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private lose(reason: Error): void {
    if (this.lostReason !== undefined) return;
    this.lostReason = reason;
    for (const listener of this.lostListeners.splice(0)) listener(reason);
  }
}

/** What a statement is for: the first sentence of the error when it fails, and where that is. */
export interface StatementPurpose {
  readonly what: string;
  readonly place: ErrorPlace;
}

function resultField(field: FieldDef): ResultField {
  return { name: field.name, typeOid: field.dataTypeID, typeModifier: field.dataTypeModifier };
}
