import { isUtf8 } from 'node:buffer';
import { BeamliftError } from '../../core/errors';

/** Names that are kept apart. A file with more has data for keys, not columns. */
export const MAX_JSON_NAMES = 10_000;

/** Not a name that is kept. */
export const NO_NAME = -1;

/** Where the first key of a record comes behind. */
const BEGINNING = -1;

const QUOTE = 34;

/** A key as it stands in a file, with its closing quote. */
interface KeyBytes {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/**
 * The keys of records, numbered in the order in which they were first seen. Keys mostly come in the order of the record before, so
 * the one that is expected next is compared byte by byte, and only others become texts.
 */
export class JsonNames {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();
  /** Their bytes as they stand in a file; undefined: they have escapes there. */
  private readonly keys: (KeyBytes | undefined)[] = [];
  /** Which key came last time behind a key, one place further; at the beginning: which came first. */
  private readonly followers: number[] = [NO_NAME];
  private previous = BEGINNING;
  /** Behind the closing quote of the key that `expect` has found. */
  behindExpected = 0;

  /** Names that are known from the start have the numbers of their places. */
  constructor(known: readonly string[]) {
    for (const name of known) this.add(name);
  }

  /** Before the first key of a record. */
  begin(): void {
    this.previous = BEGINNING;
  }

  /** The key that begins at `start`, behind its quote, if it is the one that is expected, before it was looked at; `behindExpected` is then where it ends. NO_NAME: another one. */
  expect(bytes: Uint8Array, view: DataView, start: number, limit: number): number {
    const expected = this.followers[this.previous + 1] ?? NO_NAME;
    const key = this.keys[expected];
    if (key === undefined || !standsAt(key, bytes, view, start, limit)) return NO_NAME;
    this.previous = expected;
    this.behindExpected = start + key.bytes.length;
    return expected;
  }

  /**
   * The number of the key at `start` to `end` (within its quotes); NO_NAME when there are too many. `plain`: neither escapes nor bytes
   * of 128 and more. Undefined: its bytes are not valid UTF-8.
   */
  find(bytes: Buffer, start: number, end: number, plain: boolean): number | undefined {
    const name = keyText(bytes, start, end, plain);
    if (name === undefined) return undefined;
    const number = this.numbers.get(name) ?? this.add(name);
    if (number === NO_NAME) return NO_NAME;
    this.followers[this.previous + 1] = number;
    this.previous = number;
    return number;
  }

  private add(name: string): number {
    const number = this.names.length;
    if (number >= MAX_JSON_NAMES) return NO_NAME;
    this.names.push(name);
    this.followers.push(NO_NAME);
    this.numbers.set(name, number);
    this.keys.push(keyBytes(name));
    return number;
  }
}

/** What a JSON string cannot hold as it is, halves of surrogate pairs among them. */
const NEEDS_ESCAPE = /["\\\u0000-\u001f]|\p{Surrogate}/u;

function keyBytes(name: string): KeyBytes | undefined {
  if (NEEDS_ESCAPE.test(name)) return undefined;
  const bytes = Buffer.from(`${name}"`, 'utf8');
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** The key as a text; undefined: not valid UTF-8. */
export function keyText(bytes: Buffer, start: number, end: number, plain: boolean): string | undefined {
  if (plain) return bytes.toString('latin1', start, end);
  if (!isUtf8(bytes.subarray(start, end))) return undefined;
  return JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string;
}

function standsAt(key: KeyBytes, bytes: Uint8Array, view: DataView, start: number, limit: number): boolean {
  const { length } = key.bytes;
  if (start + length > limit || bytes[start + length - 1] !== QUOTE) return false;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    if (view.getInt32(start + at, true) !== key.view.getInt32(at, true)) return false;
  }
  for (; at < length; at++) if (bytes[start + at] !== key.bytes[at]) return false;
  return true;
}

/** A file whose records have more keys than a table can have columns. */
export function tooManyNames(): BeamliftError {
  return new BeamliftError('LIMIT_EXCEEDED', {
    what: `The records of the file have more than ${MAX_JSON_NAMES} different keys.`,
    why: 'Each key would be a column. The keys of this file look like data, for example ids.',
    hint: 'Write the file with one key for the ids and one for their values.',
  });
}
