import { randomBytes } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import type { Row } from '../../core/cells';
import type { TableSchema } from '../../core/schema';
import { AvroBuffer } from './avro-buffer';
import { compileAvroRow } from './avro-row';
import { avroSchemaOf } from './avro-schema';
import { BlockLimit } from './block-buffer';
import { SnappyWriter } from './snappy';

/** How blocks are compressed; the names are the format's own. */
export type AvroCodec = 'snappy' | 'deflate' | 'null';

export interface AvroOptions {
  /** Snappy where nothing is said. */
  readonly codec?: AvroCodec;
  /** The marker between blocks, 16 bytes. Random where nothing is said: it must not occur in the data by intent. */
  readonly sync?: Uint8Array;
  /** A row may not be longer, in bytes before compression. No limit where nothing is said. */
  readonly maxRowBytes?: number;
}

/** Rows as an Avro object container file: `header`, then blocks. Every file of the encoder begins with the same header, and takes any of its blocks. */
export interface AvroEncoder {
  readonly header: Uint8Array;
  /** Rows of the block at hand. */
  readonly rows: number;
  /** Bytes of the block at hand, before compression. */
  readonly bytes: number;
  /** Writes a row behind the others of the block at hand. False: it is longer than allowed, and was left out. */
  add(row: Row): boolean;
  /** What rows are written behind by others than `add`, between `beginRow` and `endRow`. */
  readonly block: AvroBuffer;
  /** To be called before a row is written to `block`, which throws `BlockLimit` for one that is longer than allowed. Returns where it begins. */
  beginRow(): number;
  /** Counts a row that begins at `start`. False: it is longer than allowed, and was left out. */
  endRow(start: number): boolean;
  /** A row may not be longer, in bytes before compression. */
  readonly maxRowBytes: number;
  /** Copies rows that are encoded already, from `start` to `end` of these bytes, behind the others of the block at hand. */
  addRows(from: Buffer, start: number, end: number, rows: number): void;
  /** Ends the block at hand. The bytes are valid until the next call. */
  takeBlock(): Uint8Array;
}

/** Blocks have about so many bytes before compression. */
export const AVRO_BLOCK_BYTES = 256 * 1024;

const MAGIC = Uint8Array.of(0x4f, 0x62, 0x6a, 1);
const SYNC_BYTES = 16;

/**
 * The encoder of rows of a schema, for BigQuery with `useAvroLogicalTypes` (`avroSchemaOf` has the types).
 * Texts come without halves of surrogate pairs, decimals with at most the digits of their type, numbers and instants in range, times in
 * microseconds: the converter sees to it. Throws TYPE_UNSUPPORTED for a schema that Avro cannot say, INTERNAL for cells of another type.
 */
export function compileAvroEncoder(schema: TableSchema, options: AvroOptions = {}): AvroEncoder {
  const { codec = 'snappy', sync = randomBytes(SYNC_BYTES), maxRowBytes = Infinity } = options;
  return new ContainerEncoder(schema, codec, sync, maxRowBytes);
}

class ContainerEncoder implements AvroEncoder {
  readonly header: Uint8Array;
  rows = 0;
  readonly block = new AvroBuffer(AVRO_BLOCK_BYTES);
  private readonly packed = new AvroBuffer(AVRO_BLOCK_BYTES);
  private readonly write: (row: Row) => void;
  private readonly head = new AvroBuffer(HEAD_BYTES);
  private readonly compress: (from: AvroBuffer, to: AvroBuffer) => void;

  constructor(
    schema: TableSchema,
    private readonly codec: AvroCodec,
    private readonly sync: Uint8Array,
    readonly maxRowBytes: number,
  ) {
    this.header = headerOf(JSON.stringify(avroSchemaOf(schema)), codec, sync);
    this.write = compileAvroRow(schema, this.block);
    this.compress = compressorOf(codec);
  }

  get bytes(): number {
    return this.block.end;
  }

  add(row: Row): boolean {
    const start = this.beginRow();
    try {
      this.write(row);
    } catch (thrown) {
      if (!(thrown instanceof BlockLimit)) throw thrown;
      this.block.end = start;
      return false;
    }
    return this.endRow(start);
  }

  beginRow(): number {
    const { block } = this;
    block.limit = block.end + this.maxRowBytes + ROUNDING_BYTES;
    return block.end;
  }

  endRow(start: number): boolean {
    const { block } = this;
    if (block.end - start > this.maxRowBytes) {
      block.end = start;
      return false;
    }
    this.rows += 1;
    return true;
  }

  addRows(from: Buffer, start: number, end: number, rows: number): void {
    const { block } = this;
    block.limit = Infinity;
    block.reserve(end - start);
    block.end += from.copy(block.bytes, block.end, start, end);
    this.rows += rows;
  }

  takeBlock(): Uint8Array {
    const { block, packed, head } = this;
    // The lengths stand before the bytes, and are known after them.
    packed.restart();
    packed.end = HEAD_BYTES;
    block.limit = Infinity;
    this.compress(block, packed);
    if (this.codec === 'snappy') {
      packed.reserve(CRC_BYTES);
      packed.end = packed.bytes.writeUInt32BE(crc32(block.bytes.subarray(0, block.end)), packed.end);
    }
    head.restart();
    head.writeLength(this.rows);
    head.writeLength(packed.end - HEAD_BYTES);
    const start = HEAD_BYTES - head.end;
    head.bytes.copy(packed.bytes, start, 0, head.end);
    packed.append(this.sync);
    block.restart();
    this.rows = 0;
    return packed.bytes.subarray(start, packed.end);
  }
}

/** Room in front of a block's bytes for the number of its rows and its length. */
const HEAD_BYTES = 16;

/** Room is asked for the longest form that a length or number has: the limit must not stop a row before it is measured. */
const ROUNDING_BYTES = 16;

/** Behind a block in snappy stands the CRC-32 of its bytes before compression, the highest byte first. */
const CRC_BYTES = 4;

function headerOf(schema: string, codec: AvroCodec, sync: Uint8Array): Uint8Array {
  const header = new AvroBuffer(schema.length);
  header.append(MAGIC);
  const metadata = { 'avro.schema': schema, 'avro.codec': codec };
  header.writeLength(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    header.writeText(key);
    header.writeText(value);
  }
  header.writeLength(0);
  header.append(sync);
  return Uint8Array.from(header.bytes.subarray(0, header.end));
}

/** Writes what a block holds behind what another one holds. */
function compressorOf(codec: AvroCodec): (from: AvroBuffer, to: AvroBuffer) => void {
  switch (codec) {
    case 'snappy': {
      const writer = new SnappyWriter();
      return (from, to) => {
        writer.write(from, to);
      };
    }
    case 'deflate':
      return (from, to) => {
        to.append(deflateRawSync(from.bytes.subarray(0, from.end)));
      };
    case 'null':
      return (from, to) => {
        to.append(from.bytes.subarray(0, from.end));
      };
  }
}
