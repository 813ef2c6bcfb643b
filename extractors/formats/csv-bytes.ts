import type { CsvDialect } from './csv-dialect';

export const LF = 10;
export const CR = 13;
const TAB = 9;
const SPACE = 32;
const COMMA = 44;

/** Classes of bytes; `ORDINARY` ones are stepped over in the two inner loops. */
export const ORDINARY = 0;
const DELIMITER = 1;
const NEWLINE = 2;
export const QUOTE = 3;
export const HIGH = 4;
export const ESCAPE = 5;

/** Instead of a length: the bytes that are there do not say it yet. */
export const UNDECIDED = -1;

/** What each byte may mean in a field without quotes, and in one with them. */
export function byteClasses(dialect: CsvDialect): { plain: Uint8Array; quoted: Uint8Array } {
  const { delimiter, quote, escape, encoding } = dialect;
  const plain = new Uint8Array(256);
  const quoted = new Uint8Array(256);
  if (encoding === 'utf-8') {
    plain.fill(HIGH, 128);
    quoted.fill(HIGH, 128);
  }
  plain[LF] = plain[CR] = NEWLINE;
  quoted[LF] = quoted[CR] = NEWLINE;
  plain[delimiter[0] ?? COMMA] = DELIMITER;
  if (escape !== undefined && escape !== quote) plain[escape] = quoted[escape] = ESCAPE;
  if (quote !== undefined) quoted[quote] = QUOTE;
  return { plain, quoted };
}

export function isSpaceOrTab(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** Bytes of `text` where it stands at `at`, 0 where it does not; UNDECIDED where `length` cuts it, unless nothing comes behind that. */
export function lengthOf(
  text: Uint8Array,
  buffer: Uint8Array,
  at: number,
  length: number,
  atEnd: boolean,
): number {
  for (let index = 0; index < text.length; index++) {
    if (at + index >= length) return atEnd ? 0 : UNDECIDED;
    if (buffer[at + index] !== text[index]) return 0;
  }
  return text.length;
}

/** As `lengthOf`, of any line end. */
export function lineEndLength(buffer: Uint8Array, at: number, length: number, atEnd: boolean): number {
  if (at >= length) return atEnd ? 0 : UNDECIDED;
  if (buffer[at] === LF) return 1;
  if (buffer[at] !== CR) return 0;
  if (at + 1 >= length) return atEnd ? 1 : UNDECIDED;
  return buffer[at + 1] === LF ? 2 : 1;
}
