import type { ColumnType } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

/** Of BIT(64). */
const MAX_BYTES = 8;

/** BIT(n), a number in bytes with the highest first, into bools and ints of 64 bits. Undefined: it is for other types. */
export function compileBits(
  sink: ValueSink,
  source: ColumnType,
  destination: ColumnType,
): FieldWriter | undefined {
  if (source.kind === 'bool') {
    if (destination.kind !== 'bool') return undefined;
    return (bytes, _view, start, length) => {
      let found = 0;
      for (let at = start; at < start + length; at++) found |= bytes[at] ?? 0;
      sink.putBool(found !== 0);
      return true;
    };
  }
  if (destination.kind !== 'int' || destination.bits !== 64) return undefined;
  return (bytes, _view, start, length) => {
    if (length > MAX_BYTES) return false;
    let high = 0;
    let low = 0;
    for (let at = start; at < start + length; at++) {
      high = (high << 8) | (low >>> 24);
      low = (low << 8) | (bytes[at] ?? 0);
    }
    // What has the 64th bit set is for the reference.
    if (high < 0) return false;
    sink.putLong(high, low);
    return true;
  };
}
