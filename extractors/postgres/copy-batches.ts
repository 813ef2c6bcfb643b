import { FRAME_BYTES, unframed, type CopyPiece } from '../../core/clients/copy-frames';
import { BATCH_BYTES, type RowBatch } from '../../core/extractor';
import type { PgField } from '../../core/pg-binary';
import { pgMachine } from '../../transforms/compiled/pg-machine';
import { RowBatcher } from '../database/row-batches';
import { CopyBinaryDecoder, EMPTY_HEADER } from './copy-binary-decoder';
import { CopyBinaryRows, type FoundRows } from './copy-binary-rows';
import { CopyFramedRows } from './copy-framed-rows';
import type { RelationColumn } from './relation';

/**
 * The most bytes of one row that are read. PostgreSQL takes fields of 1 GB; a row is held as bytes, as cells and as encoded
 * text at the same time, and several units run at once. The same bound as for records of files.
 */
export const MAX_ROW_BYTES = 64 * 1024 * 1024;

/** How what comes is read: rows within messages, rows wherever chunks are cut, or cells. It goes from one to the next where it must, for the rest of the unit. */
type Reader =
  | { readonly kind: 'framed'; readonly rows: CopyFramedRows }
  | { readonly kind: 'chunks'; readonly rows: CopyBinaryRows }
  | { readonly kind: 'cells'; readonly decoder: CopyBinaryDecoder; readonly batcher: RowBatcher };

/** Makes batches of what COPY binary sends: of cells, or of rows as they come, where the reader takes them. */
export class CopyBatches {
  private readonly fields: readonly PgField[];
  private reader: Reader;
  /** Rows of the readers before. */
  private rowsBefore = 0;
  /** Bytes that came and are in no batch yet. */
  private bytes = 0;

  /** `keys`: indexes of the columns by which an unreadable row is named. */
  constructor(
    private readonly columns: readonly RelationColumn[],
    private readonly keys: readonly number[],
    takesRaw: boolean,
  ) {
    this.fields = columns.map(({ reading: { form, decode } }) => ({ form, decode }));
    this.reader = takesRaw
      ? { kind: 'framed', rows: new CopyFramedRows(columns.length, pgMachine()) }
      : this.decodeFromHere();
  }

  /** Rows that came. */
  get rows(): number {
    const { reader } = this;
    return this.rowsBefore + (reader.kind === 'cells' ? reader.decoder : reader.rows).rows;
  }

  /** Whether what proves that nothing is missing has been read. */
  get sawTrailer(): boolean {
    const { reader } = this;
    return (reader.kind === 'cells' ? reader.decoder : reader.rows).sawTrailer;
  }

  /**
   * Takes the next piece; the batches have to be taken before the next. Cells are made when they are asked for: of a large piece they would take many times
   * its memory. Throws SOURCE_INCOMPLETE for bytes that are not COPY's.
   */
  push(piece: CopyPiece): Iterable<RowBatch> {
    const { reader } = this;
    if (Buffer.isBuffer(piece)) return this.pushChunks(piece);
    if (reader.kind !== 'framed') return this.pushChunks(unframed(piece));
    const found = reader.rows.find(piece);
    this.bytes += reader.rows.stoppedAt - piece.start - FRAME_BYTES * (found?.rows ?? 0);
    const batches = listOf(this.batchOf(found));
    if (reader.rows.stoppedAt < piece.end) {
      const rest = unframed({ ...piece, start: reader.rows.stoppedAt });
      batches.push(...this.pushChunks(rest));
    }
    return batches;
  }

  /** What is left at the end; undefined: nothing. */
  take(): RowBatch | undefined {
    const { reader } = this;
    return reader.kind !== 'cells' || reader.batcher.isEmpty ? undefined : reader.batcher.take();
  }

  private *pushChunks(bytes: Buffer): Generator<RowBatch, void, undefined> {
    for (let at = 0; at < bytes.length; at += BATCH_BYTES) {
      const batch = this.pushChunk(bytes.subarray(at, at + BATCH_BYTES));
      if (batch !== undefined) yield batch;
    }
  }

  private pushChunk(chunk: Buffer): RowBatch | undefined {
    const reader = this.reader.kind === 'framed' ? this.cutAnywhere(this.reader.rows) : this.reader;
    if (reader.kind === 'cells') {
      const { decoder, batcher } = reader;
      decoder.push(chunk);
      batcher.count(chunk.length);
      return batcher.isFull ? batcher.take() : undefined;
    }
    const { rows } = reader;
    this.bytes += chunk.length;
    const found = rows.push(chunk);
    if (rows.tooLarge) {
      // What is too large for memory only the decoder can step over.
      this.rowsBefore += rows.rows;
      const next = this.decodeFromHere();
      next.decoder.push(EMPTY_HEADER);
      next.decoder.push(rows.rest());
      this.reader = next;
    }
    return this.batchOf(found);
  }

  private batchOf(found: FoundRows | undefined): RowBatch | undefined {
    if (found === undefined) return undefined;
    const { bytes } = this;
    this.bytes = 0;
    return { rows: [], rejects: [], bytes, raw: { wire: 'pg-copy', ...found, fields: this.fields } };
  }

  private cutAnywhere(framed: CopyFramedRows): Reader & { kind: 'chunks' } {
    this.rowsBefore += framed.rows;
    const rows = new CopyBinaryRows(this.columns.length, { maxRowBytes: MAX_ROW_BYTES });
    if (framed.hasBegun) rows.push(EMPTY_HEADER);
    if (framed.sawTrailer) rows.push(END_OF_DATA);
    const reader = { kind: 'chunks', rows } as const;
    this.reader = reader;
    return reader;
  }

  private decodeFromHere(): Reader & { kind: 'cells' } {
    const names = this.columns.map(({ name }) => name);
    const batcher = new RowBatcher(names, this.keys, this.rowsBefore);
    const decoders = this.columns.map(({ reading }) => reading.decode);
    const decoder = new CopyBinaryDecoder(decoders, batcher, { maxRowBytes: MAX_ROW_BYTES });
    return { kind: 'cells', batcher, decoder };
  }
}

/** The trailer. */
const END_OF_DATA = Buffer.of(0xff, 0xff);

function listOf(batch: RowBatch | undefined): RowBatch[] {
  return batch === undefined ? [] : [batch];
}
