import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ArrowLayout } from '../../../core/arrow-layout';
import { UnreadableCell } from '../../../core/arrow-rows';
import type { Cell } from '../../../core/cells';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { ColumnType } from '../../../core/schema';
import { arrowCellReader } from '../../../extractors/formats/arrow-cells';
import { columnTypeOf } from '../../../extractors/formats/arrow-schema';
import { cellWidening } from '../../../extractors/formats/cell-widening';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { UNITS_PER_SECOND, type TimeUnit } from '../../../core/time-unit';
import { compileCell } from '../../../transforms/cells';
import { compileArrowWriter } from '../../../transforms/compiled/arrow-writers';
import { conversionProblem } from '../../../transforms/conversions';
import { NARROW, ROOMY } from '../transforms/conversion-case';
import {
  arrowCase,
  arrowData,
  BROKEN_TEXTS,
  destinationsOf,
  sourcesOf,
  type ArrowCase,
  type Stored,
} from './arbitrary-arrow';
import { CellSink, shownCell } from './cell-sink';

const NOTHING = Symbol('nothing');

interface Case {
  readonly column: ArrowCase;
  readonly stored: readonly Stored[];
  readonly source: ColumnType;
  readonly destination: ColumnType;
}

function casesOf(columns: fc.Arbitrary<ArrowCase>): fc.Arbitrary<Case> {
  return columns.chain((column) =>
    fc.constantFrom(...sourcesOf(column.layout)).chain((source) =>
      fc.record({
        column: fc.constant(column),
        source: fc.constant(source),
        destination: destinationsOf(source),
        stored: fc.array(column.value, { minLength: 1, maxLength: 6 }),
      }),
    ),
  );
}

const rulesOf = fc.constantFrom(ROOMY, NARROW, BIGQUERY_RULES);

/** What the reference makes of a value; NOTHING: it is refused, null or loses something. */
function reference(
  { column: { layout }, source, destination }: Case,
  read: () => Cell,
  rules: typeof ROOMY,
): unknown {
  let losses = 0;
  const policies = DEFAULT_POLICIES;
  const convert = compileCell(source, destination, { rules, policies, lose: () => losses++ });
  const widening = cellWidening(columnTypeOf(layout), source);
  try {
    const cell = read();
    const wide = cell === null ? null : (widening?.(cell) ?? NOTHING);
    if (wide === NOTHING) return NOTHING;
    const converted = convert(wide);
    return converted === null || losses > 0 ? NOTHING : shownCell(destination, converted);
  } catch (error) {
    if (error instanceof UnreadableCell || (error as Error).name === 'CellRejected') return NOTHING;
    throw error;
  }
}

interface Outcome {
  readonly written: unknown;
  readonly expected: unknown;
}

/** Of each value, by the writer and by the reference. Undefined: there is no writer for these types. */
function outcomes(one: Case, rules: typeof ROOMY): Outcome[] | undefined {
  const { column, stored, source, destination } = one;
  if (conversionProblem(source, destination, rules) !== undefined) return undefined;
  const sink = new CellSink(destination);
  const writer = compileArrowWriter(column.layout, { source, destination, rules, sink });
  if (writer === undefined) return undefined;
  const data = arrowData(column.layout, stored);
  writer.bind(data);
  const read = arrowCellReader(column.layout, data);
  return stored.map((_, index) => {
    const isWritten = writer.write(index);
    const [written] = sink.take();
    sink.element?.take();
    return {
      written: isWritten ? written : NOTHING,
      expected: reference(one, () => read(index), rules),
    };
  });
}

describe('compiled: values of Arrow', () => {
  it('are what the reference makes of them, or left to it', () => {
    let written = 0;
    let left = 0;
    fc.assert(
      fc.property(casesOf(arrowCase), rulesOf, (one, rules) => {
        for (const outcome of outcomes(one, rules) ?? []) {
          if (outcome.written === NOTHING) {
            left++;
            continue;
          }
          written++;
          assert.deepEqual(outcome.written, outcome.expected);
        }
      }),
      { numRuns: 4000 },
    );
    assert.ok(written > 1500 && left > 300, `${written} written, ${left} left`);
  });

  it('are not rounded to a float that is written, where whole numbers meet its last bit', () => {
    for (const [bits, unsigned] of [
      [64, false],
      [64, true],
      [32, false],
    ] as const) {
      const signs = unsigned ? [1n] : [1n, -1n];
      const places = bits === 64 ? [24n, 53n, 62n] : [24n, 30n];
      const stored = signs.flatMap((sign) =>
        places.flatMap((place) => [-2n, -1n, 0n, 1n, 2n].map((near) => sign * (2n ** place + near))),
      );
      const layout = { kind: 'int', bits, unsigned } as const;
      const column: ArrowCase = { layout, value: fc.constantFrom(...stored) };
      const source = columnTypeOf(layout);
      for (const size of [32, 64] as const) {
        const found = outcomes({ column, stored, source, destination: { kind: 'float', bits: size } }, ROOMY);
        assert.ok(found !== undefined);
        let written = 0;
        for (const outcome of found) {
          if (outcome.written === NOTHING) continue;
          written++;
          assert.deepEqual(outcome.written, outcome.expected);
        }
        assert.ok(written > 1, `${written} written`);
      }
    }
  });

  it('are left to the reference where a text is no UTF-8', () => {
    let written = 0;
    fc.assert(
      fc.property(fc.array(BROKEN_TEXTS.value, { minLength: 1, maxLength: 6 }), (stored) => {
        const type: ColumnType = { kind: 'string' };
        const one = { column: BROKEN_TEXTS, stored, source: type, destination: type };
        for (const outcome of outcomes(one, ROOMY) ?? []) {
          if (outcome.written === NOTHING) continue;
          written++;
          assert.deepEqual(outcome.written, outcome.expected);
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(written > 30);
  });

  it('are written wherever nothing changes, but for those on the edge', () => {
    fc.assert(
      fc.property(casesOf(arrowCase), rulesOf, (one, rules) => {
        const { column, stored, source, destination } = one;
        if (source.kind !== destination.kind) return;
        outcomes(one, rules)?.forEach(({ written, expected }, index) => {
          if (written !== NOTHING || expected === NOTHING) return;
          assert.ok(
            mayBeLeft(column.layout, destination, expected),
            `${JSON.stringify(column.layout)} ${String(stored[index])}`,
          );
        });
      }),
      { numRuns: 4000 },
    );
  });
});

/** What nothing would be lost of, and which is not written all the same. */
function mayBeLeft(layout: ArrowLayout, destination: ColumnType, expected: unknown): boolean {
  switch (layout.kind) {
    case 'list':
    case 'dictionary':
      return true;
    case 'instant':
      // At the ends of a range, and nanoseconds of coarser units, which have more digits than doubles.
      if (typeof expected !== 'bigint') return false;
      if (destination.kind !== 'datetime' && destination.kind !== 'timestamp') return false;
      return destination.unit === 'ns' || isFar(expected, destination.unit);
    case 'time':
      return (
        typeof expected === 'bigint' &&
        destination.kind === 'time' &&
        expected === 86_400n * UNITS_PER_SECOND[destination.unit]
      );
    case 'text':
      return layout.json;
    case 'float':
      return Number.isNaN(expected);
    case 'int':
      return layout.bits === 64 && layout.unsigned && typeof expected === 'bigint' && expected >= 2n ** 63n;
    default:
      return false;
  }
}

/** Before year 2 or after 9998, or so many units that doubles are not exact. */
function isFar(at: bigint, unit: TimeUnit): boolean {
  const years = at / (UNITS_PER_SECOND[unit] * 31_556_952n);
  return years < -1967n || years > 8027n || at > 2n ** 53n || at < -(2n ** 53n);
}
