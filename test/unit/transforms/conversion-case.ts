import type { Cell } from '../../../core/cells';
import type { DestinationRules } from '../../../core/destination-rules';
import type { LossRule } from '../../../core/loss-ledger';
import { DEFAULT_POLICIES, type PolicySet } from '../../../core/policies';
import type { ColumnType } from '../../../core/schema';
import type { TimeUnit } from '../../../core/time-unit';
import { CellRejected, compileCell } from '../../../transforms/cells';

/** Days from 1970 of 0001-01-01 and 9999-12-31. */
export const YEAR_1 = -719_162n;
export const YEAR_9999 = 2_932_896n;
const MICROS_PER_DAY = 86_400_000_000n;

/** A destination that holds nearly everything, as DuckDB does. */
export const ROOMY: DestinationRules = {
  decimal: { maxPrecision: 38, maxScale: 38 },
  unboundedDecimal: { precision: 38, scale: 9 },
  nonFiniteFloat: true,
  infiniteInstant: true,
  dateRange: [-2_147_483_646n, 2_147_483_646n],
  instantRange: [-9_223_372_022_400_000_000n, 9_223_372_036_854_775_806n],
  nullInArray: true,
  nestedArray: true,
  nulCharacter: true,
  names: {
    maxLength: 255,
    allowed: undefined,
    mayStartWithDigit: true,
    reservedPrefixes: [],
    caseInsensitive: true,
  },
};

/** A destination that holds little, as BigQuery and stricter ones do. */
export const NARROW: DestinationRules = {
  ...ROOMY,
  nonFiniteFloat: false,
  infiniteInstant: false,
  dateRange: [YEAR_1, YEAR_9999],
  instantRange: [YEAR_1 * MICROS_PER_DAY, (YEAR_9999 + 1n) * MICROS_PER_DAY - 1n],
  nullInArray: false,
  nestedArray: false,
  nulCharacter: false,
  names: {
    maxLength: 30,
    allowed: /[A-Za-z0-9_]/,
    mayStartWithDigit: false,
    reservedPrefixes: ['_TABLE_', '_FILE_'],
    caseInsensitive: true,
  },
};

export interface ConversionCase {
  readonly from: ColumnType;
  readonly to: ColumnType;
  readonly cell: Cell;
  readonly expected: { readonly cell: Cell } | { readonly reject: string; readonly code: 'reject' | 'fail' };
  readonly losses: readonly LossRule[];
  readonly rules: DestinationRules;
  readonly policies: PolicySet;
}

export interface CaseOptions {
  readonly losses?: readonly LossRule[];
  readonly rules?: DestinationRules;
  readonly policies?: Partial<PolicySet>;
  readonly code?: 'reject' | 'fail';
}

/** The conversion gives a cell; losses are none unless named. */
export function gives(
  from: ColumnType,
  to: ColumnType,
  cell: Cell,
  expected: Cell,
  options: CaseOptions = {},
): ConversionCase {
  return { ...common(from, to, cell, options), expected: { cell: expected } };
}

/** The conversion rejects with a reason that contains a text. */
export function rejects(
  from: ColumnType,
  to: ColumnType,
  cell: Cell,
  reject: string,
  options: CaseOptions = {},
): ConversionCase {
  return { ...common(from, to, cell, options), expected: { reject, code: options.code ?? 'reject' } };
}

function common(
  from: ColumnType,
  to: ColumnType,
  cell: Cell,
  { losses = [], rules = ROOMY, policies = {} }: CaseOptions,
): Omit<ConversionCase, 'expected'> {
  return { from, to, cell, losses, rules, policies: { ...DEFAULT_POLICIES, ...policies } };
}

export type Outcome =
  | { readonly cell: Cell; readonly losses: readonly LossRule[] }
  | { readonly reject: string; readonly code: 'reject' | 'fail' };

/** Runs one conversion; anything thrown but CellRejected passes through. */
export function convertOnce(
  from: ColumnType,
  to: ColumnType,
  cell: Cell,
  rules: DestinationRules,
  policies: PolicySet,
): Outcome {
  const losses: LossRule[] = [];
  const convert = compileCell(from, to, { rules, policies, lose: (rule) => losses.push(rule) });
  try {
    return { cell: convert(cell), losses };
  } catch (thrown) {
    if (!(thrown instanceof CellRejected)) throw thrown;
    return { reject: thrown.reason, code: thrown.code };
  }
}

export const BOOL: ColumnType = { kind: 'bool' };
export const INT8: ColumnType = { kind: 'int', bits: 8 };
export const INT16: ColumnType = { kind: 'int', bits: 16 };
export const INT32: ColumnType = { kind: 'int', bits: 32 };
export const INT64: ColumnType = { kind: 'int', bits: 64 };
export const INT128: ColumnType = { kind: 'int', bits: 128 };
export const UINT8: ColumnType = { kind: 'int', bits: 8, unsigned: true };
export const UINT64: ColumnType = { kind: 'int', bits: 64, unsigned: true };
export const FLOAT32: ColumnType = { kind: 'float', bits: 32 };
export const FLOAT64: ColumnType = { kind: 'float', bits: 64 };
export const DECIMAL: ColumnType = { kind: 'decimal' };
export const STRING: ColumnType = { kind: 'string' };
export const BYTES: ColumnType = { kind: 'bytes' };
export const JSON_TYPE: ColumnType = { kind: 'json' };
export const VARIANT: ColumnType = { kind: 'variant' };
export const UUID: ColumnType = { kind: 'uuid' };
export const DATE: ColumnType = { kind: 'date' };
export const INTERVAL: ColumnType = { kind: 'interval' };

export const decimal = (precision: number, scale: number): ColumnType => ({
  kind: 'decimal',
  precision,
  scale,
});
export const text = (maxLength: number): ColumnType => ({ kind: 'string', maxLength });
export const oneOf = (...values: string[]): ColumnType => ({ kind: 'string', values });
export const time = (unit: TimeUnit): ColumnType => ({ kind: 'time', unit });
export const datetime = (unit: TimeUnit): ColumnType => ({ kind: 'datetime', unit });
export const timestamp = (unit: TimeUnit): ColumnType => ({ kind: 'timestamp', unit });
export const arrayOf = (element: ColumnType): ColumnType => ({ kind: 'array', element });
export const structOf = (fields: readonly (readonly [string, ColumnType])[]): ColumnType => ({
  kind: 'struct',
  fields: fields.map(([name, type]) => ({ name, type })),
});
