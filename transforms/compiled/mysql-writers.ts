import type { DestinationRules } from '../../core/destination-rules';
import type { MysqlFamily } from '../../core/mysql-rows';
import type { ColumnType } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import { compileBits } from './mysql-bits';
import { compileMysqlDecimal } from './mysql-decimal';
import { compileDoubleText } from './mysql-float';
import { compileMysqlInstant } from './mysql-instant';
import { compileMysqlInt } from './mysql-int';
import { compileMysqlJson } from './mysql-json';
import { compileValidText } from './mysql-text';
import { EXACT_DIGITS, MINUS, ZERO } from './text-digits';
import { compileFloatText } from './text-float';
import { compileTextWriter } from './text-writer';
import { isValidUtf8 } from './utf8-check';
import type { ValueSink } from './value-sink';

export interface MysqlWriterInput {
  readonly source: ColumnType;
  readonly destination: ColumnType;
  readonly rules: DestinationRules;
  readonly sink: ValueSink;
}

/**
 * The writer of values that go into a column as they are. It writes those for which the reference (`compileCell`) changes nothing and
 * counts nothing, and says false for all others, of which it has written nothing, unless `decidesLate`. Undefined: there is none for these types.
 */
export function compileMysqlWriter(family: MysqlFamily, input: MysqlWriterInput): FieldWriter | undefined {
  const { source, destination, rules, sink } = input;
  switch (family) {
    case 'int':
      return compileInt(input);
    case 'decimal':
      return compileDecimal(input);
    case 'float':
      if (source.kind !== 'float' || destination.kind !== 'float') return undefined;
      return compileDoubleText(sink, source.bits, destination.bits);
    case 'bit':
      return compileBits(sink, source, destination);
    case 'bytes':
      return destination.kind === 'bytes' ? compileBytes(sink, destination.maxLength ?? Infinity) : undefined;
    case 'date':
      return compileTextWriter(source, destination, rules, sink);
    case 'datetime':
    case 'timestamp':
      return compileInstant(input);
    case 'time':
    case 'geometry':
      return compileTextWriter(source, destination, rules, sink);
    case 'text':
      return compileText(input);
    case 'json':
      return compileDocument(input);
  }
}

/** Whether the writer finds out while it writes that a value is not for it. */
export function decidesLate(family: MysqlFamily, destination: ColumnType): boolean {
  const isText = family === 'text' || family === 'json';
  return (
    destination.kind === 'uuid' || (isText && (destination.kind === 'string' || destination.kind === 'json'))
  );
}

/** Whole numbers, with zeros in front where the column has ZEROFILL. */
function compileInt(input: MysqlWriterInput): FieldWriter | undefined {
  const { source, destination, rules, sink } = input;
  switch (destination.kind) {
    case 'bool':
      return (bytes, _view, start, length) => {
        const digit = (bytes[start] ?? 0) - ZERO;
        if (length !== 1 || (digit !== 0 && digit !== 1)) return false;
        sink.putBool(digit === 1);
        return true;
      };
    case 'int':
      return compileMysqlInt(sink, source, destination);
    case 'string':
      return compileDigits(input);
    case 'float': {
      // Whole numbers must be exact, not only print as they are written.
      const write = compileFloatText(sink, destination.bits);
      return (bytes, view, start, length) => length <= EXACT_DIGITS && write(bytes, view, start, length);
    }
    default:
      return compileTextWriter(source, destination, rules, sink);
  }
}

function compileDecimal(input: MysqlWriterInput): FieldWriter | undefined {
  const { source, destination, rules, sink } = input;
  if (destination.kind === 'string') return compileDigits(input);
  if (source.kind === 'decimal' && destination.kind === 'decimal' && destination.precision !== undefined) {
    const { precision, scale = 0 } = destination;
    return compileMysqlDecimal(sink, source.scale ?? 0, { precision, scale });
  }
  return compileTextWriter(source, destination, rules, sink);
}

/** Numbers as texts: without zeros in front, and no zero with a minus. */
function compileDigits({ destination, rules, sink }: MysqlWriterInput): FieldWriter | undefined {
  const copy = compileTextWriter({ kind: 'string' }, destination, rules, sink);
  if (copy === undefined) return undefined;
  return (bytes, view, start, length) => {
    const first = bytes[start] === MINUS ? start + 1 : start;
    const digit = (bytes[first] ?? 0) - ZERO;
    if (digit < 1 || digit > 9) return false;
    return copy(bytes, view, start, length);
  };
}

/** Dates with a time: where that is of the other kind, it is meant in UTC. */
function compileInstant({ source, destination, rules, sink }: MysqlWriterInput): FieldWriter | undefined {
  if (destination.kind !== 'datetime' && destination.kind !== 'timestamp') return undefined;
  if (source.kind !== 'datetime' && source.kind !== 'timestamp') return undefined;
  return compileMysqlInstant(sink, destination.unit, rules);
}

/** Texts of a character set, and of types that are sent as such; the server does not promise that they are valid. */
function compileText(input: MysqlWriterInput): FieldWriter | undefined {
  const { source, destination, rules, sink } = input;
  if (source.kind === 'string' && destination.kind === 'string') {
    const { maxLength, values } = destination;
    const fits = maxLength === undefined || (source.maxLength ?? Infinity) <= maxLength;
    if (fits && values === undefined && rules.nulCharacter) return compileValidText(sink);
  }
  // The text of a uuid is a uuid: the server has written it.
  const written = source.kind === 'uuid' && destination.kind === 'string' ? TEXT : source;
  const write = compileTextWriter(written, destination, rules, sink);
  if (write === undefined) return undefined;
  return (bytes, view, start, length) =>
    isValidUtf8(bytes, view, start, length) && write(bytes, view, start, length);
}
const TEXT = { kind: 'string' } as const;

/** Documents, which the server has checked. */
function compileDocument({ destination, rules, sink }: MysqlWriterInput): FieldWriter | undefined {
  if (destination.kind === 'json' && rules.nullDocument !== false) return compileMysqlJson(sink, rules);
  if (destination.kind !== 'string') return undefined;
  return compileText({ source: TEXT, destination, rules, sink });
}

function compileBytes(sink: ValueSink, maxLength: number): FieldWriter {
  return (bytes, view, start, length) => {
    if (length > maxLength) return false;
    sink.putBytes(bytes, view, start, length);
    return true;
  };
}
