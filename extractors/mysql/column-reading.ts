import type { ResultField } from '../../core/clients/mysql-client';
import type { MysqlFamily, MysqlField } from '../../core/mysql-rows';
import type { ColumnType } from '../../core/schema';
import {
  decodeBit,
  decodeBits,
  decodeBytes,
  decodeDate,
  decodeDecimal,
  decodeFloat,
  decodeFloat32,
  decodeInstant,
  decodeInt,
  decodeText,
  type FieldDecoder,
} from './field-decoders';

/** How a column is read. */
export interface ColumnReading {
  readonly type: ColumnType;
  /** What created tables should hold, where the cells are texts of something else. */
  readonly inferredType: ColumnType | undefined;
  readonly family: MysqlFamily;
  /** What the server must announce when the column is read as `select` has it. */
  readonly wireFamily: MysqlFamily;
  readonly decode: FieldDecoder;
  /** Wraps the column's expression in the SELECT. */
  readonly select: (expression: string) => string;
}

/** The column as it is in packets that are passed on unread. */
export function packetField({ family, decode }: ColumnReading): MysqlField {
  return { family, decode: (bytes, _view, start, length) => decode(bytes, start, start + length) };
}

/** What information_schema knows of a column and the protocol does not. */
export interface DeclaredColumn {
  /** `enum('a','b')`, `varchar(20)`, … */
  readonly columnType: string;
  /** In characters. */
  readonly maxLength: number | undefined;
}

/** Collation of bytes. */
const BINARY_COLLATION = 63;
/** https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__column__definition__flags.html */
const UNSIGNED_FLAG = 32;

/** Numbers of types in the protocol: https://mariadb.com/kb/en/result-set-packets/#field-types */
const INT_BITS: ReadonlyMap<number, 8 | 16 | 32 | 64> = new Map<number, 8 | 16 | 32 | 64>([
  [1, 8],
  [2, 16],
  [3, 32],
  [8, 64],
  [9, 32], // MEDIUMINT, 24 bits
  [13, 16], // YEAR
]);
const YEAR = 13;
const FLOAT = 4;
const FAMILIES: ReadonlyMap<number, MysqlFamily> = new Map<number, MysqlFamily>([
  [0, 'decimal'],
  [246, 'decimal'],
  [FLOAT, 'float'],
  [5, 'float'],
  [7, 'timestamp'],
  [17, 'timestamp'],
  [10, 'date'],
  [14, 'date'],
  [11, 'time'],
  [19, 'time'],
  [12, 'datetime'],
  [18, 'datetime'],
  [16, 'bit'],
  [245, 'json'],
  [255, 'geometry'],
]);

/** What a field of a result is written as. */
export function familyOf(field: ResultField): MysqlFamily {
  if (INT_BITS.has(field.type)) return 'int';
  const family = FAMILIES.get(field.type);
  if (family !== undefined) return family;
  if (field.extendedFormat === 'json') return 'json';
  return field.collation === BINARY_COLLATION && field.type !== NULL_TYPE ? 'bytes' : 'text';
}
/** Of the literal NULL. */
const NULL_TYPE = 6;

const asItIs = (expression: string): string => expression;

/** How a column is read, from what the server announces and, for a table, from what was declared. */
export function readingOf(field: ResultField, declared: DeclaredColumn | undefined): ColumnReading {
  const family = familyOf(field);
  const plain = (type: ColumnType, decode: FieldDecoder): ColumnReading => ({
    ...{ type, decode, family },
    ...{ inferredType: undefined, wireFamily: family, select: asItIs },
  });
  switch (family) {
    case 'int':
      return plain(intType(field), decodeInt);
    case 'decimal':
      return plain(decimalType(field), decodeDecimal);
    case 'float':
      return floatReading(field, plain);
    case 'bit':
      return field.length === 1
        ? plain({ kind: 'bool' }, decodeBit)
        : plain({ kind: 'int', bits: 64, unsigned: true }, decodeBits);
    case 'date':
      return plain({ kind: 'date' }, decodeDate);
    case 'datetime':
      return plain({ kind: 'datetime', unit: 'us' }, decodeInstant);
    case 'timestamp':
      return plain({ kind: 'timestamp', unit: 'us' }, decodeInstant);
    case 'time':
      // from -838:59:59 to 838:59:59: a length of time as well as a time of day, and only the text is both
      return { ...plain({ kind: 'string' }, decodeText), inferredType: { kind: 'time', unit: 'us' } };
    case 'json':
      return plain({ kind: 'json' }, decodeText);
    case 'bytes':
      return plain({ kind: 'bytes', ...lengthOf(declared) }, decodeBytes);
    case 'text':
      return plain(textType(field, declared), decodeText);
    case 'geometry':
      return {
        ...plain({ kind: 'string' }, decodeText),
        wireFamily: 'text',
        select: (expression) => `ST_AsText(${expression})`,
      };
  }
}

/** Decimals of a FLOAT or DOUBLE without a declared number of them. */
const AS_MANY_AS_NEEDED = 31;

/** A DOUBLE is written with all digits it needs, a DOUBLE(m,d) with its d decimals. A plain FLOAT has 6 digits, too few; a product has all. */
function floatReading(
  field: ResultField,
  plain: (type: ColumnType, decode: FieldDecoder) => ColumnReading,
): ColumnReading {
  if (field.type !== FLOAT) return plain({ kind: 'float', bits: 64 }, decodeFloat);
  const reading = plain({ kind: 'float', bits: 32 }, decodeFloat32);
  if (field.decimals < AS_MANY_AS_NEEDED) return reading;
  return { ...reading, select: (expression) => `${expression} * 1e0` };
}

function isUnsigned(field: ResultField): boolean {
  return (field.flags & UNSIGNED_FLAG) !== 0;
}

function intType(field: ResultField): ColumnType {
  const bits = INT_BITS.get(field.type) ?? 64;
  return { kind: 'int', bits, ...(isUnsigned(field) && field.type !== YEAR ? { unsigned: true } : {}) };
}

/** The length is that of the longest text: digits, a point, and a sign unless there is none. */
function decimalType({ length, decimals, flags }: ResultField): ColumnType {
  const sign = (flags & UNSIGNED_FLAG) === 0 ? 1 : 0;
  const precision = length - sign - (decimals > 0 ? 1 : 0);
  return { kind: 'decimal', precision: Math.max(precision, decimals, 1), scale: decimals };
}

function textType(field: ResultField, declared: DeclaredColumn | undefined): ColumnType {
  if (field.extendedType === 'uuid') return { kind: 'uuid' };
  const values = declared === undefined ? undefined : enumValues(declared.columnType);
  if (values !== undefined) return { kind: 'string', values };
  return { kind: 'string', ...lengthOf(declared) };
}

/** Of texts and bytes with a length of their own; that of TEXT and BLOB is only what their length field holds. */
function lengthOf(declared: DeclaredColumn | undefined): { maxLength?: number } {
  if (declared?.maxLength === undefined || !/^(var)?(char|binary)\b/.test(declared.columnType)) return {};
  return { maxLength: declared.maxLength };
}

const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['n', '\n'],
  ['r', '\r'],
  ['Z', '\x1a'],
]);

/** The values of `enum('a','it''s')`; undefined for every other type. */
export function enumValues(columnType: string): string[] | undefined {
  if (!columnType.startsWith('enum(')) return undefined;
  const quoted = columnType.match(/'(?:[^'\\]|''|\\.)*'/gs) ?? [];
  return quoted.map((text) =>
    text
      .slice(1, -1)
      .replace(/''|\\(.)/gs, (_found, escaped: string | undefined) =>
        escaped === undefined ? "'" : (ESCAPED.get(escaped) ?? escaped),
      ),
  );
}
