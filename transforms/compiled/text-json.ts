import type { DestinationRules } from '../../core/destination-rules';
import type { FieldWriter } from './field-writer';
import { DocumentText } from './text-document';
import type { ValueSink } from './value-sink';

const SMALL_N = 110;

/**
 * Writes JSON documents (RFC 8259, in valid UTF-8) as they are. It leaves to others escapes of U+0000 and of halves of pairs, deep nesting, where the destination
 * keeps numbers in 64 bits long fractions and exponents, and where it has no document `null` that one.
 */
export function compileJsonText(
  sink: ValueSink,
  { jsonNumbers, nullDocument }: DestinationRules,
): FieldWriter {
  const document = new DocumentText(jsonNumbers === '64-bit');
  return (bytes, view, start, length) => {
    const end = start + length;
    if (!document.isValid(bytes, start, end)) return false;
    if (nullDocument === false && bytes[document.first] === SMALL_N) return false;
    sink.putBytes(bytes, view, start, length);
    return true;
  };
}
