import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

const UUID_BYTES = 36;
const HYPHEN = 45;

/** What may stand at each place of a uuid: a hyphen, or a digit. */
const IS_HYPHEN: readonly boolean[] = Array.from({ length: UUID_BYTES }, (_, index) =>
  [8, 13, 18, 23].includes(index),
);

/** Hexadecimal digits in lower case, by what is written; 0: it is no digit. */
const LOWER_HEX = new Uint8Array(256);
for (const digit of '0123456789abcdefABCDEF')
  LOWER_HEX[digit.charCodeAt(0)] = digit.toLowerCase().charCodeAt(0);

/** Writes uuids with hyphens, in upper or lower case. */
export function compileUuidText(sink: ValueSink): FieldWriter {
  return (bytes, _view, start, length) => {
    if (length !== UUID_BYTES) return false;
    let end = sink.openBytes(UUID_BYTES);
    const { bytes: to } = sink.target;
    for (let index = 0; index < UUID_BYTES; index++) {
      const byte = bytes[start + index] ?? 0;
      const digit = IS_HYPHEN[index] === true ? (byte === HYPHEN ? HYPHEN : 0) : (LOWER_HEX[byte] ?? 0);
      if (digit === 0) return false;
      to[end++] = digit;
    }
    return true;
  };
}
