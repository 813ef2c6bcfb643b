import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SplitHints } from '../../../core/extractor';
import { workUnitSchema, type Bound, type Window, type WorkUnit } from '../../../core/plan';
import { cutWindow, type CutInput } from '../../../partitioning/cut-window';

type Domain = Extract<SplitHints, { kind: 'range' }>['domain'];
type RangeHints = Extract<SplitHints, { kind: 'range' }>;

/** Instants are compared as text, which sorts as time does: nothing of the code under test has a say. */
function compare(domain: Domain, a: string, b: string): number {
  if (domain === 'int') return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
  return a < b ? -1 : a > b ? 1 : 0;
}

function within(domain: Domain, value: string, lower: Bound | null, upper: Bound | null): boolean {
  const above = lower === null ? 1 : compare(domain, value, lower.value);
  const below = upper === null ? -1 : compare(domain, value, upper.value);
  return (
    (above > 0 || (above === 0 && lower?.inclusive === true)) &&
    (below < 0 || (below === 0 && upper?.inclusive === true))
  );
}

function inWindow(domain: Domain, value: string | null, window: Window | null, column: string): boolean {
  if (window === null || window.column !== column) return true;
  if (value === null) return window.lower === null && window.upper === null;
  return within(domain, value, window.lower, window.upper);
}

/** What a database does with a unit, for a table of the one column. */
function matches(unit: WorkUnit, domain: Domain, value: string | null): boolean {
  switch (unit.kind) {
    case 'all':
      return true;
    case 'is-null':
      return value === null;
    case 'range':
      if (value === null) return unit.lower === null && unit.upper === null;
      return within(domain, value, unit.lower, unit.upper);
    case 'hash': {
      const hash = (value ?? '').split(/[-:T.]/).reduce((sum, digits) => sum * 31 + digits.length, 7);
      return (value === null ? 0 : hash % unit.modulus) === unit.remainder;
    }
    case 'file':
    case 'files':
    case 'stream':
      return false;
  }
}

const MIN_INSTANT = new Date('0001-01-01T00:00:00Z').getTime();
const MAX_INSTANT = new Date('9999-12-31T23:59:59Z').getTime();
const millis = fc.oneof(
  fc.integer({ min: MIN_INSTANT, max: MAX_INSTANT }),
  fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2024, 0, 3) }),
  fc.constantFrom(MIN_INSTANT, MAX_INSTANT, 0, Date.UTC(2024, 1, 29)),
);
const isoSeconds = millis.map((at) => new Date(at).toISOString());
const fraction = fc.oneof(
  fc.constant('000000'),
  fc.integer({ min: 0, max: 999_999 }).map((n) => String(n).padStart(6, '0')),
);

function valueOf(domain: Domain): fc.Arbitrary<string> {
  switch (domain) {
    case 'int':
      return fc
        .oneof(
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }),
          fc.bigInt({ min: -20n, max: 20n }),
          fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 127n),
        )
        .map(String);
    case 'date':
      return isoSeconds.map((iso) => iso.slice(0, 10));
    case 'datetime':
    case 'timestamp':
      return fc
        .tuple(isoSeconds, fraction)
        .map(([iso, digits]) => `${iso.slice(0, 19)}.${digits}${domain === 'timestamp' ? 'Z' : ''}`);
  }
}

const bound = (domain: Domain): fc.Arbitrary<Bound | null> =>
  fc.option(fc.record({ value: valueOf(domain), inclusive: fc.boolean() }));

const cases = fc.constantFrom<Domain>('int', 'date', 'datetime', 'timestamp').chain((domain) =>
  fc.record({
    domain: fc.constant(domain),
    // statistics may be old: minimum, maximum and histogram need not fit the values, nor each other
    min: valueOf(domain),
    max: valueOf(domain),
    histogram: fc.option(fc.array(valueOf(domain), { maxLength: 12 }), { nil: undefined }),
    nullable: fc.boolean(),
    window: fc.option(
      fc.record({ column: fc.constantFrom('at', 'other'), lower: bound(domain), upper: bound(domain) }),
    ),
    rows: fc.option(fc.integer({ min: 0, max: 2_000_000_000 })),
    bytes: fc.option(fc.integer({ min: 0, max: 2 ** 50 })),
    rowsPerUnit: fc.integer({ min: 1, max: 200_000 }),
    by: fc.constantFrom('auto' as const, 'date' as const, 'range' as const, 'hash' as const, 'none' as const),
    maxUnits: fc.integer({ min: 1, max: 200 }),
    minUnitBytes: fc.option(fc.integer({ min: 0, max: 2 ** 40 }), { nil: undefined }),
    values: fc.array(fc.option(valueOf(domain)), { minLength: 1, maxLength: 30 }),
  }),
);

/** Values at and around the cuts, where a doubled or lost row would be. */
function atCuts(units: readonly WorkUnit[], domain: Domain): string[] {
  return units.flatMap((unit) => {
    if (unit.kind !== 'range' || unit.lower === null) return [];
    const { value } = unit.lower;
    if (domain !== 'int') return [value];
    return [String(BigInt(value) - 1n), value, String(BigInt(value) + 1n)];
  });
}

describe('the units of a window', () => {
  it('hold every row of the window exactly once, whatever the statistics say', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const { domain, min, max, histogram, nullable } = drawn;
        const hints: RangeHints = {
          kind: 'range',
          column: 'at',
          domain,
          min,
          max,
          nullable,
          ...(histogram === undefined ? {} : { histogram }),
        };
        const input: CutInput = {
          hints,
          window: drawn.window,
          estimate: { rows: drawn.rows, bytes: drawn.bytes, quality: 'statistics' },
          rowsPerUnit: drawn.rowsPerUnit,
          by: drawn.by,
          maxUnits: drawn.maxUnits,
          ...(drawn.minUnitBytes === undefined ? {} : { minUnitBytes: drawn.minUnitBytes }),
          limit: null,
        };
        const { units } = cutWindow(input);
        const values = [...drawn.values, min, max, ...atCuts(units, domain)];
        for (const value of values) {
          if (value === null && !nullable) continue;
          if (!inWindow(domain, value, drawn.window, 'at')) continue;
          const holders = units.filter((unit) => matches(unit, domain, value));
          assert.equal(holders.length, 1, `${value} is in [${holders.map((unit) => unit.id).join(', ')}]`);
        }
        assert.ok(units.length >= 1 && units.length <= drawn.maxUnits, `${units.length} units`);
      }),
      { numRuns: 1_500 },
    );
  });

  it('are plain plan data with short, safe ids that sort in their order, the same each time', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const input: CutInput = {
          hints: {
            kind: 'range',
            column: 'at',
            domain: drawn.domain,
            min: drawn.min,
            max: drawn.max,
            nullable: drawn.nullable,
          },
          window: null,
          estimate: { rows: drawn.rows, bytes: drawn.bytes, quality: 'statistics' },
          rowsPerUnit: drawn.rowsPerUnit,
          by: drawn.by,
          maxUnits: drawn.maxUnits,
          ...(drawn.minUnitBytes === undefined ? {} : { minUnitBytes: drawn.minUnitBytes }),
          limit: null,
        };
        const { units } = cutWindow(input);
        assert.deepEqual(cutWindow(input).units, units);
        const ids = units.map((unit) => unit.id);
        assert.deepEqual([...ids].sort(), ids);
        assert.equal(new Set(ids).size, ids.length);
        for (const unit of units) {
          assert.match(unit.id, /^[a-z0-9-]{1,20}$/);
          assert.deepEqual(workUnitSchema.parse(JSON.parse(JSON.stringify(unit))), unit);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('have estimates that add up to the whole', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const rows = drawn.rows ?? 1_000;
        const { units } = cutWindow({
          hints: {
            kind: 'range',
            column: 'at',
            domain: drawn.domain,
            min: drawn.min,
            max: drawn.max,
            nullable: false,
            ...(drawn.histogram === undefined ? {} : { histogram: drawn.histogram }),
          },
          window: drawn.window,
          estimate: { rows, bytes: null, quality: 'statistics' },
          rowsPerUnit: drawn.rowsPerUnit,
          by: 'auto',
          maxUnits: drawn.maxUnits,
          ...(drawn.minUnitBytes === undefined ? {} : { minUnitBytes: drawn.minUnitBytes }),
          limit: null,
        });
        const sum = units.reduce((total, unit) => total + (unit.estimatedRows ?? Number.NaN), 0);
        assert.ok(Math.abs(sum - rows) <= units.length, `${sum} of ${rows} rows in ${units.length} units`);
      }),
      { numRuns: 500 },
    );
  });
});
