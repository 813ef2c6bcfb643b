import { isAscii, isUtf8 } from 'node:buffer';
import type { ArrowData } from '../../../core/arrow-buffers';
import { checkNumbers } from './fixed-values';
import type { LeafValues } from './leaf-values';
import { DamagedPage } from './page-errors';
import { VALUES_AT_ONCE } from './page-memory';
import type { PageWindow } from './page-window';

/** Bytes of a length that stands before a text. */
const LENGTH_BYTES = 4;

/** The most bytes of a batch, whose places have 32 bits. */
const MAX_BYTES = 2 ** 31 - 1;

/** Longer texts are copied by Node.js; to call it costs more than the loop for shorter ones. In bytes. */
const SHORT_TEXT = 48;

/** A new buffer has room for batches that are larger. */
const ROOM = 1.5;

/** Values of different lengths: text, which must be UTF-8, or any bytes. */
export class TextValues implements LeafValues {
  private content = new Uint8Array(0);
  private used = 0;
  /** Value `index` is from `places[index]` to `places[index + 1]`. */
  private places = new Int32Array(1);
  private dictionary: Uint8Array = new Uint8Array(0);
  private dictionaryPlaces = new Int32Array(1);

  constructor(private readonly isText: boolean) {}

  begin(): void {
    this.used = 0;
  }

  readPlain(page: PageWindow, start: number, count: number): void {
    this.reservePlaces(start + count);
    const { memory } = page;
    let left = -1;
    for (let done = 0; done < count;) {
      if (left === -1) page.ensure(LENGTH_BYTES);
      else if (!page.more()) throw new DamagedPage('a text that is longer than its page');
      const most = Math.min(count - done, VALUES_AT_ONCE);
      if (!memory.texts(page.at, page.end, most, this.used, left))
        throw new DamagedPage('a text of less than no bytes');
      page.at = memory.input;
      left = memory.left;
      this.places.set(memory.textEnds, start + 1 + done);
      done += memory.done;
      this.append(memory.textBytes);
    }
  }

  readDictionary(page: PageWindow, count: number): void {
    if (page.left < count * LENGTH_BYTES)
      throw new DamagedPage('a dictionary that ends before its values do');
    const values = new TextValues(this.isText);
    values.readPlain(page, 0, count);
    this.dictionary = values.content;
    this.dictionaryPlaces = values.places.subarray(0, count + 1);
  }

  readNumbers(numbers: Int32Array, start: number, count: number): void {
    const { dictionary, dictionaryPlaces } = this;
    checkNumbers(numbers, count, dictionaryPlaces.length - 1);
    this.reservePlaces(start + count);
    let end = this.used;
    for (let index = 0; index < count; index++) {
      const number = numbers[index] ?? 0;
      end += (dictionaryPlaces[number + 1] ?? 0) - (dictionaryPlaces[number] ?? 0);
    }
    this.reserve(end);
    const { content, places } = this;
    let at = this.used;
    for (let index = 0; index < count; index++) {
      const number = numbers[index] ?? 0;
      const first = dictionaryPlaces[number] ?? 0;
      const last = dictionaryPlaces[number + 1] ?? 0;
      if (last - first > SHORT_TEXT) {
        content.set(dictionary.subarray(first, last), at);
        at += last - first;
      } else for (let from = first; from < last; from++) content[at++] = dictionary[from] ?? 0;
      places[start + 1 + index] = at;
    }
    this.used = end;
  }

  spread(levels: Int32Array, present: number, start: number, count: number, values: number): void {
    this.reservePlaces(start + count);
    const { places } = this;
    let from = start + values;
    for (let index = count - 1; index >= 0; index--) {
      places[start + 1 + index] = places[from] ?? 0;
      if (levels[index] === present) from--;
    }
  }

  /** The first `length` values: `index` is from `places[index]` to `places[index + 1]`. */
  texts(length: number): { readonly values: Uint8Array; readonly places: Int32Array } {
    return { values: this.content.subarray(0, this.used), places: this.places.subarray(0, length + 1) };
  }

  /** Throws DamagedPage for text that is not UTF-8. */
  buffers(length: number): Pick<ArrowData, 'values' | 'valueOffsets'> {
    const { values, places: valueOffsets } = this.texts(length);
    if (this.isText && !isAscii(values)) {
      if (!isUtf8(values)) throw new DamagedPage('text that is not UTF-8');
      for (let index = 0; index < length; index++) {
        const first = valueOffsets[index] ?? 0;
        // Of an empty text behind the last one there is no byte.
        if (first < this.used && ((values[first] ?? 0) & 0xc0) === 0x80)
          throw new DamagedPage('text that is not UTF-8');
      }
    }
    return { values, valueOffsets };
  }

  bytes(length: number): number {
    return this.used + LENGTH_BYTES * (length + 1);
  }

  private append(piece: Uint8Array): void {
    this.reserve(this.used + piece.length);
    this.content.set(piece, this.used);
    this.used += piece.length;
  }

  private reserve(bytes: number): void {
    if (bytes <= this.content.length) return;
    if (bytes > MAX_BYTES) throw new DamagedPage(`texts of ${bytes} bytes, more than a batch can have,`);
    const before = this.content.subarray(0, this.used);
    this.content = new Uint8Array(Math.min(MAX_BYTES, Math.ceil(bytes * ROOM)));
    this.content.set(before);
  }

  private reservePlaces(values: number): void {
    if (values < this.places.length) return;
    const before = this.places;
    this.places = new Int32Array(Math.ceil(values * ROOM) + 1);
    this.places.set(before);
  }
}
