import type { ArrowData } from '../../core/arrow-buffers';

/** Which values of Arrow's data are null. */
export class ArrowNulls {
  private bits: Uint8Array | undefined;
  private offset = 0;

  bind(data: ArrowData): void {
    this.bits = validity(data);
    this.offset = data.offset;
  }

  isNull(index: number): boolean {
    if (this.bits === undefined) return false;
    const bit = index + this.offset;
    return (((this.bits[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0;
  }
}

/** A bit for each value, from `offset` on, that is set where it is not null. Undefined: none is null. */
export function validity({ nullCount, nullBitmap }: ArrowData): Uint8Array | undefined {
  return nullCount === 0 ? undefined : (nullBitmap ?? undefined);
}
