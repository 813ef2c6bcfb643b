/**
 * What a destination can hold, as data: the conversion rules of transforms/cells.ts ask here, never for a destination's name.
 */
export interface DestinationRules {
  /** Most digits of a decimal, and most of them after the point. */
  readonly decimal: { readonly maxPrecision: number; readonly maxScale: number };
  /** What a decimal without declared limits becomes in a created table. */
  readonly unboundedDecimal: { readonly precision: number; readonly scale: number };
  /** Whether floats take NaN and the infinities. */
  readonly nonFiniteFloat: boolean;
  /** Whether dates and timestamps take 'infinity'. */
  readonly infiniteInstant: boolean;
  /** Inclusive range of dates, in days since 1970-01-01. */
  readonly dateRange: readonly [bigint, bigint];
  /** Inclusive range of datetimes and timestamps, in microseconds since 1970-01-01. */
  readonly instantRange: readonly [bigint, bigint];
  readonly nullInArray: boolean;
  /** Whether an array may be null, and not only empty; absent: it may. */
  readonly nullArray?: boolean;
  readonly nestedArray: boolean;
  /** `64-bit`: numbers of json values are kept as whole numbers of 64 bits or as float64; absent: with all their digits. */
  readonly jsonNumbers?: '64-bit';
  /** Whether a json value may be the document `null`, which is not null; absent: it may. */
  readonly nullDocument?: boolean;
  /** Whether a time of day may be 24:00:00; absent: it may. */
  readonly endOfDay?: boolean;
  /** Whether a text may hold U+0000. */
  readonly nulCharacter: boolean;
  /** An encoded row may not be longer, in bytes; absent: no limit. */
  readonly maxRowBytes?: number;
  readonly names: NameRules;
}

/** Rules for column names. */
export interface NameRules {
  /** In characters (UTF-16 units). */
  readonly maxLength: number;
  /** Characters outside of this set are replaced by `_`; undefined: every character but control characters is allowed. */
  readonly allowed: RegExp | undefined;
  readonly mayStartWithDigit: boolean;
  /** Names may not begin with one of these (case-insensitive). */
  readonly reservedPrefixes: readonly string[];
  /** Two names that differ only in case are the same. */
  readonly caseInsensitive: boolean;
}
