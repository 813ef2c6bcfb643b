import type { PgForm } from '../../core/pg-binary';
import type { ColumnType } from '../../core/schema';
import {
  arrayDecoder,
  decodeBool,
  decodeBytes,
  decodeDate,
  decodeFloat32,
  decodeFloat64,
  decodeInt16,
  decodeInt32,
  decodeInt64,
  decodeInterval,
  decodeNumeric,
  decodeText,
  decodeTime,
  decodeTimestamp,
  decodeUint32,
  decodeUint64,
  decodeUncheckedText,
  decodeUuid,
  jsonbDecoder,
  structDecoder,
  type FieldDecoder,
} from './field-decoders';
import { quoteIdentifier } from './qualified-name';
import type { PgType, PgTypes } from './type-catalogue';

/** How a column of some PostgreSQL type is read. */
export interface ColumnReading {
  readonly type: ColumnType;
  readonly decode: FieldDecoder;
  /** What codecs know of the binary form. */
  readonly form: PgForm;
  /** The type that the SELECT sends, domains resolved: what the server must announce when the column is read. */
  readonly wireOid: number;
  /** Wraps the column's expression in the SELECT. */
  readonly select: (expression: string) => string;
  /** Whether values arrive as the server's text, because there is no cell for their type. */
  readonly isServerText: boolean;
  /** The type of a literal that is compared with the column. */
  readonly literalType: string;
}

/** Types by the names of pg_catalog; their oids are fixed by PostgreSQL's own catalogue data. */
const BASE_TYPES: ReadonlyMap<number, (modifier: number, text: FieldDecoder) => [ColumnType, FieldDecoder]> =
  new Map<number, (modifier: number, text: FieldDecoder) => [ColumnType, FieldDecoder]>([
    [16, () => [{ kind: 'bool' }, decodeBool]],
    [17, () => [{ kind: 'bytes' }, decodeBytes]],
    [19, (_modifier, text) => [{ kind: 'string' }, text]], // name
    [20, () => [{ kind: 'int', bits: 64 }, decodeInt64]],
    [21, () => [{ kind: 'int', bits: 16 }, decodeInt16]],
    [23, () => [{ kind: 'int', bits: 32 }, decodeInt32]],
    [25, (_modifier, text) => [{ kind: 'string' }, text]],
    [26, () => [{ kind: 'int', bits: 32, unsigned: true }, decodeUint32]], // oid
    [28, () => [{ kind: 'int', bits: 32, unsigned: true }, decodeUint32]], // xid
    [29, () => [{ kind: 'int', bits: 32, unsigned: true }, decodeUint32]], // cid
    [114, (_modifier, text) => [{ kind: 'json' }, text]],
    [700, () => [{ kind: 'float', bits: 32 }, decodeFloat32]],
    [701, () => [{ kind: 'float', bits: 64 }, decodeFloat64]],
    [1042, (modifier, text) => [stringOf(modifier), text]], // char(n), padded as the server shows it
    [1043, (modifier, text) => [stringOf(modifier), text]], // varchar(n)
    [1082, () => [{ kind: 'date' }, decodeDate]],
    [1083, () => [{ kind: 'time', unit: 'us' }, decodeTime]],
    [1114, () => [{ kind: 'datetime', unit: 'us' }, decodeTimestamp]],
    [1184, () => [{ kind: 'timestamp', unit: 'us' }, decodeTimestamp]],
    [1186, () => [{ kind: 'interval' }, decodeInterval]],
    [1700, (modifier) => [decimalOf(modifier), decodeNumeric]],
    [2950, () => [{ kind: 'uuid' }, decodeUuid]],
    [3802, (_modifier, text) => [{ kind: 'json' }, jsonbDecoder(text)]],
    [5069, () => [{ kind: 'int', bits: 64, unsigned: true }, decodeUint64]], // xid8
  ]);

/** Binary forms by the same names. */
const FORMS: ReadonlyMap<number, Exclude<PgForm, object>> = new Map<number, Exclude<PgForm, object>>([
  [16, 'bool'],
  [17, 'bytes'],
  [19, 'text'],
  [20, 'int64'],
  [21, 'int16'],
  [23, 'int32'],
  [25, 'text'],
  [26, 'uint32'],
  [28, 'uint32'],
  [29, 'uint32'],
  [114, 'text'],
  [700, 'float32'],
  [701, 'float64'],
  [1042, 'text'],
  [1043, 'text'],
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'instant'],
  [1184, 'instant'],
  [1700, 'numeric'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
]);

/** Texts that the server has not checked are for the reference, which does. */
function formOf(oid: number, types: PgTypes, isUtf8: boolean): PgForm {
  const form = FORMS.get(oid) ?? (types.get(oid)?.kind === 'e' ? 'text' : undefined);
  if (form !== undefined) return isUtf8 || (form !== 'text' && form !== 'jsonb') ? form : 'other';
  const element = types.get(oid)?.kind === 'c' ? undefined : elementOf(oid, types);
  if (element === undefined) return 'other';
  const inner = formOf(element, types, isUtf8);
  return typeof inner === 'object' || inner === 'other' ? 'other' : { element: inner };
}

const TEXT = 25;
const TEXT_ARRAY = 1009;
const INET = 869;
/** bytes in front of the modifier of a type with a length or a precision (VARHDRSZ). */
const MODIFIER_OFFSET = 4;

/**
 * How a column is read: in the binary form of its own type where there is a cell for it; composite types as structs and
 * arrays as arrays where their parts have one. Everything else (ranges, geometry, bit, money, xml, timetz, hstore, tsvector,
 * types of extensions) as the text that the server writes for it.
 *
 * @param isUtf8 whether the server promises that texts are; it does not where the database's encoding is SQL_ASCII.
 */
export function readingOf(oid: number, modifier: number, types: PgTypes, isUtf8: boolean): ColumnReading {
  const resolved = resolveDomain(oid, modifier, types);
  const text = isUtf8 ? decodeText : decodeUncheckedText;
  const binary = binaryReading(resolved.oid, resolved.modifier, types, text);
  const literalType = literalTypeOf(resolved.oid, types);
  if (binary !== undefined) {
    const [type, decode] = binary;
    return {
      type,
      decode,
      form: formOf(resolved.oid, types, isUtf8),
      wireOid: resolved.oid,
      select: (expression) => expression,
      isServerText: false,
      literalType,
    };
  }
  const element = elementOf(resolved.oid, types);
  if (element !== undefined) {
    // inet's cast to text is not what the server shows (it always has a netmask); the text of the whole array is
    const cast = element === INET ? '::text::text[]' : '::text[]';
    return {
      type: { kind: 'array', element: { kind: 'string' } },
      decode: arrayDecoder(text),
      form: isUtf8 ? { element: 'text' } : 'other',
      wireOid: TEXT_ARRAY,
      select: (expression) => `${expression}${cast}`,
      isServerText: true,
      literalType,
    };
  }
  return {
    type: { kind: 'string' },
    decode: text,
    form: isUtf8 ? 'text' : 'other',
    wireOid: TEXT,
    select: (expression) =>
      resolved.oid === INET ? `pg_catalog.abbrev(${expression})` : `${expression}::text`,
    isServerText: true,
    literalType,
  };
}

function binaryReading(
  oid: number,
  modifier: number,
  types: PgTypes,
  text: FieldDecoder,
): [ColumnType, FieldDecoder] | undefined {
  const base = BASE_TYPES.get(oid);
  if (base !== undefined) return base(modifier, text);
  const type = types.get(oid);
  if (type === undefined) return undefined;
  if (type.kind === 'e') return [{ kind: 'string', values: [...type.labels] }, text];
  if (type.kind === 'c') return structReading(type, types, text);
  if (type.elementOid === undefined) return undefined;
  // the modifier of an array column is that of its elements
  const domain = resolveDomain(type.elementOid, modifier, types);
  const element = binaryReading(domain.oid, domain.modifier, types, text);
  return element === undefined
    ? undefined
    : [{ kind: 'array', element: element[0] }, arrayDecoder(element[1])];
}

function structReading(
  type: PgType,
  types: PgTypes,
  text: FieldDecoder,
): [ColumnType, FieldDecoder] | undefined {
  // a type without fields is allowed, a struct without them is not
  if (type.fields.length === 0) return undefined;
  const fields = type.fields.map((field) => {
    const resolved = resolveDomain(field.oid, field.modifier, types);
    return { name: field.name, reading: binaryReading(resolved.oid, resolved.modifier, types, text) };
  });
  const names: { name: string; type: ColumnType }[] = [];
  const decoders: FieldDecoder[] = [];
  for (const { name, reading } of fields) {
    if (reading === undefined) return undefined;
    names.push({ name, type: reading[0] });
    decoders.push(reading[1]);
  }
  return [{ kind: 'struct', fields: names }, structDecoder(decoders)];
}

/** The type below a domain, and below the domain that it may be of. */
function resolveDomain(oid: number, modifier: number, types: PgTypes): { oid: number; modifier: number } {
  const base = types.get(oid)?.base;
  return base === undefined ? { oid, modifier } : resolveDomain(base.oid, base.modifier, types);
}

function elementOf(oid: number, types: PgTypes): number | undefined {
  const element = types.get(oid)?.elementOid;
  return element === undefined ? undefined : resolveDomain(element, -1, types).oid;
}

const NARROW_INTEGERS: ReadonlySet<number> = new Set([21, 23]);

/** Integers are compared as int8: a bound may lie beyond a narrower column, and indexes serve both. */
function literalTypeOf(oid: number, types: PgTypes): string {
  if (NARROW_INTEGERS.has(oid)) return 'pg_catalog.int8';
  const type = types.get(oid);
  return type === undefined
    ? 'pg_catalog.text'
    : `${quoteIdentifier(type.schema)}.${quoteIdentifier(type.name)}`;
}

function stringOf(modifier: number): ColumnType {
  return modifier < MODIFIER_OFFSET
    ? { kind: 'string' }
    : { kind: 'string', maxLength: modifier - MODIFIER_OFFSET };
}

/** Precision in the upper 16 bits; scale in 11 bits, signed since PostgreSQL 15. */
function decimalOf(modifier: number): ColumnType {
  if (modifier < MODIFIER_OFFSET) return { kind: 'decimal' };
  const packed = modifier - MODIFIER_OFFSET;
  return { kind: 'decimal', precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 };
}
