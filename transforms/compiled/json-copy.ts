import type { DestinationRules } from '../../core/destination-rules';
import type { NdjsonDialect } from '../../core/encoding';
import { FIELD_ESCAPED, FIELD_UNITS } from '../../core/json-rows';
import type { ColumnType } from '../../core/schema';
import type { BlockBuffer } from '../encode/block-buffer';
import { compileJsonArray } from './json-array';
import { compileInstantCopy } from './json-copy-instant';
import { compileDecimalCopy, compileFloatCopy, compileIntCopy } from './json-copy-number';
import { compileJsonCheck } from './json-document';
import type { JsonWriter } from './json-writer';
import { putQuoted } from './line-quotes';

export interface JsonCopyInput {
  readonly source: ColumnType;
  readonly destination: ColumnType;
  readonly rules: DestinationRules;
  readonly dialect: NdjsonDialect;
  readonly line: BlockBuffer;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const SLASH = 47;
const BACKSLASH = 92;
const BEGIN_ARRAY = 91;
const BEGIN_OBJECT = 123;
const QUOTES = 2;

/**
 * Writes a variant into a line of NDJSON where the encoder of rows would write those very bytes, but for quotes around them; says false to all others.
 * Undefined: there is no such writer for the types.
 */
export function compileJsonCopy(input: JsonCopyInput): JsonWriter | undefined {
  const { source, destination, rules, dialect, line } = input;
  if (source.kind !== 'variant') return undefined;
  switch (destination.kind) {
    case 'bool':
      // Only true and false begin with these.
      return (bytes, view, start, end) => {
        if (bytes[start] !== 116 && bytes[start] !== 102) return false;
        line.appendRange(bytes, view, start, end - start);
        return true;
      };
    case 'int':
      return compileIntCopy(destination, line);
    case 'float':
      return destination.bits === 64 ? compileFloatCopy(dialect, line) : undefined;
    case 'decimal':
      return compileDecimalCopy(destination, line);
    case 'string':
      return destination.values === undefined ? compileStringCopy(destination.maxLength, line) : undefined;
    case 'json':
      return dialect.json === 'raw' ? compileDocumentCopy(rules, line) : undefined;
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return compileInstantCopy(destination, rules, dialect, line);
    case 'array': {
      const copy = compileJsonCopy({ ...input, destination: destination.element });
      return copy === undefined ? undefined : compileListCopy(copy, line);
    }
    default:
      return undefined;
  }
}

/** Strings whose escapes are those of JSON.stringify; numbers, true and false become strings. */
function compileStringCopy(maxLength = Infinity, line: BlockBuffer): JsonWriter {
  return (bytes, view, start, end, marks) => {
    if (bytes[start] === QUOTE) {
      // No text has more characters than bytes.
      if (end - start - QUOTES > maxLength || (marks & FIELD_UNITS) !== 0) return false;
      if ((marks & FIELD_ESCAPED) !== 0 && hasEscapedSlash(bytes, start, end)) return false;
      line.appendRange(bytes, view, start, end - start);
      return true;
    }
    if (bytes[start] === BEGIN_ARRAY || bytes[start] === BEGIN_OBJECT || end - start > maxLength)
      return false;
    putQuoted(line, bytes, view, start, end);
    return true;
  };
}

function hasEscapedSlash(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== BACKSLASH) continue;
    at++;
    if (bytes[at] === SLASH) return true;
  }
  return false;
}

/** Documents on one line. */
function compileDocumentCopy(rules: DestinationRules, line: BlockBuffer): JsonWriter {
  const isKept = compileJsonCheck(rules);
  return (bytes, view, start, end, marks) => {
    if (!isKept(bytes, start, end, marks) || hasLineBreak(bytes, start, end)) return false;
    line.appendRange(bytes, view, start, end - start);
    return true;
  };
}

function hasLineBreak(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== BEGIN_ARRAY && bytes[start] !== BEGIN_OBJECT) return false;
  for (let at = start; at < end; at++) {
    if (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN) return true;
  }
  return false;
}

function compileListCopy(copy: JsonWriter, line: BlockBuffer): JsonWriter {
  const put = (text: string): void => {
    line.reserve(text.length);
    for (let at = 0; at < text.length; at++) line.bytes[line.end++] = text.charCodeAt(at);
  };
  let isFirst = true;
  const list = {
    beginArray: () => {
      put('[');
      isFirst = true;
    },
    endArray: () => put(']'),
  };
  return compileJsonArray(list, (bytes, view, start, end, marks) => {
    if (!isFirst) put(',');
    isFirst = false;
    return copy(bytes, view, start, end, marks);
  });
}
