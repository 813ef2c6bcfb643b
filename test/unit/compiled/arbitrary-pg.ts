import fc from 'fast-check';
import type { PgField, PgForm } from '../../../core/pg-binary';
import type { ColumnType } from '../../../core/schema';
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
  decodeUuid,
  jsonbDecoder,
} from '../../../extractors/postgres/field-decoders';
import { array, float64, int16, int32, int64, numeric } from '../postgres/copy-binary-writer';
import { jsonText } from '../transforms/arbitrary-cells';

/** A column of PostgreSQL: how it is sent, and values of it as the server writes them. */
export interface PgColumn {
  readonly type: ColumnType;
  readonly field: PgField;
  readonly value: fc.Arbitrary<Buffer>;
  /** Types that such a column may go into; whatever else there is, is for the reference. */
  readonly destinations: readonly ColumnType[];
}

const MAX_INT32 = 0x7fff_ffff;
const text = fc.string({ unit: fc.constantFrom('a', '0', 'é', '📦', '\\', '"', '\n', '€'), maxLength: 40 });
const longText = fc.nat({ max: 400 }).map((length) => 'x'.repeat(length));
const utf8 = fc.oneof(text, longText).map((value) => Buffer.from(value, 'utf8'));
const longs = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -70_000n, max: 70_000n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 31n, -(2n ** 31n) - 1n, 0n, -1n),
);
const ints = fc.oneof(
  fc.integer(),
  fc.integer({ min: -200, max: 200 }),
  fc.constantFrom(MAX_INT32, -MAX_INT32 - 1),
);
const instants = fc.oneof(
  longs,
  fc.bigInt({ min: -63_082_368_000_000_000n, max: 252_455_616_000_000_000n }),
  fc.constantFrom(-63_082_281_600_000_000n, 252_455_615_999_999_999n, 252_455_616_000_000_000n),
);
const decimalText = fc
  .tuple(fc.boolean(), fc.stringMatching(/^(0|[1-9]\d{0,24})$/), fc.stringMatching(/^\d{0,12}$/))
  .map(([minus, whole, fraction]) => `${minus ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`);
const decimals = fc
  .oneof(
    { weight: 6, arbitrary: decimalText },
    fc.constantFrom('NaN', 'Infinity', '-Infinity', '0', '9999.9999', '-0.0001'),
    fc
      .tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.nat({ max: 6 }))
      .map(([value, scale]) => (value / 10 ** scale).toFixed(scale)),
  )
  .map(numeric);
const json = fc.oneof(
  jsonText,
  fc.constantFrom('null', '{"a": 1.5}', '{"n": 12345678901234567890}', '"\\u0041"', '1e5', '"a\\"b"'),
);

const STRINGS: readonly ColumnType[] = [
  { kind: 'string' },
  { kind: 'string', maxLength: 5 },
  { kind: 'json' },
];
const LONG: ColumnType = { kind: 'int', bits: 64 };

const scalars: readonly PgColumn[] = [
  column(
    { kind: 'bool' },
    'bool',
    decodeBool,
    fc.boolean().map((yes) => Buffer.of(yes ? 1 : 0)),
    [{ kind: 'bool' }, LONG],
  ),
  column(
    { kind: 'int', bits: 16 },
    'int16',
    decodeInt16,
    ints.map((value) => int16((value << 16) >> 16)),
    [LONG, { kind: 'float', bits: 64 }],
  ),
  column({ kind: 'int', bits: 32 }, 'int32', decodeInt32, ints.map(int32), [
    LONG,
    { kind: 'decimal', precision: 12, scale: 2 },
    { kind: 'string' },
  ]),
  column({ kind: 'int', bits: 32, unsigned: true }, 'uint32', decodeUint32, ints.map(int32), [LONG]),
  column({ kind: 'int', bits: 64 }, 'int64', decodeInt64, longs.map(int64), [
    LONG,
    { kind: 'int', bits: 32 },
    { kind: 'float', bits: 64 },
  ]),
  column({ kind: 'float', bits: 32 }, 'float32', decodeFloat32, fc.float().map(float32), [
    { kind: 'float', bits: 64 },
    { kind: 'decimal', precision: 38, scale: 9 },
  ]),
  column({ kind: 'float', bits: 64 }, 'float64', decodeFloat64, fc.double().map(float64), [
    { kind: 'float', bits: 64 },
    { kind: 'string' },
  ]),
  column({ kind: 'decimal' }, 'numeric', decodeNumeric, decimals, [
    { kind: 'decimal', precision: 38, scale: 9 },
    { kind: 'decimal', precision: 76, scale: 38 },
    { kind: 'decimal', precision: 12, scale: 2 },
    { kind: 'decimal', precision: 5, scale: 5 },
    { kind: 'string' },
    LONG,
  ]),
  column({ kind: 'string' }, 'text', decodeText, utf8, STRINGS),
  column({ kind: 'string', maxLength: 10 }, 'text', decodeText, utf8, STRINGS),
  column(
    { kind: 'json' },
    'text',
    decodeText,
    json.map((value) => Buffer.from(value)),
    [{ kind: 'json' }, { kind: 'string' }],
  ),
  column(
    { kind: 'json' },
    'jsonb',
    jsonbDecoder(decodeText),
    json.map((value) => Buffer.concat([Buffer.of(1), Buffer.from(value)])),
    [{ kind: 'json' }, { kind: 'string' }],
  ),
  column({ kind: 'bytes' }, 'bytes', decodeBytes, bytes(0, 300), [
    { kind: 'bytes' },
    { kind: 'bytes', maxLength: 4 },
    { kind: 'string' },
  ]),
  column({ kind: 'uuid' }, 'uuid', decodeUuid, bytes(16, 16), [{ kind: 'uuid' }, { kind: 'string' }]),
  column({ kind: 'date' }, 'date', decodeDate, ints.map(int32), [
    { kind: 'date' },
    { kind: 'timestamp', unit: 'us' },
  ]),
  column({ kind: 'datetime', unit: 'us' }, 'instant', decodeTimestamp, instants.map(int64), [
    { kind: 'datetime', unit: 'us' },
    { kind: 'date' },
  ]),
  column({ kind: 'timestamp', unit: 'us' }, 'instant', decodeTimestamp, instants.map(int64), [
    { kind: 'timestamp', unit: 'us' },
    { kind: 'datetime', unit: 'us' },
    { kind: 'string' },
  ]),
  column(
    { kind: 'time', unit: 'us' },
    'time',
    decodeTime,
    fc.oneof(fc.bigInt({ min: 0n, max: 86_400_000_000n }), longs).map(int64),
    [{ kind: 'time', unit: 'us' }, { kind: 'string' }],
  ),
  column(
    { kind: 'interval' },
    'other',
    decodeInterval,
    fc
      .tuple(longs, ints, ints)
      .map(([micros, days, months]) => Buffer.concat([int64(micros), int32(days), int32(months)])),
    [{ kind: 'string' }],
  ),
];

/** Any column; arrays are of one scalar, and sometimes of two dimensions or with nulls, as the server allows. */
export const pgColumn: fc.Arbitrary<PgColumn> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...scalars) },
  fc.constantFrom(...scalars).map(arrayOf),
);

export const arrayOfText: PgColumn = arrayOf(
  column({ kind: 'string' }, 'text', decodeText, utf8, [{ kind: 'string' }]),
);

function arrayOf({ type, field, value, destinations }: PgColumn): PgColumn {
  const [first] = destinations;
  return {
    type: { kind: 'array', element: type },
    field: { form: { element: field.form }, decode: arrayDecoder(field.decode) },
    value: fc.oneof(
      { weight: 5, arbitrary: fc.array(value, { maxLength: 4 }).map(oneDimension) },
      fc.array(fc.option(value), { minLength: 1, maxLength: 3 }).map(oneDimension),
      fc.tuple(value, value).map((elements) => array([2, 1], elements)),
    ),
    destinations: [
      ...destinations.map((element): ColumnType => ({ kind: 'array', element })),
      ...(first === undefined ? [] : [{ kind: 'json' } as const]),
    ],
  };
}

function oneDimension(elements: readonly (Buffer | null)[]): Buffer {
  return elements.length === 0 ? array([], []) : array([elements.length], elements);
}

function column(
  type: ColumnType,
  form: PgForm,
  decode: PgField['decode'],
  value: fc.Arbitrary<Buffer>,
  destinations: readonly ColumnType[],
): PgColumn {
  return { type, field: { form, decode }, value, destinations };
}

function bytes(minLength: number, maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((value) => Buffer.from(value));
}

function float32(value: number): Buffer {
  const written = Buffer.alloc(4);
  written.writeFloatBE(value);
  return written;
}
