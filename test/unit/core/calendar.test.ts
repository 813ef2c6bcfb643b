import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  MAX_CALENDAR_DAYS,
  dateFromDays,
  daysFromDate,
  daysInMonth,
  floorDivide,
  isCalendarDate,
} from '../../../core/calendar';

const MS_PER_DAY = 86_400_000;

describe('calendar', () => {
  it('agrees with JavaScript on every day it knows', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (days) => {
        const date = new Date(days * MS_PER_DAY);
        const expected = {
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
        };
        assert.deepEqual(dateFromDays(days), expected);
        assert.equal(daysFromDate(expected.year, expected.month, expected.day), days);
      }),
      { numRuns: 2000 },
    );
  });

  it('goes there and back as far as it reaches, a year of 146097 / 400 days on average', () => {
    fc.assert(
      fc.property(fc.integer({ min: -MAX_CALENDAR_DAYS, max: MAX_CALENDAR_DAYS }), (days) => {
        const { year, month, day } = dateFromDays(days);
        assert.equal(daysFromDate(year, month, day), days);
        assert.equal(daysFromDate(year + 400, month, day), days + 146_097);
      }),
      { numRuns: 1000 },
    );
  });

  it('knows which days exist', () => {
    assert.ok(isCalendarDate(2024, 2, 29));
    assert.ok(isCalendarDate(2000, 2, 29));
    assert.ok(isCalendarDate(0, 2, 29));
    assert.ok(isCalendarDate(-4, 2, 29));
    assert.ok(!isCalendarDate(1900, 2, 29));
    assert.ok(!isCalendarDate(2023, 2, 29));
    assert.ok(!isCalendarDate(2024, 4, 31));
    assert.ok(!isCalendarDate(2024, 13, 1));
    assert.ok(!isCalendarDate(2024, 0, 1));
    assert.ok(!isCalendarDate(2024, 1, 0));
    assert.equal(daysInMonth(2024, 12), 31);
  });
});

describe('floorDivide', () => {
  it('gives the largest multiple that is not above', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 10n ** 12n }), (value, by) => {
        const floor = floorDivide(value, by) * by;
        assert.ok(floor <= value && value - floor < by);
      }),
    );
  });
});
