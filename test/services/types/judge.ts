import type { StagingFormat } from '../../../core/encoding';
import type { LossRule } from '../../../core/loss-ledger';
import type { PolicySet } from '../../../core/policies';
import { clockOf, plainDecimal, type PlainValue } from './served-value';

/** What is to become of one row, as far as it is known. */
export interface Trial {
  readonly policies: PolicySet;
  readonly format: StagingFormat;
  readonly lose: (rule: LossRule) => void;
}

/** What docs/types.md promises for a value that the source shows as this text: its plain form. Throws Refused where the row is a reject. */
export type Judge = (text: string, trial: Trial) => PlainValue;

export class Refused extends Error {}

const FIRST_DAY = -719_162n;
const LAST_DAY = 2_932_896n;
const MICROS_PER_DAY = 86_400_000_000n;

function decide(trial: Trial, rule: keyof PolicySet): string {
  const choice = trial.policies[rule];
  if (choice === 'reject') throw new Refused(rule);
  trial.lose(rule);
  return choice;
}

export const same: Judge = (text) => text;

export const atMost =
  (characters: number): Judge =>
  (text) => {
    if (Array.from(text).length > characters) throw new Refused('too long');
    return text;
  };

/** Also as DuckDB writes the infinities. */
export const float: Judge = (text) => Number(text.replace(/inf$/, 'Infinity'));

/** Of hexadecimal digits. */
export const bytesAtMost =
  (bytes: number): Judge =>
  (hex) => {
    if (hex.length > bytes * 2) throw new Refused('too long');
    return hex;
  };

export const hexText: Judge = (hex) => `\\x${hex}`;

/** A decimal, or NaN and the infinities, into a decimal of so many digits. */
export const decimal =
  (whole: number, scale: number): Judge =>
  (text, trial) => {
    const unusual = nonFinite(text, trial, undefined);
    if (unusual !== undefined) return unusual.value;
    const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (match === null) throw new Error(`The source shows ${text} for a decimal`);
    const [, sign = '', before = '', after = ''] = match;
    const kept = BigInt(before + after.slice(0, scale).padEnd(scale, '0'));
    const rest = after.slice(scale);
    const rounded = kept + (/^[5-9]/.test(rest) ? 1n : 0n);
    if (rounded >= 10n ** BigInt(whole + scale)) throw new Refused('too large');
    if (/[1-9]/.test(rest)) decide(trial, 'inexact');
    const digits = String(rounded).padStart(scale + 1, '0');
    const split = digits.length - scale;
    return plainDecimal(sign + digits.slice(0, split) + (scale === 0 ? '' : `.${digits.slice(split)}`));
  };

/** A decimal as its own text, zeros and all. */
export const decimalText =
  (characters = Infinity): Judge =>
  (text, trial) => {
    const unusual = nonFinite(text, trial, (name) => name);
    if (unusual !== undefined) return unusual.value;
    return atMost(characters)(text, trial);
  };

function nonFinite(
  text: string,
  trial: Trial,
  asText: ((name: string) => PlainValue) | undefined,
): { value: PlainValue } | undefined {
  if (!/^(?:NaN|-?Infinity)$/.test(text)) return undefined;
  const rule = text === 'NaN' ? 'nan' : 'infinity';
  if (trial.policies[rule] === 'text') {
    if (asText === undefined) throw new Refused(rule);
    trial.lose(rule);
    return { value: asText(text) };
  }
  decide(trial, rule);
  return { value: null };
}

/** A decimal into INT64. */
export const wholeNumber: Judge = (text, trial) => {
  const unusual = nonFinite(text, trial, undefined);
  if (unusual !== undefined) return unusual.value;
  const plain = plainDecimal(text);
  if (plain.includes('.')) throw new Refused('a fraction');
  if (BigInt.asIntN(64, BigInt(plain)) !== BigInt(plain)) throw new Refused('too large');
  return plain;
};

/** A whole number into FLOAT64. */
export const floatOfWhole: Judge = (text, trial) => {
  if (BigInt(Number(text)) !== BigInt(text)) decide(trial, 'inexact');
  return Number(text);
};

function withinRange(
  text: string,
  trial: Trial,
  [first, last]: readonly [bigint, bigint],
): bigint | undefined {
  if (/infinity/.test(text)) {
    if (trial.policies.infinity === 'text') throw new Refused('infinity');
    decide(trial, 'infinity');
    return undefined;
  }
  const value = BigInt(text);
  if (value >= first && value <= last) return value;
  decide(trial, 'out_of_range_date');
  return undefined;
}

/** Days into DATE. */
export const day: Judge = (text, trial) => {
  const days = withinRange(text, trial, [FIRST_DAY, LAST_DAY]);
  return days === undefined ? null : String(days);
};

/** Days into DATETIME and TIMESTAMP. */
export const midnight: Judge = (text, trial) => {
  const days = withinRange(text, trial, [FIRST_DAY, LAST_DAY]);
  return days === undefined ? null : String(days * MICROS_PER_DAY);
};

/** Microseconds since 1970. */
export const instant: Judge = (text, trial) => {
  const micros = withinRange(text, trial, [
    FIRST_DAY * MICROS_PER_DAY,
    (LAST_DAY + 1n) * MICROS_PER_DAY - 1n,
  ]);
  return micros === undefined ? null : String(micros);
};

/** Nanoseconds since 1970 into microseconds: halves up where they are rounded. */
export const instantOfNanoseconds: Judge = (text, trial) => {
  const nanos = BigInt(text);
  if (nanos % 1000n === 0n) return String(nanos / 1000n);
  decide(trial, 'inexact');
  const shifted = nanos + 500n;
  return String((shifted - (((shifted % 1000n) + 1000n) % 1000n)) / 1000n);
};

/** `HH:MM[:SS[.ffffff]]` in microseconds. */
export const microsecondsOfClock = clockOf;

/** Microseconds since midnight. */
export const clock: Judge = (text) => {
  if (BigInt(text) >= MICROS_PER_DAY) throw new Refused('24:00:00');
  return text;
};

/** A document: NDJSON cannot tell one that is null from none. */
export const json: Judge = (text, trial) => {
  const document = JSON.parse(text) as unknown;
  return document === null && trial.format === 'ndjson' ? null : { json: document };
};

/** The text of a JSON array whose elements are the texts of the elements, or null. */
export const listOf =
  (element: Judge): Judge =>
  (text, trial) => {
    const list: PlainValue[] = [];
    for (const item of JSON.parse(text) as (string | null)[]) {
      const value = item === null ? null : element(item, trial);
      if (value === null) decide(trial, 'null_in_array');
      else list.push(value);
    }
    return list;
  };

/** The text of a JSON array whose elements are the texts of the fields, or null. */
export const recordOf =
  (...fields: readonly FieldJudge[]): Judge =>
  (text, trial) => {
    const texts = JSON.parse(text) as (string | null)[];
    return fields.map((field, index) => judgeCell(field, texts[index] ?? null, trial));
  };

export interface FieldJudge {
  readonly judge: Judge;
  readonly isList?: boolean;
  /** REQUIRED: a null makes the row a reject. */
  readonly required?: boolean;
}

/** A value that may be null. */
export function judgeCell(field: FieldJudge, text: string | null, trial: Trial): PlainValue {
  if (text === null && field.isList === true) {
    decide(trial, 'null_array');
    return [];
  }
  const value = text === null ? null : field.judge(text, trial);
  if (value === null && field.required === true) throw new Refused('required');
  return value;
}
