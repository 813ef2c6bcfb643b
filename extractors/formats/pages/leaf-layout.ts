import type { ArrowLayout } from '../../../core/arrow-layout';
import type { TimeUnit } from '../../../core/time-unit';
import { LOGICAL, LOGICAL_UNIT, type LogicalType } from '../parquet-logical-type';
import { PHYSICAL, type SchemaElement } from '../parquet-schema';

/** Numbers of the enumeration ConvertedType of the format's parquet.thrift. */
const CONVERTED = {
  utf8: 0,
  enum: 4,
  decimal: 5,
  date: 6,
  timeMillis: 7,
  timeMicros: 8,
  timestampMillis: 9,
  timestampMicros: 10,
  uint8: 11,
  uint16: 12,
  uint32: 13,
  uint64: 14,
  int8: 15,
  int16: 16,
  int32: 17,
  int64: 18,
  json: 19,
  bson: 20,
  interval: 21,
} as const;

/** Digits of which each number fits into 4, 8, 16 and 32 bytes. */
const DIGITS_4 = 9;
const DIGITS_8 = 18;
const DIGITS_16 = 38;
const DIGITS_32 = 76;

/** Bytes of values that mean something. */
const INTERVAL_BYTES = 12;
const UUID_BYTES = 16;
const HALF_BYTES = 2;

/**
 * How values of a leaf lie once they are decoded: as Rust's `parquet` does it, which the other decoder is made of. Undefined: not known
 * here, or the annotations contradict the type.
 */
export function leafLayout(element: SchemaElement): ArrowLayout | undefined {
  const { converted, logical } = element;
  if (converted !== undefined && logical !== undefined && convertedOf(logical) !== converted)
    return undefined;
  switch (element.type) {
    case PHYSICAL.boolean:
      return isPlain(element) ? { kind: 'bool' } : undefined;
    case PHYSICAL.int32:
      return int32Layout(element);
    case PHYSICAL.int64:
      return int64Layout(element);
    case PHYSICAL.int96:
      return isPlain(element) ? { kind: 'parquet-int96' } : undefined;
    case PHYSICAL.float:
      return isPlain(element) ? { kind: 'float', bits: 32 } : undefined;
    case PHYSICAL.double:
      return isPlain(element) ? { kind: 'float', bits: 64 } : undefined;
    case PHYSICAL.byteArray:
      return byteArrayLayout(element);
    case PHYSICAL.fixed:
      return fixedLayout(element);
    default:
      return undefined;
  }
}

/** The converted type that says the same; undefined: none does. */
function convertedOf({ kind, unit, bits, signed }: LogicalType): number | undefined {
  switch (kind) {
    case LOGICAL.string:
      return CONVERTED.utf8;
    case LOGICAL.enum:
      return CONVERTED.enum;
    case LOGICAL.decimal:
      return CONVERTED.decimal;
    case LOGICAL.date:
      return CONVERTED.date;
    case LOGICAL.json:
      return CONVERTED.json;
    case LOGICAL.bson:
      return CONVERTED.bson;
    case LOGICAL.time:
      return BY_UNIT.time[unit];
    case LOGICAL.timestamp:
      return BY_UNIT.timestamp[unit];
    case LOGICAL.integer:
      return (signed ? CONVERTED.int8 : CONVERTED.uint8) + Math.log2(bits / 8);
    default:
      return undefined;
  }
}

/** Converted types by LOGICAL_UNIT; there are none of nanoseconds. */
const BY_UNIT: Readonly<Record<'time' | 'timestamp', Readonly<Record<number, number>>>> = {
  time: { [LOGICAL_UNIT.ms]: CONVERTED.timeMillis, [LOGICAL_UNIT.us]: CONVERTED.timeMicros },
  timestamp: { [LOGICAL_UNIT.ms]: CONVERTED.timestampMillis, [LOGICAL_UNIT.us]: CONVERTED.timestampMicros },
};

function isPlain({ converted, logical }: SchemaElement): boolean {
  return converted === undefined && logical === undefined;
}

function int32Layout(element: SchemaElement): ArrowLayout | undefined {
  const { converted, logical } = element;
  switch (logical?.kind) {
    case undefined:
      break;
    case LOGICAL.integer: {
      const { bits, signed } = logical;
      if (bits !== 8 && bits !== 16 && bits !== 32) return undefined;
      return { kind: 'int', bits, unsigned: !signed };
    }
    case LOGICAL.decimal:
      return decimalLayout(element, DIGITS_4);
    case LOGICAL.date:
      return { kind: 'date', bits: 32 };
    case LOGICAL.time:
      return logical.unit === LOGICAL_UNIT.ms ? { kind: 'time', bits: 32, unit: 'ms' } : undefined;
    case LOGICAL.unknown:
      return { kind: 'null' };
    default:
      return undefined;
  }
  switch (converted) {
    case undefined:
    case CONVERTED.int32:
      return { kind: 'int', bits: 32, unsigned: false };
    case CONVERTED.int8:
      return { kind: 'int', bits: 8, unsigned: false };
    case CONVERTED.int16:
      return { kind: 'int', bits: 16, unsigned: false };
    case CONVERTED.uint8:
      return { kind: 'int', bits: 8, unsigned: true };
    case CONVERTED.uint16:
      return { kind: 'int', bits: 16, unsigned: true };
    case CONVERTED.uint32:
      return { kind: 'int', bits: 32, unsigned: true };
    case CONVERTED.date:
      return { kind: 'date', bits: 32 };
    case CONVERTED.timeMillis:
      return { kind: 'time', bits: 32, unit: 'ms' };
    case CONVERTED.decimal:
      return decimalLayout(element, DIGITS_4);
    default:
      return undefined;
  }
}

function int64Layout(element: SchemaElement): ArrowLayout | undefined {
  const { converted, logical } = element;
  switch (logical?.kind) {
    case undefined:
      break;
    case LOGICAL.integer:
      return logical.bits === 64 ? { kind: 'int', bits: 64, unsigned: !logical.signed } : undefined;
    case LOGICAL.decimal:
      return decimalLayout(element, DIGITS_8);
    case LOGICAL.time: {
      const unit = unitOf(logical.unit);
      return unit === undefined || unit === 'ms' ? undefined : { kind: 'time', bits: 64, unit };
    }
    case LOGICAL.timestamp: {
      const unit = unitOf(logical.unit);
      return unit === undefined ? undefined : { kind: 'instant', unit, zoned: logical.zoned };
    }
    default:
      return undefined;
  }
  switch (converted) {
    case undefined:
    case CONVERTED.int64:
      return { kind: 'int', bits: 64, unsigned: false };
    case CONVERTED.uint64:
      return { kind: 'int', bits: 64, unsigned: true };
    case CONVERTED.timeMicros:
      return { kind: 'time', bits: 64, unit: 'us' };
    case CONVERTED.timestampMillis:
      return { kind: 'instant', unit: 'ms', zoned: true };
    case CONVERTED.timestampMicros:
      return { kind: 'instant', unit: 'us', zoned: true };
    case CONVERTED.decimal:
      return decimalLayout(element, DIGITS_8);
    default:
      return undefined;
  }
}

function unitOf(unit: number): TimeUnit | undefined {
  if (unit === LOGICAL_UNIT.ms) return 'ms';
  if (unit === LOGICAL_UNIT.us) return 'us';
  return unit === LOGICAL_UNIT.ns ? 'ns' : undefined;
}

function byteArrayLayout(element: SchemaElement): ArrowLayout | undefined {
  const { converted, logical } = element;
  switch (logical?.kind) {
    case undefined:
      break;
    case LOGICAL.string:
    case LOGICAL.enum:
      return { kind: 'text', offsets: 32, json: false };
    case LOGICAL.json:
      return { kind: 'text', offsets: 32, json: true };
    case LOGICAL.bson:
      return { kind: 'bytes', offsets: 32 };
    case LOGICAL.decimal:
      return decimalLayout(element, DIGITS_32);
    default:
      return undefined;
  }
  switch (converted) {
    case undefined:
    case CONVERTED.bson:
      return { kind: 'bytes', offsets: 32 };
    case CONVERTED.utf8:
    case CONVERTED.enum:
      return { kind: 'text', offsets: 32, json: false };
    case CONVERTED.json:
      return { kind: 'text', offsets: 32, json: true };
    case CONVERTED.decimal:
      return decimalLayout(element, DIGITS_32);
    default:
      return undefined;
  }
}

function fixedLayout(element: SchemaElement): ArrowLayout | undefined {
  const { converted, logical, length: width } = element;
  if (width === undefined || width < 1) return undefined;
  if (logical?.kind === LOGICAL.uuid) return width === UUID_BYTES ? { kind: 'uuid' } : undefined;
  if (logical?.kind === LOGICAL.float16)
    return width === HALF_BYTES ? { kind: 'float', bits: 16 } : undefined;
  if (logical?.kind === LOGICAL.decimal || converted === CONVERTED.decimal) {
    const layout = decimalLayout(element, digitsOf(width));
    // The width decides, whatever the precision.
    return layout?.kind === 'decimal' && width > 16 ? { ...layout, bits: 256 } : layout;
  }
  if (logical !== undefined) return undefined;
  if (converted === CONVERTED.interval)
    return width === INTERVAL_BYTES ? { kind: 'parquet-interval' } : undefined;
  return converted === undefined ? { kind: 'fixed-bytes', width } : undefined;
}

/** Digits of which each number fits into so many bytes. */
function digitsOf(bytes: number): number {
  return bytes > 32 ? 0 : Math.min(DIGITS_32, Math.floor(Math.log10(2) * (8 * bytes - 1)));
}

/** Decimals have 16 bytes at least, as Arrow knows them. */
function decimalLayout(
  { precision, scale, logical }: SchemaElement,
  maxPrecision: number,
): ArrowLayout | undefined {
  if (precision < 1 || precision > maxPrecision || scale < 0 || scale > precision) return undefined;
  if (logical !== undefined && (logical.precision !== precision || logical.scale !== scale)) return undefined;
  return { kind: 'decimal', bits: precision > DIGITS_16 ? 256 : 128, precision, scale };
}
