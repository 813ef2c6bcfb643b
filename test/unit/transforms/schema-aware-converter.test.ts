import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Cell } from '../../../core/cells';
import { BeamliftError } from '../../../core/errors';
import { LossLedger } from '../../../core/loss-ledger';
import { DEFAULT_POLICIES, type JobPolicies } from '../../../core/policies';
import type { Column, ColumnType, TableSchema } from '../../../core/schema';
import { conversionProblem } from '../../../transforms/conversions';
import {
  compileConverter,
  nameRowByKey,
  policiesOf,
  type RowConverter,
} from '../../../transforms/schema-aware-converter';
import { cellOf, destinationType, policySet, sourceType } from './arbitrary-cells';
import {
  DATE,
  FLOAT64,
  INT32,
  INT64,
  NARROW,
  STRING,
  UUID,
  convertOnce,
  decimal,
  timestamp,
} from './conversion-case';

function column(name: string, type: ColumnType, nullable = true): Column {
  return { name, type, nullable };
}

function schema(...columns: Column[]): TableSchema {
  return { columns, primaryKey: [] };
}

interface Setup {
  readonly pairs: readonly (readonly [from: Column, to: Column])[];
  readonly source?: TableSchema;
  readonly policies?: Partial<JobPolicies>;
  readonly keyColumns?: readonly string[];
}

function setUp({ pairs, source, policies, keyColumns = [] }: Setup): {
  converter: RowConverter;
  ledger: LossLedger;
} {
  const ledger = new LossLedger();
  const converter = compileConverter({
    columns: pairs.map(([from, to]) => ({
      source: from.name,
      destination: to.name,
      sourceType: from.type,
      destinationType: to.type,
    })),
    source: source ?? schema(...pairs.map(([from]) => from)),
    destination: schema(...pairs.map(([, to]) => to)),
    policies: { ...DEFAULT_POLICIES, columns: {}, ...policies },
    rules: NARROW,
    keyColumns,
    ledger,
  });
  return { converter, ledger };
}

describe('compileConverter', () => {
  it('picks, orders and converts the planned columns', () => {
    const source = schema(column('a', INT64), column('skipped', DATE), column('b', STRING));
    const { converter } = setUp({
      source,
      pairs: [
        [column('b', STRING), column('B', INT32)],
        [column('a', INT64), column('a', STRING)],
      ],
    });
    assert.deepEqual(converter.convert([7n, 0n, '12']), [12n, '7']);
    assert.deepEqual(converter.convert([null, null, null]), [null, null]);
  });

  it('names column, value and reason of a reject, and goes on', () => {
    const { converter, ledger } = setUp({
      pairs: [
        [column('f', FLOAT64), column('f', FLOAT64)],
        [column('n', STRING), column('number', INT32)],
      ],
    });
    assert.equal(converter.convert([NaN, 'x\ny']), undefined);
    assert.deepEqual(converter.lastReject(), {
      column: 'n',
      value: 'x\\ny',
      reason: 'not a whole number',
      fatal: false,
    });
    assert.deepEqual(ledger.toJSON(), Object.create(null), 'losses of a rejected row are not counted');
    assert.deepEqual(converter.convert([NaN, '1']), [null, 1n]);
    assert.deepEqual(JSON.parse(JSON.stringify(ledger)), { f: { nan: 1 } });
    assert.deepEqual(converter.convert([1, '2']), [1, 2n]);
    assert.deepEqual(JSON.parse(JSON.stringify(ledger)), { f: { nan: 1 } });
  });

  it('counts each loss by destination column and rule', () => {
    const { converter, ledger } = setUp({
      pairs: [
        [column('f', { kind: 'array', element: FLOAT64 }), column('list', STRING)],
        [column('__proto__', decimal(9, 4)), column('__proto__', decimal(9, 2))],
      ],
      policies: { inexact: 'round' },
    });
    assert.deepEqual(converter.convert([[NaN, NaN, Infinity], '1.0050']), ['[null,null,null]', '1.01']);
    const losses = ledger.toJSON();
    assert.deepEqual(losses['list'], { nan: 2, infinity: 1 });
    assert.ok(Object.hasOwn(losses, '__proto__'));
    assert.deepEqual({ ...losses['__proto__'] }, { inexact: 1 });
  });

  it('rejects nulls in NOT NULL and key columns, also those that a policy makes', () => {
    const { converter, ledger } = setUp({
      pairs: [
        [column('id', INT64), column('ID', INT64)],
        [column('f', FLOAT64), column('f', FLOAT64, false)],
      ],
      keyColumns: ['ID'],
    });
    assert.equal(converter.convert([null, 1]), undefined);
    assert.deepEqual(converter.lastReject(), {
      column: 'id',
      reason: 'null, and column ID is a key',
      fatal: false,
    });
    assert.equal(converter.convert([1n, null]), undefined);
    assert.equal(converter.lastReject().reason, 'null, and column f is NOT NULL');
    assert.equal(converter.convert([1n, NaN]), undefined);
    assert.deepEqual(converter.lastReject(), {
      column: 'f',
      value: 'NaN',
      reason: 'null after conversion, and column f is NOT NULL',
      fatal: false,
    });
    assert.equal(JSON.stringify(ledger), '{}');
  });

  it('takes the policies of a column before those of the job', () => {
    const { converter } = setUp({
      pairs: [
        [column('a', FLOAT64), column('a', FLOAT64)],
        [column('b', FLOAT64), column('x', FLOAT64)],
      ],
      policies: { columns: { b: { nan: 'fail' } } },
    });
    assert.deepEqual(converter.convert([NaN, 1]), [null, 1]);
    assert.equal(converter.convert([NaN, NaN]), undefined);
    assert.equal(converter.lastReject().fatal, true);
    assert.match(converter.lastReject().reason, /policy nan: fail/);
    const common = { ...DEFAULT_POLICIES, columns: { constructor: { nan: undefined } } };
    assert.deepEqual(policiesOf(common, 'constructor'), DEFAULT_POLICIES);
    assert.deepEqual(policiesOf({ ...DEFAULT_POLICIES, columns: {} }, 'toString'), DEFAULT_POLICIES);
  });

  it('shortens values and shows bytes, dates and lists as text', () => {
    const { converter } = setUp({
      pairs: [[column('a', { kind: 'bytes' }), column('a', UUID)]],
    });
    assert.equal(converter.convert([new Uint8Array(500)]), undefined);
    const { value = '' } = converter.lastReject();
    assert.ok(value.startsWith('\\\\x0000') && value.endsWith('(1002 characters)'), value);
  });

  it('tells defects from rejects', () => {
    const pairs = [[column('a', INT64), column('a', STRING)]] as const;
    const { converter } = setUp({ pairs });
    assert.throws(() => converter.convert([1n, 2n]), /a row of 2 cells where its schema has 1/);
    assert.throws(() => converter.convert([5]), /sent a number/);
    assert.throws(() => converter.lastReject(), BeamliftError);
    assert.throws(() => setUp({ pairs, source: schema(column('b', INT64)) }), /a -> a is not in its schemas/);
  });

  it('gives the same as its cells, and counts exactly the losses of converted rows', () => {
    const cells = fc
      .tuple(sourceType, destinationType)
      .filter(([from, to]) => conversionProblem(from, to, NARROW) === undefined)
      .chain(([from, to]) =>
        fc
          .array(fc.option(cellOf(from), { freq: 5 }), { maxLength: 4 })
          .map((values) => ({ from, to, values })),
      );
    fc.assert(
      fc.property(cells, policySet, ({ from, to, values }, policies) => {
        const { converter, ledger } = setUp({ pairs: [[column('c', from), column('c', to)]], policies });
        let expectedLosses = 0;
        for (const value of values) {
          const alone = convertOnce(from, to, value, NARROW, policies);
          const row = converter.convert([value]);
          if ('reject' in alone) {
            assert.equal(row, undefined);
            assert.equal(converter.lastReject().reason, alone.reject);
          } else {
            expectedLosses += alone.losses.length;
            assert.deepEqual(row, [alone.cell]);
          }
        }
        const counted = Object.values(ledger.toJSON()).flatMap((rules) => Object.values(rules));
        assert.equal(
          counted.reduce((sum, times) => sum + times, 0),
          expectedLosses,
        );
      }),
      { numRuns: 1500 },
    );
  });
});

describe('nameRowByKey', () => {
  const columns = [column('a', INT64), column('b', STRING), column('at', timestamp('us'))];

  it('names rows by their key', () => {
    const name = (primaryKey: string[], row: readonly Cell[]): string | undefined =>
      nameRowByKey({ columns, primaryKey })?.(row);
    assert.equal(name(['a'], [42n, 'x', 0n]), 'a=42');
    assert.equal(name(['b', 'a'], [42n, 'x\n', 0n]), 'b=x\\n, a=42');
    assert.equal(name(['at'], [null, null, 0n]), 'at=1970-01-01T00:00:00.000000Z');
    assert.equal(name(['a'], [null, null, null]), 'a=null');
  });

  it('is undefined without a key among the columns', () => {
    assert.equal(nameRowByKey({ columns, primaryKey: [] }), undefined);
    assert.equal(nameRowByKey({ columns, primaryKey: ['a', 'gone'] }), undefined);
  });
});
