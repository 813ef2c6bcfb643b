import type { Cell } from '../../../core/cells';
import type { ColumnType } from '../../../core/schema';
import type { Present } from '../../../transforms/cell-shape';
import type { ValueSink } from '../../../transforms/compiled/value-sink';
import { BlockBuffer } from '../../../transforms/encode/block-buffer';

/** Keeps what one value was written as, arrays among them, in the form that `shownCell` makes of the cell. */
export class CellSink implements ValueSink {
  readonly target = new BlockBuffer(1024);
  readonly element: CellSink | undefined;
  private values: (() => unknown)[] = [];
  private expected: number | undefined;

  constructor(private readonly type: ColumnType) {
    this.element = type.kind === 'array' ? new CellSink(type.element) : undefined;
  }

  /** What was put since the last call. */
  take(): unknown[] {
    const values = this.values.map((read) => read());
    this.values = [];
    this.target.restart();
    return values;
  }

  putNull(): void {
    this.keep(null);
  }
  putBool(value: boolean): void {
    this.keep(value);
  }
  putLong(high: number, low: number): void {
    const value = fromHalves(high, low);
    const isUnsigned = this.type.kind === 'int' && this.type.unsigned === true;
    this.keep(isUnsigned ? BigInt.asUintN(64, value) : value);
  }
  putDouble(value: number): void {
    this.keep(Object.is(value, -0) ? '-0' : value);
  }
  putUnscaled(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new RangeError(`not exact: ${value}`);
    this.keep(BigInt(value));
  }
  putUnscaledLong(high: number, low: number): void {
    this.keep(fromHalves(high, low));
  }
  putUnscaledBig(value: bigint): void {
    this.keep(value);
  }
  putBytes(from: Buffer, view: DataView, start: number, length: number): void {
    if (
      view.byteLength !== from.length ||
      view.byteOffset !== from.byteOffset ||
      start + length > from.length
    )
      throw new RangeError('another view');
    this.keep(from.toString('hex', start, start + length));
  }
  putQuoted(): void {
    throw new RangeError('no fields here');
  }
  openBytes(length: number): number {
    const { target } = this;
    target.reserve(length);
    const start = target.end;
    target.end += length;
    this.values.push(() => target.bytes.toString('hex', start, start + length));
    return start;
  }
  beginArray(count: number): void {
    this.expected = count;
  }
  endArray(): void {
    const values = this.element?.take();
    if (values?.length !== this.expected) throw new RangeError('another number of elements');
    this.keep(values);
  }
  putCell(cell: Present): void {
    this.keep(shownCell(this.type, cell));
  }

  private keep(value: unknown): void {
    this.values.push(() => value);
  }
}

function fromHalves(high: number, low: number): bigint {
  if (high !== (high | 0) || low !== (low | 0)) throw new RangeError('no halves of 32 bits');
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** What a sink keeps of a cell of the type. */
export function shownCell(type: ColumnType, cell: Cell): unknown {
  if (cell === null) return null;
  if (type.kind === 'array' && Array.isArray(cell))
    return cell.map((one: Cell) => shownCell(type.element, one));
  if (type.kind === 'decimal' && typeof cell === 'string') {
    const [whole = '', fraction = ''] = cell.split('.');
    return BigInt(whole + fraction.padEnd(type.scale ?? 0, '0'));
  }
  if (typeof cell === 'string') return Buffer.from(cell, 'utf8').toString('hex');
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('hex');
  return Object.is(cell, -0) ? '-0' : cell;
}
