import type { JsonWriter } from './json-writer';
import type { ValueSink } from './value-sink';

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const BEGIN_ARRAY = 91;
const END_ARRAY = 93;
const SMALL_N = 110;
const BEGIN_OBJECT = 123;
const END_OBJECT = 125;

/** Numbers noted for each element: where it begins and ends. */
const ELEMENT_INTS = 2;
const INITIAL_ELEMENTS = 64;

/** Arrays whose elements are not null; `write` writes an element. */
export function compileJsonArray(
  sink: Pick<ValueSink, 'beginArray' | 'endArray'>,
  write: JsonWriter,
): JsonWriter {
  const elements = new Elements();
  return (bytes, view, start, end, marks) => {
    if (bytes[start] !== BEGIN_ARRAY || !elements.read(bytes, start + 1, end - 1)) return false;
    const { count } = elements;
    sink.beginArray(count);
    for (let at = 0; at < count * ELEMENT_INTS; at += ELEMENT_INTS) {
      const { numbers } = elements;
      // What the array has, an element may have.
      if (!write(bytes, view, numbers[at] ?? 0, numbers[at + 1] ?? 0, marks)) return false;
    }
    sink.endArray();
    return true;
  };
}

/** The elements of an array, noted before they are written: their number comes first. */
class Elements {
  count = 0;
  numbers = new Int32Array(INITIAL_ELEMENTS * ELEMENT_INTS);

  /** Reads what stands within the brackets of a valid array. False: there is a null. */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.count = 0;
    let at = behindSpace(bytes, start, end);
    while (at < end) {
      if (bytes[at] === SMALL_N) return false;
      const behind = behindValue(bytes, at, end);
      this.note(at, behind);
      at = behindSpace(bytes, behind, end);
      // A comma, or the end
      at = behindSpace(bytes, at + 1, end);
    }
    return true;
  }

  private note(start: number, end: number): void {
    const at = this.count++ * ELEMENT_INTS;
    if (at === this.numbers.length) {
      const longer = new Int32Array(2 * this.numbers.length);
      longer.set(this.numbers);
      this.numbers = longer;
    }
    this.numbers[at] = start;
    this.numbers[at + 1] = end;
  }
}

function behindSpace(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] ?? 0) <= 32) at++;
  return at;
}

/** Behind a value of an array; a number, true or false goes as far as a comma or space. */
function behindValue(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start];
  if (first === QUOTE) return behindText(bytes, start + 1);
  let at = start;
  if (first !== BEGIN_ARRAY && first !== BEGIN_OBJECT) {
    while (at < end && bytes[at] !== COMMA && (bytes[at] ?? 0) > 32) at++;
    return at;
  }
  let depth = 0;
  while (at < end) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = behindText(bytes, at + 1);
      continue;
    }
    at++;
    if (byte === BEGIN_ARRAY || byte === BEGIN_OBJECT) depth++;
    else if (byte === END_ARRAY || byte === END_OBJECT) {
      depth--;
      if (depth === 0) return at;
    }
  }
  return at;
}

function behindText(bytes: Buffer, start: number): number {
  let at = start;
  while (bytes[at] !== QUOTE && at < bytes.length) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}
