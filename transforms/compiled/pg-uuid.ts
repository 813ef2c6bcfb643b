import type { ColumnType } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

const UUID_BYTES = 16;
/** A uuid as text. */
const UUID_TEXT_BYTES = 36;
const HYPHEN = 45;

/** The two hexadecimal digits of each byte, the first one in the lower half. */
const DIGITS = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, '0');
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});

/** Writes uuids: as such where the column is of uuids that are no texts, otherwise as text. */
export function compileUuid(sink: ValueSink, destination: ColumnType): FieldWriter {
  if (destination.kind === 'uuid' && sink.putUuid !== undefined) {
    return (bytes, _view, start, length) => {
      if (length !== UUID_BYTES) return false;
      sink.putUuid?.(bytes, start);
      return true;
    };
  }
  return (bytes, _view, start, length) => {
    if (length !== UUID_BYTES) return false;
    const to = sink.openBytes(UUID_TEXT_BYTES);
    const { bytes: target, view } = sink.target;
    writeDigits(bytes, start, 4, view, to);
    target[to + 8] = HYPHEN;
    writeDigits(bytes, start + 4, 2, view, to + 9);
    target[to + 13] = HYPHEN;
    writeDigits(bytes, start + 6, 2, view, to + 14);
    target[to + 18] = HYPHEN;
    writeDigits(bytes, start + 8, 2, view, to + 19);
    target[to + 23] = HYPHEN;
    writeDigits(bytes, start + 10, 6, view, to + 24);
    return true;
  };
}

function writeDigits(bytes: Buffer, start: number, count: number, to: DataView, at: number): void {
  for (let index = 0; index < count; index++) {
    to.setUint16(at + 2 * index, DIGITS[bytes[start + index] ?? 0] ?? 0, true);
  }
}
