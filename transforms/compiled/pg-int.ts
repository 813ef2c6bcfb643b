import type { ColumnType } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

type IntForm = 'int16' | 'int32' | 'uint32' | 'int64';

/** What values of a form are, whatever the column. */
const RANGES = {
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
} as const;

/** Writes whole numbers that are in the range of the destination's type. */
export function compileIntWriter(
  form: IntForm,
  destination: ColumnType & { kind: 'int' },
  sink: ValueSink,
): FieldWriter {
  if (form === 'int64') return compileInt64(destination, sink);
  const bits = Math.min(destination.bits, 53);
  const [least, most] =
    destination.unsigned === true ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  const [from, to] = RANGES[form];
  // So that one comparison is enough where every value fits.
  const fits = from >= least && to <= most;
  switch (form) {
    case 'int16':
      return (_bytes, view, start, length) => {
        if (length !== 2) return false;
        const value = view.getInt16(start);
        if (!fits && (value < least || value > most)) return false;
        sink.putLong(value >> 31, value);
        return true;
      };
    case 'int32':
      return (_bytes, view, start, length) => {
        if (length !== 4) return false;
        const value = view.getInt32(start);
        if (!fits && (value < least || value > most)) return false;
        sink.putLong(value >> 31, value);
        return true;
      };
    case 'uint32':
      return (_bytes, view, start, length) => {
        if (length !== 4) return false;
        if (!fits && view.getUint32(start) > most) return false;
        sink.putLong(0, view.getInt32(start));
        return true;
      };
  }
}

function compileInt64({ bits, unsigned }: ColumnType & { kind: 'int' }, sink: ValueSink): FieldWriter {
  if (bits >= 64) {
    return (_bytes, view, start, length) => {
      if (length !== 8) return false;
      const high = view.getInt32(start);
      if (unsigned === true && high < 0) return false;
      sink.putLong(high, view.getInt32(start + 4));
      return true;
    };
  }
  if (unsigned === true) {
    const most = 2 ** bits - 1;
    return (_bytes, view, start, length) => {
      if (length !== 8) return false;
      if (view.getInt32(start) !== 0 || view.getUint32(start + 4) > most) return false;
      sink.putLong(0, view.getInt32(start + 4));
      return true;
    };
  }
  const most = 2 ** (bits - 1) - 1;
  return (_bytes, view, start, length) => {
    if (length !== 8) return false;
    const high = view.getInt32(start);
    const low = view.getInt32(start + 4);
    if (high !== low >> 31 || low > most || low < -most - 1) return false;
    sink.putLong(high, low);
    return true;
  };
}
