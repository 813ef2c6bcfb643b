import type { Cell, Row } from '../../core/cells';
import type { EncodedBlock, PlacedBlock } from '../../core/encoding';
import type { InstantStyle } from '../../core/instant-format';
import type { TableSchema } from '../../core/schema';
import { BlockBuffer } from './block-buffer';
import { compileNode, leavesOf, type NodeWriter } from './parquet-cells';
import { PARQUET_MAGIC, pageHeader, parquetFooter } from './parquet-footer';
import { LeafBuffer } from './parquet-leaf';
import { mostLevelBytes, writeLevels } from './parquet-levels';
import { parquetColumns, type ParquetLeaf, type ParquetNode } from './parquet-schema';

export interface ParquetOptions {
  /** How instants are spelled that Parquet has no type for. */
  readonly style: InstantStyle;
  /** A row may not have more bytes of values. No limit where nothing is said. */
  readonly maxRowBytes?: number;
  /** A row group ends with the row that makes its values so long, in bytes. */
  readonly blockBytes?: number;
}

/** A column's leaves, and what writes its cells. */
export interface ParquetColumn {
  readonly node: ParquetNode;
  readonly leaves: readonly LeafBuffer[];
  readonly write: NodeWriter;
}

/**
 * Row groups have about so many bytes. DuckDB reads groups of 2 to 8 MB equally fast; while they are written, 2 MB take a peak of 112 MB of the
 * whole process, 8 MB 150, and every unit takes this memory anew, which costs time, too.
 */
const BLOCK_BYTES = 2 * 1024 * 1024;

/** DuckDB's own row groups have so many rows. */
const MAX_BLOCK_ROWS = 122_880;

/** After so many rows, and whenever memory was taken, it is looked at how long the block at hand has become. */
const ROWS_BETWEEN_LOOKS = 32;

/** More than so many times the size of a block is given back. */
const MAX_SPARE = 3;

const CREATED_BY = 'beamlift';

/** The length of a level run, in bytes. */
const LENGTH_BYTES = 4;

/**
 * Rows as a Parquet file: `header`, row groups, `footer`. Pages are plain and not compressed: they are read once, on the machine that wrote
 * them, and compressing them costs more than to write and read them (see docs).
 */
export class ParquetEncoder {
  readonly header: Uint8Array = PARQUET_MAGIC;
  readonly columns: readonly ParquetColumn[];
  rows = 0;
  isFull = false;
  private readonly nodes: readonly ParquetNode[];
  private readonly leaves: readonly ParquetLeaf[];
  /** Of all leaves, in order. */
  readonly buffers: readonly LeafBuffer[];
  private readonly packed = new BlockBuffer(0, 0);
  /** Levels of the page at hand, as pages have them. */
  private readonly levels = new BlockBuffer(0, 0);
  readonly maxRowBytes: number;
  private readonly blockBytes: number;
  private nextLook = ROWS_BETWEEN_LOOKS;

  constructor(schema: TableSchema, options: ParquetOptions) {
    const { style, maxRowBytes = Infinity, blockBytes = BLOCK_BYTES } = options;
    this.maxRowBytes = maxRowBytes;
    this.blockBytes = blockBytes;
    const { nodes, leaves } = parquetColumns(schema);
    this.nodes = nodes;
    this.leaves = leaves;
    const lookSoon = (): void => {
      this.nextLook = 0;
    };
    const buffers = leaves.map((leaf) => new LeafBuffer(leaf, lookSoon));
    this.buffers = buffers;
    this.columns = nodes.map((node) => ({
      node,
      leaves: leavesOf(node, buffers),
      write: compileNode(node, buffers, style),
    }));
  }

  /** False: the row is longer than allowed, and was left out. */
  add(row: Row): boolean {
    this.beginRow();
    let index = 0;
    for (const { write } of this.columns) {
      const cell: Cell = row[index++] ?? null;
      write(cell, 0, 0);
    }
    return this.endRow();
  }

  /** To be called before the values of a row are written to the columns. */
  beginRow(): void {
    for (const buffer of this.buffers) buffer.mark();
  }

  /** Counts the row. False: it is longer than allowed, and was left out. */
  endRow(): boolean {
    if (this.maxRowBytes !== Infinity && this.markedBytes() > this.maxRowBytes) {
      this.takeBackRow();
      return false;
    }
    this.rows++;
    if (this.rows >= this.nextLook) this.look();
    return true;
  }

  /** Counts rows that were written to all columns since `beginRow`. */
  endRows(rows: number): void {
    this.rows += rows;
    this.look();
  }

  takeBackRow(): void {
    for (const buffer of this.buffers) buffer.takeBack();
  }

  private markedBytes(): number {
    let sum = 0;
    for (const buffer of this.buffers) sum += buffer.marked;
    return sum;
  }

  private size(): number {
    let size = 0;
    for (const buffer of this.buffers) size += buffer.size;
    return size;
  }

  private look(): void {
    this.isFull = this.size() >= this.blockBytes || this.rows >= MAX_BLOCK_ROWS;
    this.nextLook = this.rows + ROWS_BETWEEN_LOOKS;
  }

  /** Ends the block at hand; undefined: it has no rows. The bytes are valid until the next call. */
  takeBlock(): EncodedBlock | undefined {
    const { rows, packed } = this;
    if (rows === 0) return undefined;
    packed.end = 0;
    packed.reserve(this.size());
    const index: number[] = [];
    for (const buffer of this.buffers) {
      const start = packed.end;
      this.writePage(buffer);
      index.push(buffer.count, packed.end - start);
    }
    this.restart();
    return { bytes: packed.bytes.subarray(0, packed.end), rows, index };
  }

  /** What a file of these blocks ends with. */
  readonly footer = (blocks: readonly PlacedBlock[]): Uint8Array =>
    parquetFooter(this.nodes, this.leaves, blocks, CREATED_BY);

  private writePage(buffer: LeafBuffer): void {
    const { leaf, count } = buffer;
    const { levels } = this;
    levels.end = 0;
    appendLevels(buffer.repetitions, count, leaf.repetition, levels);
    appendLevels(buffer.definitions, count, leaf.definition, levels);
    if (leaf.form === 'bool') buffer.packBools();
    const values = buffer.bytes.subarray(0, buffer.end);
    const header = pageHeader(count, levels.end + values.length);
    const { packed } = this;
    packed.reserve(header.length + levels.end + values.length);
    for (const piece of [header, levels.bytes.subarray(0, levels.end), values]) {
      packed.bytes.set(piece, packed.end);
      packed.end += piece.length;
    }
  }

  private restart(): void {
    let capacity = 0;
    for (const buffer of this.buffers) {
      buffer.restart();
      capacity += buffer.capacity;
    }
    if (capacity > MAX_SPARE * this.blockBytes) for (const buffer of this.buffers) buffer.shrink();
    this.rows = 0;
    this.isFull = false;
    this.nextLook = ROWS_BETWEEN_LOOKS;
  }
}

/** Levels with their length in front, as pages have them; nothing where there is only one. */
function appendLevels(
  levels: Uint8Array | undefined,
  count: number,
  maxLevel: number,
  to: BlockBuffer,
): void {
  if (levels === undefined || maxLevel === 0) return;
  to.reserve(LENGTH_BYTES + mostLevelBytes(count, maxLevel));
  const start = to.end + LENGTH_BYTES;
  const end = writeLevels(levels, count, maxLevel, to.bytes, start);
  to.view.setUint32(to.end, end - start, true);
  to.end = end;
}
