import type { ColumnType } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import { MINUS, ZERO } from './text-digits';
import { compileIntText } from './text-int';
import type { ValueSink } from './value-sink';

type IntType = Extract<ColumnType, { kind: 'int' }>;

/** As many digits 32 bits hold, whatever they are. */
const SHORT_DIGITS = 9;

/**
 * Writes whole numbers as `compileIntText` does; short ones, which most are, into types that hold all of the source without a look at the range.
 * Undefined: the type has more than 64 bits.
 */
export function compileMysqlInt(
  sink: ValueSink,
  source: ColumnType,
  destination: IntType,
): FieldWriter | undefined {
  const write = compileIntText(sink, destination);
  if (write === undefined || source.kind !== 'int' || !holdsAll(source, destination)) return write;
  return (bytes, view, start, length) => {
    const negative = bytes[start] === MINUS;
    const first = negative ? start + 1 : start;
    const end = start + length;
    if (first === end || end - first > SHORT_DIGITS) return write(bytes, view, start, length);
    let value = 0;
    for (let at = first; at < end; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return false;
      value = (value * 10 + digit) | 0;
    }
    if (negative) value = -value | 0;
    sink.putLong(value >> 31, value);
    return true;
  };
}

function holdsAll(source: IntType, destination: IntType): boolean {
  if (source.unsigned === true) {
    return destination.unsigned === true ? source.bits <= destination.bits : source.bits < destination.bits;
  }
  return destination.unsigned !== true && source.bits <= destination.bits;
}
