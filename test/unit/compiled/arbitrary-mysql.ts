import fc from 'fast-check';
import type { MysqlFamily } from '../../../core/mysql-rows';
import type { ColumnType } from '../../../core/schema';
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
} from '../../../extractors/mysql/field-decoders';
import { jsonText } from '../transforms/arbitrary-cells';

/** A column of MySQL: how it is sent, and values of it as the server writes them. */
export interface MysqlColumn {
  readonly type: ColumnType;
  readonly family: MysqlFamily;
  readonly decode: FieldDecoder;
  readonly value: fc.Arbitrary<Buffer>;
  /** Types that such a column may go into, those that Avro has among them. */
  readonly destinations: readonly ColumnType[];
}

const LONG: ColumnType = { kind: 'int', bits: 64 };
const ULONG: ColumnType = { kind: 'int', bits: 64, unsigned: true };
const SHORT: ColumnType = { kind: 'int', bits: 16 };
const BYTE: ColumnType = { kind: 'int', bits: 8, unsigned: true };
const TEXT: ColumnType = { kind: 'string' };
const DOUBLE: ColumnType = { kind: 'float', bits: 64 };
const SINGLE: ColumnType = { kind: 'float', bits: 32 };
const BOOL: ColumnType = { kind: 'bool' };
const NUMERIC: ColumnType = { kind: 'decimal', precision: 38, scale: 9 };
const MONEY: ColumnType = { kind: 'decimal', precision: 12, scale: 2 };
const DIGITS: ColumnType = { kind: 'decimal', precision: 20, scale: 0 };
const BIG: ColumnType = { kind: 'decimal', precision: 76, scale: 38 };
const JSON_TYPE: ColumnType = { kind: 'json' };
const DATE: ColumnType = { kind: 'date' };
const INSTANTS: readonly ColumnType[] = (['s', 'ms', 'us', 'ns'] as const).flatMap((unit) => [
  { kind: 'datetime', unit },
  { kind: 'timestamp', unit },
]);

const written = (texts: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  texts.map((text) => Buffer.from(text, 'utf8'));

const signed = (bits: bigint): fc.Arbitrary<string> => {
  const limit = 2n ** (bits - 1n);
  return fc
    .oneof(
      fc.bigInt({ min: -limit, max: limit - 1n }),
      fc.bigInt({ min: -100n, max: 100n }),
      fc.constantFrom(-limit, limit - 1n, 0n, 1n, limit / 3n),
    )
    .map(String);
};
const unsigned = fc
  .oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.nat().map(BigInt),
    fc.constantFrom(2n ** 64n - 1n, 2n ** 63n, 2n ** 63n - 1n, 2n ** 53n, 10n ** 15n, 10n ** 18n),
  )
  .map(String);
/** ZEROFILL. */
const filled = (texts: fc.Arbitrary<string>, width: number): fc.Arbitrary<string> =>
  texts.map((text) => text.padStart(width, '0'));

const decimal = (whole: number, fraction: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.boolean(),
      fc.stringMatching(new RegExp(`^(0|[1-9]\\d{0,${whole - 1}})$`)),
      fc.stringMatching(new RegExp(`^\\d{${fraction}}$`)),
    )
    .map(([minus, before, behind]) => {
      const text = `${before}${fraction === 0 ? '' : `.${behind}`}`;
      return minus && /[1-9]/.test(text) ? `-${text}` : text;
    });

const float = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.constantFrom(0.1, 1e15, 1e22, 5e-324),
  )
  .map((value) => String(value).replace('e+', 'e'));

const pad = (value: number, width: number): string => String(value).padStart(width, '0');
const day = fc
  .tuple(
    fc.oneof(
      fc.nat({ max: 9999 }),
      fc.integer({ min: 1900, max: 2100 }),
      fc.constantFrom(0, 1, 1900, 2000, 9999),
    ),
    fc.nat({ max: 12 }),
    fc.nat({ max: 31 }),
  )
  .map(([year, month, of]) => `${pad(year, 4)}-${pad(month, 2)}-${pad(of, 2)}`);
const clock = fc
  .tuple(fc.nat({ max: 23 }), fc.nat({ max: 59 }), fc.nat({ max: 59 }), fc.stringMatching(/^(\.\d{1,6})?$/))
  .map(
    ([hour, minute, second, fraction]) => `${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${fraction}`,
  );
const length = fc
  .tuple(fc.constantFrom('', '-'), fc.nat({ max: 838 }), fc.stringMatching(/^(\.\d{1,6})?$/))
  .map(([sign, hours, fraction]) => `${sign}${pad(hours, 2)}:59:01${fraction}`);
const instant = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: day }, fc.constant('2024-02-29')), clock)
  .map(([date, time]) => `${date} ${time}`);

const text = fc.string({
  unit: fc.constantFrom('a', '0', 'é', '📦', '\\', '"', '\n', '€', '\0'),
  maxLength: 40,
});
const longText = fc.nat({ max: 800 }).map((size) => 'xyé'.repeat(size).slice(0, size));
const broken = fc
  .constantFrom('c328', 'eda080', 'f4908080', 'c0af', '61f0', 'e28261', 'ff')
  .map((hex) => Buffer.concat([Buffer.from('abcdefg'), Buffer.from(hex, 'hex')]));
const utf8 = fc.oneof(
  { weight: 8, arbitrary: written(fc.oneof(text, longText)) },
  broken,
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const numberText = fc.oneof(
  signed(64n),
  decimal(5, 2),
  float,
  day,
  clock,
  fc.constantFrom('', 'x', 'true', '1'),
);
const document = fc.oneof(
  jsonText,
  fc.constantFrom(
    'null',
    '{"a": 1.5}',
    '{"n": 12345678901234567890}',
    '"\\u0041"',
    '1e5',
    '"a\\"b"',
    '"/path/1"',
    '"é"',
  ),
);
const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));
const ENUM: ColumnType = { kind: 'string', values: ['a', 'bé', ''] };

/** Columns of every family. */
export const MYSQL_COLUMNS: readonly MysqlColumn[] = [
  column({ kind: 'int', bits: 8 }, 'int', decodeInt, written(signed(8n)), [LONG, BYTE, SHORT, BOOL, TEXT]),
  column({ kind: 'int', bits: 16 }, 'int', decodeInt, written(signed(16n)), [
    LONG,
    SHORT,
    BYTE,
    DOUBLE,
    NUMERIC,
  ]),
  column(
    { kind: 'int', bits: 32, unsigned: true },
    'int',
    decodeInt,
    written(filled(fc.nat().map(String), 11)),
    [
      ...[
        LONG,
        { kind: 'int', bits: 32 } as const,
        DOUBLE,
        SINGLE,
        MONEY,
        TEXT,
        { kind: 'string', maxLength: 3 } as const,
      ],
    ],
  ),
  column(LONG, 'int', decodeInt, written(signed(64n)), [
    LONG,
    ULONG,
    SHORT,
    DOUBLE,
    NUMERIC,
    DIGITS,
    TEXT,
    JSON_TYPE,
  ]),
  column(ULONG, 'int', decodeInt, written(unsigned), [DIGITS, LONG, ULONG, NUMERIC, DOUBLE, TEXT]),
  column({ kind: 'decimal', precision: 12, scale: 2 }, 'decimal', decodeDecimal, written(decimal(10, 2)), [
    ...[
      MONEY,
      NUMERIC,
      BIG,
      DOUBLE,
      LONG,
      TEXT,
      { kind: 'decimal', precision: 5, scale: 1 } as const,
      JSON_TYPE,
    ],
  ]),
  column({ kind: 'decimal', precision: 18, scale: 0 }, 'decimal', decodeDecimal, written(decimal(18, 0)), [
    DIGITS,
    LONG,
    TEXT,
  ]),
  column({ kind: 'decimal', precision: 65, scale: 30 }, 'decimal', decodeDecimal, written(decimal(35, 30)), [
    BIG,
    TEXT,
    NUMERIC,
  ]),
  column(
    { kind: 'decimal', precision: 8, scale: 2 },
    'decimal',
    decodeDecimal,
    written(
      filled(
        fc.nat({ max: 99_999 }).map((cents) => (cents / 100).toFixed(2)),
        9,
      ),
    ),
    [...[{ kind: 'decimal', precision: 8, scale: 2 } as const, TEXT, DOUBLE]],
  ),
  column(
    SINGLE,
    'float',
    decodeFloat32,
    written(
      float
        .map((value) => String(Math.fround(Number(value))))
        .filter((value) => value !== 'Infinity' && value !== '-Infinity'),
    ),
    [DOUBLE, SINGLE, NUMERIC],
  ),
  column(DOUBLE, 'float', decodeFloat, written(float), [DOUBLE, SINGLE, TEXT]),
  column({ kind: 'float', bits: 64 }, 'float', decodeFloat, written(decimal(20, 3)), [DOUBLE]),
  column(BOOL, 'bit', decodeBit, fc.constantFrom(Buffer.of(0), Buffer.of(1)), [BOOL, TEXT]),
  column(ULONG, 'bit', decodeBits, bytes(8), [LONG, DIGITS, ULONG]),
  column(DATE, 'date', decodeDate, written(day), [
    DATE,
    TEXT,
    { kind: 'timestamp', unit: 'us' },
    { kind: 'datetime', unit: 'ns' },
  ]),
  column({ kind: 'datetime', unit: 'us' }, 'datetime', decodeInstant, written(instant), [
    ...INSTANTS,
    DATE,
    TEXT,
  ]),
  column({ kind: 'timestamp', unit: 'us' }, 'timestamp', decodeInstant, written(instant), [
    ...INSTANTS,
    DATE,
    TEXT,
  ]),
  column(TEXT, 'time', decodeText, written(fc.oneof({ weight: 3, arbitrary: clock }, length)), [
    ...[{ kind: 'time', unit: 'us' } as const, { kind: 'time', unit: 's' } as const, TEXT],
  ]),
  column(TEXT, 'text', decodeText, utf8, [TEXT, { kind: 'string', maxLength: 5 }, JSON_TYPE, ENUM]),
  column(
    { kind: 'string', maxLength: 10 },
    'text',
    decodeText,
    written(text.map((long) => Array.from(long).slice(0, 10).join(''))),
    [TEXT, { kind: 'string', maxLength: 12 }],
  ),
  column(TEXT, 'text', decodeText, written(numberText), [
    LONG,
    MONEY,
    DOUBLE,
    BOOL,
    DATE,
    { kind: 'time', unit: 'us' },
    ...INSTANTS,
    { kind: 'uuid' },
  ]),
  column(ENUM, 'text', decodeText, written(fc.constantFrom('a', 'bé', '', 'c')), [TEXT, ENUM]),
  column({ kind: 'uuid' }, 'text', decodeText, written(fc.uuid()), [{ kind: 'uuid' }, TEXT]),
  column({ kind: 'bytes' }, 'bytes', decodeBytes, bytes(300), [
    { kind: 'bytes' },
    { kind: 'bytes', maxLength: 4 },
    TEXT,
  ]),
  column(JSON_TYPE, 'json', decodeText, written(document), [
    JSON_TYPE,
    TEXT,
    { kind: 'array', element: JSON_TYPE },
  ]),
  column(TEXT, 'geometry', decodeText, written(fc.constantFrom('POINT(1 2)', 'POLYGON((0 0,1 0,1 1,0 0))')), [
    TEXT,
  ]),
];

/** Whether the type can be staged as Avro. */
export function isOfAvro(type: ColumnType): boolean {
  if ('unit' in type) return type.unit === 'us';
  return type.kind !== 'int' || type.bits < 64 || type.unsigned !== true;
}

function column(
  type: ColumnType,
  family: MysqlFamily,
  decode: FieldDecoder,
  value: fc.Arbitrary<Buffer>,
  destinations: readonly ColumnType[],
): MysqlColumn {
  return { type, family, decode, value, destinations };
}
