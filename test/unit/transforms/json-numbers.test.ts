import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DestinationRules } from '../../../core/destination-rules';
import { DEFAULT_POLICIES, type PolicySet } from '../../../core/policies';
import type { ColumnType } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { CellRejected, compileCell } from '../../../transforms/cells';

const JSON_TYPE: ColumnType = { kind: 'json' };

describe('numbers of JSON, where a destination keeps 64 bits of them', () => {
  function convert(
    text: string,
    inexact: PolicySet['inexact'],
    source: ColumnType = JSON_TYPE,
    rules: DestinationRules = BIGQUERY_RULES,
  ): { json: unknown; losses: string[] } {
    const losses: string[] = [];
    const policies = { ...DEFAULT_POLICIES, inexact };
    const lose = (rule: string): unknown => losses.push(rule);
    const cell = source.kind === 'int' ? BigInt(text) : text;
    return { json: compileCell(source, JSON_TYPE, { rules, policies, lose })(cell), losses };
  }
  const rejected = (thrown: unknown): boolean => thrown instanceof CellRejected;

  it('stay as they are written where nothing is lost', () => {
    const kept = [
      '[18446744073709551615, -9223372036854775808, 0.1, 1.50, 1e5, 1E+300, -0, 100000000000000000000, 0.30000000000000004]',
      '{"0.12345678901234567890": "1e400 \\" 0.12345678901234567890", "a": "\\\\"}',
    ];
    for (const text of kept) assert.deepEqual(convert(text, 'reject'), { json: text, losses: [] });
  });

  it('are up to policy inexact where they have more digits, and counted one by one', () => {
    const text = '{"a": [0.12345678901234567890, 18446744073709551617], "0.12345678901234567890": 1.5}';
    assert.throws(() => convert(text, 'reject'), rejected);
    assert.deepEqual(convert(text, 'round'), {
      json: '{"a": [0.12345678901234568, 18446744073709552000], "0.12345678901234567890": 1.5}',
      losses: ['inexact', 'inexact'],
    });
    assert.deepEqual(convert(text, 'reject', JSON_TYPE, DUCKDB_RULES), { json: text, losses: [] });
  });

  it('are rejects beyond the range, whatever the policy', () => {
    for (const text of ['1e400', '{"a": -1e309}', '9'.repeat(400)]) {
      assert.throws(() => convert(text, 'round'), rejected, text);
    }
    assert.deepEqual(convert('1e-400', 'round'), { json: '0', losses: ['inexact'] });
  });

  it('come from decimals, integers, texts and arrays, too', () => {
    const digits = '12345678901234567890123';
    for (const source of [
      { kind: 'decimal' },
      { kind: 'int', bits: 128 },
      { kind: 'string' },
      { kind: 'variant' },
    ] satisfies ColumnType[]) {
      assert.throws(() => convert(digits, 'reject', source), rejected, source.kind);
      assert.equal(convert(digits, 'round', source).json, '1.2345678901234568e+22', source.kind);
    }
  });

  it('of every float and 64-bit integer are kept', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger())),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
        fc.string(),
        (numbers, whole, word) => {
          const text = `{"n": ${JSON.stringify(numbers)}, "w": ${whole}, ${JSON.stringify(word)}: 1}`;
          assert.deepEqual(convert(text, 'reject'), { json: text, losses: [] });
        },
      ),
    );
  });
});
