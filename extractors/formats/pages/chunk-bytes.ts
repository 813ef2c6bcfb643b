import type { FileContent } from '../format-reader';
import { spansOf } from '../parquet-spans';
import { DamagedPage } from './page-errors';

/** Bytes from `start` (inclusive) to `end` (exclusive) of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Gives a range of the file. */
export type FetchBytes = (start: number, end: number) => Promise<Uint8Array>;

/** The bytes of a column chunk in order, of which the next piece is under way while one is in use. */
export class ChunkBytes {
  private piece: Uint8Array = new Uint8Array(0);
  private at = 0;
  private readonly end: number;
  /** Where the next piece that is asked for begins in the file. */
  private fetchedTo: number;
  private next: Promise<Uint8Array> | undefined;

  constructor(
    private readonly fetch: FetchBytes,
    { start, end }: ByteRange,
    private readonly pieceBytes: number,
  ) {
    this.fetchedTo = start;
    this.end = end;
  }

  /** Asks for the next bytes, at least `missing` of them, if nobody did. */
  begin(missing = 0): void {
    if (this.next !== undefined || this.fetchedTo >= this.end) return;
    const to = Math.min(this.end, this.fetchedTo + Math.max(this.pieceBytes, missing));
    this.next = this.fetch(this.fetchedTo, to);
    // It is thrown when its turn comes.
    this.next.catch(() => undefined);
    this.fetchedTo = to;
  }

  /** Whether all bytes were read. */
  get isDone(): boolean {
    return this.at === this.piece.length && this.next === undefined && this.fetchedTo >= this.end;
  }

  /** The next bytes, at most so many, without reading them; fewer only where the chunk ends. */
  async peek(bytes: number): Promise<Uint8Array> {
    while (this.piece.length - this.at < bytes && !(await this.append(bytes)));
    return this.piece.subarray(this.at, this.at + bytes);
  }

  /** Steps over bytes that `peek` gave. */
  advance(bytes: number): void {
    this.at += bytes;
  }

  /** The next bytes; a view of memory that is not written to again. Throws DamagedPage where the chunk ends before them. */
  async take(bytes: number): Promise<Uint8Array> {
    const taken = await this.peek(bytes);
    if (taken.length < bytes)
      throw new DamagedPage(`a page of ${bytes} bytes where only ${taken.length} are left`);
    this.advance(bytes);
    return taken;
  }

  /** Waits for what is under way, which nobody needs. */
  async close(): Promise<void> {
    await this.next?.catch(() => undefined);
  }

  /** Returns whether the chunk has no more bytes. */
  private async append(wanted: number): Promise<boolean> {
    this.begin(wanted - (this.piece.length - this.at));
    if (this.next === undefined) return true;
    const piece = await this.next;
    this.next = undefined;
    if (piece.length === 0) throw new DamagedPage('bytes that are missing in the file');
    const rest = this.piece.subarray(this.at);
    this.piece = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    this.at = 0;
    if (this.piece.length >= wanted) this.begin();
    return false;
  }
}

/** Compressed bytes of all columns that are in memory at the same time, about, unless pages are larger. */
const MAX_BYTES = 32 * 1024 * 1024;
const MIN_PIECE_BYTES = 64 * 1024;
const MAX_PIECE_BYTES = 4 * 1024 * 1024;

/** How chunks of a row group are read. */
export interface ReadPlan {
  /** Bytes of each that are read at once; the next are asked for while they are in use. */
  readonly pieceBytes: number;
  /** What is read at once instead of the chunks in it. */
  readonly spans: readonly ByteRange[];
}

/** How the chunks, which are in any order, are read without much of them in memory. */
export function planReads(chunks: readonly ByteRange[]): ReadPlan {
  const bytes = chunks.reduce((sum, { start, end }) => sum + end - start, 0);
  if (bytes <= MAX_BYTES) {
    const spans = spansOf(chunks.map(({ start, end }) => [start, end]));
    return { pieceBytes: MAX_PIECE_BYTES, spans: spans.map(([start, end]) => ({ start, end })) };
  }
  const each = Math.floor(MAX_BYTES / (2 * chunks.length));
  return { pieceBytes: Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, each)), spans: [] };
}

/** Reads ranges of a file, those in a span with the others that are in it. `known`: bytes that have come already, up to `end` of the file. */
export function fetchWithNeighbours(
  file: FileContent,
  spans: readonly ByteRange[],
  known: { readonly bytes: Uint8Array; readonly end: number },
  signal: AbortSignal,
): FetchBytes {
  const fetched = new Map<ByteRange, { readonly content: Promise<Uint8Array>; left: number }>();
  const knownStart = known.end - known.bytes.length;
  return async (start, end) => {
    signal.throwIfAborted();
    if (start >= knownStart) return known.bytes.subarray(start - knownStart, end - knownStart);
    const span = spans.find((one) => one.start <= start && end <= one.end);
    if (span === undefined) return await file.slice(start, end, signal);
    const shared = fetched.get(span) ?? {
      content: file.slice(span.start, span.end, signal),
      left: span.end - span.start,
    };
    fetched.set(span, shared);
    shared.left -= end - start;
    // Only the columns need it from now on.
    if (shared.left <= 0) fetched.delete(span);
    const content = await shared.content;
    return content.subarray(start - span.start, end - span.start);
  };
}
