import { isBeyondMaxFields, type CsvFields } from './csv-fields';
import type { CsvDialect } from './csv-dialect';
import { CsvIndex } from './csv-index';

/** Instead of the end of a record: it is not all there, or not plain. */
export const NO_RECORD = -1;

/*
 * Four bytes at a time: `(word ^ byte of all) - ONES`, where it has a high bit that the word has not, has a byte in it; the lowest such bit is that of the
 * first one. In the same way bytes below 14, as line ends are.
 */
const ONES = 0x0101_0101;
const FOURTEENS = 0x0e0e_0e0e;
const HIGH_BITS = 0x8080_8080 | 0;

// Constants of another module would be read from its object each time.
const LF = 10;
const CR = 13;
const QUOTED = 1;
const DOUBLED_QUOTES = 2;
const SHIFT = 4;

/** `compiled`: many bytes are looked at by WebAssembly. Both find the same; where Node.js has none, there is only one. */
export type CsvMode = 'compiled' | 'script';

/** Pieces of fewer bytes are looked at by JavaScript: most files have no more. */
const LARGE_BYTES = 64 * 1024;
/** What is left of a piece, too. */
const SMALL_BYTES = 2 * 1024;

/**
 * Finds whole records of the plain kind, of which nearly all files are made: fields divided by one byte, quotes doubled within quotes, nothing behind a
 * closing quote. Everything else is the tokenizer's, which reads the record again.
 */
export class CsvPlainRecords {
  /** Of the record that was found: its fields, and the line ends within them. */
  count = 0;
  lineEnds = 0;
  private readonly delimiter: number;
  private readonly quote: number;
  private index: CsvIndex | undefined;

  private constructor(
    delimiter: number,
    quote: number | undefined,
    private readonly mode: CsvMode,
  ) {
    this.delimiter = delimiter;
    this.quote = quote ?? -1;
  }

  /** Undefined: no record of the dialect is plain. */
  static of(
    { delimiter, quote, escape, trim }: CsvDialect,
    mode: CsvMode = 'compiled',
  ): CsvPlainRecords | undefined {
    const [first] = delimiter;
    if (first === undefined || delimiter.length > 1 || trim === true) return undefined;
    if (escape !== undefined && escape !== quote) return undefined;
    return new CsvPlainRecords(first, quote, mode);
  }

  /** The bytes are others from now on; `length` of them. */
  begin(length: number): void {
    if (this.index === undefined && this.mode === 'compiled' && length >= LARGE_BYTES)
      this.index = CsvIndex.of(this.delimiter, this.quote);
    this.index?.forget();
  }

  /** Where the record that begins at `from` ends, behind its line end; its fields are then added to `fields`. Some bytes (8) behind `length` are read, and mean nothing. */
  find(bytes: Buffer, view: DataView, from: number, length: number, fields: CsvFields): number {
    const { delimiter, quote, index } = this;
    if (index !== undefined && length - from >= SMALL_BYTES) {
      const end = index.take(bytes, from, length, fields);
      if (end >= 0) {
        this.count = index.count;
        this.lineEnds = index.lineEnds;
        return end;
      }
    }
    const delimiters = Math.imul(delimiter, ONES);
    const quotes = Math.imul(quote, ONES);
    const first = fields.end;
    let { packed } = fields;
    let next = first;
    let lineEnds = 0;
    let at = from;
    for (;;) {
      if (next === packed.length) {
        if (isBeyondMaxFields(next - first)) return NO_RECORD;
        packed = fields.grow();
      }
      let byte = bytes[at] ?? 0;
      if (byte === quote) {
        const start = ++at;
        let flags = QUOTED;
        for (;;) {
          const word = view.getInt32(at, true);
          const ofQuote = word ^ quotes;
          const found = (((ofQuote - ONES) & ~ofQuote) | ((word - FOURTEENS) & ~word)) & HIGH_BITS;
          if (found === 0) {
            at += 4;
            if (at < length) continue;
            return NO_RECORD;
          }
          at += (31 - Math.clz32(found & -found)) >> 3;
          // Whether the quote is doubled, is told by the byte behind.
          if (at + 1 >= length) return NO_RECORD;
          byte = bytes[at] ?? 0;
          if (byte !== quote) {
            if (byte === CR || (byte === LF && bytes[at - 1] !== CR)) lineEnds++;
            at++;
          } else if (bytes[at + 1] === quote) {
            flags = QUOTED | DOUBLED_QUOTES;
            at += 2;
          } else break;
        }
        packed[next] = start;
        packed[next + 1] = ((at - start) << SHIFT) | flags;
        byte = bytes[++at] ?? 0;
      } else {
        const start = at;
        for (;;) {
          const word = view.getInt32(at, true);
          const ofDelimiter = word ^ delimiters;
          const found = (((ofDelimiter - ONES) & ~ofDelimiter) | ((word - FOURTEENS) & ~word)) & HIGH_BITS;
          if (found === 0) {
            at += 4;
            if (at < length) continue;
            return NO_RECORD;
          }
          at += (31 - Math.clz32(found & -found)) >> 3;
          if (at >= length) return NO_RECORD;
          byte = bytes[at] ?? 0;
          if (byte === delimiter || byte === LF || byte === CR) break;
          at++;
        }
        packed[next] = start;
        packed[next + 1] = (at - start) << SHIFT;
      }
      next += 2;
      at++;
      // What follows a delimiter that was the last byte, ends beyond it.
      if (byte === delimiter) continue;
      if (byte === CR) {
        if (at >= length) return NO_RECORD;
        if (bytes[at] === LF) at++;
      } else if (byte !== LF) return NO_RECORD;
      if (isBeyondMaxFields(next - first)) return NO_RECORD;
      fields.end = next;
      this.count = (next - first) >> 1;
      this.lineEnds = lineEnds;
      return at;
    }
  }
}
