import { isUtf8 } from 'node:buffer';
import { FIELD_HIGH } from '../../core/json-rows';
import { BYTE, INCOMPLETE, TOO_DEEP, type JsonGrammar } from './json-grammar';
import { MAX_JSON_DEPTH } from './format-reader';
import { keyText, MAX_JSON_NAMES, NO_NAME, type JsonNames } from './json-names';

/** Bytes of a record that `preview` shows; a little more than a reject keeps. */
const PREVIEW_BYTES = 200;

/** Places of values before there were more keys: with room for all from the start, many small files would be a burden to the memory. */
const INITIAL_KEYS = 64;

/** Nobody has looked yet. */
const UNKNOWN = -1;

/**
 * One record: which keys it has and where their values are. Made once and filled again for each record; what it says is gone
 * when the next one is read.
 *
 * A key that is there twice makes the record a problem: JSON.parse would keep the last, other readers the first, and either loses a value.
 */
export class JsonRecord {
  /** Its line, or its number, from 1. */
  number = 0;
  /** Why it is not a row, in words. */
  problem: string | undefined;
  /** The key that the problem is about. */
  problemKey: string | undefined;
  /** Its keys, by number, in their order; `fields` of them. */
  keys = new Int32Array(INITIAL_KEYS);
  fields = 0;
  /** Values under keys that no longer have numbers. */
  unnumbered = 0;

  /** The buffer in which it is, and where. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** By number of the key, of those that the record has: where its value is, and the marks of a field in `JsonRows` that it has. */
  starts = new Int32Array(INITIAL_KEYS);
  ends = new Int32Array(INITIAL_KEYS);
  marks = new Int32Array(INITIAL_KEYS);
  private limit = 0;
  /** By number of the key: in which record it was last seen. */
  private seenIn = new Float64Array(INITIAL_KEYS);
  private serial = 0;
  /** Of what the record has. */
  private allMarks = 0;
  /** The buffer is valid UTF-8 from the record at hand up to there. */
  private utf8End = UNKNOWN;
  private readonly unnumberedKeys = new Set<string>();
  /** The buffer as a string of one character a byte, made when a value in it is first asked for. */
  private characters: string | undefined;

  constructor(
    private readonly grammar: JsonGrammar,
    private readonly names: JsonNames,
  ) {}

  /** The buffer in which the next records are; its first `limit` bytes count. */
  use(bytes: Buffer, limit: number): void {
    this.bytes = bytes;
    this.limit = limit;
    this.utf8End = UNKNOWN;
    this.characters = undefined;
    this.grammar.use(bytes, limit);
  }

  /**
   * Reads the record that begins at `start`, as JsonGrammar's methods do. A value that is valid JSON but no row is read as well,
   * and is a `problem`.
   */
  read(start: number): number {
    this.begin(start);
    const { grammar } = this;
    this.allMarks = 0;
    let end: number;
    if (start < grammar.limit && this.bytes[start] === BYTE.openObject) end = this.object(start + 1);
    else {
      grammar.marks = 0;
      end = grammar.value(start, 0);
      this.allMarks = grammar.marks;
      if (end >= 0) this.problem = `${kindOf(this.bytes[start] ?? 0)}, not an object`;
    }
    if (end < 0) return end;
    this.end = end;
    if ((this.allMarks & FIELD_HIGH) !== 0 && !this.isUtf8(start, end)) {
      this.problem = 'bytes that are not valid UTF-8';
      this.problemKey = undefined;
    }
    return end;
  }

  /** A record that was not read: from `start` to `end`. */
  refuse(start: number, end: number, problem: string): void {
    this.begin(start);
    this.end = end;
    this.problem = problem;
  }

  /** The source text of the value under a key; undefined: the record does not have the key. */
  text(key: number): string | undefined {
    if (this.seenIn[key] !== this.serial) return undefined;
    const start = this.starts[key] ?? 0;
    const end = this.ends[key] ?? 0;
    if (((this.marks[key] ?? 0) & FIELD_HIGH) !== 0) return this.bytes.toString('utf8', start, end);
    // One call for a whole buffer: a call per value costs five times as much.
    this.characters ??= this.bytes.toString('latin1', 0, this.limit);
    return this.characters.substring(start, end);
  }

  /** Whether the value under a key is there and not null. */
  hasValue(key: number): boolean {
    // Only null begins with n.
    return this.seenIn[key] === this.serial && this.bytes[this.starts[key] ?? 0] !== 110;
  }

  /** Its first bytes, for reject files and errors. */
  preview(): string {
    return this.bytes.toString('utf8', this.start, Math.min(this.end, this.start + PREVIEW_BYTES));
  }

  /** Records are looked at all at once, up to the last line end of the buffer: a call for each takes longer. */
  private isUtf8(start: number, end: number): boolean {
    const { bytes, limit } = this;
    if (this.utf8End === UNKNOWN) {
      const lines = bytes.lastIndexOf(BYTE.newline, limit - 1);
      this.utf8End = lines > start && isUtf8(bytes.subarray(start, lines)) ? lines : 0;
    }
    return end <= this.utf8End || isUtf8(bytes.subarray(start, end));
  }

  private begin(start: number): void {
    this.serial++;
    this.start = start;
    this.end = start;
    this.fields = 0;
    this.unnumbered = 0;
    // Clearing makes a new table, also of an empty one.
    if (this.unnumberedKeys.size > 0) this.unnumberedKeys.clear();
    this.problem = undefined;
    this.problemKey = undefined;
    this.names.begin();
  }

  /** As JsonGrammar's object, and notes what it finds. */
  private object(start: number): number {
    const { grammar, names, bytes } = this;
    let at = grammar.skipSpace(start);
    if (at < grammar.limit && bytes[at] === BYTE.closeObject) return at + 1;
    for (;;) {
      if (at >= grammar.limit) return INCOMPLETE;
      if (bytes[at] !== BYTE.quote) return grammar.unexpected(at, 'a key in quotes');
      const keyStart = at + 1;
      const expected = names.expect(bytes, grammar.view, keyStart, grammar.limit);
      grammar.marks = 0;
      at = expected === NO_NAME ? grammar.string(keyStart) : names.behindExpected;
      if (at < 0) return at;
      const keyEnd = at - 1;
      const keyMarks = grammar.marks;
      const valueStart = grammar.colon(at);
      if (valueStart < 0) return valueStart;
      grammar.marks = 0;
      at = grammar.value(valueStart, 1);
      if (at < 0) return at;
      const key = expected === NO_NAME ? this.find(keyStart, keyEnd, keyMarks === 0) : this.note(expected);
      if (key >= 0) {
        this.starts[key] = valueStart;
        this.ends[key] = at;
        this.marks[key] = grammar.marks;
      }
      this.allMarks |= keyMarks | grammar.marks;
      at = grammar.skipSpace(at);
      if (at >= grammar.limit) return INCOMPLETE;
      const byte = bytes[at];
      if (byte === BYTE.closeObject) return at + 1;
      if (byte !== BYTE.comma) return grammar.unexpected(at, "',' or '}'");
      at = grammar.skipSpace(at + 1);
    }
  }

  /** The number of a key that was not expected; NO_NAME where its value need not be kept. */
  private find(start: number, end: number, plain: boolean): number {
    const key = this.names.find(this.bytes, start, end, plain);
    // Not UTF-8: the whole record is going to be refused.
    if (key === undefined) return NO_NAME;
    if (key !== NO_NAME) return this.note(key);
    const name = keyText(this.bytes, start, end, plain) ?? '';
    if (this.unnumberedKeys.has(name)) this.twice(name);
    this.unnumberedKeys.add(name);
    this.unnumbered++;
    return NO_NAME;
  }

  private note(key: number): number {
    if (key >= this.seenIn.length) this.reserve(key + 1);
    if (this.seenIn[key] === this.serial) this.twice(this.names.names[key] ?? '');
    else this.keys[this.fields++] = key;
    this.seenIn[key] = this.serial;
    return key;
  }

  private reserve(atLeast: number): void {
    const count = Math.min(Math.max(atLeast, 2 * this.seenIn.length), MAX_JSON_NAMES);
    const { keys, seenIn, starts, ends, marks } = this;
    this.keys = new Int32Array(count);
    this.seenIn = new Float64Array(count);
    this.starts = new Int32Array(count);
    this.ends = new Int32Array(count);
    this.marks = new Int32Array(count);
    this.keys.set(keys);
    this.seenIn.set(seenIn);
    this.starts.set(starts);
    this.ends.set(ends);
    this.marks.set(marks);
  }

  private twice(name: string): void {
    this.problem ??= `the key ${JSON.stringify(name)} twice`;
    this.problemKey ??= name;
  }
}

/** Why a record was not read, in words. */
export function problemOf(answer: number, grammar: JsonGrammar): string {
  if (answer === TOO_DEEP) return `JSON nested deeper than ${MAX_JSON_DEPTH}`;
  return answer === INCOMPLETE ? 'JSON that ends too early' : `not valid JSON: ${grammar.problem}`;
}

/** What a value is that begins with the byte, in words. */
export function kindOf(byte: number): string {
  switch (byte) {
    case BYTE.quote:
      return 'a string';
    case BYTE.openArray:
      return 'an array';
    case 110:
      return 'null';
    case 116:
    case 102:
      return 'a boolean';
    default:
      return 'a number';
  }
}
