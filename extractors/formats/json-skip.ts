import { MAX_JSON_DEPTH } from './format-reader';
import { BYTE, INCOMPLETE, JsonGrammar } from './json-grammar';

/** Bytes of the longest number that is stepped over. */
const MAX_SCALAR_BYTES = 64 * 1024;

/** What comes next in the value. */
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const COLON = 4;
const COMMA_OR_END = 5;
const STRING = 6;
const ESCAPE = 7;
const HEX = 8;
const SCALAR = 9;

const ESCAPED = new Set(Array.from('"\\/bfnrt', (character) => character.charCodeAt(0)));
const LETTER_U = 117;

/** Steps over one value of any size in constant memory, piece by piece, and checks it against the grammar on the way. */
export class JsonSkip {
  /** What is wrong, after `skip` gave an index below 0, and where. */
  problem = '';
  problemAt = 0;
  private expected = VALUE;
  /** Whether each container around the current place is an object. */
  private readonly objects: boolean[] = [];
  private isKey = false;
  private hexDigits = 0;
  private scalar = '';
  private readonly grammar = new JsonGrammar();

  /** Before the first byte of a value. */
  begin(): void {
    this.expected = VALUE;
    this.objects.length = 0;
    this.problem = '';
  }

  /** The index behind the value; INCOMPLETE: all bytes belong to it; less: `problem`. `depth`: containers around the value. */
  skip(bytes: Uint8Array, start: number, limit: number, depth: number): number {
    for (let at = start; at < limit; at++) {
      const byte = bytes[at] ?? 0;
      if (this.expected === STRING) {
        at = endOfRun(bytes, at, limit);
        if (at === limit) break;
        this.inString(bytes[at] ?? 0, at);
      } else if (this.expected === ESCAPE || this.expected === HEX) this.inEscape(byte, at);
      else if (this.expected === SCALAR && isOfScalar(byte)) this.addToScalar(byte, at);
      else {
        if (this.expected === SCALAR) this.endScalar(at);
        if (this.isDone) return this.problem === '' ? at : INCOMPLETE - 1;
        if (byte > 32 || !isSpace(byte)) this.token(byte, at, depth);
      }
      if (this.problem !== '') return INCOMPLETE - 1;
      if (this.isDone && this.expected === COMMA_OR_END) return at + 1;
    }
    return INCOMPLETE;
  }

  private get isDone(): boolean {
    return this.expected === COMMA_OR_END && this.objects.length === 0;
  }

  private token(byte: number, at: number, depth: number): void {
    switch (this.expected) {
      case VALUE:
      case VALUE_OR_END:
        if (this.expected === VALUE_OR_END && byte === BYTE.closeArray) this.close();
        else this.value(byte, at, depth);
        return;
      case KEY:
      case KEY_OR_END:
        if (this.expected === KEY_OR_END && byte === BYTE.closeObject) this.close();
        else if (byte === BYTE.quote) this.string(true);
        else this.fail(byte, at, 'a key in quotes');
        return;
      case COLON:
        if (byte === BYTE.colon) this.expected = VALUE;
        else this.fail(byte, at, "':'");
        return;
      default:
        this.behindValue(byte, at);
    }
  }

  private value(byte: number, at: number, depth: number): void {
    if (byte === BYTE.quote) this.string(false);
    else if (byte === BYTE.openObject || byte === BYTE.openArray) {
      if (depth + this.objects.length >= MAX_JSON_DEPTH) {
        this.problem = `JSON nested deeper than ${MAX_JSON_DEPTH}`;
        this.problemAt = at;
      }
      this.objects.push(byte === BYTE.openObject);
      this.expected = byte === BYTE.openObject ? KEY_OR_END : VALUE_OR_END;
    } else if (isOfScalar(byte)) {
      this.scalar = String.fromCharCode(byte);
      this.expected = SCALAR;
    } else this.fail(byte, at, 'a value');
  }

  private behindValue(byte: number, at: number): void {
    const inObject = this.objects.at(-1) === true;
    if (byte === (inObject ? BYTE.closeObject : BYTE.closeArray)) this.close();
    else if (byte === BYTE.comma) this.expected = inObject ? KEY : VALUE;
    else this.fail(byte, at, inObject ? "',' or '}'" : "',' or ']'");
  }

  private close(): void {
    this.objects.pop();
    this.expected = COMMA_OR_END;
  }

  private string(isKey: boolean): void {
    this.isKey = isKey;
    this.expected = STRING;
  }

  /** At a byte of a string that is not simply part of it. */
  private inString(byte: number, at: number): void {
    if (byte === BYTE.quote) this.expected = this.isKey ? COLON : COMMA_OR_END;
    else if (byte === BYTE.backslash) this.expected = ESCAPE;
    else this.failWith('a control character in a string', at);
  }

  private inEscape(byte: number, at: number): void {
    if (this.expected === HEX) {
      if (!isHexDigit(byte)) this.fail(byte, at, 'a hexadecimal digit');
      this.hexDigits++;
      if (this.hexDigits === 4) this.expected = STRING;
    } else if (byte === LETTER_U) {
      this.hexDigits = 0;
      this.expected = HEX;
    } else if (ESCAPED.has(byte)) this.expected = STRING;
    else this.fail(byte, at, 'a character that may be escaped');
  }

  private addToScalar(byte: number, at: number): void {
    this.scalar += String.fromCharCode(byte);
    if (this.scalar.length > MAX_SCALAR_BYTES) {
      this.failWith(`a number of more than ${MAX_SCALAR_BYTES} digits`, at);
    }
  }

  private endScalar(at: number): void {
    const { grammar, scalar } = this;
    grammar.use(Buffer.from(scalar, 'latin1'), scalar.length);
    grammar.final = true;
    if (grammar.value(0, 0) !== scalar.length) {
      this.failWith(`${JSON.stringify(scalar.slice(0, 20))} instead of a value`, at - scalar.length);
    }
    this.expected = COMMA_OR_END;
  }

  private fail(byte: number, at: number, instead: string): void {
    const shown =
      byte > 32 && byte < 127
        ? `'${String.fromCharCode(byte)}'`
        : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    this.failWith(`${shown} instead of ${instead}`, at);
  }

  private failWith(problem: string, at: number): void {
    this.problem = problem;
    this.problemAt = at;
  }
}

/** Where a string ends, escapes or breaks; `limit` where it does none of these. */
function endOfRun(bytes: Uint8Array, start: number, limit: number): number {
  let at = start;
  while (at < limit) {
    const byte = bytes[at] ?? 0;
    if (byte < 32 || byte === BYTE.quote || byte === BYTE.backslash) break;
    at++;
  }
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

/** Of numbers and of `true`, `false`, `null`. */
function isOfScalar(byte: number): boolean {
  return (
    (byte >= 48 && byte <= 57) ||
    (byte >= 97 && byte <= 122) ||
    byte === BYTE.minus ||
    byte === BYTE.plus ||
    byte === BYTE.point ||
    byte === 69
  );
}

function isHexDigit(byte: number): boolean {
  const letter = byte | 32;
  return (byte >= 48 && byte <= 57) || (letter >= 97 && letter <= 102);
}
