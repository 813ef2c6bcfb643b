import assert from 'node:assert/strict';
import type { Cell } from '../../../core/cells';
import { INSTANT_INFINITY } from '../../../core/cells';
import { formatDate } from '../../../core/instant-format';
import { DEFAULT_POLICIES, type PolicySet } from '../../../core/policies';
import type { ColumnType } from '../../../core/schema';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { sanitizeName } from '../../../transforms/column-names';
import { compileNdjsonEncoder } from '../../../transforms/encode/ndjson';
import {
  arrayOf,
  BYTES,
  convertOnce,
  DATE,
  decimal,
  DECIMAL,
  FLOAT64,
  INT64,
  STRING,
  structOf,
  time,
  timestamp,
  UUID,
  VARIANT,
} from '../transforms/conversion-case';

function convert(from: ColumnType, to: ColumnType, cell: Cell, policies: Partial<PolicySet> = {}) {
  return convertOnce(from, to, cell, BIGQUERY_RULES, { ...DEFAULT_POLICIES, ...policies });
}

function stays(type: ColumnType, cell: Cell): void {
  assert.deepEqual(convert(type, type, cell), { cell, losses: [] });
}

function rejects(from: ColumnType, to: ColumnType, cell: Cell, reason: RegExp): void {
  const outcome = convert(from, to, cell);
  assert.ok('reject' in outcome, 'it is taken');
  assert.match(outcome.reject, reason);
}

const DAY = 86_400_000_000n;
const FIRST_DAY = -719_162n;
const LAST_DAY = 2_932_896n;

describe('rules of BigQuery', () => {
  it('know the first and the last day', () => {
    assert.deepEqual(
      [FIRST_DAY, LAST_DAY].map((day) => formatDate(day)),
      ['0001-01-01', '9999-12-31'],
    );
    for (const day of [FIRST_DAY, LAST_DAY]) stays(DATE, day);
    for (const day of [FIRST_DAY - 1n, LAST_DAY + 1n]) rejects(DATE, DATE, day, /0001-01-01 to 9999-12-31/);
  });

  it('know the first and the last instant', () => {
    const last = (LAST_DAY + 1n) * DAY - 1n;
    for (const kind of ['datetime', 'timestamp'] as const) {
      const type: ColumnType = { kind, unit: 'us' };
      for (const instant of [FIRST_DAY * DAY, last]) stays(type, instant);
      for (const instant of [FIRST_DAY * DAY - 1n, last + 1n]) rejects(type, type, instant, /outside of/);
      assert.deepEqual(convert(type, type, INSTANT_INFINITY), { cell: null, losses: ['infinity'] });
    }
  });

  it('have no 24:00:00', () => {
    stays(time('us'), DAY - 1n);
    rejects(time('us'), time('us'), DAY, /24:00:00/);
    rejects(STRING, time('us'), '24:00:00', /24:00:00/);
  });

  it('leave digits beyond microseconds to a policy', () => {
    rejects(timestamp('ns'), timestamp('us'), 1n, /inexact/);
    assert.deepEqual(convert(timestamp('ns'), timestamp('us'), 1_499n, { inexact: 'round' }), {
      cell: 1n,
      losses: ['inexact'],
    });
    assert.deepEqual(convert(timestamp('ns'), timestamp('us'), 1_000n), { cell: 1n, losses: [] });
  });

  it('count digits of BIGNUMERIC and NUMERIC before and after the point', () => {
    const nines = (count: number): string => '9'.repeat(count);
    const big = decimal(76, 38);
    for (const text of [`-${nines(38)}.${nines(38)}`, nines(38), `0.${'0'.repeat(37)}1`]) {
      assert.deepEqual(convert(DECIMAL, big, text), { cell: text, losses: [] });
    }
    rejects(DECIMAL, big, `1${'0'.repeat(38)}`, /more than 38 digits before the point/);
    rejects(DECIMAL, big, `0.${'0'.repeat(38)}1`, /more than 38 digits after the point/);
    const numeric = decimal(38, 9);
    assert.deepEqual(convert(DECIMAL, numeric, nines(29)), { cell: nines(29), losses: [] });
    rejects(DECIMAL, numeric, `1${'0'.repeat(29)}`, /more than 29 digits/);
  });

  it('take every float, and text with U+0000', () => {
    for (const float of [NaN, Infinity, -Infinity, -0]) stays(FLOAT64, float);
    stays(STRING, 'a\u0000b');
  });

  it('have no null in arrays, and no null arrays', () => {
    const ints = arrayOf(INT64);
    assert.deepEqual(convert(ints, ints, [1n, null, 2n]), { cell: [1n, 2n], losses: ['null_in_array'] });
    assert.deepEqual(convert(ints, ints, null), { cell: [], losses: ['null_array'] });
    assert.deepEqual(convert(VARIANT, ints, 'null'), { cell: [], losses: ['null_array'] });
    assert.deepEqual(convert(ints, ints, []), { cell: [], losses: [] });
    const refused = convert(ints, ints, null, { null_array: 'reject' });
    assert.ok('reject' in refused && /policy null_array: reject/.test(refused.reject));
  });

  it('have no null arrays within records either; a field that is nowhere lost nothing', () => {
    const record = structOf([
      ['a', INT64],
      ['tags', arrayOf(STRING)],
    ]);
    assert.deepEqual(convert(record, record, [1n, null]), { cell: [1n, []], losses: ['null_array'] });
    assert.deepEqual(convert(structOf([['a', INT64]]), record, [1n]), { cell: [1n, []], losses: [] });
    assert.deepEqual(convert(VARIANT, record, '{"a": 1}'), { cell: [1n, []], losses: [] });
    assert.deepEqual(convert(VARIANT, record, '{"tags": null}'), {
      cell: [null, []],
      losses: ['null_array'],
    });
    assert.deepEqual(convert(record, record, null), { cell: null, losses: [] });
  });

  it('reject more bytes than BYTES(n) holds', () => {
    const short: ColumnType = { kind: 'bytes', maxLength: 2 };
    assert.deepEqual(convert(BYTES, short, Uint8Array.of(1, 2)), { cell: Uint8Array.of(1, 2), losses: [] });
    rejects(BYTES, short, Uint8Array.of(1, 2, 3), /3 bytes, the column holds 2/);
    rejects(STRING, short, '\\x010203', /3 bytes/);
    rejects(UUID, short, '00000000-0000-0000-0000-000000000000', /16 bytes/);
  });

  it('make names that BigQuery takes', () => {
    const made: readonly (readonly [name: string, expected: string])[] = [
      ['DiscountApplied(%)', 'DiscountApplied___'],
      ['2024', '_2024'],
      ['zażółć', 'za____'],
      ['📦', '_'],
      ['', '_'],
      ['_table_suffix', '__table_suffix'],
      ['_PARTITIONTIME', '__PARTITIONTIME'],
      ['_root__', '_root__'],
      ['__ROOT__x', '___ROOT__x'],
      ['_change_type', '__change_type'],
      ['_CHANGE_SEQUENCE_NUMBER', '__CHANGE_SEQUENCE_NUMBER'],
      ['__proto__', '__proto__'],
      ['a'.repeat(301), 'a'.repeat(300)],
    ];
    for (const [name, expected] of made) assert.equal(sanitizeName(name, BIGQUERY_RULES.names), expected);
  });

  it('write values into NDJSON as load jobs read them', () => {
    const types: readonly (readonly [ColumnType, Cell, string])[] = [
      [INT64, 9_007_199_254_740_993n, '"9007199254740993"'],
      [FLOAT64, NaN, '"NaN"'],
      [FLOAT64, -Infinity, '"-Infinity"'],
      [FLOAT64, 0.1, '0.1'],
      [decimal(76, 38), '12345678901234567890.5', '"12345678901234567890.5"'],
      [BYTES, Uint8Array.of(0, 255), '"AP8="'],
      [{ kind: 'json' }, '{"a":\n1}', '{"a": 1}'],
      [DATE, FIRST_DAY, '"0001-01-01"'],
      [timestamp('us'), FIRST_DAY * DAY, '"0001-01-01 00:00:00.000000+00"'],
      [{ kind: 'datetime', unit: 'us' }, 1n, '"1970-01-01 00:00:00.000001"'],
      [time('us'), DAY - 1n, '"23:59:59.999999"'],
      [arrayOf(INT64), [1n], '[1]'],
    ];
    for (const [type, cell, expected] of types) {
      const schema = { columns: [{ name: 'c', type, nullable: true }], primaryKey: [] };
      assert.equal(compileNdjsonEncoder(schema, BIGQUERY_NDJSON)([cell]), `{"c":${expected}}\n`);
    }
  });
});
