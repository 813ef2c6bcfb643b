/**
 * JSON as text (RFC 8259), without a tree: documents keep every digit and every key, whatever JavaScript's numbers and objects can hold.
 */

/** The deepest nesting that is read; BigQuery's own limit for JSON. */
export const MAX_JSON_NESTING = 500;

const PLAIN = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/;
/** Longer texts are left to JSON.stringify, which does not look at them twice. In characters. */
const SHORT_TEXT = 64;

/** A text as a JSON string. Halves of surrogate pairs become `\udXXX`. */
export function quoteJson(text: string): string {
  return text.length <= SHORT_TEXT && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

export type JsonKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

/** What a valid JSON text is, by its first character. */
export function jsonKind(text: string): JsonKind {
  switch (text.charCodeAt(skipSpace(text, 0))) {
    case 110:
      return 'null';
    case 116:
    case 102:
      return 'boolean';
    case 34:
      return 'string';
    case 91:
      return 'array';
    case 123:
      return 'object';
    default:
      return 'number';
  }
}

/** What is wrong with a text as one JSON value; undefined: nothing. Halves of surrogate pairs are refused, because databases refuse them. */
export function jsonProblem(text: string): string | undefined {
  const end = skipValue(text, skipSpace(text, 0), 0);
  if (end === TOO_DEEP) return `JSON nested deeper than ${MAX_JSON_NESTING}`;
  if (end === LONE_SURROGATE) return 'JSON with half of a surrogate pair';
  if (end < 0) return 'not valid JSON';
  return skipSpace(text, end) === text.length ? undefined : 'not valid JSON: more text after the value';
}

/** The texts of the elements of a JSON array; undefined: `jsonProblem` has something to say about it. */
export function jsonElements(text: string): string[] | undefined {
  const elements: string[] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  if (text.charCodeAt(at) === 93) return elements;
  for (;;) {
    const end = skipValue(text, at, 1);
    if (end < 0) return undefined;
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    const mark = text.charCodeAt(at);
    if (mark === 93) return elements;
    if (mark !== 44) return undefined;
    at = skipSpace(text, at + 1);
  }
}

/** The fields of a JSON object in their order, each key unescaped and the text of its value; undefined as in `jsonElements`. */
export function jsonFields(text: string): [key: string, value: string][] | undefined {
  const fields: [string, string][] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  if (text.charCodeAt(at) === 125) return fields;
  for (;;) {
    const keyEnd = text.charCodeAt(at) === 34 ? skipString(text, at) : INVALID;
    const colon = skipSpace(text, keyEnd);
    if (keyEnd < 0 || text.charCodeAt(colon) !== 58) return undefined;
    const start = skipSpace(text, colon + 1);
    const end = skipValue(text, start, 1);
    if (end < 0) return undefined;
    fields.push([jsonString(text.slice(at, keyEnd)), text.slice(start, end)]);
    at = skipSpace(text, end);
    const mark = text.charCodeAt(at);
    if (mark === 125) return fields;
    if (mark !== 44) return undefined;
    at = skipSpace(text, at + 1);
  }
}

/** The text that a valid JSON string means. */
export function jsonString(text: string): string {
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'string' ? parsed : text;
}

const INVALID = -1;
const TOO_DEEP = -2;
const LONE_SURROGATE = -3;

function skipSpace(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
    at++;
  }
}

/** Index after the value that begins at `at`, or one of the negative answers. */
function skipValue(text: string, at: number, depth: number): number {
  switch (text.charCodeAt(at)) {
    case 34:
      return skipString(text, at);
    case 123:
      return depth >= MAX_JSON_NESTING ? TOO_DEEP : skipObject(text, at, depth + 1);
    case 91:
      return depth >= MAX_JSON_NESTING ? TOO_DEEP : skipArray(text, at, depth + 1);
    case 116:
      return text.startsWith('true', at) ? at + 4 : INVALID;
    case 102:
      return text.startsWith('false', at) ? at + 5 : INVALID;
    case 110:
      return text.startsWith('null', at) ? at + 4 : INVALID;
    default:
      return skipNumber(text, at);
  }
}

function skipArray(text: string, start: number, depth: number): number {
  let at = skipSpace(text, start + 1);
  if (text.charCodeAt(at) === 93) return at + 1;
  for (;;) {
    at = skipValue(text, at, depth);
    if (at < 0) return at;
    at = skipSpace(text, at);
    const code = text.charCodeAt(at);
    if (code === 93) return at + 1;
    if (code !== 44) return INVALID;
    at = skipSpace(text, at + 1);
  }
}

function skipObject(text: string, start: number, depth: number): number {
  let at = skipSpace(text, start + 1);
  if (text.charCodeAt(at) === 125) return at + 1;
  for (;;) {
    if (text.charCodeAt(at) !== 34) return INVALID;
    at = skipString(text, at);
    if (at < 0) return at;
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== 58) return INVALID;
    at = skipValue(text, skipSpace(text, at + 1), depth);
    if (at < 0) return at;
    at = skipSpace(text, at);
    const code = text.charCodeAt(at);
    if (code === 125) return at + 1;
    if (code !== 44) return INVALID;
    at = skipSpace(text, at + 1);
  }
}

function skipString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 34) return at + 1;
    if (code === 92) {
      const end = skipEscape(text, at);
      if (end < 0) return end;
      at = end;
    } else if (code < 32 || Number.isNaN(code)) {
      return INVALID;
    } else if (code >= 0xd800 && code <= 0xdfff) {
      if (code >= 0xdc00 || !isLowSurrogate(text.charCodeAt(at + 1))) return LONE_SURROGATE;
      at += 2;
    } else {
      at++;
    }
  }
}

/** Index after an escape; two escapes where the first is the upper half of a pair. */
function skipEscape(text: string, start: number): number {
  const code = text.charCodeAt(start + 1);
  if (code !== 117) return ESCAPED.includes(code) ? start + 2 : INVALID;
  const unit = fourHexDigits(text, start + 2);
  if (unit < 0) return INVALID;
  if (unit < 0xd800 || unit > 0xdfff) return start + 6;
  const paired =
    unit < 0xdc00 && text.startsWith('\\u', start + 6) && isLowSurrogate(fourHexDigits(text, start + 8));
  return paired ? start + 12 : LONE_SURROGATE;
}

/** Characters that may follow a backslash, besides u: `"\/bfnrt`. */
const ESCAPED: readonly number[] = [34, 92, 47, 98, 102, 110, 114, 116];

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function fourHexDigits(text: string, at: number): number {
  const digits = text.slice(at, at + 4);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

function skipNumber(text: string, start: number): number {
  let at = text.charCodeAt(start) === 45 ? start + 1 : start;
  const first = at;
  at = skipDigits(text, at);
  if (at === first || (text.charCodeAt(first) === 48 && at > first + 1)) return INVALID;
  if (text.charCodeAt(at) === 46) {
    const fraction = at + 1;
    at = skipDigits(text, fraction);
    if (at === fraction) return INVALID;
  }
  const mark = text.charCodeAt(at);
  if (mark === 101 || mark === 69) {
    const sign = text.charCodeAt(at + 1);
    const exponent = sign === 43 || sign === 45 ? at + 2 : at + 1;
    at = skipDigits(text, exponent);
    if (at === exponent) return INVALID;
  }
  return at;
}

function skipDigits(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57 || Number.isNaN(code)) return at;
    at++;
  }
}
