import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

/** Makes letters lower case; no other byte becomes a letter of `WORDS` but the upper-case one. */
const LOWER = 32;

const LETTER_WORDS: readonly { readonly word: Buffer; readonly value: boolean }[] = [
  ...['true', 't', 'yes', 'y', 'on'].map((word) => ({ word: Buffer.from(word), value: true })),
  ...['false', 'f', 'no', 'n', 'off'].map((word) => ({ word: Buffer.from(word), value: false })),
];
const DIGIT_0 = 48;
const DIGIT_1 = 49;

/** Writes the words for true and false, `1` and `0`, in upper or lower case. */
export function compileBoolText(sink: ValueSink): FieldWriter {
  return (bytes, _view, start, length) => {
    const first = bytes[start] ?? 0;
    if (length === 1 && (first === DIGIT_0 || first === DIGIT_1)) {
      sink.putBool(first === DIGIT_1);
      return true;
    }
    for (const { word, value } of LETTER_WORDS) {
      if (word.length !== length || !isWord(word, bytes, start)) continue;
      sink.putBool(value);
      return true;
    }
    return false;
  };
}

function isWord(word: Buffer, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < word.length; index++) {
    if (((bytes[start + index] ?? 0) | LOWER) !== word[index]) return false;
  }
  return true;
}
