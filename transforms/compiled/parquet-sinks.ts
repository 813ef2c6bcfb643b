import { BeamliftError } from '../../core/errors';
import type { InstantStyle } from '../../core/instant-format';
import type { Present } from '../cell-shape';
import { BlockBuffer } from '../encode/block-buffer';
import type { ParquetEncoder } from '../encode/parquet';
import { compileNode, type NodeWriter } from '../encode/parquet-cells';
import type { LeafBuffer } from '../encode/parquet-leaf';
import type { ParquetNode } from '../encode/parquet-schema';
import {
  compileLeafWriter,
  DATE_INFINITY,
  DATE_MINUS_INFINITY,
  unscaledTarget,
} from '../encode/parquet-values';
import type { ParquetRowsSink, RowSinks, ValueSink } from './value-sink';

/** A uuid as text. */
const UUID_TEXT_BYTES = 36;

/** Sinks that write behind what the columns of the encoder's row group hold. */
export class ParquetSinks implements RowSinks {
  readonly columns: readonly ValueSink[];
  readonly parquetRows: ParquetRowsSink | undefined;
  /** Those with values that are not complete before the row is. */
  private readonly late: readonly ParquetSink[];

  constructor(
    private readonly encoder: ParquetEncoder,
    style: InstantStyle,
  ) {
    const late: ParquetSink[] = [];
    this.columns = encoder.columns.map(({ node, leaves, write }) => {
      const [leaf, another] = leaves;
      if (leaf === undefined || another !== undefined || isGroup(node)) return new CellSink(leaves, write);
      const sink = sinkOf(node, leaf, encoder.buffers, style, 0);
      const innermost = sink.innermost();
      if (leaf.form === 'uuid') late.push(innermost);
      return sink;
    });
    this.late = late;
    this.parquetRows = rowsSink(encoder);
  }

  beginRow(): void {
    this.encoder.beginRow();
  }

  endRow(): boolean {
    for (const sink of this.late) sink.complete();
    return this.encoder.endRow();
  }

  takeBackRow(): void {
    for (const sink of this.late) sink.forget();
    this.encoder.takeBackRow();
  }
}

/** Undefined: a column has structs, or arrays of arrays. */
function rowsSink(encoder: ParquetEncoder): ParquetRowsSink | undefined {
  const columns: ParquetRowsSink['columns'][number][] = [];
  for (const { node, leaves } of encoder.columns) {
    const [leaf] = leaves;
    const element = node.kind === 'list' ? node.element : undefined;
    if (leaf === undefined || (element ?? node).kind !== 'leaf') return undefined;
    const { definition } = node;
    columns.push(
      element === undefined
        ? { leaf, definition }
        : { leaf, definition, elementDefinition: element.definition },
    );
  }
  return {
    columns,
    maxRowBytes: encoder.maxRowBytes,
    get isFull() {
      return encoder.isFull;
    },
    begin: () => {
      encoder.beginRow();
    },
    takeBack: () => {
      encoder.takeBackRow();
    },
    addRows: (rows) => {
      encoder.endRows(rows);
    },
  };
}

/** Whether a struct is in it. */
function isGroup(node: ParquetNode): boolean {
  return node.kind === 'list' ? isGroup(node.element) : node.kind === 'group';
}

/** `repeated`: the repetition level of all values but the first of what they are in. */
function sinkOf(
  node: ParquetNode,
  leaf: LeafBuffer,
  leaves: readonly LeafBuffer[],
  style: InstantStyle,
  repeated: number,
): ParquetSink {
  const element =
    node.kind === 'list' ? sinkOf(node.element, leaf, leaves, style, node.repetition + 1) : undefined;
  return new ParquetSink(node, leaf, compileNode(node, leaves, style), element, style, repeated);
}

/** A column, or the elements of one, whose values all go into one leaf. */
class ParquetSink implements ValueSink {
  readonly target: BlockBuffer;
  /** The repetition level of the next value. */
  private repetition = 0;
  /** Levels of a value that is there, and of null. */
  private readonly present: number;
  private readonly absent: number;
  private readonly write: (cell: Present) => void;
  private readonly form: LeafBuffer['form'];
  private readonly isUuid: boolean;
  /** A uuid as text that was opened, and where its bytes go; -1: none. */
  private openedAt = -1;

  constructor(
    node: ParquetNode,
    private readonly leaf: LeafBuffer,
    private readonly writeNode: NodeWriter,
    readonly element: ParquetSink | undefined,
    style: InstantStyle,
    private readonly repeated: number,
  ) {
    this.present = node.definition;
    this.absent = node.definition - 1;
    this.write = compileLeafWriter(leaf, style);
    this.form = leaf.form;
    this.isUuid = element === undefined && leaf.form === 'uuid';
    this.target = this.isUuid ? new BlockBuffer(UUID_TEXT_BYTES, 0) : leaf;
  }

  innermost(): ParquetSink {
    return this.element?.innermost() ?? this;
  }

  putNull(): void {
    this.leaf.add(this.repetition, this.absent);
    this.repetition = this.repeated;
  }

  putBool(value: boolean): void {
    this.begin();
    this.leaf.writeBool(value);
  }

  putLong(high: number, low: number): void {
    this.begin();
    const { leaf } = this;
    switch (this.form) {
      case 'int64':
        leaf.writeInt64(high, low);
        return;
      case 'int32':
        leaf.writeInt32(low);
        return;
      case 'date':
        leaf.writeInt32(high === low >> 31 ? low : infiniteDate(high));
        return;
      default:
        this.write((BigInt(high) << 32n) | BigInt(low >>> 0));
    }
  }

  putDouble(value: number): void {
    this.begin();
    if (this.form === 'float') this.leaf.writeFloat(value);
    else this.leaf.writeDouble(value);
  }

  putUnscaled(value: number): void {
    this.begin();
    const { leaf } = this;
    switch (this.form) {
      case 'decimal32':
        leaf.writeInt32(value);
        return;
      case 'decimal64':
        leaf.writeInt64(Math.floor(value / 2 ** 32), value | 0);
        return;
      case 'decimal128':
        leaf.writeInt128(Math.floor(value / 2 ** 32), value | 0);
        return;
      default:
        this.write(unscaledText(BigInt(value), this.leaf));
    }
  }

  putUnscaledLong(high: number, low: number): void {
    this.begin();
    const { leaf } = this;
    switch (this.form) {
      case 'decimal32':
        leaf.writeInt32(low);
        return;
      case 'decimal64':
        leaf.writeInt64(high, low);
        return;
      case 'decimal128':
        leaf.writeInt128(high, low);
        return;
      default:
        this.write(unscaledText((BigInt(high) << 32n) | BigInt(low >>> 0), this.leaf));
    }
  }

  putUnscaledBig(value: bigint): void {
    this.begin();
    if (this.form === 'text') this.write(unscaledText(value, this.leaf));
    else unscaledTarget(this.leaf).writeUnscaled(value);
  }

  putBytes(from: Buffer, view: DataView, start: number, length: number): void {
    if (!this.isUuid) {
      this.begin();
      this.leaf.writeRange(from, view, start, length);
      return;
    }
    this.openBytes(length);
    from.copy(this.target.bytes, 0, start, start + length);
    this.complete();
  }

  putQuoted(from: Buffer, view: DataView, start: number, length: number, quote: number): void {
    this.begin();
    this.leaf.writeQuoted(from, view, start, length, quote);
  }

  putUuid(from: Buffer, start: number): void {
    this.begin();
    this.leaf.writeUuid(from, start);
  }

  openBytes(length: number): number {
    if (!this.isUuid) {
      this.begin();
      return this.leaf.openRange(length);
    }
    if (length !== UUID_TEXT_BYTES) throw new BeamliftError('INTERNAL', { what: 'A uuid has 36 characters' });
    this.complete();
    this.begin();
    this.openedAt = this.leaf.skipUuid();
    return 0;
  }

  /** Writes the uuid that was opened, now that its text is there. */
  complete(): void {
    if (this.openedAt === -1) return;
    this.leaf.writeUuidText(this.target.bytes, this.openedAt);
    this.openedAt = -1;
  }

  forget(): void {
    this.openedAt = -1;
  }

  beginArray(count: number): void {
    const { element } = this;
    if (count === 0 || element === undefined) this.leaf.add(this.repetition, this.present);
    else element.repetition = this.repetition;
    this.repetition = this.repeated;
  }

  endArray(): void {
    // Levels say where an array ends.
  }

  putCell(cell: Present): void {
    this.writeNode(cell, this.repetition, this.absent);
    this.repetition = this.repeated;
  }

  private begin(): void {
    this.leaf.add(this.repetition, this.present);
    this.repetition = this.repeated;
  }
}

function infiniteDate(high: number): number {
  return high > 0 ? DATE_INFINITY : DATE_MINUS_INFINITY;
}

/** A decimal without declared digits is a text. */
function unscaledText(unscaled: bigint, { leaf: { type } }: LeafBuffer): string {
  const scale = type.kind === 'decimal' ? (type.scale ?? 0) : 0;
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** A column with structs, which only takes cells. */
class CellSink implements ValueSink {
  readonly target = new BlockBuffer(0, 0);
  readonly element = undefined;

  constructor(
    private readonly leaves: readonly LeafBuffer[],
    private readonly write: NodeWriter,
  ) {}

  putNull(): void {
    for (const leaf of this.leaves) leaf.add(0, 0);
  }

  putCell(cell: Present): void {
    this.write(cell, 0, 0);
  }

  putBool(): void {
    throw onlyCells();
  }
  putLong(): void {
    throw onlyCells();
  }
  putDouble(): void {
    throw onlyCells();
  }
  putUnscaled(): void {
    throw onlyCells();
  }
  putUnscaledLong(): void {
    throw onlyCells();
  }
  putUnscaledBig(): void {
    throw onlyCells();
  }
  putBytes(): void {
    throw onlyCells();
  }
  putQuoted(): void {
    throw onlyCells();
  }
  openBytes(): number {
    throw onlyCells();
  }
  beginArray(): void {
    throw onlyCells();
  }
  endArray(): void {
    throw onlyCells();
  }
}

function onlyCells(): BeamliftError {
  return new BeamliftError('INTERNAL', { what: 'A codec wrote a value where only cells can be written' });
}
