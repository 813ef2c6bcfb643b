import type { Row } from '../core/cells';
import type { NdjsonDialect } from '../core/encoding';
import type { TableSchema } from '../core/schema';
import { BlockBuffer } from '../transforms/encode/block-buffer';
import { compileNdjsonEncoder } from '../transforms/encode/ndjson';
import type { RowBlocks } from './row-blocks';

/** Blocks have about so many bytes. */
const BLOCK_BYTES = 256 * 1024;
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const MAX_UTF8_BYTES = 3;

/** Blocks of lines, each a row. A row is measured with its line feed. */
export class NdjsonBlocks implements RowBlocks {
  readonly header = new Uint8Array();
  private readonly encode: (row: Row) => string;
  private readonly block = new BlockBuffer(BLOCK_BYTES);
  private rows = 0;
  private isTaken = false;

  constructor(
    schema: TableSchema,
    dialect: NdjsonDialect,
    private readonly maxRowBytes: number,
  ) {
    this.encode = compileNdjsonEncoder(schema, dialect);
  }

  get isFull(): boolean {
    return !this.isTaken && this.block.end >= BLOCK_BYTES;
  }

  add(row: Row): boolean {
    const { block } = this;
    if (this.isTaken) {
      block.restart();
      this.isTaken = false;
    }
    const line = this.encode(row);
    const mostBytes = line.length * MAX_UTF8_BYTES;
    // Only a line that might not fit, or might be too long, is measured before it is written.
    if (mostBytes > this.maxRowBytes || block.bytes.length - block.end < mostBytes) {
      const bytes = Buffer.byteLength(line);
      if (bytes > this.maxRowBytes) return false;
      block.reserve(bytes);
    }
    block.end += block.bytes.write(line, block.end);
    this.rows += 1;
    return true;
  }

  take(): { bytes: Uint8Array; rows: number } | undefined {
    const { rows, block } = this;
    if (rows === 0) return undefined;
    this.rows = 0;
    this.isTaken = true;
    return { rows, bytes: block.bytes.subarray(0, block.end) };
  }
}
