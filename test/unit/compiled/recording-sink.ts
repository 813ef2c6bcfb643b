import type { Cell } from '../../../core/cells';
import type { ColumnType } from '../../../core/schema';
import type { ValueSink } from '../../../transforms/compiled/value-sink';
import { BlockBuffer } from '../../../transforms/encode/block-buffer';

/** Keeps what one value was written as, in a form that `recorded` makes of the cell, too. */
export class RecordingSink implements ValueSink {
  value: unknown;
  readonly element = undefined;
  readonly target = new BlockBuffer(1024);
  private opened: { start: number; length: number } | undefined;

  /** What was put; bytes that were opened are read now. */
  take(): unknown {
    if (this.opened === undefined) return this.value;
    const { start, length } = this.opened;
    return this.target.bytes.toString('utf8', start, start + length);
  }

  putNull(): void {
    this.value = null;
  }
  putBool(value: boolean): void {
    this.value = value;
  }
  putLong(high: number, low: number): void {
    if (high !== (high | 0) || low !== (low | 0)) throw new RangeError('no halves of 32 bits');
    this.value = (BigInt(high) << 32n) | BigInt(low >>> 0);
  }
  putDouble(value: number): void {
    this.value = value;
  }
  putUnscaled(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError('not exact');
    this.value = BigInt(value);
  }
  putUnscaledLong(high: number, low: number): void {
    this.putLong(high, low);
  }
  putUnscaledBig(value: bigint): void {
    this.value = value;
  }
  putBytes(from: Buffer, view: DataView, start: number, length: number): void {
    if (view.byteLength !== from.length) throw new RangeError('another view');
    this.value = from.toString('utf8', start, start + length);
  }
  putQuoted(from: Buffer, view: DataView, start: number, length: number, quote: number): void {
    this.putBytes(from, view, start, length);
    const one = String.fromCharCode(quote);
    this.value = String(this.value).replaceAll(one + one, one);
  }
  openBytes(length: number): number {
    this.target.reserve(length);
    const start = this.target.end;
    this.target.end += length;
    this.opened = { start, length };
    return start;
  }
  beginArray(): void {
    throw new RangeError('no arrays here');
  }
  endArray(): void {
    throw new RangeError('no arrays here');
  }
  putCell(): void {
    throw new RangeError('no cells here');
  }
}

/** What a sink keeps of a cell of the type. */
export function recorded(type: ColumnType, cell: Cell): unknown {
  if (type.kind !== 'decimal' || typeof cell !== 'string') return cell;
  const [whole = '', fraction = ''] = cell.split('.');
  return BigInt(whole + fraction.padEnd(type.scale ?? 0, '0'));
}
