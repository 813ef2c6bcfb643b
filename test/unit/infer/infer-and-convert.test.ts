import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DEFAULT_POLICIES } from '../../../core/policies';
import { formatType } from '../../../core/format-type';
import type { ColumnType } from '../../../core/schema';
import { inferTextValue, widen, withRoom } from '../../../transforms/infer';
import { convertOnce, ROOMY, STRING } from '../transforms/conversion-case';

const digits = (most: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most })
    .map((values) => values.join(''));
const padded = (most: number, width: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: most }).map((value) => String(value).padStart(width, '0'));
const sign = fc.constantFrom('', '-', '+');
const day = fc.tuple(padded(9999, 4), padded(13, 2), padded(32, 2)).map((parts) => parts.join('-'));
const clock = fc.tuple(padded(24, 2), padded(60, 2), padded(60, 2)).map((parts) => parts.join(':'));
const fraction = fc.oneof(
  fc.constant(''),
  digits(11).map((text) => `.${text}`),
);
const text = fc.oneof(
  fc.tuple(sign, digits(40)).map((parts) => parts.join('')),
  fc.tuple(sign, digits(25), fc.constant('.'), digits(25)).map((parts) => parts.join('')),
  fc
    .tuple(sign, digits(20), fraction, fc.constantFrom('e', 'E'), sign, digits(3))
    .map((parts) => parts.join('')),
  fc.double().map(String),
  fc.double().map((value) => (Math.abs(value) < 1e20 ? value.toFixed(20) : String(value))),
  fc.constantFrom('true', 'FALSE', 'True', 'NaN', '-Infinity', 'yes', 'null', '0000-00-00', ''),
  day,
  fc
    .tuple(
      day,
      fc.constantFrom(' ', 'T'),
      clock,
      fraction,
      fc.constantFrom('', 'Z', '+00', '-07:30', '+1545', ' UTC'),
    )
    .map((parts) => parts.join('')),
);

/** What a destination column of this type makes of the text; undefined: it takes it without a loss. */
function problemOf(value: string, type: ColumnType): string | undefined {
  const outcome = convertOnce(STRING, type, value, ROOMY, DEFAULT_POLICIES);
  if ('reject' in outcome) return outcome.reject;
  return outcome.losses.length > 0 ? outcome.losses.join(', ') : undefined;
}

describe('inferred types and the conversion rules', () => {
  it('agree: a column takes every text that its type was inferred from', () => {
    fc.assert(
      fc.property(text, (value) => {
        for (const type of [inferTextValue(value), withRoom(inferTextValue(value))]) {
          assert.equal(problemOf(value, type), undefined, `${value} as ${formatType(type)}`);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('agree where texts meet: a column is exact, or rejects what a double would round', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const met = widen(inferTextValue(one), inferTextValue(other)) ?? STRING;
        const type = withRoom(met);
        for (const value of [one, other]) {
          const problem = problemOf(value, type);
          if (type.kind === 'float') {
            assert.ok(
              problem === undefined || inferTextValue(value).kind !== 'float',
              `${value}: ${problem}`,
            );
          } else if (!('unit' in type && type.unit === 'ns')) {
            assert.equal(
              problem,
              undefined,
              `${value} as ${formatType(type)}, because of ${one} and ${other}`,
            );
          }
        }
      }),
      { numRuns: 5000 },
    );
  });
});
