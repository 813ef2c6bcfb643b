import type { Row } from '../core/cells';
import type { StagingCompression } from '../core/encoding';
import type { TableSchema } from '../core/schema';
import { AvroSinks } from '../transforms/compiled/avro-sinks';
import type { RowSinks } from '../transforms/compiled/value-sink';
import { AVRO_BLOCK_BYTES, compileAvroEncoder, type AvroEncoder } from '../transforms/encode/avro';
import type { RowBlocks } from './row-blocks';

/** Blocks of an Avro container file. A row is measured before compression. */
export class AvroBlocks implements RowBlocks {
  readonly sinks: RowSinks;
  private readonly encoder: AvroEncoder;

  constructor(schema: TableSchema, maxRowBytes: number, compression: StagingCompression) {
    this.encoder = compileAvroEncoder(schema, {
      maxRowBytes,
      // the format's own name for it
      codec: compression === 'none' ? 'null' : compression,
    });
    this.sinks = new AvroSinks(this.encoder, schema);
  }

  get header(): Uint8Array {
    return this.encoder.header;
  }

  get isFull(): boolean {
    return this.encoder.bytes >= AVRO_BLOCK_BYTES;
  }

  add(row: Row): boolean {
    return this.encoder.add(row);
  }

  take(): { bytes: Uint8Array; rows: number } | undefined {
    const { rows } = this.encoder;
    return rows === 0 ? undefined : { rows, bytes: this.encoder.takeBlock() };
  }
}
