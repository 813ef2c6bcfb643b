import type { BlockBuffer } from '../encode/block-buffer';

const QUOTE = 34;

/** Appends the bytes from `start` to `end` between quotes. */
export function putQuoted(
  line: BlockBuffer,
  bytes: Buffer,
  view: DataView,
  start: number,
  end: number,
): void {
  line.reserve(1);
  line.bytes[line.end++] = QUOTE;
  line.appendRange(bytes, view, start, end - start);
  line.reserve(1);
  line.bytes[line.end++] = QUOTE;
}
