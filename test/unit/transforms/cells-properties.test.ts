import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Cell } from '../../../core/cells';
import { isDeeper } from '../../../transforms/cell-shape';
import { conversionProblem } from '../../../transforms/conversions';
import { compileJsonSerializer, compileTextSerializer } from '../../../transforms/serializer';
import {
  anyText,
  cellOf,
  conversionArbitrary,
  destinationType,
  policySet,
  rulesArbitrary,
  sourceType,
  typedCell,
} from './arbitrary-cells';
import {
  DATE,
  DECIMAL,
  INTERVAL,
  JSON_TYPE,
  ROOMY,
  STRING,
  UUID,
  convertOnce,
  timestamp,
} from './conversion-case';
import { isExactImage } from './exact-image';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { ColumnType } from '../../../core/schema';

describe('compileCell: properties', () => {
  it('never throws anything but CellRejected, and never changes a value without counting it', () => {
    const judged = { exact: 0, counted: 0, rejected: 0 };
    fc.assert(
      fc.property(conversionArbitrary, policySet, rulesArbitrary, ({ from, to, cell }, policies, rules) => {
        fc.pre(conversionProblem(from, to, rules) === undefined);
        const outcome = convertOnce(from, to, cell, rules, policies);
        if ('reject' in outcome) {
          judged.rejected++;
          assert.ok(outcome.reject.length > 0);
          if (outcome.code === 'fail') assert.ok(Object.values(policies).includes('fail'));
        } else if (outcome.losses.length > 0) {
          judged.counted++;
        } else {
          const exact = isExactImage(from, to, cell, outcome.cell);
          assert.notEqual(exact, false, `gave ${String(outcome.cell)}`);
          if (exact === true) judged.exact++;
        }
      }),
      { numRuns: 6000 },
    );
    assert.ok(judged.exact > 300 && judged.counted > 30 && judged.rejected > 300, JSON.stringify(judged));
  });

  it('gives string and json columns something for every type', () => {
    fc.assert(
      fc.property(typedCell, fc.constantFrom(STRING, JSON_TYPE), ({ type, cell }, to) => {
        const outcome = convertOnce(type, to, cell, ROOMY, {
          ...DEFAULT_POLICIES,
          nan: 'text',
          infinity: 'text',
        });
        if ('reject' in outcome) {
          assert.match(outcome.reject, /surrogate|calendar|JSON/);
          return;
        }
        if (outcome.cell === null) return;
        assert.equal(typeof outcome.cell, 'string');
        if (to.kind === 'json') JSON.parse(String(outcome.cell));
      }),
      { numRuns: 1500 },
    );
  });

  it('writes JSON text that parses back to the same value, digit by digit', () => {
    fc.assert(
      fc.property(typedCell, ({ type, cell }) => {
        const json = compileJsonSerializer(type, () => 'null')(cell);
        // Numbers as texts, so that JSON.parse cannot round them away unseen.
        assert.deepEqual(JSON.parse(numbersAsTexts(json)), expectedJson(type, cell));
      }),
      { numRuns: 2000 },
    );
  });

  it('goes to text and back without a change', () => {
    const types = fc.constantFrom<ColumnType>(
      { kind: 'bool' },
      { kind: 'int', bits: 64 },
      { kind: 'int', bits: 128 },
      { kind: 'float', bits: 64 },
      { kind: 'float', bits: 32 },
      DECIMAL,
      { kind: 'bytes' },
      UUID,
      DATE,
      { kind: 'time', unit: 'us' },
      { kind: 'datetime', unit: 'us' },
      timestamp('ms'),
      timestamp('ns'),
      INTERVAL,
    );
    fc.assert(
      fc.property(
        types.chain((type) => cellOf(type).map((cell) => ({ type, cell }))),
        ({ type, cell }) => {
          const policies = { ...DEFAULT_POLICIES, nan: 'text', infinity: 'text' } as const;
          const there = convertOnce(type, STRING, cell, ROOMY, policies);
          // Years of more than 8 digits are written, but not read.
          fc.pre('cell' in there && !/^[+-]\d{9,}/.test(String(there.cell)));
          const back = convertOnce(STRING, type, there.cell, ROOMY, policies);
          if ('reject' in back) assert.match(back.reject, /outside|not a number|infinite/);
          else assert.deepEqual(back.cell, cell);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('gives every type back through the JSON text of an array', () => {
    fc.assert(
      fc.property(typedCell, ({ type, cell }) => {
        const list: ColumnType = { kind: 'array', element: type };
        const there = convertOnce(list, JSON_TYPE, [cell], ROOMY, DEFAULT_POLICIES);
        if ('reject' in there) {
          assert.match(there.reject, /surrogate|calendar/);
          return;
        }
        fc.pre(there.losses.length === 0 && !hasFloat(type) && !hasJson(type) && !hasDeeper(type, cell));
        const back = convertOnce(JSON_TYPE, list, there.cell, ROOMY, DEFAULT_POLICIES);
        if ('cell' in back) assert.deepEqual(back.cell, [cell]);
        else
          assert.match(
            back.reject,
            /outside|beyond the calendar|not a|none of|characters|a JSON array|twice|more than|surrogate/,
          );
      }),
      { numRuns: 1500 },
    );
  });

  it('is the same function each time, and takes a null for a null', () => {
    fc.assert(
      fc.property(sourceType, destinationType, policySet, rulesArbitrary, (from, to, policies, rules) => {
        fc.pre(conversionProblem(from, to, rules) === undefined);
        assert.deepEqual(convertOnce(from, to, null, rules, policies), { cell: null, losses: [] });
      }),
      { numRuns: 500 },
    );
  });

  it('reads any text as any type or rejects it', () => {
    fc.assert(
      fc.property(anyText, destinationType, policySet, (text, to, policies) => {
        const outcome = convertOnce(STRING, to, text, ROOMY, policies);
        assert.ok('reject' in outcome || 'cell' in outcome);
      }),
      { numRuns: 2000 },
    );
  });

  it('writes a text for every cell', () => {
    fc.assert(
      fc.property(typedCell, ({ type, cell }) => {
        assert.equal(typeof compileTextSerializer(type)(cell), 'string');
      }),
      { numRuns: 1000 },
    );
  });
});

function hasFloat(type: ColumnType): boolean {
  return JSON.stringify(type).includes('"float"');
}

/** Whether arrays have more dimensions than their types say: JSON does not tell those from texts. */
function hasDeeper(type: ColumnType, cell: Cell): boolean {
  if (!Array.isArray(cell)) return false;
  const cells = cell as readonly Cell[];
  if (type.kind === 'struct')
    return type.fields.some((field, index) => hasDeeper(field.type, cells[index] ?? null));
  if (type.kind !== 'array') return false;
  return cells.some((element) => isDeeper(type.element, element) || hasDeeper(type.element, element));
}

function hasJson(type: ColumnType): boolean {
  return /"(json|variant)"/.test(JSON.stringify(type));
}

/** JSON text with its numbers in quotes, marked, and `__proto__` kept as a key like any other. */
function numbersAsTexts(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? token : `"#${token}"`,
  );
}

function expectedJson(type: ColumnType, cell: Cell): unknown {
  if (cell === null) return null;
  switch (type.kind) {
    case 'bool':
      return cell;
    case 'int':
      return `#${String(cell)}`;
    case 'decimal':
      return /^-?[IN]/.test(String(cell)) ? null : `#${String(cell)}`;
    case 'float': {
      if (!Number.isFinite(cell)) return null;
      return `#${compileTextSerializer(type)(cell)}`;
    }
    case 'json':
    case 'variant':
      return JSON.parse(numbersAsTexts(String(cell)));
    case 'array':
      return (cell as readonly Cell[]).map((element) =>
        Array.isArray(element) && !['array', 'struct', 'interval'].includes(type.element.kind)
          ? expectedJson(type, element)
          : type.element.kind === 'interval' && Array.isArray(element) && !isTriple(element)
            ? expectedJson(type, element)
            : expectedJson(type.element, element),
      );
    case 'struct':
      // JSON.parse again: an object literal would take __proto__ for something else.
      return JSON.parse(
        `{${type.fields
          .map(({ name, type: of }, index) => {
            const value = expectedJson(of, (cell as readonly Cell[])[index] ?? null);
            return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
          })
          .join(',')}}`,
      );
    case 'date':
    case 'datetime':
    case 'timestamp': {
      const text = compileTextSerializer(type)(cell);
      return /infinity/.test(text) || cell === 2n ** 60n ? null : text;
    }
    default:
      return compileTextSerializer(type)(cell);
  }
}

function isTriple(cells: readonly Cell[]): boolean {
  return cells.length === 3 && cells.every((cell) => typeof cell === 'bigint');
}
