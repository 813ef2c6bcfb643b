/** Longer ranges are copied by Node.js, a call of which costs as much as so many bytes here (measured). */
const SHORT_COPY = 512;

/**
 * Copies `length` bytes from `start` of `from`, which `fromView` shows, too, to `end` of `to`, which `toView` shows; there must be room.
 * Returns the new end.
 */
export function copyRange(
  from: Buffer,
  fromView: DataView,
  start: number,
  length: number,
  to: Buffer,
  toView: DataView,
  end: number,
): number {
  if (length > SHORT_COPY) return end + from.copy(to, end, start, start + length);
  let at = start;
  let into = end;
  for (const last = start + length - 15; at < last; at += 16, into += 16) {
    toView.setInt32(into, fromView.getInt32(at, true), true);
    toView.setInt32(into + 4, fromView.getInt32(at + 4, true), true);
    toView.setInt32(into + 8, fromView.getInt32(at + 8, true), true);
    toView.setInt32(into + 12, fromView.getInt32(at + 12, true), true);
  }
  for (const last = start + length - 3; at < last; at += 4, into += 4) {
    toView.setInt32(into, fromView.getInt32(at, true), true);
  }
  for (const last = start + length; at < last; at++, into++) to[into] = from[at] ?? 0;
  return into;
}
