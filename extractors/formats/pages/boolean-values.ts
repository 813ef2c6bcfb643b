import type { ArrowData } from '../../../core/arrow-buffers';
import { alignedBytes, FixedValues, ROOM } from './fixed-values';
import type { LeafValues } from './leaf-values';
import { DamagedPage } from './page-errors';

/** Booleans, a byte each until the batch is done. Their pages hold bits, which count as numbers of a dictionary of both. */
export class BooleanValues implements LeafValues {
  private readonly flags = new FixedValues(1, 1, undefined);
  private bits = new Uint8Array(0);

  constructor() {
    this.flags.setDictionary(Uint8Array.of(0, 1), 2);
  }

  begin(): void {
    this.flags.begin();
  }

  readPlain(): void {
    throw new DamagedPage('booleans that are no bits');
  }

  readDictionary(): void {
    throw new DamagedPage('a dictionary of booleans');
  }

  readNumbers(numbers: Int32Array, start: number, count: number): void {
    this.flags.readNumbers(numbers, start, count);
  }

  spread(levels: Int32Array, present: number, start: number, count: number, values: number): void {
    this.flags.spread(levels, present, start, count, values);
  }

  buffers(length: number): Pick<ArrowData, 'values' | 'valueOffsets'> {
    const flags = this.flags.reserve(length);
    const bytes = this.bytes(length);
    if (this.bits.length < bytes) this.bits = alignedBytes(bytes * ROOM);
    this.bits.fill(0, 0, bytes);
    const { bits } = this;
    for (let index = 0; index < length; index++)
      bits[index >> 3] = (bits[index >> 3] ?? 0) | ((flags[index] ?? 0) << (index & 7));
    return { values: bits.subarray(0, bytes) };
  }

  bytes(length: number): number {
    return Math.ceil(length / 8);
  }
}
