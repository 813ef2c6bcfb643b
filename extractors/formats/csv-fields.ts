import { CSV_ABSENT, CSV_FIELD_SHIFT } from '../../core/csv-rows';
import { MAX_FIELDS } from './csv-record';

/** Room for fields before a record had more: with room for all from the start, twenty thousand small files would take 15 GB of memory, one after another. */
const INITIAL_FIELDS = 64;

const NUMBERS_OF_FIELD = 2;

/** Where the fields of the records in a buffer are, and what they are: see core/csv-rows.ts. */
export class CsvFields {
  packed = new Int32Array(NUMBERS_OF_FIELD * INITIAL_FIELDS);
  /** Where the fields of the record at hand begin in `packed`. */
  base = 0;
  /** Where the next field goes. */
  end = 0;

  /** A field of the record at hand; it has at most `MAX_FIELDS`. */
  add(start: number, end: number, flags: number): void {
    if (this.end === this.packed.length) this.grow();
    this.packed[this.end] = start;
    this.packed[this.end + 1] = ((end - start) << CSV_FIELD_SHIFT) | flags;
    this.end += NUMBERS_OF_FIELD;
  }

  addAbsent(): void {
    this.add(0, 0, CSV_ABSENT);
  }

  start(index: number): number {
    return this.packed[this.base + NUMBERS_OF_FIELD * index] ?? 0;
  }

  lengthAndFlags(index: number): number {
    return this.packed[this.base + NUMBERS_OF_FIELD * index + 1] ?? 0;
  }

  /** The record at hand is whole. */
  endRecord(): void {
    this.base = this.end;
  }

  /** After the buffer forgot its first `bytes`: keeps the fields of the record at hand alone. */
  moveToFront(bytes: number): void {
    const { packed, base, end } = this;
    packed.copyWithin(0, base, end);
    this.end = end - base;
    this.base = 0;
    for (let at = 0; at < this.end; at += NUMBERS_OF_FIELD) packed[at] = (packed[at] ?? 0) - bytes;
  }

  /** The same numbers with room for more. */
  grow(): Int32Array<ArrayBuffer> {
    const { packed } = this;
    this.packed = new Int32Array(2 * packed.length);
    this.packed.set(packed);
    return this.packed;
  }
}

/** Whether a record of so many numbers in `packed` has more fields than are kept. */
export function isBeyondMaxFields(numbers: number): boolean {
  return numbers > NUMBERS_OF_FIELD * MAX_FIELDS;
}
