import type { ResultField, RowReceiver } from '../../core/clients/mysql-client';
import type { RowBatch } from '../../core/extractor';
import type { MysqlField, MysqlRows } from '../../core/mysql-rows';
import { RowBatcher } from '../database/row-batches';
import type { RelationColumn } from './relation';
import { RowDecoder } from './row-decoder';

/** Passes rows on as the server sent them. Those that are longer than a packet are decoded here. */
export class RawRows implements RowReceiver {
  private readonly wire: readonly MysqlField[];
  private decoder: RowDecoder | undefined;
  private raw: MysqlRows | undefined;
  private rawBytes = 0;
  private rowNumber = 0;

  /** `keys`: indexes of the columns by which an unreadable row is named. */
  constructor(
    private readonly columns: readonly RelationColumn[],
    private readonly keys: readonly number[],
    private readonly relationName: string,
  ) {
    this.wire = columns.map(({ field }) => field);
  }

  get isFull(): boolean {
    return this.raw !== undefined || this.decoder !== undefined;
  }

  get isEmpty(): boolean {
    return !this.isFull;
  }

  fields(fields: readonly ResultField[]): void {
    this.decode().fields(fields);
  }

  row(bytes: Buffer, start: number, end: number): void {
    this.decoder ??= this.decode();
    this.rowNumber++;
    this.decoder.row(bytes, start, end);
  }

  packets(bytes: Buffer, view: DataView, start: number, end: number, rows: number): void {
    this.raw = { wire: 'mysql-text', fields: this.wire, bytes, view, start, rows };
    this.rawBytes = end - start;
    this.rowNumber += rows;
  }

  /** The rows since the last call. */
  take(): RowBatch {
    const { raw, rawBytes, decoder } = this;
    const decoded = decoder?.take() ?? { rows: [], rejects: [], bytes: 0 };
    this.decoder = undefined;
    this.raw = undefined;
    this.rawBytes = 0;
    return { ...decoded, bytes: decoded.bytes + rawBytes, ...(raw === undefined ? {} : { raw }) };
  }

  private decode(): RowDecoder {
    const names = this.columns.map(({ name }) => name);
    const batcher = new RowBatcher(names, this.keys, this.rowNumber);
    return new RowDecoder(this.columns, batcher, this.relationName);
  }
}
