import type { Cell } from '../../core/cells';
import { NONE_BYTES, NONE_EPOCH, NONE_LIST, NONE_STRUCT, NONE_UUID } from './no-rule';
import { compileNonFinite } from './policy-actions';
import {
  ofText,
  type CellFunction,
  type ConversionContext,
  type DestinationKind,
  type RulesFrom,
  type TypeOf,
} from './rule';
import { compileDecimalToInt, compileFitDecimal, compileTextToFloat, decimalToBool } from './to-number';
import { compileFitJson, compileFitPlainText } from './to-text';

const NON_FINITE = 'policies `nan` and `infinity` decide about the rest';

/** Decimal cells that are no digits: NaN and the infinities of PostgreSQL's numeric. */
function isFiniteDecimal(text: string): boolean {
  const first = text.charCodeAt(0);
  return first >= 48 && first <= 57 ? true : first === 45 && text.charCodeAt(1) !== 73;
}

function ofDecimal(
  context: ConversionContext,
  destination: DestinationKind,
  convert: (text: string) => Cell,
): CellFunction {
  const nonFinite = compileNonFinite(context, destination);
  return ofText((text) => (isFiniteDecimal(text) ? convert(text) : nonFinite(Number(text))));
}

/** Whether every finite decimal of the source's type fits as it is. */
function alwaysFits(source: TypeOf<'decimal'>, destination: TypeOf<'decimal'>): boolean {
  if (destination.precision === undefined) return true;
  if (source.precision === undefined) return false;
  const sourceScale = source.scale ?? 0;
  const scale = destination.scale ?? 0;
  if (sourceScale < 0 || scale < 0 || scale > destination.precision) return false;
  return sourceScale <= scale && source.precision - sourceScale <= destination.precision - scale;
}

export const FROM_DECIMAL: RulesFrom<'decimal'> = {
  bool: {
    name: '0 and 1',
    description: `1 is true, 0 is false, however many zeros follow the point; any other number is a reject; ${NON_FINITE}.`,
    compile: (_source, _destination, context) => ofDecimal(context, 'bool', decimalToBool),
  },
  int: {
    name: 'whole',
    description: `Whole numbers within the range of the column (\`5.00\` is one); a fraction is a reject; ${NON_FINITE}.`,
    compile: (_source, destination, context) => ofDecimal(context, 'int', compileDecimalToInt(destination)),
  },
  float: {
    name: 'nearest',
    description:
      'The nearest float, where the decimal is what that float prints with so many digits; else policy `inexact` decides. Beyond the range of the column is a reject. NaN and the infinities stay where the destination has them, else their policies decide.',
    compile: (_source, destination, context) =>
      ofDecimal(context, 'float', compileTextToFloat(destination, context)),
  },
  decimal: {
    name: 'digits',
    description: `The same number; more digits before the point than the column has are a reject, digits after it beyond the scale are up to policy \`inexact\` (zeros just go; \`round\`: halves away from zero); ${NON_FINITE}.`,
    compile: (source, destination, context) => {
      const fit = alwaysFits(source, destination)
        ? (text: string) => text
        : compileFitDecimal(destination, context);
      return ofDecimal(context, 'decimal', fit);
    },
  },
  string: {
    name: 'text',
    description: `Its digits, trailing zeros included; ${NON_FINITE}.`,
    compile: (_source, destination, context) => {
      const fit = compileFitPlainText(destination);
      const nonFinite = compileNonFinite(context, 'string');
      return ofText((text) => {
        const cell = isFiniteDecimal(text) ? text : nonFinite(Number(text));
        return typeof cell === 'string' ? fit(cell) : cell;
      });
    },
  },
  json: {
    name: 'JSON',
    description: `A JSON number with all digits, trailing zeros included; more than the destination keeps are up to policy \`inexact\`; ${NON_FINITE}.`,
    compile: (_source, _destination, context) => ofDecimal(context, 'json', compileFitJson(context)),
  },
  bytes: NONE_BYTES,
  uuid: NONE_UUID,
  date: NONE_EPOCH,
  time: NONE_EPOCH,
  datetime: NONE_EPOCH,
  timestamp: NONE_EPOCH,
  interval: NONE_EPOCH,
  array: NONE_LIST,
  struct: NONE_STRUCT,
};
