import type { ColumnType } from '../core/schema';
import { inferTextValue, MAX_DECIMAL_DIGITS, widen } from './infer';
import { jsonKind, jsonString } from './json-text';

/**
 * What JSON values mean. Numbers are typed by how they are written: whole ones are int64, or a decimal where they do not fit; those with a
 * point or an exponent are float64 where the double prints back to the same digits, else a decimal. Above 38 digits a number is text.
 * Texts stay texts, also those that look like numbers, unless they are ISO dates or instants. Arrays and objects are documents.
 */

const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

const STRING = { kind: 'string' } as const satisfies ColumnType;
const INT64 = { kind: 'int', bits: 64 } as const satisfies ColumnType;
const FLOAT64 = { kind: 'float', bits: 64 } as const satisfies ColumnType;

/** Whole numbers of fewer digits fit in an int64. */
const INT64_DIGITS = 19;

/** Longer texts are no instants; the longest has 35 characters. */
const MAX_INSTANT_TEXT = 40;

/** The narrowest type that holds a valid JSON value without a loss; undefined for null. */
export function inferJsonValue(json: string): ColumnType | undefined {
  switch (jsonKind(json)) {
    case 'null':
      return undefined;
    case 'boolean':
      return { kind: 'bool' };
    case 'number':
      return inferNumber(json.trim());
    case 'string':
      return inferString(json);
    case 'array':
    case 'object':
      return { kind: 'json' };
  }
}

/** The narrowest type that holds the values of both; documents beside anything else are documents. Undefined: only nulls were seen. */
export function widenJson(a: ColumnType | undefined, b: ColumnType | undefined): ColumnType | undefined {
  if (a?.kind === 'json') return a;
  if (b?.kind === 'json') return b;
  return widen(a, b);
}

function inferString(json: string): ColumnType {
  if (json.length > MAX_INSTANT_TEXT) return STRING;
  const type = inferTextValue(jsonString(json));
  return type.kind === 'date' || type.kind === 'datetime' || type.kind === 'timestamp' ? type : STRING;
}

function inferNumber(text: string): ColumnType {
  const match = NUMBER.exec(text);
  if (match === null) return STRING;
  const [, whole = '', fraction = '', exponent] = match;
  if (exponent === undefined && fraction === '') return inferWhole(text, whole);
  if (keptByDouble(text, whole + fraction)) return FLOAT64;
  const shift = Number(exponent ?? 0);
  const zeros = (whole + fraction).search(/[1-9]/);
  const before = Math.max(0, whole.length - zeros + shift);
  const after = Math.max(0, fraction.length - shift);
  return before + after <= MAX_DECIMAL_DIGITS ? decimal(before, after) : STRING;
}

function inferWhole(text: string, digits: string): ColumnType {
  if (digits.length > MAX_DECIMAL_DIGITS) return STRING;
  if (digits.length < INT64_DIGITS || BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return INT64;
  return decimal(digits.length, 0);
}

/** Whether the double nearest to a number prints the same significant digits: then nothing of it is lost. */
function keptByDouble(text: string, digits: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  const significant = digits.replace(/^0+/, '').replace(/0+$/, '');
  if (value === 0) return significant === '';
  const [printed = ''] = Math.abs(value).toExponential().split('e');
  return printed.replace('.', '') === significant;
}

function decimal(before: number, after: number): ColumnType {
  return { kind: 'decimal', precision: Math.max(before + after, 1), scale: after };
}
