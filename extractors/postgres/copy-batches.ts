import type { RowBatch } from '../../core/extractor';
import type { PgField } from '../../core/pg-binary';
import { RowBatcher } from '../database/row-batches';
import { CopyBinaryDecoder, EMPTY_HEADER } from './copy-binary-decoder';
import { CopyBinaryRows } from './copy-binary-rows';
import type { RelationColumn } from './relation';

/**
 * The most bytes of one row that are read. PostgreSQL takes fields of 1 GB; a row is held as bytes, as cells and as encoded
 * text at the same time, and several units run at once. The same bound as for records of files.
 */
const MAX_ROW_BYTES = 64 * 1024 * 1024;

/** Makes batches of the stream of COPY binary: of cells, or of rows as they come, where the reader takes them. */
export class CopyBatches {
  private readonly found: CopyBinaryRows | undefined;
  private readonly fields: readonly PgField[];
  /** Bytes that came and are in no batch yet. */
  private bytes = 0;
  private decoding: { readonly decoder: CopyBinaryDecoder; readonly batcher: RowBatcher } | undefined;

  /** `keys`: indexes of the columns by which an unreadable row is named. */
  constructor(
    private readonly columns: readonly RelationColumn[],
    private readonly keys: readonly number[],
    takesRaw: boolean,
  ) {
    this.fields = columns.map(({ reading: { form, decode } }) => ({ form, decode }));
    if (takesRaw) this.found = new CopyBinaryRows(columns.length, { maxRowBytes: MAX_ROW_BYTES });
    else this.decoding = this.decodeFromHere();
  }

  /** Rows that came. */
  get rows(): number {
    return (this.found?.rows ?? 0) + (this.decoding?.decoder.rows ?? 0);
  }

  /** Whether what proves that nothing is missing has been read. */
  get sawTrailer(): boolean {
    return this.found?.sawTrailer === true || this.decoding?.decoder.sawTrailer === true;
  }

  /** Takes the next chunk; undefined: there is no batch yet. Throws SOURCE_INCOMPLETE for bytes that are not COPY's. */
  push(chunk: Buffer): RowBatch | undefined {
    if (this.decoding !== undefined) {
      const { decoder, batcher } = this.decoding;
      decoder.push(chunk);
      batcher.count(chunk.length);
      return batcher.isFull ? batcher.take() : undefined;
    }
    const { found } = this;
    if (found === undefined) return undefined;
    this.bytes += chunk.length;
    const rows = found.push(chunk);
    if (found.tooLarge) {
      // What is too large for memory only the decoder can step over; it goes on from there, to the end of the unit.
      this.decoding = this.decodeFromHere();
      this.decoding.decoder.push(EMPTY_HEADER);
      this.decoding.decoder.push(found.rest());
    }
    if (rows === undefined) return undefined;
    const { bytes } = this;
    this.bytes = 0;
    return { rows: [], rejects: [], bytes, raw: { wire: 'pg-copy', ...rows, fields: this.fields } };
  }

  /** What is left at the end; undefined: nothing. */
  take(): RowBatch | undefined {
    const batcher = this.decoding?.batcher;
    return batcher === undefined || batcher.isEmpty ? undefined : batcher.take();
  }

  private decodeFromHere(): { decoder: CopyBinaryDecoder; batcher: RowBatcher } {
    const names = this.columns.map(({ name }) => name);
    const batcher = new RowBatcher(names, this.keys, this.found?.rows ?? 0);
    const decoders = this.columns.map(({ reading }) => reading.decode);
    return { batcher, decoder: new CopyBinaryDecoder(decoders, batcher, { maxRowBytes: MAX_ROW_BYTES }) };
  }
}
