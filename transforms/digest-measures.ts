import type { ColumnType } from '../core/schema';

/**
 * What is summed up over the values of one type. Each measure is a whole number for a value that both JavaScript and SQL find exactly,
 * except `min` and `max`, which are floats. Their sums are exact whatever the order: below, what one value adds at most.
 */
export type MeasureKind =
  /** 1 for each value that is there (an array: that has elements; json: that is not JSON's null). */
  | 'values'
  /** Elements of arrays. */
  | 'elements'
  /** bool: 1 for true. */
  | 'true'
  /** int: the quotient of division by 2^32, towards zero; at most 2^31. */
  | 'high'
  /** int: the remainder; below 2^32. */
  | 'low'
  /** date: days since 1970-01-01; at most 3 million. */
  | 'days'
  /** time, datetime, timestamp: microseconds since midnight or 1970-01-01; below 2.6 × 10^17, which is what decides how many there may be. */
  | 'microseconds'
  /** Texts (in UTF-8) and bytes: their length. */
  | 'bytes'
  /** Texts, bytes and decimals (as their shortest text): the first 48 bits of the MD5 hash. Not for secrecy: both sides have it. */
  | 'md5'
  /** float: 1 for NaN. */
  | 'nan'
  /** float: 1 for either infinity. */
  | 'infinite'
  /** float: 1 for what is below zero. */
  | 'negative'
  /** float below 2^53: the whole part, towards zero. */
  | 'whole'
  /** float below 2^53: the fraction in units of 2^-52, towards zero; below 2^52. */
  | 'fraction'
  /** float below 2^53: what is then left, in units of 2^-104, towards zero; below 2^52. */
  | 'rest'
  /** float from 2^53 up to 2^105: the quotient of division by 2^52, towards zero; below 2^53. */
  | 'large'
  /** float from 2^53 up to 2^105: the remainder; below 2^52. */
  | 'large_rest'
  | 'min'
  | 'max';

/** The way from a column's value to a value in it. */
export type MeasureStep =
  { readonly kind: 'elements' } | { readonly kind: 'field'; readonly index: number; readonly name: string };

export interface Measure {
  /** Its name among the sums of the column: `md5`, `md5 [].name`. The kind comes first: `addDigests` compares those that begin with min or max. */
  readonly name: string;
  readonly kind: MeasureKind;
  readonly steps: readonly MeasureStep[];
  /** The type of what is measured. */
  readonly type: ColumnType;
}

/** Whole numbers and decimals have no `sum`: 64 bits overflow after two values, and so does BIGNUMERIC. */
const KINDS: Readonly<Record<ColumnType['kind'], readonly MeasureKind[]>> = {
  bool: ['true'],
  int: ['high', 'low'],
  float: ['nan', 'infinite', 'negative', 'whole', 'fraction', 'rest', 'large', 'large_rest', 'min', 'max'],
  decimal: ['md5'],
  string: ['bytes', 'md5'],
  bytes: ['bytes', 'md5'],
  uuid: ['bytes', 'md5'],
  date: ['days'],
  time: ['microseconds'],
  datetime: ['microseconds'],
  timestamp: ['microseconds'],
  // A document is stored and printed in another way than it was written.
  json: [],
  variant: [],
  interval: [],
  array: ['elements'],
  struct: [],
};

/** What is measured of a column besides its values, and of everything in it. */
export function measuresOf(type: ColumnType): Measure[] {
  return measuresAt(type, []);
}

function measuresAt(type: ColumnType, steps: readonly MeasureStep[]): Measure[] {
  // Of a column itself `values` is not among the sums.
  const own: MeasureKind[] = steps.length === 0 || type.kind === 'array' ? [] : ['values'];
  const here = [...own, ...KINDS[type.kind]].map((kind) => ({
    name: nameOf(kind, steps),
    kind,
    steps,
    type,
  }));
  switch (type.kind) {
    case 'array':
      return [...here, ...measuresAt(type.element, [...steps, { kind: 'elements' }])];
    case 'struct':
      return type.fields.reduce<Measure[]>(
        (all, field, index) => [
          ...all,
          ...measuresAt(field.type, [...steps, { kind: 'field', index, name: field.name }]),
        ],
        here,
      );
    default:
      return here;
  }
}

function nameOf(kind: MeasureKind, steps: readonly MeasureStep[]): string {
  const path = steps.map((step) => (step.kind === 'elements' ? '[]' : `.${step.name}`)).join('');
  return path === '' ? kind : `${kind} ${path}`;
}

/** Whether the sums of this name are compared, and not added. */
export function isExtreme(name: string): 'min' | 'max' | undefined {
  const [kind] = name.split(' ', 1);
  return kind === 'min' || kind === 'max' ? kind : undefined;
}
