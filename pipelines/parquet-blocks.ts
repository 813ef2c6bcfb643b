import type { Row } from '../core/cells';
import type { EncodedBlock, NdjsonDialect, PlacedBlock } from '../core/encoding';
import type { TableSchema } from '../core/schema';
import { ParquetSinks } from '../transforms/compiled/parquet-sinks';
import type { RowSinks } from '../transforms/compiled/value-sink';
import { ParquetEncoder } from '../transforms/encode/parquet';
import type { RowBlocks } from './row-blocks';

/** Row groups of a Parquet file. A row is measured as its values are. */
export class ParquetBlocks implements RowBlocks {
  readonly sinks: RowSinks;
  readonly footer: (blocks: readonly PlacedBlock[]) => Uint8Array;
  private readonly encoder: ParquetEncoder;

  /** `dialect`: how types are spelled that Parquet has none for. */
  constructor(schema: TableSchema, dialect: NdjsonDialect, maxRowBytes: number) {
    const style = { separator: ' ', zone: dialect.zone, eraSuffix: dialect.eraSuffix } as const;
    this.encoder = new ParquetEncoder(schema, { style, maxRowBytes });
    this.sinks = new ParquetSinks(this.encoder, style);
    this.footer = this.encoder.footer;
  }

  get header(): Uint8Array {
    return this.encoder.header;
  }

  get isFull(): boolean {
    return this.encoder.isFull;
  }

  add(row: Row): boolean {
    return this.encoder.add(row);
  }

  take(): EncodedBlock | undefined {
    return this.encoder.takeBlock();
  }
}
