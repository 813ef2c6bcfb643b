import assert from 'node:assert/strict';
import type { TableField } from '../../../core/clients/bigquery-api';
import { restReader, UnreadableText } from '../../../extractors/bigquery/rest-cells';

const field = (type: string, more: Partial<TableField> = {}): TableField => ({ name: 'x', type, ...more });
const read = (type: string, value: unknown, more: Partial<TableField> = {}): unknown =>
  restReader(field(type, more))(value);

describe('cells of the REST API', () => {
  for (const [type, value, cell] of [
    ['INTEGER', '-9223372036854775808', -9223372036854775808n],
    ['FLOAT', '-0.0', -0],
    ['FLOAT', '1.7976931348623157E308', 1.7976931348623157e308],
    ['FLOAT', 'Infinity', Infinity],
    ['FLOAT', '-Inf', -Infinity],
    ['BOOLEAN', 'false', false],
    ['STRING', '', ''],
    ['BYTES', 'AP8=', Uint8Array.of(0, 255)],
    ['NUMERIC', '-0.500000000', '-0.5'],
    ['NUMERIC', '100', '100'],
    ['BIGNUMERIC', '1.5E-3', '0.0015'],
    ['BIGNUMERIC', '-2E+4', '-20000'],
    ['BIGNUMERIC', '12.5e1', '125'],
    ['DATE', '0001-01-01', -719162n],
    ['DATE', '1969-12-31', -1n],
    ['TIME', '23:59:59.999999', 86_399_999_999n],
    ['DATETIME', '1969-12-31T23:59:59.999999', -1n],
    ['TIMESTAMP', '-62135596800000000', -62_135_596_800_000_000n],
    ['JSON', '{"a": 1.10}', '{"a": 1.10}'],
    ['GEOGRAPHY', 'POINT(1 2)', 'POINT(1 2)'],
    ['INTERVAL', '1-2 -3 -4:5:6.000007', [14n, -3n, -14_706_000_007n]],
    ['INTERVAL', '-0-1 0 0:0:0', [-1n, 0n, 0n]],
    ['RANGE', '[2024-01-01, UNBOUNDED)', '[2024-01-01, UNBOUNDED)'],
  ] as const) {
    it(`reads ${type} ${value}`, () => {
      assert.deepEqual(read(type, value), cell);
      assert.deepEqual(read(type, [{ v: value }], { mode: 'REPEATED' }), [cell]);
      assert.equal(read(type, null), null);
      assert.deepEqual(read(type, null, { mode: 'REPEATED' }), []);
    });
  }

  it('reads NaN', () => assert.ok(Number.isNaN(read('FLOAT', 'NaN'))));

  it('reads ranges of instants alike, however they are written', () => {
    const timestamps = { rangeElementType: { type: 'TIMESTAMP' } };
    const expected = '[2024-01-01 00:00:00.000000+00, 2024-01-02 00:00:00.500000+00)';
    assert.equal(read('RANGE', '[1704067200000000, 1704153600500000)', timestamps), expected);
    assert.equal(read('RANGE', '[2024-01-01 00:00:00+00, 2024-01-02T00:00:00.5Z)', timestamps), expected);
    assert.equal(
      read('RANGE', '[UNBOUNDED, 2024-01-02T00:00:00.5)', { rangeElementType: { type: 'DATETIME' } }),
      '[UNBOUNDED, 2024-01-02 00:00:00.500000)',
    );
  });

  it('reads structs in structs in lists', () => {
    const nested = field('RECORD', {
      mode: 'REPEATED',
      fields: [field('INTEGER'), field('RECORD', { fields: [field('NUMERIC', { mode: 'REPEATED' })] })],
    });
    const struct = (n: string, ...numbers: string[]): unknown => ({
      v: { f: [{ v: n }, { v: { f: [{ v: numbers.map((v) => ({ v })) }] } }] },
    });
    assert.deepEqual(restReader(nested)([struct('1', '1.50', '2'), struct('2')]), [
      [1n, [['1.5', '2']]],
      [2n, [[]]],
    ]);
  });

  for (const [type, value] of [
    ['INTEGER', '1.5'],
    ['FLOAT', ''],
    ['BOOLEAN', 'yes'],
    ['NUMERIC', 'NaN'],
    ['BIGNUMERIC', '1e999999999'],
    ['DATE', '2024-02-30'],
    ['DATETIME', '2024-01-01T00:00:00.1234567'],
    ['TIMESTAMP', '1.7E9'],
    ['TIME', '12h'],
    ['INTERVAL', '1 day'],
    ['RANGE', '2024-01-01'],
    ['RECORD', 'x'],
  ] as const) {
    it(`refuses ${type} "${value}"`, () => {
      assert.throws(() => read(type, value), UnreadableText);
    });
  }
});
