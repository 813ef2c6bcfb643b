import { MINUS, PLUS, POINT, ZERO } from './text-digits';

/** Deeper documents are left to others. */
const MAX_DEPTH = 100;
const INVALID = -1;

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const SMALL_E = 101;
const SMALL_U = 117;
const BEGIN_ARRAY = 91;
const END_ARRAY = 93;
const BEGIN_OBJECT = 123;
const END_OBJECT = 125;

/** Digits and points of a number, and digits of a whole number, that 64 bits keep whatever they are. */
const SAFE_NUMBER_BYTES = 15;
const SAFE_WHOLE_BYTES = 18;

/** Bytes of texts that mean themselves. */
const IS_PLAIN = new Uint8Array(256).fill(1, 32);
IS_PLAIN[QUOTE] = IS_PLAIN[BACKSLASH] = 0;

/** Bytes behind a backslash that are one character: `"\/bfnrt`. */
const IS_ESCAPED = new Uint8Array(256);
for (const character of '"\\/bfnrt') IS_ESCAPED[character.charCodeAt(0)] = 1;

/** Values of hexadecimal digits; 16: it is none. */
const HEX = new Uint8Array(256).fill(16);
for (const digit of '0123456789abcdefABCDEF') HEX[digit.charCodeAt(0)] = Number.parseInt(digit, 16);

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

/** Tells whether bytes are one plain JSON document. */
export class DocumentText {
  /** Where the value begins. */
  first = 0;
  private end = 0;

  constructor(private readonly onlySafeNumbers: boolean) {}

  isValid(bytes: Buffer, start: number, end: number): boolean {
    this.end = end;
    this.first = this.overSpace(bytes, start);
    const behind = this.overValue(bytes, this.first, 0);
    return behind !== INVALID && this.overSpace(bytes, behind) === end;
  }

  private overSpace(bytes: Buffer, start: number): number {
    const { end } = this;
    let at = start;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break;
      at++;
    }
    return at;
  }

  private overValue(bytes: Buffer, at: number, depth: number): number {
    if (at >= this.end) return INVALID;
    switch (bytes[at]) {
      case QUOTE:
        return this.overText(bytes, at + 1);
      case BEGIN_OBJECT:
        return depth < MAX_DEPTH ? this.overObject(bytes, at + 1, depth + 1) : INVALID;
      case BEGIN_ARRAY:
        return depth < MAX_DEPTH ? this.overArray(bytes, at + 1, depth + 1) : INVALID;
      case 116:
        return this.overWord(TRUE, bytes, at);
      case 102:
        return this.overWord(FALSE, bytes, at);
      case 110:
        return this.overWord(NULL, bytes, at);
      default:
        return this.overNumber(bytes, at);
    }
  }

  private overWord(word: Buffer, bytes: Buffer, start: number): number {
    if (this.end - start < word.length) return INVALID;
    for (let index = 0; index < word.length; index++)
      if (bytes[start + index] !== word[index]) return INVALID;
    return start + word.length;
  }

  private overArray(bytes: Buffer, start: number, depth: number): number {
    const { end } = this;
    let at = this.overSpace(bytes, start);
    if (at < end && bytes[at] === END_ARRAY) return at + 1;
    for (;;) {
      at = this.overValue(bytes, at, depth);
      if (at === INVALID) return INVALID;
      at = this.overSpace(bytes, at);
      if (at >= end) return INVALID;
      if (bytes[at] === END_ARRAY) return at + 1;
      if (bytes[at] !== COMMA) return INVALID;
      at = this.overSpace(bytes, at + 1);
    }
  }

  private overObject(bytes: Buffer, start: number, depth: number): number {
    const { end } = this;
    let at = this.overSpace(bytes, start);
    if (at < end && bytes[at] === END_OBJECT) return at + 1;
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return INVALID;
      at = this.overText(bytes, at + 1);
      if (at === INVALID) return INVALID;
      at = this.overSpace(bytes, at);
      if (at >= end || bytes[at] !== COLON) return INVALID;
      at = this.overValue(bytes, this.overSpace(bytes, at + 1), depth);
      if (at === INVALID) return INVALID;
      at = this.overSpace(bytes, at);
      if (at >= end) return INVALID;
      if (bytes[at] === END_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return INVALID;
      at = this.overSpace(bytes, at + 1);
    }
  }

  private overText(bytes: Buffer, start: number): number {
    const { end } = this;
    let at = start;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (IS_PLAIN[byte] === 1) at++;
      else if (byte === QUOTE) return at + 1;
      else if (byte !== BACKSLASH) return INVALID;
      else if (at + 1 < end && IS_ESCAPED[bytes[at + 1] ?? 0] === 1) at += 2;
      else {
        at = this.overCodeUnit(bytes, at);
        if (at === INVALID) return INVALID;
      }
    }
    return INVALID;
  }

  /** Behind a character by its number, or a pair. */
  private overCodeUnit(bytes: Buffer, start: number): number {
    const unit = this.codeUnit(bytes, start);
    if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return INVALID;
    if (unit < 0xd800 || unit > 0xdfff) return start + 6;
    const low = this.codeUnit(bytes, start + 6);
    return low >= 0xdc00 && low <= 0xdfff ? start + 12 : INVALID;
  }

  /** The number of a `\uXXXX`; -1: there is none. */
  private codeUnit(bytes: Buffer, start: number): number {
    if (this.end - start < 6 || bytes[start] !== BACKSLASH || bytes[start + 1] !== SMALL_U) return INVALID;
    let unit = 0;
    for (let at = start + 2; at < start + 6; at++) {
      const digit = HEX[bytes[at] ?? 0] ?? 16;
      if (digit === 16) return INVALID;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  private overNumber(bytes: Buffer, start: number): number {
    const { end } = this;
    const first = bytes[start] === MINUS ? start + 1 : start;
    let at = this.overDigits(bytes, first);
    if (at === first || (bytes[first] === ZERO && at > first + 1)) return INVALID;
    const isWhole = at === end || bytes[at] !== POINT;
    if (!isWhole) {
      const fraction = at + 1;
      at = this.overDigits(bytes, fraction);
      if (at === fraction) return INVALID;
    }
    if (this.onlySafeNumbers && at - first > (isWhole ? SAFE_WHOLE_BYTES : SAFE_NUMBER_BYTES)) return INVALID;
    if (at === end || ((bytes[at] ?? 0) | 32) !== SMALL_E) return at;
    if (this.onlySafeNumbers) return INVALID;
    at++;
    if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
    const exponent = at;
    at = this.overDigits(bytes, exponent);
    return at === exponent ? INVALID : at;
  }

  private overDigits(bytes: Buffer, start: number): number {
    const { end } = this;
    let at = start;
    while (at < end) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      at++;
    }
    return at;
  }
}
