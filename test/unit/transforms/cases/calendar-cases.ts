import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY, ZERO_INSTANT } from '../../../../core/cells';
import {
  DATE,
  JSON_TYPE,
  NARROW,
  STRING,
  datetime,
  gives,
  rejects,
  text,
  time,
  timestamp,
  type ConversionCase,
} from '../conversion-case';

const ROUND = { policies: { inexact: 'round' }, losses: ['inexact'] } as const;
const DAY_US = 86_400_000_000n;
const LEAP_DAY = 19_782n;
const NOON = LEAP_DAY * DAY_US + DAY_US / 2n;
const INFINITY_TEXT = { policies: { infinity: 'text' }, losses: ['infinity'] } as const;

/** Whatever the destination is: no text says which date it was. */
const ZERO_CASES = [DATE, datetime('us'), timestamp('ns')].flatMap((from) =>
  [DATE, datetime('us'), timestamp('us'), STRING, JSON_TYPE].flatMap((to) => [
    gives(from, to, ZERO_INSTANT, null, { losses: ['zero_date'] }),
    rejects(from, to, ZERO_INSTANT, 'a zero date (policy zero_date: reject)', {
      policies: { zero_date: 'reject' },
    }),
  ]),
);

export const CALENDAR_CASES: readonly ConversionCase[] = [
  ...ZERO_CASES,
  // date
  gives(DATE, DATE, LEAP_DAY, LEAP_DAY),
  gives(DATE, DATE, INSTANT_INFINITY, INSTANT_INFINITY),
  gives(DATE, DATE, INSTANT_INFINITY, null, { rules: NARROW, losses: ['infinity'] }),
  gives(DATE, DATE, INSTANT_MINUS_INFINITY, null, { rules: NARROW, losses: ['infinity'] }),
  rejects(DATE, DATE, INSTANT_INFINITY, 'infinite (policy infinity: text)', {
    rules: NARROW,
    policies: { infinity: 'text' },
  }),
  rejects(DATE, text(3), INSTANT_INFINITY, '8 characters, the column holds 3', {
    policies: { infinity: 'text' },
  }),
  rejects(datetime('us'), text(3), INSTANT_INFINITY, '8 characters', { policies: { infinity: 'text' } }),
  rejects(timestamp('us'), text(8), INSTANT_MINUS_INFINITY, '9 characters', {
    policies: { infinity: 'text' },
  }),
  rejects(DATE, DATE, 3_000_000n, 'outside of 0001-01-01 to 9999-12-31', { rules: NARROW }),
  gives(DATE, DATE, 2_932_896n, 2_932_896n, { rules: NARROW }),
  rejects(DATE, DATE, 2_932_897n, 'out_of_range_date: fail', {
    rules: NARROW,
    policies: { out_of_range_date: 'fail' },
    code: 'fail',
  }),
  gives(DATE, DATE, -719_162n, -719_162n, { rules: NARROW }),
  rejects(DATE, DATE, -719_163n, 'outside of', { rules: NARROW }),
  rejects(DATE, DATE, 2n ** 40n, 'outside of'),
  gives(DATE, datetime('us'), LEAP_DAY, LEAP_DAY * DAY_US),
  gives(DATE, datetime('s'), -1n, -86_400n),
  gives(DATE, timestamp('us'), LEAP_DAY, LEAP_DAY * DAY_US),
  gives(DATE, timestamp('ms'), 1n, 86_400_000n),
  gives(DATE, timestamp('us'), INSTANT_INFINITY, INSTANT_INFINITY),
  gives(DATE, timestamp('us'), INSTANT_INFINITY, null, { rules: NARROW, losses: ['infinity'] }),
  rejects(DATE, timestamp('us'), 2_147_483_646n, 'outside of'),
  rejects(DATE, timestamp('ns'), 200_000n, 'outside of what timestamp(ns) holds'),
  gives(DATE, timestamp('ns'), 100_000n, 100_000n * DAY_US * 1000n),
  gives(DATE, STRING, LEAP_DAY, '2024-02-29'),
  gives(DATE, STRING, -719_162n, '0001-01-01'),
  gives(DATE, STRING, -719_163n, '0000-12-31'),
  gives(DATE, STRING, -735_160n, '-0043-03-15'),
  gives(DATE, STRING, 3_672_148n, '+12024-01-01'),
  gives(DATE, STRING, INSTANT_INFINITY, null, { losses: ['infinity'] }),
  gives(DATE, STRING, INSTANT_MINUS_INFINITY, '-infinity', INFINITY_TEXT),
  rejects(DATE, STRING, 2n ** 60n, 'beyond the calendar'),
  rejects(DATE, text(4), LEAP_DAY, '10 characters'),
  gives(DATE, JSON_TYPE, LEAP_DAY, '"2024-02-29"'),
  gives(DATE, JSON_TYPE, INSTANT_INFINITY, '"infinity"', INFINITY_TEXT),

  // time
  gives(time('us'), time('us'), 1n, 1n),
  gives(time('us'), time('us'), DAY_US, DAY_US),
  rejects(time('us'), time('us'), DAY_US + 1n, 'outside of 00:00:00 to 24:00:00'),
  rejects(time('us'), time('us'), -1n, 'outside of 00:00:00 to 24:00:00'),
  gives(time('s'), time('ns'), 1n, 1_000_000_000n),
  gives(time('ns'), time('us'), 1000n, 1n),
  rejects(time('ns'), time('us'), 1001n, "finer than the column's unit (us) (policy inexact: reject)"),
  gives(time('ns'), time('us'), 1500n, 2n, ROUND),
  gives(time('us'), STRING, 45_296_789_000n, '12:34:56.789000'),
  gives(time('s'), STRING, 0n, '00:00:00'),
  gives(time('ms'), STRING, 1n, '00:00:00.001'),
  gives(time('ns'), STRING, 1n, '00:00:00.000000001'),
  gives(time('s'), STRING, 86_400n, '24:00:00'),
  gives(time('s'), STRING, -3_020_399n, '-838:59:59'),
  gives(time('us'), JSON_TYPE, 0n, '"00:00:00.000000"'),

  // datetime and timestamp
  gives(datetime('us'), DATE, LEAP_DAY * DAY_US, LEAP_DAY),
  rejects(datetime('us'), DATE, NOON, 'a time of day, which a date has not'),
  gives(datetime('us'), DATE, NOON, LEAP_DAY, ROUND),
  gives(datetime('us'), DATE, -1n, -1n, ROUND),
  gives(datetime('us'), DATE, INSTANT_INFINITY, INSTANT_INFINITY),
  gives(timestamp('s'), DATE, -86_400n, -1n),
  gives(timestamp('us'), DATE, INSTANT_INFINITY, null, { rules: NARROW, losses: ['infinity'] }),
  gives(datetime('us'), datetime('us'), NOON, NOON),
  gives(datetime('us'), timestamp('us'), NOON, NOON),
  gives(timestamp('us'), datetime('us'), NOON, NOON),
  gives(datetime('s'), timestamp('us'), 1n, 1_000_000n),
  gives(timestamp('us'), timestamp('ns'), 1n, 1000n),
  rejects(timestamp('us'), timestamp('ns'), 2n ** 62n, 'outside of what timestamp(ns) holds'),
  gives(timestamp('ns'), timestamp('us'), 1000n, 1n),
  rejects(timestamp('ns'), timestamp('us'), 1n, 'finer'),
  gives(timestamp('ns'), timestamp('us'), 1n, 0n, ROUND),
  gives(timestamp('ns'), timestamp('us'), 500n, 1n, ROUND),
  gives(timestamp('ns'), timestamp('us'), -500n, 0n, ROUND),
  gives(timestamp('ns'), timestamp('us'), -501n, -1n, ROUND),
  gives(timestamp('us'), timestamp('ms'), INSTANT_INFINITY, INSTANT_INFINITY),
  gives(timestamp('ms'), timestamp('us'), INSTANT_MINUS_INFINITY, INSTANT_MINUS_INFINITY),
  gives(timestamp('us'), timestamp('us'), INSTANT_INFINITY, null, { rules: NARROW, losses: ['infinity'] }),
  rejects(timestamp('us'), timestamp('us'), 253_402_300_800_000_000n, 'outside of 0001-01-01T00:00:00', {
    rules: NARROW,
  }),
  gives(timestamp('us'), timestamp('us'), 253_402_300_799_999_999n, 253_402_300_799_999_999n, {
    rules: NARROW,
  }),
  rejects(timestamp('ms'), timestamp('us'), 253_402_300_800_000n, 'outside of', { rules: NARROW }),
  gives(timestamp('us'), timestamp('us'), 253_402_300_800_000_000n, null, {
    rules: NARROW,
    policies: { out_of_range_date: 'set_null' },
    losses: ['out_of_range_date'],
  }),
  gives(datetime('us'), STRING, NOON, '2024-02-29T12:00:00.000000'),
  gives(datetime('s'), STRING, 0n, '1970-01-01T00:00:00'),
  gives(datetime('ms'), STRING, -1n, '1969-12-31T23:59:59.999'),
  gives(timestamp('us'), STRING, NOON, '2024-02-29T12:00:00.000000Z'),
  gives(timestamp('us'), STRING, -1n, '1969-12-31T23:59:59.999999Z'),
  gives(timestamp('ns'), STRING, 1n, '1970-01-01T00:00:00.000000001Z'),
  gives(timestamp('us'), STRING, -63_517_780_800_000_000n, '-0043-03-15T12:00:00.000000Z'),
  gives(timestamp('us'), STRING, 9_223_372_036_854_775_806n, '+294247-01-10T04:00:54.775806Z'),
  gives(timestamp('s'), STRING, 2n ** 62n, '+146138514283-06-19T07:45:04Z'),
  gives(timestamp('us'), STRING, INSTANT_INFINITY, null, { losses: ['infinity'] }),
  gives(timestamp('us'), STRING, INSTANT_INFINITY, 'infinity', INFINITY_TEXT),
  gives(timestamp('us'), JSON_TYPE, 0n, '"1970-01-01T00:00:00.000000Z"'),
  gives(datetime('us'), JSON_TYPE, INSTANT_INFINITY, '"infinity"', INFINITY_TEXT),
];
