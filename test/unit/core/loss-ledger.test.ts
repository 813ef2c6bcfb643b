import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LossLedger, type LossRule } from '../../../core/loss-ledger';

const column = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', 'a'));
const rule = fc.constantFrom<LossRule>('nan', 'inexact', 'unknown_column');
const entries = fc.array(fc.tuple(column, rule, fc.integer({ min: 1, max: 1_000 })));

function ledgerOf(counted: readonly (readonly [string, LossRule, number])[]): LossLedger {
  const ledger = new LossLedger();
  for (const [name, under, times] of counted) ledger.add(name, under, times);
  return ledger;
}

describe('the loss ledger', () => {
  it('counts by column and rule, whatever the column is called', () => {
    fc.assert(
      fc.property(entries, (counted) => {
        const losses = ledgerOf(counted).toJSON();
        const expected = new Map<string, number>();
        for (const [name, under, times] of counted) {
          const key = JSON.stringify([name, under]);
          expected.set(key, (expected.get(key) ?? 0) + times);
        }
        const actual = Object.entries(losses).flatMap(([name, rules]) =>
          Object.entries(rules).map(([under, times]) => [JSON.stringify([name, under]), times] as const),
        );
        assert.deepEqual(new Map(actual), expected);
      }),
    );
  });

  it('keeps a column called __proto__, through JSON too', () => {
    const ledger = new LossLedger();
    ledger.add('__proto__', 'nan');
    assert.equal(JSON.stringify(ledger), '{"__proto__":{"nan":1}}');
    const other = new LossLedger();
    other.merge(JSON.parse(JSON.stringify(ledger)) as ReturnType<LossLedger['toJSON']>);
    assert.equal(JSON.stringify(other), '{"__proto__":{"nan":1}}');
    assert.equal(({} as Record<string, unknown>)['nan'], undefined);
  });

  it('says nothing about columns without losses', () => {
    const losses = new LossLedger().toJSON();
    assert.deepEqual(Object.keys(losses), []);
    assert.equal(losses['constructor'], undefined);
  });

  it('adds up the same in any order', () => {
    fc.assert(
      fc.property(entries, entries, (some, more) => {
        const merged = ledgerOf(some);
        merged.merge(ledgerOf(more).toJSON());
        const other = ledgerOf(more);
        other.merge(ledgerOf(some).toJSON());
        assert.deepEqual(sorted(merged), sorted(other));
        assert.deepEqual(sorted(merged), sorted(ledgerOf([...some, ...more])));
      }),
    );
  });
});

function sorted(ledger: LossLedger): string[] {
  return Object.entries(ledger.toJSON())
    .flatMap(([name, rules]) => Object.entries(rules).map((pair) => JSON.stringify([name, ...pair])))
    .sort();
}
