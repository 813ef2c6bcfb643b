import { FIELD_ESCAPED, FIELD_HIGH, FIELD_LONG_NUMBERS, FIELD_UNITS } from '../../core/json-rows';
import { MAX_JSON_DEPTH } from './format-reader';

/** Answers of the grammar besides the index behind a value. */
export const INCOMPLETE = -1;
const INVALID = -2;
export const TOO_DEEP = -3;

/** Bytes of JSON's punctuation. */
export const BYTE = {
  newline: 10,
  quote: 34,
  plus: 43,
  comma: 44,
  minus: 45,
  point: 46,
  zero: 48,
  nine: 57,
  colon: 58,
  openArray: 91,
  backslash: 92,
  closeArray: 93,
  openObject: 123,
  closeObject: 125,
} as const;

/** What a byte means inside of a string. */
const ORDINARY = 0;
const HIGH = 1;
const SPECIAL = 2;

const STRING_CLASSES = new Uint8Array(256).fill(HIGH, 128);
STRING_CLASSES.fill(SPECIAL, 0, 32);
STRING_CLASSES[BYTE.quote] = SPECIAL;
STRING_CLASSES[BYTE.backslash] = SPECIAL;

const EACH_QUOTE = 0x2222_2222;
const EACH_BACKSLASH = 0x5c5c_5c5c;
const EACH_SPACE = 0x2020_2020;
const EACH_ONE = 0x0101_0101;
const EACH_HIGH_BIT = 0x8080_8080 | 0;

/**
 * Whether four bytes are all ordinary. A byte that is not borrows from the next one when it is made smaller, so its highest bit is set; bytes of
 * 128 and more have it set from the start.
 */
function areOrdinary(four: number): boolean {
  const quotes = (four ^ EACH_QUOTE) - EACH_ONE;
  const backslashes = (four ^ EACH_BACKSLASH) - EACH_ONE;
  return ((four | (four - EACH_SPACE) | quotes | backslashes) & EACH_HIGH_BIT) === 0;
}

/** Digits and point of numbers that every destination keeps, whatever they are. */
const MOST_SHORT_DIGITS = 15;

const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word, 'latin1'));
/** `true`, `null` and, behind its first letter, `false`: four bytes, the first in the lowest. */
const [TRUE, ALSE, NULL] = ['true', 'alse', 'null'].map((word) => Buffer.from(word, 'latin1').readInt32LE());

/** Characters that may follow a backslash: `"\/bfnrt`; u has four digits behind it. */
const ESCAPED = new Set([34, 92, 47, 98, 102, 110, 114, 116]);
const LETTER_F = 102;
const LETTER_U = 117;
const LONGEST_LITERAL = 5;

/**
 * The grammar of RFC 8259, over bytes: accepts what JSON.parse accepts, as far as `MAX_JSON_DEPTH` reaches. Bytes of 128 and more are
 * accepted in strings only; whether they are valid UTF-8 is for the caller, who sees `marks`.
 *
 * Every method takes an index and gives the index behind what it read, or INCOMPLETE (`limit` comes first), INVALID (see `problem`),
 * or TOO_DEEP.
 */
export class JsonGrammar {
  /** Set by `use`, with its view. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the bytes end that count. */
  limit = 0;
  /** Of `bytes`. */
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Whether nothing comes behind `limit`: then a number may end there. */
  final = false;
  /** What was met since it was last set to 0: the marks of a field in `JsonRows`. */
  marks = 0;
  /** What is wrong at `problemAt`, after INVALID. */
  problem = '';
  problemAt = 0;

  /** The bytes from now on, of which the first `limit` count. */
  use(bytes: Uint8Array, limit: number): void {
    this.limit = limit;
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The next byte that is not white space, or `limit`. */
  skipSpace(start: number): number {
    const { bytes, limit } = this;
    let at = start;
    while (at < limit) {
      const byte = bytes[at];
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break;
      at++;
    }
    return at;
  }

  /** A value that begins at `at`; `depth` counts the arrays and objects around it. */
  value(at: number, depth: number): number {
    if (at >= this.limit) return INCOMPLETE;
    const byte = this.bytes[at] ?? 0;
    switch (byte) {
      case BYTE.quote:
        return this.string(at + 1);
      case BYTE.openObject:
        return depth >= MAX_JSON_DEPTH ? TOO_DEEP : this.object(at + 1, depth + 1);
      case BYTE.openArray:
        return depth >= MAX_JSON_DEPTH ? TOO_DEEP : this.array(at + 1, depth + 1);
      case BYTE.minus:
        return this.number(at + 1);
      default:
        return byte >= BYTE.zero && byte <= BYTE.nine ? this.number(at) : this.literal(at, byte);
    }
  }

  /** The rest of a string, behind its opening quote. */
  string(start: number): number {
    const { bytes, view, limit } = this;
    let at = start;
    while (at < limit) {
      // Four bytes at a time cost about as much as one (measured).
      while (at + 4 <= limit && areOrdinary(view.getInt32(at, true))) at += 4;
      if (at === limit) break;
      const byte = bytes[at] ?? 0;
      const kind = STRING_CLASSES[byte];
      if (kind === ORDINARY) at++;
      else if (kind === HIGH) {
        this.marks |= FIELD_HIGH;
        at++;
      } else if (byte === BYTE.quote) return at + 1;
      else if (byte !== BYTE.backslash) return this.fail(at, 'a control character in a string');
      else {
        this.marks |= FIELD_ESCAPED;
        at = this.escape(at + 1);
        if (at < 0) return at;
      }
    }
    return INCOMPLETE;
  }

  /** Notes a problem; INVALID. */
  fail(at: number, problem: string): number {
    this.problem = problem;
    this.problemAt = at;
    return INVALID;
  }

  /** As `fail`, naming the byte that is there. */
  unexpected(at: number, expected: string): number {
    const byte = this.bytes[at] ?? 0;
    const shown =
      byte > 32 && byte < 127
        ? `'${String.fromCharCode(byte)}'`
        : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    return this.fail(at, `${shown} instead of ${expected}`);
  }

  private object(start: number, depth: number): number {
    let at = this.skipSpace(start);
    if (at < this.limit && this.bytes[at] === BYTE.closeObject) return at + 1;
    for (;;) {
      if (at >= this.limit) return INCOMPLETE;
      if (this.bytes[at] !== BYTE.quote) return this.unexpected(at, 'a key in quotes');
      at = this.string(at + 1);
      if (at < 0) return at;
      at = this.colon(at);
      if (at < 0) return at;
      at = this.value(at, depth);
      if (at < 0) return at;
      at = this.skipSpace(at);
      if (at >= this.limit) return INCOMPLETE;
      const byte = this.bytes[at];
      if (byte === BYTE.closeObject) return at + 1;
      if (byte !== BYTE.comma) return this.unexpected(at, "',' or '}'");
      at = this.skipSpace(at + 1);
    }
  }

  /** From behind a key to where its value begins. */
  colon(start: number): number {
    const at = this.skipSpace(start);
    if (at >= this.limit) return INCOMPLETE;
    if (this.bytes[at] !== BYTE.colon) return this.unexpected(at, "':'");
    return this.skipSpace(at + 1);
  }

  private array(start: number, depth: number): number {
    let at = this.skipSpace(start);
    if (at < this.limit && this.bytes[at] === BYTE.closeArray) return at + 1;
    for (;;) {
      at = this.value(at, depth);
      if (at < 0) return at;
      at = this.skipSpace(at);
      if (at >= this.limit) return INCOMPLETE;
      const byte = this.bytes[at];
      if (byte === BYTE.closeArray) return at + 1;
      if (byte !== BYTE.comma) return this.unexpected(at, "',' or ']'");
      at = this.skipSpace(at + 1);
    }
  }

  private literal(start: number, first: number): number {
    if (start + LONGEST_LITERAL <= this.limit) {
      const four = this.view.getInt32(start, true);
      if (four === TRUE || four === NULL) return start + 4;
      if (first === LETTER_F && this.view.getInt32(start + 1, true) === ALSE) return start + 5;
    }
    const literal = LITERALS.find(([letter]) => letter === first);
    if (literal === undefined) return this.unexpected(start, 'a value');
    for (let index = 1; index < literal.length; index++) {
      if (start + index >= this.limit) return INCOMPLETE;
      if (this.bytes[start + index] !== literal[index])
        return this.unexpected(start + index, `'${literal.toString()}'`);
    }
    return start + literal.length;
  }

  /** A number, behind its minus. */
  private number(start: number): number {
    let at = this.digits(start);
    if (at < 0) return at;
    if (at > start + 1 && this.bytes[start] === BYTE.zero)
      return this.fail(start, 'a number with a leading zero');
    if (at < this.limit && this.bytes[at] === BYTE.point) {
      at = this.digits(at + 1);
      if (at < 0) return at;
    }
    if (at < this.limit && (this.bytes[at] === 101 || this.bytes[at] === 69)) {
      const sign = this.bytes[at + 1];
      const signed = at + 1 < this.limit && (sign === BYTE.plus || sign === BYTE.minus);
      at = this.digits(signed ? at + 2 : at + 1);
      if (at < 0) return at;
      this.marks |= FIELD_LONG_NUMBERS;
    }
    if (at - start > MOST_SHORT_DIGITS) this.marks |= FIELD_LONG_NUMBERS;
    return at >= this.limit && !this.final ? INCOMPLETE : at;
  }

  /** At least one digit. */
  private digits(start: number): number {
    const { bytes, limit } = this;
    let at = start;
    while (at < limit) {
      const byte = bytes[at] ?? 0;
      if (byte < BYTE.zero || byte > BYTE.nine) break;
      at++;
    }
    if (at > start) return at;
    return at >= limit ? INCOMPLETE : this.unexpected(at, 'a digit');
  }

  /** An escape, behind its backslash. */
  private escape(start: number): number {
    const { bytes, limit } = this;
    if (start >= limit) return INCOMPLETE;
    const byte = bytes[start] ?? 0;
    if (ESCAPED.has(byte)) return start + 1;
    if (byte !== LETTER_U) return this.unexpected(start, 'a character that may be escaped');
    this.marks |= FIELD_UNITS;
    for (let at = start + 1; at < start + 5; at++) {
      if (at >= limit) return INCOMPLETE;
      if (!isHexDigit(bytes[at] ?? 0)) return this.unexpected(at, 'a hexadecimal digit');
    }
    return start + 5;
  }
}

function isHexDigit(byte: number): boolean {
  const letter = byte | 32;
  return (byte >= 48 && byte <= 57) || (letter >= 97 && letter <= 102);
}
