import assert from 'node:assert/strict';
import fc from 'fast-check';
import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY } from '../../../core/cells';
import { TIME_UNITS, UNITS_PER_SECOND } from '../../../core/time-unit';
import {
  ISO_STYLE,
  compileInstantFormat,
  formatDate,
  formatTime,
  type InstantStyle,
} from '../../../core/instant-format';
import { readInstant, readTime } from '../../../core/instant-text';
import { formatInterval, formatIntervalUnits, readInterval } from '../../../transforms/interval-text';

const DUCKDB: InstantStyle = { separator: ' ', zone: '+00', eraSuffix: ' (BC)' };
const POSTGRES_LIKE: InstantStyle = { separator: ' ', zone: '', eraSuffix: ' (BC)' };
const units = fc.constantFrom(...TIME_UNITS);

/** Instants that all units hold, years -99,999,999 to 99,999,999 or what 64 bits reach. */
const unitAndValue = units.chain((unit) => {
  const perSecond = UNITS_PER_SECOND[unit];
  const years = 3_100_000_000_000_000n * perSecond;
  const limit = years < 2n ** 63n - 2n ? years : 2n ** 63n - 2n;
  return fc
    .oneof(
      fc.bigInt({ min: -limit, max: limit }),
      fc
        .bigInt({ min: -80_000_000_000n, max: 80_000_000_000n })
        .map((value) => value * (perSecond / 1000n || 1n)),
    )
    .map((value) => ({ unit, value }));
});

describe('instant text', () => {
  it('writes what JavaScript writes', () => {
    const format = compileInstantFormat('timestamp', 'ms');
    fc.assert(
      fc.property(
        fc.date({
          noInvalidDate: true,
          min: new Date('0000-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59Z'),
        }),
        (date) => {
          assert.equal(format(BigInt(date.getTime())), date.toISOString());
          assert.equal(readInstant(date.toISOString(), 'ms')?.valueOf() !== undefined, true);
          const reading = readInstant(date.toISOString(), 'ms');
          assert.ok(reading !== undefined && reading !== 'zero_date');
          assert.equal(reading.value, BigInt(date.getTime()));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('reads what it writes, in every unit, style and year', () => {
    fc.assert(
      fc.property(
        unitAndValue,
        fc.constantFrom('datetime' as const, 'timestamp' as const),
        fc.constantFrom(ISO_STYLE, DUCKDB, POSTGRES_LIKE),
        ({ unit, value }, kind, style) => {
          const text = compileInstantFormat(kind, unit, style)(value);
          const reading = readInstant(text, unit);
          assert.ok(reading !== undefined && reading !== 'zero_date', text);
          assert.equal(reading.value, value, text);
          assert.equal(reading.exact, true);
          assert.equal(reading.hasClock, true);
          assert.equal(reading.hasOffset, kind === 'timestamp' && style.zone !== '');
        },
      ),
      { numRuns: 4000 },
    );
  });

  it('reads any number of digits, to the nearest unit', () => {
    fc.assert(
      fc.property(
        units,
        fc.string({ unit: fc.constantFrom('0', '1', '4', '5', '9'), minLength: 1, maxLength: 30 }),
        (unit, digits) => {
          const reading = readInstant(`1969-12-31 23:59:59.${digits}`, unit);
          assert.ok(reading !== undefined && reading !== 'zero_date');
          const one = 10n ** 30n;
          const fraction = BigInt(digits.padEnd(30, '0'));
          const step = one / UNITS_PER_SECOND[unit];
          const nearest = (fraction + step / 2n) / step;
          assert.equal(reading.value, nearest - UNITS_PER_SECOND[unit]);
          assert.equal(reading.exact, nearest * step === fraction);
          assert.equal(reading.roundedUp, nearest * step > fraction);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('writes the sentinels and eras as each style wants', () => {
    assert.equal(formatDate(INSTANT_INFINITY), 'infinity');
    assert.equal(formatDate(-719_163n), '0000-12-31');
    assert.equal(formatDate(-719_163n, DUCKDB), '0001-12-31 (BC)');
    assert.equal(formatDate(3_672_148n), '+12024-01-01');
    assert.equal(formatDate(3_672_148n, DUCKDB), '12024-01-01');
    assert.equal(compileInstantFormat('timestamp', 'us', DUCKDB)(INSTANT_MINUS_INFINITY), '-infinity');
    assert.equal(
      compileInstantFormat('timestamp', 'us', DUCKDB)(-63_517_780_800_000_000n),
      '0044-03-15 (BC) 12:00:00.000000+00',
    );
    assert.throws(() => formatDate(2n ** 60n), RangeError);
  });

  it('goes to text and back for times, beyond a day, too', () => {
    fc.assert(
      fc.property(
        units,
        fc.bigInt({ min: -3_000_000n, max: 3_000_000n }),
        fc.bigInt({ min: 0n, max: 999_999_999n }),
        (unit, seconds, fraction) => {
          const value = seconds * UNITS_PER_SECOND[unit] + (fraction % UNITS_PER_SECOND[unit]);
          assert.deepEqual(readTime(formatTime(value, unit), unit), { value, exact: true });
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('never fails on any text', () => {
    const pieces = fc.constantFrom(
      '2024',
      '-',
      '02',
      ':',
      '30',
      ' ',
      'T',
      'Z',
      '+',
      '.',
      '00',
      ' BC',
      ' (BC)',
      'x',
      '9',
      'infinity',
      '１',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), units, (parts, unit) => {
        const text = parts.join('');
        readInstant(text, unit);
        readTime(text, unit);
        readInterval(text);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('interval text', () => {
  const part = fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(part, part, fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (months, days, micros) => {
        const value = [months, days, micros] as const;
        assert.deepEqual(readInterval(formatInterval(value)), { value, exact: true });
        assert.deepEqual(readInterval(formatIntervalUnits(value)), { value, exact: true });
      }),
      { numRuns: 1000 },
    );
  });
});
