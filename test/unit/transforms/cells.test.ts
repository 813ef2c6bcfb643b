import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { DEFAULT_POLICIES } from '../../../core/policies';
import { formatType } from '../../../core/format-type';
import type { ColumnType, TypeKind } from '../../../core/schema';
import { compileCell, keepCell } from '../../../transforms/cells';
import { CONVERSIONS, conversionProblem } from '../../../transforms/conversions';
import { CALENDAR_CASES } from './cases/calendar-cases';
import { JSON_CASES } from './cases/json-cases';
import { NESTED_CASES } from './cases/nested-cases';
import { NUMBER_CASES } from './cases/number-cases';
import { TEXT_CASES } from './cases/text-cases';
import {
  DATE,
  FLOAT64,
  INT64,
  ROOMY,
  STRING,
  arrayOf,
  convertOnce,
  structOf,
  type ConversionCase,
} from './conversion-case';

const ALL: Record<string, readonly ConversionCase[]> = {
  'numbers and bools': NUMBER_CASES,
  'texts, bytes, uuids, intervals': TEXT_CASES,
  'dates and times': CALENDAR_CASES,
  'json and variant': JSON_CASES,
  'arrays and structs': NESTED_CASES,
};

function title({ from, to, cell, expected }: ConversionCase): string {
  const shown = JSON.stringify(cell, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : value,
  );
  const outcome = 'reject' in expected ? 'rejects' : 'converts';
  return `${formatType(from)} -> ${formatType(to)} ${outcome} ${shown.slice(0, 60)}`;
}

describe('compileCell: the type table', () => {
  for (const [group, cases] of Object.entries(ALL)) {
    describe(group, () => {
      for (const each of cases) {
        it(title(each), () => {
          const outcome = convertOnce(each.from, each.to, each.cell, each.rules, each.policies);
          if ('cell' in each.expected) {
            assert.deepEqual(outcome, { cell: each.expected.cell, losses: each.losses });
          } else {
            assert.ok('reject' in outcome, `converted to ${String('cell' in outcome && outcome.cell)}`);
            assert.ok(outcome.reject.includes(each.expected.reject), outcome.reject);
            assert.equal(outcome.code, each.expected.code);
          }
        });
      }
    });
  }

  it('has a case for every pair of kinds with a rule', () => {
    const covered = new Set(
      Object.values(ALL).flatMap((cases) => cases.map(({ from, to }) => `${from.kind} -> ${to.kind}`)),
    );
    const missing: string[] = [];
    for (const [source, row] of Object.entries(CONVERSIONS)) {
      for (const [destination, conversion] of Object.entries(row)) {
        const pair = `${source} -> ${destination}`;
        if (!('none' in conversion) && !covered.has(pair)) missing.push(pair);
      }
    }
    assert.deepEqual(missing, []);
  });
});

describe('CONVERSIONS', () => {
  it('answers for every pair of kinds, with words', () => {
    const kinds = Object.keys(CONVERSIONS) as TypeKind[];
    assert.equal(kinds.length, 16);
    for (const source of kinds) {
      assert.equal(Object.keys(CONVERSIONS[source]).length, 15, source);
      for (const destination of kinds) {
        if (destination === 'variant') continue;
        const conversion = CONVERSIONS[source][destination];
        const said = 'none' in conversion ? conversion.none : `${conversion.name}: ${conversion.description}`;
        assert.ok(said.length > 8, said);
      }
    }
  });

  it('refuses a pair without a rule, with the reason', () => {
    const context = { rules: ROOMY, policies: DEFAULT_POLICIES, lose: () => undefined };
    assert.throws(
      () => compileCell(INT64, DATE, context),
      (error) => error instanceof BeamliftError && error.code === 'TYPE_UNSUPPORTED',
    );
    assert.equal(conversionProblem(INT64, STRING, ROOMY), undefined);
    assert.match(conversionProblem(INT64, DATE, ROOMY) ?? '', /does not say/);
    assert.match(conversionProblem(INT64, { kind: 'variant' }, ROOMY) ?? '', /no variants/);
  });

  it('finds problems within types', () => {
    assert.match(conversionProblem(arrayOf(INT64), arrayOf(DATE), ROOMY) ?? '', /does not say/);
    assert.match(conversionProblem(arrayOf(INT64), arrayOf(arrayOf(DATE)), ROOMY) ?? '', /does not say/);
    assert.equal(conversionProblem(arrayOf(INT64), arrayOf(arrayOf(INT64)), ROOMY), undefined);
    const source = structOf([['a', INT64]]);
    assert.match(conversionProblem(source, structOf([['a', DATE]]), ROOMY) ?? '', /field a: a number/);
    assert.match(conversionProblem(source, structOf([['b', DATE]]), ROOMY) ?? '', /no field in common/);
    assert.equal(conversionProblem(source, structOf([['A', INT64]]), ROOMY), undefined);
    const exact = { ...ROOMY, names: { ...ROOMY.names, caseInsensitive: false } };
    assert.match(conversionProblem(source, structOf([['A', INT64]]), exact) ?? '', /no field in common/);
  });

  it('says when nothing has to be called', () => {
    const context = { rules: ROOMY, policies: DEFAULT_POLICIES, lose: () => undefined };
    const int32: ColumnType = { kind: 'int', bits: 32 };
    assert.equal(compileCell(int32, INT64, context), keepCell);
    assert.equal(compileCell(FLOAT64, FLOAT64, context), keepCell);
    assert.notEqual(compileCell(INT64, int32, context), keepCell);
  });

  it('tells a source that its cells are not of their type', () => {
    const context = { rules: ROOMY, policies: DEFAULT_POLICIES, lose: () => undefined };
    assert.throws(
      () => compileCell(INT64, STRING, context)(5),
      /sent a number where its column type says bigint/,
    );
    assert.throws(() => compileCell(STRING, INT64, context)([1n]), /sent an array/);
  });
});
