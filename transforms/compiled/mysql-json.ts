import type { DestinationRules } from '../../core/destination-rules';
import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';
import { isValidUtf8 } from './utf8-check';

const BACKSLASH = 92;
const SMALL_U = 117;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const SMALL_E = 101;
/** Numbers of fewer digits and points are kept by every destination. */
const SAFE_NUMBER_BYTES = 15;

/**
 * Writes JSON documents that the server has checked. It leaves to others escapes of characters by number, and where the destination keeps numbers in 64
 * bits those with exponents and long ones, wherever in the document they may stand.
 */
export function compileMysqlJson(sink: ValueSink, { jsonNumbers }: DestinationRules): FieldWriter {
  const keepsAll = jsonNumbers !== '64-bit';
  return (bytes, view, start, length) => {
    const end = start + length;
    let digits = 0;
    let found = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      found |= byte;
      if (byte <= NINE) {
        if (byte < POINT || byte === ZERO - 1) digits = 0;
        else if (++digits > SAFE_NUMBER_BYTES && !keepsAll) return false;
        continue;
      }
      if (byte === BACKSLASH && bytes[at + 1] === SMALL_U) return false;
      // behind a digit
      if (digits > 0 && (byte | 32) === SMALL_E && !keepsAll) return false;
      digits = 0;
    }
    if (found > 127 && !isValidUtf8(bytes, view, start, length)) return false;
    sink.putBytes(bytes, view, start, length);
    return true;
  };
}
