import type { ArrowData } from '../../../core/arrow-buffers';

/** Which values of a batch are not null, as Arrow wants it: a bit that is set. */
export class ValidityBits {
  private bits = new Uint8Array(0);
  private nulls = 0;

  begin(): void {
    if (this.nulls > 0) this.bits.fill(0xff);
    this.nulls = 0;
  }

  /** Of `count` values from `start` on, those without the level `present` are null; there are `nulls` of them. */
  clear(levels: Int32Array, present: number, start: number, count: number, nulls: number): void {
    this.reserve(start + count);
    const { bits } = this;
    for (let index = 0; index < count; index++) {
      const at = start + index;
      if (levels[index] !== present) bits[at >> 3] = (bits[at >> 3] ?? 0) & ~(1 << (at & 7));
    }
    this.nulls += nulls;
  }

  clearOne(index: number): void {
    this.reserve(index + 1);
    this.bits[index >> 3] = (this.bits[index >> 3] ?? 0) & ~(1 << (index & 7));
    this.nulls++;
  }

  /** What Arrow's data of `length` values says of nulls. */
  of(length: number): Pick<ArrowData, 'nullCount' | 'nullBitmap'> {
    const { nulls: nullCount } = this;
    if (nullCount === 0) return { nullCount, nullBitmap: null };
    this.reserve(length);
    return { nullCount, nullBitmap: this.bits.subarray(0, Math.ceil(length / 8)) };
  }

  private reserve(values: number): void {
    if (values <= this.bits.length * 8) return;
    const before = this.bits;
    this.bits = new Uint8Array(Math.ceil(values / 4)).fill(0xff);
    this.bits.set(before);
  }
}
