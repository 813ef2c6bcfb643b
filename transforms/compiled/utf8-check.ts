import { isUtf8 } from 'node:buffer';

/** Bytes that are no ASCII have this bit. */
const NOT_ASCII = 0x8080_8080 | 0;
/** Longer texts are checked by Node.js; to call it costs more than the loop for shorter ones. In bytes. */
const SHORT_TEXT = 256;

/** Whether a range of `bytes`, which `view` shows, too, is valid UTF-8. */
export function isValidUtf8(bytes: Buffer, view: DataView, start: number, length: number): boolean {
  const end = start + length;
  if (length > SHORT_TEXT) return isUtf8(bytes.subarray(start, end));
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    if ((view.getInt32(at, true) & NOT_ASCII) !== 0) return isShortUtf8(bytes, at, end);
  }
  let found = 0;
  for (let index = at; index < end; index++) found |= bytes[index] ?? 0;
  return found < 128 || isShortUtf8(bytes, at, end);
}

/** RFC 3629: no longer forms than needed, no halves of surrogate pairs, nothing beyond U+10FFFF. */
function isShortUtf8(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      at++;
      continue;
    }
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (lead < 0xc2 || lead > 0xf4 || end - at <= more) return false;
    const second = bytes[at + 1] ?? 0;
    const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return false;
    for (let next = at + 2; next <= at + more; next++) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return false;
    at += more + 1;
  }
  return true;
}
