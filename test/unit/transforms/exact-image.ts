import { INSTANT_INFINITY, INSTANT_MINUS_INFINITY, type Cell } from '../../../core/cells';
import type { ColumnType } from '../../../core/schema';
import { UNITS_PER_SECOND } from '../../../core/time-unit';

/**
 * Whether a converted cell says exactly what the source's cell said, judged without the code under test. Undefined: this pair is not judged.
 * A judge of numbers works on fractions of BigInts; of instants on nanoseconds.
 */
export function isExactImage(
  from: ColumnType,
  to: ColumnType,
  cell: Cell,
  result: Cell,
): boolean | undefined {
  if (cell === null) return result === null;
  if (from.kind === 'variant' || from.kind === 'json') return judgeJson(from, to, String(cell), result);
  if (result === null) return false;
  if (from.kind === 'array' && to.kind === 'array') return judgeArrays(from, to, cell, result);
  if (to.kind === 'string') return judgeText(from, cell, String(result));
  if (from.kind === to.kind && (SAME_KIND as readonly string[]).includes(to.kind))
    return isSame(cell, result);
  const number = fractionOf(from, cell);
  if (number !== undefined) return judgeNumber(from, to, number, cell, result);
  const moment = nanosecondsOf(from, cell);
  const other = nanosecondsOf(to, result);
  if (moment !== undefined && other !== undefined) return moment === other;
  return undefined;
}

const SAME_KIND = ['bool', 'bytes', 'uuid', 'interval'] as const;

function isSame(a: Cell, b: Cell): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (Array.isArray(a)) return Array.isArray(b) && String(a) === String(b);
  return a === b;
}

interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

/** Of text such as `-12.50e-3`. */
function fractionOfText(text: string): Fraction | undefined {
  const match = /^([+-]?\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null || !/\d/.test(text)) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const power = Number(exponent) - fraction.length;
  if (Math.abs(power) > 5000) return undefined;
  const negative = whole.startsWith('-');
  const digits = BigInt(whole.replace(/[+-]/, '') + fraction || '0');
  const over = negative ? -digits : digits;
  return power >= 0
    ? { over: over * 10n ** BigInt(power), under: 1n }
    : { over, under: 10n ** BigInt(-power) };
}

/** A float is a whole number over a power of two. */
function fractionOfFloat(value: number): Fraction | undefined {
  if (!Number.isFinite(value)) return undefined;
  let over = value;
  let under = 1n;
  while (!Number.isInteger(over)) {
    over *= 2;
    under *= 2n;
  }
  return { over: BigInt(over), under };
}

function fractionOf(type: ColumnType, cell: Cell): Fraction | undefined {
  if (typeof cell === 'bigint' && type.kind === 'int') return { over: cell, under: 1n };
  if (typeof cell === 'number') return fractionOfFloat(cell);
  if (typeof cell === 'boolean') return { over: cell ? 1n : 0n, under: 1n };
  if (typeof cell === 'string' && type.kind === 'decimal') return fractionOfText(cell);
  return undefined;
}

function equal(a: Fraction, b: Fraction): boolean {
  return a.over * b.under === b.over * a.under;
}

/** Floats and decimals stand for each other when either prints as the other: 0.1 is no fraction of two. */
function judgeNumber(
  from: ColumnType,
  to: ColumnType,
  number: Fraction,
  cell: Cell,
  result: Cell,
): boolean | undefined {
  if (to.kind === 'json') return judgeText(from, cell, String(result));
  const other = fractionOf(to, result);
  if (other === undefined) return undefined;
  if (equal(number, other)) return true;
  if (from.kind === 'float' && to.kind === 'decimal') return rounded(Number(result), from.bits) === cell;
  if (from.kind === 'decimal' && to.kind === 'float' && typeof result === 'number') {
    return rounded(Number(cell), to.bits) === result && isPrintOf(String(cell), result, to.bits);
  }
  return false;
}

function rounded(value: number, bits: 32 | 64): number {
  return bits === 32 ? Math.fround(value) : value;
}

/** Whether no other float is as near, and the text has no digits that this float does not print. */
function isPrintOf(text: string, value: number, bits: 32 | 64): boolean {
  const digits = text.replace(/^-/, '').replace('.', '').replace(/^0+/, '').length;
  if (digits <= (bits === 32 ? 6 : 15)) return true;
  const wanted = fractionOfText(text);
  for (let precision = 1; precision <= Math.min(digits, 100); precision++) {
    const printed = fractionOfText(value.toPrecision(precision));
    if (printed !== undefined && wanted !== undefined && equal(printed, wanted)) return true;
  }
  return false;
}

/** Since 1970 (times: since midnight). Undefined for the infinities, which have no number. */
function nanosecondsOf(type: ColumnType, cell: Cell): bigint | string | undefined {
  if (typeof cell !== 'bigint') return undefined;
  switch (type.kind) {
    case 'date':
      return isInfinite(cell) ? `infinite ${cell}` : cell * 86_400n * 1_000_000_000n;
    case 'time':
    case 'datetime':
    case 'timestamp':
      return isInfinite(cell) ? `infinite ${cell}` : cell * (1_000_000_000n / UNITS_PER_SECOND[type.unit]);
    default:
      return undefined;
  }
}

function isInfinite(cell: bigint): boolean {
  return cell === INSTANT_INFINITY || cell === INSTANT_MINUS_INFINITY;
}

function judgeText(from: ColumnType, cell: Cell, text: string): boolean | undefined {
  switch (from.kind) {
    case 'string':
    case 'uuid':
      return text === cell;
    case 'bool':
    case 'int':
    case 'decimal':
      return text === String(cell);
    case 'float':
      return Object.is(rounded(Number(text), from.bits), cell);
    case 'bytes':
      return text === `\\x${Buffer.from(cell as Uint8Array).toString('hex')}`;
    case 'datetime':
    case 'timestamp': {
      const nanoseconds = nanosecondsOf(from, cell);
      if (typeof nanoseconds !== 'bigint') return undefined;
      const milliseconds = Number(nanoseconds / 1_000_000n);
      // JavaScript's own calendar reads years 0 to 9999 without a sign.
      if (Math.abs(milliseconds) > 8e15 || !/^\d/.test(text)) return undefined;
      const [head = '', fraction = ''] = text.replace('Z', '').split('.');
      const seconds = BigInt(Date.parse(`${head}Z`)) * 1_000_000n;
      return seconds + BigInt(fraction.padEnd(9, '0')) === nanoseconds;
    }
    default:
      return undefined;
  }
}

function judgeArrays(
  from: Extract<ColumnType, { kind: 'array' }>,
  to: Extract<ColumnType, { kind: 'array' }>,
  cell: Cell,
  result: Cell,
): boolean | undefined {
  if (!Array.isArray(cell) || !Array.isArray(result)) return false;
  const elements = cell as readonly Cell[];
  const results = result as readonly Cell[];
  if (elements.length !== results.length) return false;
  if (elements.some((element) => Array.isArray(element) && from.element.kind !== 'array')) return undefined;
  const verdicts = elements.map((element, index) =>
    isExactImage(from.element, to.element, element, results[index] ?? null),
  );
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

function judgeJson(from: ColumnType, to: ColumnType, json: string, result: Cell): boolean | undefined {
  const parsed: unknown = JSON.parse(json);
  if (to.kind === 'json') return result === json;
  if (to.kind === 'string') {
    if (from.kind === 'json') return result === json;
    if (parsed === null) return result === null;
    return result === (typeof parsed === 'string' ? parsed : json);
  }
  if (parsed === null) return result === null;
  if (result === null) return false;
  if (typeof parsed !== 'number' || to.kind === 'bool') return undefined;
  const number = fractionOfText(json.trim());
  const other = fractionOf(to, result);
  if (number === undefined || other === undefined) return undefined;
  if (to.kind === 'float') return rounded(parsed, to.bits) === result ? undefined : false;
  return equal(number, other);
}
