/** Resolution of a time, datetime or timestamp cell. */
export const TIME_UNITS = ['s', 'ms', 'us', 'ns'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** How many of `unit` make one second. */
export const UNITS_PER_SECOND = {
  s: 1n,
  ms: 1_000n,
  us: 1_000_000n,
  ns: 1_000_000_000n,
} as const satisfies Record<TimeUnit, bigint>;

/** Digits of a second that `unit` keeps. */
export const UNIT_DIGITS = { s: 0, ms: 3, us: 6, ns: 9 } as const satisfies Record<TimeUnit, number>;
