import type { Row } from '../core/cells';
import type { NdjsonDialect } from '../core/encoding';
import type { TableSchema } from '../core/schema';
import { BlockBuffer } from '../transforms/encode/block-buffer';
import { compileNdjsonEncoder } from '../transforms/encode/ndjson';
import type { RowBlocks, RowLines } from './row-blocks';

/** Blocks have about so many bytes. */
const BLOCK_BYTES = 256 * 1024;
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const MAX_UTF8_BYTES = 3;

const LINE_END = Buffer.from('}\n', 'latin1');

/** Blocks of lines, each a row. A row is measured with its line feed. */
export class NdjsonBlocks implements RowBlocks, RowLines {
  readonly header = new Uint8Array();
  private readonly encode: (row: Row) => string;
  readonly line = new BlockBuffer(BLOCK_BYTES);
  /** Where the row at hand begins. */
  private start = 0;
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
    return !this.isTaken && this.line.end >= BLOCK_BYTES;
  }

  get lines(): RowLines {
    return this;
  }

  beginRow(): void {
    this.restart();
    this.start = this.line.end;
    this.line.limit = this.start + this.maxRowBytes;
  }

  endRow(): boolean {
    const { line } = this;
    line.limit = Infinity;
    line.reserve(LINE_END.length);
    for (const byte of LINE_END) line.bytes[line.end++] = byte;
    if (line.end - this.start > this.maxRowBytes) {
      line.end = this.start;
      return false;
    }
    this.rows += 1;
    return true;
  }

  takeBackRow(): void {
    this.line.end = this.start;
    this.line.limit = Infinity;
  }

  private restart(): void {
    if (!this.isTaken) return;
    this.line.restart();
    this.isTaken = false;
  }

  add(row: Row): boolean {
    const { line: block } = this;
    this.restart();
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
    const { rows, line: block } = this;
    if (rows === 0) return undefined;
    this.rows = 0;
    this.isTaken = true;
    return { rows, bytes: block.bytes.subarray(0, block.end) };
  }
}
