import { ZERO_INSTANT, type Cell } from '../../../core/cells';
import type { ColumnType } from '../../../core/schema';

export const micros = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;
export const days = (iso: string): bigint => BigInt(Date.parse(iso)) / 86_400_000n;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** A type of MySQL and values of it. */
export interface MysqlType {
  /** As declared. */
  readonly sql: string;
  readonly type: ColumnType;
  readonly inferred?: ColumnType;
  /** Literals, and the cells that they become. NULL is tried with each. */
  readonly values: readonly (readonly [literal: string, cell: Cell])[];
}

const int = (bits: 8 | 16 | 32 | 64, unsigned = false): ColumnType => ({
  kind: 'int',
  bits,
  ...(unsigned ? { unsigned } : {}),
});

const NINES = '9'.repeat(35);
const FRACTION = '1'.repeat(29);

export const MYSQL_TYPES: readonly MysqlType[] = [
  {
    sql: 'TINYINT(1)',
    type: int(8),
    values: [
      ['-128', -128n],
      ['0', 0n],
      ['1', 1n],
      ['127', 127n],
    ],
  },
  { sql: 'TINYINT UNSIGNED', type: int(8, true), values: [['255', 255n]] },
  {
    sql: 'SMALLINT',
    type: int(16),
    values: [
      ['-32768', -32_768n],
      ['32767', 32_767n],
    ],
  },
  {
    sql: 'MEDIUMINT',
    type: int(32),
    values: [
      ['-8388608', -8_388_608n],
      ['8388607', 8_388_607n],
    ],
  },
  {
    sql: 'MEDIUMINT UNSIGNED ZEROFILL',
    type: int(32, true),
    values: [
      ['42', 42n],
      ['0', 0n],
    ],
  },
  {
    sql: 'INT',
    type: int(32),
    values: [
      ['-2147483648', -2_147_483_648n],
      ['2147483647', 2_147_483_647n],
    ],
  },
  {
    sql: 'INT(11) UNSIGNED ZEROFILL',
    type: int(32, true),
    values: [
      ['7', 7n],
      ['4294967295', 4_294_967_295n],
    ],
  },
  {
    sql: 'BIGINT',
    type: int(64),
    values: [
      ['-9223372036854775808', -(2n ** 63n)],
      ['9007199254740993', 2n ** 53n + 1n],
      ['999999999999999', 999_999_999_999_999n],
      ['9223372036854775807', 2n ** 63n - 1n],
    ],
  },
  { sql: 'BIGINT UNSIGNED', type: int(64, true), values: [['18446744073709551615', 2n ** 64n - 1n]] },
  {
    sql: 'YEAR',
    type: int(16),
    values: [
      ['1901', 1901n],
      ['2155', 2155n],
      ['0', 0n],
    ],
  },
  {
    sql: 'BIT(1)',
    type: { kind: 'bool' },
    values: [
      ["b'1'", true],
      ["b'0'", false],
    ],
  },
  {
    sql: 'BIT(64)',
    type: int(64, true),
    values: [
      ["b'101'", 5n],
      ['18446744073709551615', 2n ** 64n - 1n],
      ['0', 0n],
    ],
  },
  { sql: 'BIT(9)', type: int(64, true), values: [["b'100000001'", 257n]] },
  {
    sql: 'DECIMAL(65,30)',
    type: { kind: 'decimal', precision: 65, scale: 30 },
    values: [
      [`${NINES}.${FRACTION}2`, `${NINES}.${FRACTION}2`],
      [`-${NINES}.${FRACTION}2`, `-${NINES}.${FRACTION}2`],
      ['0', `0.${'0'.repeat(30)}`],
      ['-0.5', `-0.5${'0'.repeat(29)}`],
    ],
  },
  {
    sql: 'DECIMAL(65)',
    type: { kind: 'decimal', precision: 65, scale: 0 },
    values: [['9'.repeat(65), '9'.repeat(65)]],
  },
  {
    sql: 'DECIMAL(8,2) UNSIGNED ZEROFILL',
    type: { kind: 'decimal', precision: 8, scale: 2 },
    values: [
      ['12.5', '12.50'],
      ['0', '0.00'],
      ['0.07', '0.07'],
    ],
  },
  {
    sql: 'FLOAT',
    type: { kind: 'float', bits: 32 },
    values: [
      ['0.1', Math.fround(0.1)],
      ['16777216', 16_777_216],
      ['123456.789', Math.fround(123_456.789)],
      ['3.4028234e38', Math.fround(3.4028234e38)],
      ['1.17549435e-38', Math.fround(1.17549435e-38)],
    ],
  },
  { sql: 'FLOAT(7,3)', type: { kind: 'float', bits: 32 }, values: [['1.2346', Math.fround(1.235)]] },
  {
    sql: 'DOUBLE',
    type: { kind: 'float', bits: 64 },
    values: [
      ['0.1', 0.1],
      ['1.7976931348623157e308', Number.MAX_VALUE],
      ['2.2250738585072014e-308', 2.2250738585072014e-308],
      ['0.30000000000000004', 0.30000000000000004],
      ['9007199254740993', 9_007_199_254_740_992],
    ],
  },
  {
    sql: 'DOUBLE(20,3)',
    type: { kind: 'float', bits: 64 },
    values: [
      ['1.2346', 1.235],
      ['1e15', 1e15],
    ],
  },
  {
    sql: 'DATE',
    type: { kind: 'date' },
    values: [
      ["'1000-01-01'", days('1000-01-01')],
      ["'0001-01-01'", days('0001-01-01')],
      ["'9999-12-31'", days('9999-12-31')],
      ["'2024-02-29'", days('2024-02-29')],
      ["'0000-00-00'", ZERO_INSTANT],
      ["'2024-00-15'", ZERO_INSTANT],
      ["'2024-05-00'", ZERO_INSTANT],
    ],
  },
  {
    sql: 'DATETIME(6)',
    type: { kind: 'datetime', unit: 'us' },
    values: [
      ["'2024-02-29 23:59:59.123456'", micros('2024-02-29T23:59:59.123Z') + 456n],
      ["'9999-12-31 23:59:59.999999'", micros('9999-12-31T23:59:59.999Z') + 999n],
      ["'1000-01-01 00:00:00'", micros('1000-01-01T00:00:00Z')],
      ["'2024-03-31 02:30:00.000001'", micros('2024-03-31T02:30:00Z') + 1n],
      ["'0000-00-00 00:00:00'", ZERO_INSTANT],
    ],
  },
  {
    sql: 'DATETIME',
    type: { kind: 'datetime', unit: 'us' },
    values: [["'2024-02-29 01:02:03'", micros('2024-02-29T01:02:03Z')]],
  },
  {
    // the session that inserts is at +03:00
    sql: 'TIMESTAMP(6)',
    type: { kind: 'timestamp', unit: 'us' },
    values: [
      ["'2024-07-01 12:00:00.000001'", micros('2024-07-01T09:00:00Z') + 1n],
      ["'1970-01-01 03:00:01'", 1_000_000n],
      ["'2038-01-19 06:14:07.999999'", micros('2038-01-19T03:14:07.999Z') + 999n],
      ["'0000-00-00 00:00:00'", ZERO_INSTANT],
    ],
  },
  {
    sql: 'TIME(6)',
    type: { kind: 'string' },
    inferred: { kind: 'time', unit: 'us' },
    values: [
      ["'838:59:59.000000'", '838:59:59.000000'],
      ["'-838:59:59'", '-838:59:59.000000'],
      ["'-00:00:00.000001'", '-00:00:00.000001'],
      ["'12:34:56.789'", '12:34:56.789000'],
    ],
  },
  {
    sql: 'CHAR(5)',
    type: { kind: 'string', maxLength: 5 },
    values: [
      ["'ab'", 'ab'],
      ["''", ''],
      ["'📦é'", '📦é'],
    ],
  },
  {
    sql: 'VARCHAR(300)',
    type: { kind: 'string', maxLength: 300 },
    values: [
      ["'tab\\tline\\nquote\"\\\\ '", 'tab\tline\nquote"\\ '],
      ["''", ''],
      ["'NULL'", 'NULL'],
      ["REPEAT('é',300)", 'é'.repeat(300)],
    ],
  },
  {
    sql: 'TEXT CHARACTER SET latin1',
    type: { kind: 'string' },
    values: [
      ["'é€'", 'é€'],
      ["''", ''],
    ],
  },
  { sql: 'VARCHAR(9) CHARACTER SET ucs2', type: { kind: 'string', maxLength: 9 }, values: [["'Ωé'", 'Ωé']] },
  {
    sql: 'VARCHAR(9) CHARACTER SET sjis',
    type: { kind: 'string', maxLength: 9 },
    values: [["'日本'", '日本']],
  },
  {
    sql: 'VARCHAR(9) CHARACTER SET utf8mb3',
    type: { kind: 'string', maxLength: 9 },
    values: [["'日本'", '日本']],
  },
  {
    sql: 'LONGTEXT',
    type: { kind: 'string' },
    values: [
      ["REPEAT('x', 70000)", 'x'.repeat(70_000)],
      ["CONCAT('a', CHAR(0), 'b')", 'a\0b'],
    ],
  },
  {
    sql: 'BINARY(3)',
    type: { kind: 'bytes', maxLength: 3 },
    values: [
      ["x'ff'", bytes(255, 0, 0)],
      ["''", bytes(0, 0, 0)],
    ],
  },
  {
    sql: 'VARBINARY(300)',
    type: { kind: 'bytes', maxLength: 300 },
    values: [
      ["x'00fbfcfdfeff'", bytes(0, 0xfb, 0xfc, 0xfd, 0xfe, 0xff)],
      ["''", bytes()],
    ],
  },
  { sql: 'BLOB', type: { kind: 'bytes' }, values: [["x'c328'", bytes(0xc3, 0x28)]] },
  {
    sql: "ENUM('a','it''s','back\\\\slash','com,ma','')",
    type: { kind: 'string', values: ['a', "it's", 'back\\slash', 'com,ma', ''] },
    values: [
      ["'a'", 'a'],
      ["'it''s'", "it's"],
      ["'back\\\\slash'", 'back\\slash'],
      ["'com,ma'", 'com,ma'],
      ["''", ''],
    ],
  },
  {
    sql: "SET('x','y','z')",
    type: { kind: 'string' },
    values: [
      ["'z,x'", 'x,z'],
      ["''", ''],
    ],
  },
  {
    sql: 'JSON',
    type: { kind: 'json' },
    values: [
      [`'{"n": 9007199254740993, "t": "é"}'`, '{"n": 9007199254740993, "t": "é"}'],
      ["'null'", 'null'],
      [`'"text"'`, '"text"'],
    ],
  },
  {
    sql: 'UUID',
    type: { kind: 'uuid' },
    values: [["'F47AC10B-58CC-4372-A567-0E02B2C3D479'", 'f47ac10b-58cc-4372-a567-0e02b2c3d479']],
  },
  { sql: 'INET6', type: { kind: 'string' }, values: [["'2001:db8::1'", '2001:db8::1']] },
  {
    sql: 'GEOMETRY',
    type: { kind: 'string' },
    values: [
      ['POINT(0.1, 1/3e0)', 'POINT(0.1 0.3333333333333333)'],
      ["ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))', 4326)", 'POLYGON((0 0,1 0,1 1,0 0))'],
    ],
  },
  { sql: 'POINT', type: { kind: 'string' }, values: [['POINT(1, -5e-324)', 'POINT(1 -5e-324)']] },
];
