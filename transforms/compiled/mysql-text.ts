import type { FieldWriter } from './field-writer';
import { isValidUtf8 } from './utf8-check';
import type { ValueSink } from './value-sink';

/** Bytes that are no ASCII have this bit. */
const NOT_ASCII = 0x8080_8080 | 0;
/** Longer texts are checked and copied by Node.js; to call it costs more than the loop for shorter ones (measured). In bytes. */
const SHORT_TEXT = 512;

/** Writes texts that are valid UTF-8. Short ones are looked at while they are copied: of a text that is not valid, all is written. */
export function compileValidText(sink: ValueSink): FieldWriter {
  return (bytes, view, start, length) => {
    if (length > SHORT_TEXT) {
      if (!isValidUtf8(bytes, view, start, length)) return false;
      sink.putBytes(bytes, view, start, length);
      return true;
    }
    let to = sink.openBytes(length);
    const { bytes: out, view: outView } = sink.target;
    const end = start + length;
    let at = start;
    let found = 0;
    for (const last = end - 7; at < last; at += 8, to += 8) {
      const first = view.getInt32(at, true);
      const second = view.getInt32(at + 4, true);
      outView.setInt32(to, first, true);
      outView.setInt32(to + 4, second, true);
      found |= first | second;
    }
    for (; at < end; at++, to++) {
      const byte = bytes[at] ?? 0;
      out[to] = byte;
      found |= byte;
    }
    return (found & NOT_ASCII) === 0 || isValidUtf8(bytes, view, start, length);
  };
}
