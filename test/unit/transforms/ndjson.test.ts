import assert from 'node:assert/strict';
import fc from 'fast-check';
import { INSTANT_INFINITY, type Cell, type Row } from '../../../core/cells';
import type { NdjsonDialect } from '../../../core/encoding';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { compileNdjsonEncoder } from '../../../transforms/encode/ndjson';
import { readInstant, readTime } from '../../../core/instant-text';
import { readInterval } from '../../../transforms/interval-text';
import { cellOf, destinationType } from './arbitrary-cells';
import {
  BOOL,
  BYTES,
  DATE,
  DECIMAL,
  FLOAT32,
  FLOAT64,
  INT64,
  INTERVAL,
  JSON_TYPE,
  STRING,
  arrayOf,
  datetime,
  structOf,
  time,
  timestamp,
} from './conversion-case';

const TEXTUAL: NdjsonDialect = {
  bytes: 'hex',
  json: 'string',
  zone: '+00',
  eraSuffix: ' (BC)',
  floatAsNumber: true,
};
const RAW: NdjsonDialect = {
  bytes: 'base64',
  json: 'raw',
  zone: 'Z',
  eraSuffix: undefined,
  floatAsNumber: false,
};

function encode(type: ColumnType, cell: Cell, dialect = TEXTUAL): string {
  const schema: TableSchema = { columns: [{ name: 'c', type, nullable: true }], primaryKey: [] };
  const line = compileNdjsonEncoder(schema, dialect)([cell]);
  assert.ok(line.startsWith('{"c":') && line.endsWith('}\n') && line.indexOf('\n') === line.length - 1, line);
  return line.slice(5, -2);
}

describe('compileNdjsonEncoder', () => {
  const cases: readonly [ColumnType, Cell, string, NdjsonDialect?][] = [
    [BOOL, true, 'true'],
    [BOOL, null, 'null'],
    [INT64, 42n, '42'],
    [INT64, -999_999_999_999_99n, '-99999999999999'],
    [INT64, 9_007_199_254_740_993n, '"9007199254740993"'],
    [FLOAT64, 0.1, '0.1'],
    [FLOAT64, -0, '-0.0'],
    [FLOAT64, 0, '0'],
    [FLOAT64, NaN, '"NaN"'],
    [FLOAT64, -Infinity, '"-Infinity"'],
    [FLOAT64, 1e21, '1e+21'],
    [FLOAT64, 0.1, '"0.1"', RAW],
    [FLOAT64, -0, '"-0"', RAW],
    [FLOAT32, Math.fround(0.1), '0.10000000149011612'],
    [DECIMAL, '5.70', '"5.70"'],
    [STRING, 'a"b\\c\n\u0001', '"a\\"b\\\\c\\n\\u0001"'],
    [STRING, '\u2028📦\u0000', '"\u2028📦\\u0000"'],
    [STRING, '\ud800', '"\\ud800"'],
    [BYTES, Uint8Array.of(0, 255), '"00ff"'],
    [BYTES, Uint8Array.of(0, 255), '"AP8="', RAW],
    [JSON_TYPE, '{"a": [1.0]}', '"{\\"a\\": [1.0]}"'],
    [JSON_TYPE, '{"a":\r\n [1.0]}', '{"a":   [1.0]}', RAW],
    [JSON_TYPE, 'null', '"null"'],
    [DATE, 19_782n, '"2024-02-29"'],
    [DATE, -735_160n, '"0044-03-15 (BC)"'],
    [DATE, -735_160n, '"-0043-03-15"', RAW],
    [DATE, INSTANT_INFINITY, '"infinity"'],
    [time('us'), 1n, '"00:00:00.000001"'],
    [datetime('us'), 0n, '"1970-01-01 00:00:00.000000"'],
    [timestamp('us'), 0n, '"1970-01-01 00:00:00.000000+00"'],
    [timestamp('ns'), 1n, '"1970-01-01 00:00:00.000000001Z"', RAW],
    [INTERVAL, [14n, -3n, 500n], '"14 months -3 days 500 microseconds"'],
    [arrayOf(INT64), [1n, null, 2n], '[1,null,2]'],
    [arrayOf(DECIMAL), ['1.10'], '["1.10"]'],
    [arrayOf(arrayOf(STRING)), [['a'], []], '[["a"],[]]'],
    [
      structOf([
        ['__proto__', INT64],
        ['a"b', STRING],
      ]),
      [1n, null],
      '{"__proto__":1,"a\\"b":null}',
    ],
    [structOf([]), [], '{}'],
  ];
  for (const [type, cell, expected, dialect] of cases) {
    it(`writes ${expected}`, () => assert.equal(encode(type, cell, dialect), expected));
  }

  it('writes every column, with its name escaped', () => {
    const schema: TableSchema = {
      columns: ['a', 'b"\n', '__proto__'].map((name) => ({ name, type: INT64, nullable: true })),
      primaryKey: [],
    };
    assert.equal(
      compileNdjsonEncoder(schema, TEXTUAL)([1n, null, 3n]),
      '{"a":1,"b\\"\\n":null,"__proto__":3}\n',
    );
  });

  it('refuses cells that are not of their type', () => {
    assert.throws(() => encode(INT64, 5), /a number in a column of type int64/);
    assert.throws(() => encode(STRING, 5n), /a bigint in a column of type string/);
    assert.throws(() => encode(arrayOf(INT64), 'x'), /a string in a column of type array<int64>/);
    assert.throws(() => encode(INT64, [1n]), /an array in a column of type int64/);
  });

  it('writes lines that parse back to the same row', () => {
    const rows = fc
      .array(destinationType, { minLength: 1, maxLength: 4 })
      .chain((types) =>
        fc
          .tuple(...types.map((type) => fc.option(cellOf(type), { freq: 6 })))
          .map((row: Row) => ({ types, row })),
      );
    fc.assert(
      fc.property(
        rows,
        fc.constantFrom<NdjsonDialect>(TEXTUAL, { ...RAW, json: 'string' }),
        ({ types, row }, dialect) => {
          fc.pre(types.every((type, index) => isEncodable(type, row[index] ?? null)));
          const schema: TableSchema = {
            columns: types.map((type, index) => ({ name: `c${index}`, type, nullable: true })),
            primaryKey: [],
          };
          const line = compileNdjsonEncoder(schema, dialect)(row);
          assert.equal(line.indexOf('\n'), line.length - 1);
          const parsed = JSON.parse(line) as Record<string, unknown>;
          types.forEach((type, index) => {
            assert.deepEqual(readBack(type, parsed[`c${index}`], dialect), row[index], line);
          });
        },
      ),
      { numRuns: 3000 },
    );
  });
});

/** Cells as the converter lets them through: dates in the calendar, no dimension that the type does not say, no half characters. */
function isEncodable(type: ColumnType, cell: Cell): boolean {
  if (cell === null) return true;
  if (type.kind === 'array') {
    return (cell as readonly Cell[]).every(
      (element) =>
        (Array.isArray(element) === ['array', 'struct', 'interval'].includes(type.element.kind) ||
          element === null) &&
        (type.element.kind !== 'interval' ||
          element === null ||
          (typeof (element as readonly Cell[])[0] === 'bigint' &&
            (element as readonly Cell[]).length === 3)) &&
        isEncodable(type.element, element),
    );
  }
  if (type.kind === 'struct') {
    const names = type.fields.map(({ name }) => name);
    if (names.includes('__proto__')) return false;
    return type.fields.every((field, index) =>
      isEncodable(field.type, (cell as readonly Cell[])[index] ?? null),
    );
  }
  return !(type.kind === 'date' && cell === 2n ** 60n) && !isBeyondReading(type, cell);
}

/** Years of more than 8 digits are written, but not read. */
function isBeyondReading(type: ColumnType, cell: Cell): boolean {
  if (type.kind === 'datetime' || type.kind === 'timestamp') {
    const size = typeof cell === 'bigint' && cell < 0n ? -cell : cell;
    const limit = { s: 3n * 10n ** 15n, ms: 3n * 10n ** 18n, us: 2n ** 64n, ns: 2n ** 64n }[type.unit];
    return typeof size === 'bigint' && size > limit && size < 2n ** 63n - 1n;
  }
  return false;
}

function readBack(type: ColumnType, value: unknown, dialect: NdjsonDialect): unknown {
  if (value === null && type.kind !== 'json') return null;
  switch (type.kind) {
    case 'int':
      return BigInt(value as number | string);
    case 'float':
      return Number(value);
    case 'bytes':
      return Uint8Array.from(Buffer.from(String(value), dialect.bytes));
    case 'json':
      return value;
    case 'date': {
      const reading = readInstant(String(value), 's');
      assert.ok(reading !== undefined && reading !== 'zero_date');
      return String(value).endsWith('infinity') ? reading.value : reading.value / 86_400n;
    }
    case 'datetime':
    case 'timestamp': {
      const reading = readInstant(String(value), type.unit);
      assert.ok(reading !== undefined && reading !== 'zero_date', String(value));
      return reading.value;
    }
    case 'time':
      return readTime(String(value), type.unit)?.value;
    case 'interval':
      return readInterval(String(value))?.value;
    case 'array':
      return (value as unknown[]).map((element) => readBack(type.element, element, dialect));
    case 'struct':
      return type.fields.map(({ name, type: of }) =>
        readBack(of, (value as Record<string, unknown>)[name], dialect),
      );
    default:
      return value;
  }
}
