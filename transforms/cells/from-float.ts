import { formatType } from '../../core/format-type';
import { decimalOfFloat, floatText } from '../float-text';
import { NONE_BYTES, NONE_EPOCH, NONE_LIST, NONE_STRUCT, NONE_UUID } from './no-rule';
import { changeOrReject, compileNonFinite } from './policy-actions';
import { CellRejected, keepCell, ofNumber, type RulesFrom } from './rule';
import { compileFitDecimal, compileFitInt } from './to-number';
import { compileFitPlainText } from './to-text';

const NON_FINITE = 'policies `nan` and `infinity` decide about the rest';

export const FROM_FLOAT: RulesFrom<'float'> = {
  bool: {
    name: '0 and 1',
    description: `1 is true, 0 is false; any other number is a reject; ${NON_FINITE}.`,
    compile: (_source, _destination, context) => {
      const nonFinite = compileNonFinite(context, 'bool');
      return ofNumber((value) => {
        if (!Number.isFinite(value)) return nonFinite(value);
        if (value === 1) return true;
        if (value === 0) return false;
        throw CellRejected.of('neither 0 nor 1');
      });
    },
  },
  int: {
    name: 'whole',
    description: `Whole numbers within the range of the column; a fraction is a reject; ${NON_FINITE}.`,
    compile: (_source, destination, context) => {
      const fit = compileFitInt(destination);
      const nonFinite = compileNonFinite(context, 'int');
      return ofNumber((value) => {
        if (Number.isInteger(value)) return fit(BigInt(value));
        if (!Number.isFinite(value)) return nonFinite(value);
        throw CellRejected.of('not a whole number');
      });
    },
  },
  float: {
    name: 'float',
    description:
      'As it is; into a float32, policy `inexact` decides about numbers that it does not hold exactly, and what is beyond its range is a reject. NaN and the infinities stay where the destination has them, else their policies decide.',
    compile: (source, destination, context) => {
      const nonFinite = compileNonFinite(context, 'float');
      if (source.bits <= destination.bits) {
        if (context.rules.nonFiniteFloat) return keepCell;
        return ofNumber((value) => (Number.isFinite(value) ? value : nonFinite(value)));
      }
      const beyond = `beyond ${formatType(destination)}`;
      const round = changeOrReject(context, 'inexact', `more digits than ${formatType(destination)} keeps`);
      return ofNumber((value) => {
        if (!Number.isFinite(value)) return nonFinite(value);
        const single = Math.fround(value);
        if (!Number.isFinite(single)) throw CellRejected.of(beyond);
        if (single !== value) round();
        return single;
      });
    },
  },
  decimal: {
    name: 'shortest',
    description: `A whole number is exactly that number, a fraction the shortest decimal that reads back to the same float (0.1 is 0.1); digits beyond the scale of the column are up to policy \`inexact\`; ${NON_FINITE}.`,
    compile: (source, destination, context) => {
      const fit = compileFitDecimal(destination, context);
      const nonFinite = compileNonFinite(context, 'decimal');
      return ofNumber((value) =>
        Number.isFinite(value) ? fit(decimalOfFloat(value, source.bits)) : nonFinite(value),
      );
    },
  },
  string: {
    name: 'text',
    description: `The shortest text that reads back to the same float; ${NON_FINITE}.`,
    compile: (source, destination, context) => {
      const fit = compileFitPlainText(destination);
      const nonFinite = compileNonFinite(context, 'string');
      return ofNumber((value) => {
        if (Number.isFinite(value)) return fit(floatText(value, source.bits));
        const text = nonFinite(value);
        return typeof text === 'string' ? fit(text) : text;
      });
    },
  },
  json: {
    name: 'JSON',
    description: `A JSON number, the shortest that reads back to the same float; ${NON_FINITE}.`,
    compile: (source, _destination, context) => {
      const nonFinite = compileNonFinite(context, 'json');
      return ofNumber((value) => (Number.isFinite(value) ? floatText(value, source.bits) : nonFinite(value)));
    },
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
