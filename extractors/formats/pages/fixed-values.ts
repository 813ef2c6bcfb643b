import type { ArrowData } from '../../../core/arrow-buffers';
import type { LeafValues } from './leaf-values';
import { DamagedPage } from './page-errors';
import type { PageWindow } from './page-window';

/**
 * Writes `count` stored values, which lie from `fromAt` on, as values `index` and those behind it of an Arrow buffer. Both as bytes.
 */
export type Convert = (
  from: Uint8Array,
  fromAt: number,
  count: number,
  to: Uint8Array,
  index: number,
) => void;

/** A new buffer has room for batches that are somewhat larger. */
export const ROOM = 1.25;
const ALIGNMENT = 8;

/** Values of `width` bytes, which are stored in `stored` bytes. `convert`: undefined where both are the same. */
export class FixedValues implements LeafValues {
  private values: Uint8Array = new Uint8Array(0);
  private words = new Int32Array(0);
  private dictionary: Uint8Array = new Uint8Array(0);
  private dictionaryWords = new Int32Array(0);
  private dictionaryValues = 0;
  private readonly perWord: number;

  constructor(
    private readonly width: number,
    private readonly stored: number,
    private readonly convert: Convert | undefined,
  ) {
    this.perWord = width % 4 === 0 ? width / 4 : 0;
  }

  begin(): void {
    // Every value is written.
  }

  /** The buffer, with room for so many values. */
  reserve(values: number): Uint8Array {
    const bytes = values * this.width;
    if (bytes > this.values.length) {
      const before = this.values;
      this.values = alignedBytes(bytes * ROOM);
      this.values.set(before);
      this.words = wordsOf(this.values);
    }
    return this.values;
  }

  readPlain(page: PageWindow, start: number, count: number): void {
    readStored(page, this.stored, this.width, this.convert, this.reserve(start + count), start, count);
  }

  readDictionary(page: PageWindow, count: number): void {
    // Not more than the page holds, whatever its header says.
    if (page.left < count * this.stored) throw new DamagedPage('a dictionary that ends before its values do');
    const dictionary = alignedBytes(count * this.width);
    readStored(page, this.stored, this.width, this.convert, dictionary, 0, count);
    this.setDictionary(dictionary, count);
  }

  setDictionary(dictionary: Uint8Array<ArrayBuffer>, count: number): void {
    this.dictionary = dictionary;
    this.dictionaryWords = wordsOf(dictionary);
    this.dictionaryValues = count;
  }

  readNumbers(numbers: Int32Array, start: number, count: number): void {
    this.reserve(start + count);
    checkNumbers(numbers, count, this.dictionaryValues);
    if (this.perWord === 0) gather(this.dictionary, numbers, this.values, start, count, this.width);
    else if (this.perWord === 1) gatherWords(this.dictionaryWords, numbers, this.words, start, count);
    else gatherMany(this.dictionaryWords, numbers, this.words, start, count, this.perWord);
  }

  spread(levels: Int32Array, present: number, start: number, count: number, values: number): void {
    this.reserve(start + count);
    if (this.perWord === 0) spreadBytes(this.values, levels, present, start, count, values, this.width);
    else spreadWords(this.words, levels, present, start, count, values, this.perWord);
  }

  buffers(length: number): Pick<ArrowData, 'values' | 'valueOffsets'> {
    return { values: this.values.subarray(0, length * this.width) };
  }

  bytes(length: number): number {
    return length * this.width;
  }
}

function readStored(
  page: PageWindow,
  stored: number,
  width: number,
  convert: Convert | undefined,
  to: Uint8Array,
  start: number,
  count: number,
): void {
  if (convert === undefined) {
    page.copyTo(to, start * width, count * width);
    return;
  }
  for (let done = 0; done < count;) {
    page.ensure(stored);
    const piece = Math.min(count - done, Math.floor((page.end - page.at) / stored));
    convert(page.memory.bytes, page.at, piece, to, start + done);
    page.at += piece * stored;
    done += piece;
  }
}

/** Throws DamagedPage for a number that the dictionary does not have. */
export function checkNumbers(numbers: Int32Array, count: number, values: number): void {
  let largest = -1;
  let smallest = 0;
  for (let index = 0; index < count; index++) {
    const number = numbers[index] ?? 0;
    if (number > largest) largest = number;
    if (number < smallest) smallest = number;
  }
  if (largest >= values || smallest < 0)
    throw new DamagedPage(
      `number ${smallest < 0 ? smallest >>> 0 : largest} of a dictionary of ${values} values`,
    );
}

function gather(
  from: Uint8Array,
  numbers: Int32Array,
  to: Uint8Array,
  start: number,
  count: number,
  width: number,
): void {
  let at = start * width;
  for (let index = 0; index < count; index++) {
    const first = (numbers[index] ?? 0) * width;
    for (let byte = 0; byte < width; byte++) to[at++] = from[first + byte] ?? 0;
  }
}

function gatherWords(
  from: Int32Array,
  numbers: Int32Array,
  to: Int32Array,
  start: number,
  count: number,
): void {
  for (let index = 0; index < count; index++) to[start + index] = from[numbers[index] ?? 0] ?? 0;
}

function gatherMany(
  from: Int32Array,
  numbers: Int32Array,
  to: Int32Array,
  start: number,
  count: number,
  words: number,
): void {
  let at = start * words;
  for (let index = 0; index < count; index++) {
    const first = (numbers[index] ?? 0) * words;
    for (let word = 0; word < words; word++) to[at++] = from[first + word] ?? 0;
  }
}

/** From the last one on, so that no value is written over before it has moved. Places without a value become zero. */
function spreadWords(
  to: Int32Array,
  levels: Int32Array,
  present: number,
  start: number,
  count: number,
  values: number,
  words: number,
): void {
  let from = (start + values) * words;
  let at = (start + count) * words;
  for (let index = count - 1; index >= 0; index--) {
    if (levels[index] === present) for (let word = 0; word < words; word++) to[--at] = to[--from] ?? 0;
    else for (let word = 0; word < words; word++) to[--at] = 0;
  }
}

function spreadBytes(
  to: Uint8Array,
  levels: Int32Array,
  present: number,
  start: number,
  count: number,
  values: number,
  width: number,
): void {
  let from = (start + values) * width;
  let at = (start + count) * width;
  for (let index = count - 1; index >= 0; index--) {
    if (levels[index] === present) for (let byte = 0; byte < width; byte++) to[--at] = to[--from] ?? 0;
    else for (let byte = 0; byte < width; byte++) to[--at] = 0;
  }
}

/** So many bytes, and some more: a multiple of what numbers have. */
export function alignedBytes(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
}

function wordsOf({ buffer, byteLength }: Uint8Array): Int32Array<ArrayBuffer> {
  return new Int32Array(buffer as ArrayBuffer, 0, Math.floor(byteLength / 4));
}
