import { formatType } from '../../core/format-type';
import { NONE_BYTES, NONE_EPOCH, NONE_LIST, NONE_STRUCT, NONE_UUID } from './no-rule';
import { changeOrReject } from './policy-actions';
import { CellRejected, keepCell, ofBigint, type RulesFrom } from './rule';
import { compileFitDecimal, compileFitInt, intRange } from './to-number';
import { compileFitJson, compileFitPlainText } from './to-text';

export const FROM_INT: RulesFrom<'int'> = {
  bool: {
    name: '0 and 1',
    description: '1 is true, 0 is false; any other number is a reject.',
    compile: () =>
      ofBigint((value) => {
        if (value === 1n) return true;
        if (value === 0n) return false;
        throw CellRejected.of('neither 0 nor 1');
      }),
  },
  int: {
    name: 'range',
    description: 'As it is; numbers beyond the range of the column are rejects.',
    compile: (source, destination) => {
      const [sourceMin, sourceMax] = intRange(source);
      const [min, max] = intRange(destination);
      return sourceMin >= min && sourceMax <= max ? keepCell : ofBigint(compileFitInt(destination));
    },
  },
  float: {
    name: 'exact',
    description:
      'Exact up to 2^53 (float32: 2^24) and for multiples of powers of two beyond; policy `inexact` decides about other numbers.',
    compile: (_source, destination, context) => {
      const single = destination.bits === 32;
      const beyond = `beyond ${formatType(destination)}`;
      const round = changeOrReject(context, 'inexact', `more digits than ${formatType(destination)} keeps`);
      return ofBigint((value) => {
        const number = single ? Math.fround(Number(value)) : Number(value);
        if (!Number.isFinite(number)) throw CellRejected.of(beyond);
        if (BigInt(number) !== value) round();
        return number;
      });
    },
  },
  decimal: {
    name: 'digits',
    description: 'The same number; more digits before the point than the column has are a reject.',
    compile: (_source, destination, context) => {
      const fit = compileFitDecimal(destination, context);
      return ofBigint((value) => fit(value.toString()));
    },
  },
  string: {
    name: 'text',
    description: 'Its digits.',
    compile: (_source, destination) => {
      const fit = compileFitPlainText(destination);
      return ofBigint((value) => fit(value.toString()));
    },
  },
  json: {
    name: 'JSON',
    description:
      'A JSON number with all digits, also beyond 2^53; more than the destination keeps are up to policy `inexact`.',
    compile: (source, _destination, context) => {
      const fit = source.bits === 128 ? compileFitJson(context) : (text: string) => text;
      return ofBigint((value) => fit(value.toString()));
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
