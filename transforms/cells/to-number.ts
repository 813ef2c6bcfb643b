import type { Cell } from '../../core/cells';
import { formatType } from '../../core/format-type';
import { decimalDigits, rescaleDecimal, wholeNumberOf } from '../decimal-text';
import { readFloat } from '../float-text';
import { changeOrReject } from './policy-actions';
import { CellRejected, type ConversionContext, type TypeOf } from './rule';

/** More digits than any int has. */
const MAX_INT_DIGITS = 39;

/** Smallest and greatest number of an int type. */
export function intRange(type: TypeOf<'int'>): readonly [bigint, bigint] {
  const bits = BigInt(type.bits);
  return type.unsigned === true ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/** Rejects whole numbers that the int type does not hold. */
export function compileFitInt(destination: TypeOf<'int'>): (value: bigint) => bigint {
  const [min, max] = intRange(destination);
  const reason = `beyond ${formatType(destination)} (${min} to ${max})`;
  return (value) => {
    if (value < min || value > max) throw CellRejected.of(reason);
    return value;
  };
}

/** Canonical decimals into an int: whole numbers only, `5.00` is one. */
export function compileDecimalToInt(destination: TypeOf<'int'>): (text: string) => bigint {
  const fit = compileFitInt(destination);
  const beyond = `beyond ${formatType(destination)}`;
  return (text) => {
    if (decimalDigits(text).whole > MAX_INT_DIGITS) throw CellRejected.of(beyond);
    const whole = wholeNumberOf(text);
    if (whole === undefined) throw CellRejected.of('not a whole number');
    return fit(whole);
  };
}

/** Canonical decimals into a bool: 0 and 1 only. */
export function decimalToBool(text: string): boolean {
  const whole = text.length > MAX_INT_DIGITS ? undefined : wholeNumberOf(text);
  if (whole === 0n) return false;
  if (whole === 1n) return true;
  throw CellRejected.of('neither 0 nor 1');
}

/** Canonical decimals into a decimal: too many digits before the point reject, digits after it are up to `inexact`. */
export function compileFitDecimal(
  destination: TypeOf<'decimal'>,
  context: ConversionContext,
): (text: string) => string {
  const { precision } = destination;
  if (precision === undefined) return (text) => text;
  const scale = destination.scale ?? 0;
  const maxWhole = Math.max(precision - scale, 0);
  const name = formatType(destination);
  const overflow = `more than ${maxWhole} ${maxWhole === 1 ? 'digit' : 'digits'} before the point of ${name}`;
  const round = changeOrReject(context, 'inexact', `more than ${scale} digits after the point of ${name}`);
  return (text) => {
    const digits = decimalDigits(text);
    if (digits.scale <= scale && digits.whole <= maxWhole && scale <= precision) return text;
    const rescaled = rescaleDecimal(text, scale);
    const whole = decimalDigits(rescaled.text).whole;
    if (whole > maxWhole) throw CellRejected.of(overflow);
    if (scale > precision && digitsAfterZeros(rescaled.text, scale) > precision) {
      throw CellRejected.of(`too large for ${name}`);
    }
    if (!rescaled.exact) round();
    return rescaled.text;
  };
}

/** Digits from the first that is not zero to the last of `scale`, of a decimal below 1. */
function digitsAfterZeros(text: string, scale: number): number {
  const first = text.search(/[1-9]/);
  return first === -1 ? 0 : scale - (first - text.indexOf('.') - 1);
}

/** Texts of finite numbers into a float; beyond its range they reject, digits it does not keep are up to `inexact`. */
export function compileTextToFloat(
  destination: TypeOf<'float'>,
  context: ConversionContext,
): (text: string) => Cell {
  const { bits } = destination;
  const beyond = `beyond ${formatType(destination)}`;
  const round = changeOrReject(context, 'inexact', `more digits than ${formatType(destination)} keeps`);
  return (text) => {
    const { value, exact } = readFloat(text, bits);
    if (exact) return value;
    if (!Number.isFinite(value)) throw CellRejected.of(beyond);
    round();
    return value;
  };
}
