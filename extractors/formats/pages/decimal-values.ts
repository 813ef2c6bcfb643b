import type { ArrowData } from '../../../core/arrow-buffers';
import { FixedValues } from './fixed-values';
import type { LeafValues } from './leaf-values';
import { DamagedPage } from './page-errors';
import type { PageWindow } from './page-window';
import { TextValues } from './text-values';

/** Decimals that are stored in as many bytes as each needs, the highest first. */
export class DecimalValues implements LeafValues {
  private readonly decimals: FixedValues;
  private readonly stored = new TextValues(false);

  constructor(private readonly width: number) {
    this.decimals = new FixedValues(width, width, undefined);
  }

  begin(): void {
    this.decimals.begin();
  }

  readPlain(page: PageWindow, start: number, count: number): void {
    this.convert(page, count, this.decimals.reserve(start + count), start);
  }

  readDictionary(page: PageWindow, count: number): void {
    // Each has at least a length, so that the page bounds what is set aside.
    if (page.left < count * 4) throw new DamagedPage('a dictionary that ends before its values do');
    const dictionary = new Uint8Array(count * this.width);
    this.convert(page, count, dictionary, 0);
    this.decimals.setDictionary(dictionary, count);
  }

  readNumbers(numbers: Int32Array, start: number, count: number): void {
    this.decimals.readNumbers(numbers, start, count);
  }

  spread(levels: Int32Array, present: number, start: number, count: number, values: number): void {
    this.decimals.spread(levels, present, start, count, values);
  }

  buffers(length: number): Pick<ArrowData, 'values' | 'valueOffsets'> {
    return this.decimals.buffers(length);
  }

  bytes(length: number): number {
    return this.decimals.bytes(length);
  }

  private convert(page: PageWindow, count: number, to: Uint8Array, start: number): void {
    const { stored, width } = this;
    stored.begin();
    stored.readPlain(page, 0, count);
    const { values, places } = stored.texts(count);
    for (let index = 0; index < count; index++) {
      const first = places[index] ?? 0;
      const bytes = (places[index + 1] ?? 0) - first;
      if (bytes < 1 || bytes > width) throw new DamagedPage(`a decimal of ${bytes} bytes`);
      reverse(values, first, bytes, to, (start + index) * width, width);
    }
  }
}

function reverse(
  from: Uint8Array,
  first: number,
  bytes: number,
  to: Uint8Array,
  at: number,
  width: number,
): void {
  const sign = (from[first] ?? 0) > 127 ? 0xff : 0;
  for (let byte = 0; byte < bytes; byte++) to[at + byte] = from[first + bytes - 1 - byte] ?? 0;
  for (let byte = bytes; byte < width; byte++) to[at + byte] = sign;
}
