import type { SchemaElement } from 'hyparquet';

/** A leaf type of the format, with values as they are stored and the cells that they are. Cells as `goldenCell` writes them. */
export interface TypeCase {
  readonly name: string;
  readonly element: Omit<SchemaElement, 'name' | 'type'> & {
    readonly type: NonNullable<SchemaElement['type']>;
  };
  readonly stored: readonly unknown[];
  readonly type: string;
  readonly cells: readonly unknown[];
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const n = (value: number | bigint | string): { n: string } => ({ n: String(value) });
const hex = (value: string): { hex: string } => ({ hex: value });

function decimal(
  type: NonNullable<SchemaElement['type']>,
  precision: number,
  scale: number,
  width?: number,
): TypeCase['element'] {
  return {
    type,
    converted_type: 'DECIMAL',
    precision,
    scale,
    ...(width === undefined ? {} : { type_length: width }),
    logical_type: { type: 'DECIMAL', precision, scale },
  };
}

function instant(unit: 'MILLIS' | 'MICROS' | 'NANOS', isAdjustedToUTC: boolean): TypeCase['element'] {
  return { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit } };
}

function time(unit: 'MILLIS' | 'MICROS' | 'NANOS', isAdjustedToUTC: boolean): TypeCase['element'] {
  return {
    type: unit === 'MILLIS' ? 'INT32' : 'INT64',
    logical_type: { type: 'TIME', isAdjustedToUTC, unit },
  };
}

/** Physical types alone, logical types, and the converted types that came before those. */
export const TYPE_CASES: readonly TypeCase[] = [
  {
    name: 'boolean',
    element: { type: 'BOOLEAN' },
    stored: [true, false],
    type: 'bool',
    cells: [true, false],
  },
  {
    name: 'int32',
    element: { type: 'INT32' },
    stored: [-2147483648, 7],
    type: 'int32',
    cells: [n(-2147483648), n(7)],
  },
  {
    name: 'int64',
    element: { type: 'INT64' },
    stored: [-(2n ** 63n), 9007199254740993n],
    type: 'int64',
    cells: [n(-(2n ** 63n)), n('9007199254740993')],
  },
  {
    name: 'float',
    element: { type: 'FLOAT' },
    stored: [1.5, -0],
    type: 'float32',
    cells: [1.5, { f: '-0' }],
  },
  {
    name: 'double',
    element: { type: 'DOUBLE' },
    stored: [0.1, NaN],
    type: 'float64',
    cells: [0.1, { f: 'NaN' }],
  },
  {
    name: 'byte array',
    element: { type: 'BYTE_ARRAY' },
    stored: [bytes(0, 255), bytes()],
    type: 'bytes',
    cells: [hex('00ff'), hex('')],
  },
  {
    name: 'fixed bytes',
    element: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 3 },
    stored: [bytes(1, 2, 3), bytes(0, 0, 255)],
    type: 'bytes',
    cells: [hex('010203'), hex('0000ff')],
  },
  {
    name: 'INT_8',
    element: { type: 'INT32', converted_type: 'INT_8' },
    stored: [-128, 127],
    type: 'int8',
    cells: [n(-128), n(127)],
  },
  {
    name: 'INT_16',
    element: { type: 'INT32', converted_type: 'INT_16' },
    stored: [-32768, 1],
    type: 'int16',
    cells: [n(-32768), n(1)],
  },
  {
    name: 'UINT_8',
    element: { type: 'INT32', converted_type: 'UINT_8' },
    stored: [255, 0],
    type: 'uint8',
    cells: [n(255), n(0)],
  },
  {
    name: 'UINT_16',
    element: { type: 'INT32', converted_type: 'UINT_16' },
    stored: [65535, 0],
    type: 'uint16',
    cells: [n(65535), n(0)],
  },
  {
    name: 'UINT_32',
    element: { type: 'INT32', converted_type: 'UINT_32' },
    stored: [-1, 1],
    type: 'uint32',
    cells: [n(4294967295), n(1)],
  },
  {
    name: 'UINT_64',
    element: { type: 'INT64', converted_type: 'UINT_64' },
    stored: [-1n, 1n],
    type: 'uint64',
    cells: [n(2n ** 64n - 1n), n(1)],
  },
  {
    name: 'DECIMAL on int32',
    element: decimal('INT32', 9, 2),
    stored: [-1, 123456789],
    type: 'decimal(9,2)',
    cells: ['-0.01', '1234567.89'],
  },
  {
    name: 'DECIMAL on int64',
    element: decimal('INT64', 18, 3),
    stored: [-1001n, 999999999999999999n],
    type: 'decimal(18,3)',
    cells: ['-1.001', '999999999999999.999'],
  },
  {
    name: 'DECIMAL on bytes',
    element: decimal('BYTE_ARRAY', 20, 1),
    stored: [bytes(255), bytes(1, 0)],
    type: 'decimal(20,1)',
    cells: ['-0.1', '25.6'],
  },
  {
    name: 'DECIMAL on fixed bytes',
    element: decimal('FIXED_LEN_BYTE_ARRAY', 12, 4, 6),
    stored: [bytes(255, 255, 255, 255, 255, 254), bytes(0, 0, 0, 0, 1, 0)],
    type: 'decimal(12,4)',
    cells: ['-0.0002', '0.0256'],
  },
  {
    name: 'DECIMAL(76)',
    element: decimal('FIXED_LEN_BYTE_ARRAY', 76, 0, 32),
    stored: [new Uint8Array(32).fill(255), bytes(...new Array<number>(31).fill(0), 9)],
    type: 'decimal(76,0)',
    cells: ['-1', '9'],
  },
  {
    name: 'DATE',
    element: { type: 'INT32', converted_type: 'DATE' },
    stored: [-1, 19782],
    type: 'date',
    cells: [n(-1), n(19782)],
  },
  {
    name: 'TIME_MILLIS',
    element: { type: 'INT32', converted_type: 'TIME_MILLIS' },
    stored: [0, 86399999],
    type: 'time(ms)',
    cells: [n(0), n(86399999)],
  },
  {
    name: 'TIME(micros, UTC)',
    element: time('MICROS', true),
    stored: [1n, 86399999999n],
    type: 'time',
    cells: [n(1), n(86399999999)],
  },
  {
    name: 'TIME(millis, local)',
    element: time('MILLIS', false),
    stored: [1, 2],
    type: 'time(ms)',
    cells: [n(1), n(2)],
  },
  {
    name: 'TIME(nanos)',
    element: time('NANOS', false),
    stored: [1n, 86399999999999n],
    type: 'time(ns)',
    cells: [n(1), n(86399999999999)],
  },
  {
    name: 'TIMESTAMP_MILLIS',
    element: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
    stored: [-1n, 1n],
    type: 'timestamp(ms)',
    cells: [n(-1), n(1)],
  },
  {
    name: 'TIMESTAMP_MICROS',
    element: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
    stored: [-1n, 1n],
    type: 'timestamp',
    cells: [n(-1), n(1)],
  },
  {
    name: 'TIMESTAMP(millis, local)',
    element: instant('MILLIS', false),
    stored: [-1n, 1n],
    type: 'datetime(ms)',
    cells: [n(-1), n(1)],
  },
  {
    name: 'TIMESTAMP(micros, local)',
    element: instant('MICROS', false),
    stored: [-1n, 1n],
    type: 'datetime',
    cells: [n(-1), n(1)],
  },
  {
    name: 'TIMESTAMP(micros, UTC)',
    element: instant('MICROS', true),
    stored: [253402300799999999n, 1n],
    type: 'timestamp',
    cells: [n('253402300799999999'), n(1)],
  },
  {
    name: 'TIMESTAMP(nanos, UTC)',
    element: instant('NANOS', true),
    stored: [-1n, 1n],
    type: 'timestamp(ns)',
    cells: [n(-1), n(1)],
  },
  {
    name: 'TIMESTAMP(nanos, local)',
    element: instant('NANOS', false),
    stored: [-1n, 1n],
    type: 'datetime(ns)',
    cells: [n(-1), n(1)],
  },
  {
    name: 'UTF8',
    element: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    stored: [text('żółw 🐢'), text('')],
    type: 'string',
    cells: ['żółw 🐢', ''],
  },
  {
    name: 'STRING',
    element: { type: 'BYTE_ARRAY', logical_type: { type: 'STRING' } },
    stored: [text('a\0b'), text('x')],
    type: 'string',
    cells: ['a\0b', 'x'],
  },
  {
    name: 'ENUM',
    element: { type: 'BYTE_ARRAY', converted_type: 'ENUM' },
    stored: [text('RED'), text('BLUE')],
    type: 'string',
    cells: ['RED', 'BLUE'],
  },
  {
    name: 'JSON',
    element: { type: 'BYTE_ARRAY', converted_type: 'JSON' },
    stored: [text('{"a": 1.50}'), text('null')],
    type: 'json',
    cells: ['{"a": 1.50}', 'null'],
  },
  {
    name: 'BSON',
    element: { type: 'BYTE_ARRAY', converted_type: 'BSON' },
    stored: [bytes(5, 0, 0, 0, 0), bytes(5, 0, 0, 0, 0)],
    type: 'bytes',
    cells: [hex('0500000000'), hex('0500000000')],
  },
  {
    name: 'UUID',
    element: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } },
    stored: [new Uint8Array(16).fill(255), new Uint8Array(16)],
    type: 'uuid',
    cells: ['ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000000'],
  },
  {
    name: 'FLOAT16',
    element: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, logical_type: { type: 'FLOAT16' } },
    stored: [bytes(0, 0x3e), bytes(0, 0x80)],
    type: 'float32',
    cells: [1.5, { f: '-0' }],
  },
  {
    name: 'INTERVAL',
    element: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12, converted_type: 'INTERVAL' },
    stored: [bytes(14, 0, 0, 0, 3, 0, 0, 0, 0xdc, 5, 0, 0), new Uint8Array(12)],
    type: 'interval',
    cells: [
      [n(14), n(3), n(1500000)],
      [n(0), n(0), n(0)],
    ],
  },
  {
    name: 'NULL',
    element: { type: 'INT32', logical_type: { type: 'NULL' } },
    stored: [null, null],
    type: 'string',
    cells: [null, null],
  },
];
