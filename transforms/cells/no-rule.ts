import type { NoRule } from './rule';

/** Why pairs of types have no rule. */
export const NONE_BYTES: NoRule = { none: 'there is no agreed way to write it as bytes' };
export const NONE_UUID: NoRule = { none: 'it is no identifier' };
export const NONE_CALENDAR: NoRule = { none: 'it is neither a date nor a time' };
export const NONE_EPOCH: NoRule = {
  none: 'a number does not say from which day it counts, nor in which unit',
};
export const NONE_NUMBER: NoRule = { none: 'it is no number' };
export const NONE_INSTANT_NUMBER: NoRule = {
  none: 'the number would depend on an epoch and a unit that no one has named',
};
export const NONE_LIST: NoRule = { none: 'a single value is not made into an array' };
export const NONE_STRUCT: NoRule = { none: 'a single value has no fields' };
export const NONE_ARRAY: NoRule = { none: 'an array has many values, the column one' };
export const NONE_FIELDS: NoRule = { none: 'a struct has many values, the column one' };
export const NONE_DAY: NoRule = { none: 'a time of day does not say which day' };
export const NONE_CLOCK: NoRule = { none: 'a date has no time of day' };
export const NONE_WITHOUT_DAY: NoRule = { none: 'the date would be lost' };
export const NONE_LENGTH: NoRule = { none: 'a point in time is no length of time' };
export const NONE_POINT: NoRule = { none: 'a length of time is no point in time' };
