import type { DestinationRules } from '../../core/destination-rules';
import { PG_NULL, type PgForm } from '../../core/pg-binary';
import type { ColumnType } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import { compileIntWriter } from './pg-int';
import { compileEveryJson, compileJson } from './pg-json';
import { compileNumericWriter } from './pg-numeric';
import { compileUuid } from './pg-uuid';
import type { ValueSink } from './value-sink';

/** 2000-01-01, from which PostgreSQL counts, in days and microseconds since 1970-01-01. */
export const EPOCH_DAYS = 10_957;
export const EPOCH_MICROS = 946_684_800_000_000;
/** Its halves, in 32 bits each. */
const EPOCH_HIGH = Math.floor(EPOCH_MICROS / 2 ** 32);
const EPOCH_LOW = EPOCH_MICROS % 2 ** 32;
export const MICROS_PER_DAY = 86_400_000_000;
/** Doubles are exact to 1024 microseconds within 64 bits: what is so close to the ends of a range is for the reference. In microseconds. */
const MARGIN_MICROS = 4_096;
/** 4714-11-24 (BC), the first day of PostgreSQL's timestamps; before it is only its `-infinity`. In microseconds since 1970. */
export const FIRST_MICROS = -210_866_803_200_000_000;

const DATE_INFINITY = 0x7fff_ffff;
const DATE_MINUS_INFINITY = -0x8000_0000;

const ARRAY_HEADER_BYTES = 12;
const ARRAY_DIMENSION_BYTES = 8;

export interface WriterInput {
  readonly source: ColumnType;
  readonly destination: ColumnType;
  readonly rules: DestinationRules;
  readonly sink: ValueSink;
}

/**
 * The writer of values that go into a column as they are. It writes those for which the reference (`compileCell`) changes nothing and
 * counts nothing, and says false for all others. Undefined: there is none for these types.
 */
export function compilePgWriter(form: PgForm, input: WriterInput): FieldWriter | undefined {
  if (typeof form === 'object') return compileArray(form.element, input);
  const { sink, destination, source, rules } = input;
  switch (form) {
    case 'bool':
      if (destination.kind !== 'bool') return undefined;
      return (bytes, _view, start, length) => {
        if (length !== 1) return false;
        sink.putBool(bytes[start] === 1);
        return true;
      };
    case 'int16':
    case 'int32':
    case 'uint32':
    case 'int64':
      return destination.kind === 'int' ? compileIntWriter(form, destination, sink) : undefined;
    case 'float32':
    case 'float64':
      if (destination.kind !== 'float' || !rules.nonFiniteFloat) return undefined;
      if (destination.bits === 32 && form === 'float64') return undefined;
      return compileFloat(form, sink);
    case 'numeric': {
      if (destination.kind !== 'decimal' || destination.precision === undefined) return undefined;
      const { precision, scale = 0 } = destination;
      return scale < 0 ? undefined : compileNumericWriter(sink, precision, scale);
    }
    case 'text':
    case 'jsonb':
      return compileText(form, input);
    case 'bytes':
      if (destination.kind !== 'bytes') return undefined;
      return compileCopy(sink, destination.maxLength ?? Infinity);
    case 'uuid':
      if (destination.kind !== 'uuid' && !isPlainText(destination)) return undefined;
      return compileUuid(sink, destination);
    case 'date':
      return destination.kind === 'date' && source.kind === 'date' ? compileDate(rules, sink) : undefined;
    case 'instant':
      if (destination.kind !== 'datetime' && destination.kind !== 'timestamp') return undefined;
      return destination.unit === 'us' ? compileInstant(rules, sink) : undefined;
    case 'time':
      return destination.kind === 'time' && destination.unit === 'us' ? compileTime(sink) : undefined;
    case 'other':
      return undefined;
  }
}

/** Whether every text fits. */
export function isPlainText(destination: ColumnType): boolean {
  return (
    destination.kind === 'string' && destination.maxLength === undefined && destination.values === undefined
  );
}

function compileFloat(form: 'float32' | 'float64', sink: ValueSink): FieldWriter {
  const bytes = form === 'float32' ? 4 : 8;
  return (_bytes, view, start, length) => {
    if (length !== bytes) return false;
    sink.putDouble(form === 'float32' ? view.getFloat32(start) : view.getFloat64(start));
    return true;
  };
}

function compileDate({ dateRange }: DestinationRules, sink: ValueSink): FieldWriter {
  const [first, last] = dateRange.map(Number);
  if (first === undefined || last === undefined) throw new RangeError('a range has two ends');
  return (_bytes, view, start, length) => {
    if (length !== 4) return false;
    const days = view.getInt32(start);
    if (days === DATE_INFINITY || days === DATE_MINUS_INFINITY) return false;
    const since1970 = days + EPOCH_DAYS;
    if (since1970 < first || since1970 > last) return false;
    sink.putLong(since1970 >> 31, since1970);
    return true;
  };
}

function compileInstant({ instantRange }: DestinationRules, sink: ValueSink): FieldWriter {
  const first = Math.max(Number(instantRange[0]) + MARGIN_MICROS, FIRST_MICROS);
  const last = Number(instantRange[1]) - MARGIN_MICROS;
  return (_bytes, view, start, length) => {
    if (length !== 8) return false;
    const high = view.getInt32(start);
    const low = view.getUint32(start + 4);
    const about = high * 2 ** 32 + low + EPOCH_MICROS;
    if (about < first || about > last) return false;
    const newLow = low + EPOCH_LOW;
    sink.putLong((high + EPOCH_HIGH + (newLow >= 2 ** 32 ? 1 : 0)) | 0, newLow | 0);
    return true;
  };
}

/** Times of day before midnight; 24:00:00 is for the reference. */
function compileTime(sink: ValueSink): FieldWriter {
  return (_bytes, view, start, length) => {
    if (length !== 8) return false;
    const high = view.getInt32(start);
    const low = view.getUint32(start + 4);
    const micros = high * 2 ** 32 + low;
    if (micros < 0 || micros >= MICROS_PER_DAY) return false;
    sink.putLong(high, low | 0);
    return true;
  };
}

const JSONB_VERSION = 1;

function compileText(
  form: 'text' | 'jsonb',
  { source, destination, rules, sink }: WriterInput,
): FieldWriter | undefined {
  // PostgreSQL has no U+0000 in texts; its JSON may have it as an escape.
  if (source.kind === 'string' && destination.kind === 'string' && destination.values === undefined) {
    const { maxLength } = destination;
    // PostgreSQL counts characters as the reference does.
    if (maxLength === undefined || (source.maxLength ?? Infinity) <= maxLength)
      return compileCopy(sink, Infinity);
    return compileShortText(sink, maxLength);
  }
  if (source.kind !== 'json') return undefined;
  let copy: FieldWriter;
  if (destination.kind === 'json') {
    if (rules.nullDocument === false) return undefined;
    copy = rules.jsonNumbers === undefined ? compileEveryJson(sink) : compileJson(sink);
  } else if (isPlainText(destination)) {
    copy = compileCopy(sink, Infinity);
  } else {
    return undefined;
  }
  if (form === 'text') return copy;
  return (bytes, view, start, length) =>
    length > 0 && bytes[start] === JSONB_VERSION && copy(bytes, view, start + 1, length - 1);
}

/** Texts of at most so many characters. */
function compileShortText(sink: ValueSink, maxLength: number): FieldWriter {
  const copy = compileCopy(sink, Infinity);
  return (bytes, view, start, length) => {
    if (length > maxLength) {
      let characters = 0;
      for (let at = start; at < start + length; at++) {
        // Every byte but those that continue a character begins one.
        if (((bytes[at] ?? 0) & 0xc0) !== 0x80) characters++;
      }
      if (characters > maxLength) return false;
    }
    return copy(bytes, view, start, length);
  };
}

/** Bytes with their length in front. */
function compileCopy(sink: ValueSink, maxBytes: number): FieldWriter {
  return (bytes, view, start, length) => {
    if (length > maxBytes) return false;
    sink.putBytes(bytes, view, start, length);
    return true;
  };
}

/** Arrays of one dimension; with nulls only where the destination's arrays may hold them. */
function compileArray(
  form: PgForm,
  { source, destination, rules, sink }: WriterInput,
): FieldWriter | undefined {
  if (source.kind !== 'array' || destination.kind !== 'array' || typeof form === 'object') return undefined;
  const { element } = sink;
  if (element === undefined) return undefined;
  const write = compilePgWriter(form, {
    rules,
    sink: element,
    source: source.element,
    destination: destination.element,
  });
  if (write === undefined) return undefined;
  const { nullInArray } = rules;
  return (bytes, view, start, length) => {
    if (length < ARRAY_HEADER_BYTES) return false;
    const dimensions = view.getInt32(start);
    if (dimensions === 0) {
      sink.beginArray(0);
      sink.endArray();
      return true;
    }
    if (dimensions !== 1 || length < ARRAY_HEADER_BYTES + ARRAY_DIMENSION_BYTES) return false;
    const count = view.getInt32(start + ARRAY_HEADER_BYTES);
    let at = start + ARRAY_HEADER_BYTES + ARRAY_DIMENSION_BYTES;
    const end = start + length;
    if (count < 1 || count * 4 > end - at) return false;
    sink.beginArray(count);
    for (let index = 0; index < count; index++) {
      if (end - at < 4) return false;
      const size = view.getInt32(at);
      at += 4;
      if (size === PG_NULL && nullInArray) {
        element.putNull();
        continue;
      }
      if (size < 0 || size > end - at || !write(bytes, view, at, size)) return false;
      at += size;
    }
    sink.endArray();
    return at === end;
  };
}
