import { float64Text, readFloat } from '../float-text';
import { showValue } from '../../core/errors';
import { changeOrReject } from './policy-actions';
import { CellRejected, type ConversionContext } from './rule';

/** Only a document in which this is found may have a number of more than 15 digits, or an exponent. */
const SUSPECT = /\d[\d.]{15}|\d[eE]/;
/** Texts and numbers of a valid document: a number is not looked for in a text. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const WHOLE = /^-?\d{1,20}$/;
const [MIN_WHOLE, MAX_WHOLE] = [-(2n ** 63n), 2n ** 64n - 1n];

/**
 * Numbers of valid JSON for a destination that keeps them in 64 bits: what is no whole number of 64 bits and not what a float64 prints with
 * so many digits is up to policy `inexact`, beyond the range of float64 it is a reject. Undefined: the destination keeps all digits.
 */
export function compileJsonNumbers(context: ConversionContext): ((json: string) => string) | undefined {
  if (context.rules.jsonNumbers !== '64-bit') return undefined;
  const round = changeOrReject(context, 'inexact', 'a JSON number of more digits than 64 bits keep');
  const fit = (token: string): string => {
    if (token.startsWith('"')) return token;
    if (WHOLE.test(token) && BigInt(token) >= MIN_WHOLE && BigInt(token) <= MAX_WHOLE) return token;
    const { value, exact } = readFloat(token, 64);
    if (exact) return token;
    if (!Number.isFinite(value)) throw CellRejected.of(`the JSON number ${showValue(token)}, beyond float64`);
    round();
    return float64Text(value);
  };
  return (json) => (SUSPECT.test(json) ? json.replace(TOKENS, fit) : json);
}
