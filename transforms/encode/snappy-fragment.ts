import type { BlockBuffer } from './block-buffer';

/** Bytes that are compressed by themselves: nothing is copied from farther back, so that distances fit two bytes. */
export const FRAGMENT_BYTES = 64 * 1024;
/** Places of the hash table, as a power of two. One more saves 2% of size, for 4% of time. */
const TABLE_BITS = 13;
const HASH_SHIFT = 32 - TABLE_BITS;
/** A prime, as good as any: it spreads bytes over the upper bits. */
const SPREAD = 0x1e35a7bd;
/** After so many misses in a row, as a power of two, every second place is tried, then every third. Twice as many save 1.5% of size, for 8% of time. */
const PATIENCE_BITS = 3;

/** So many bytes are read and written beyond the end of what is meant. */
export const OVERRUN_BYTES = 16;
/** The last bytes of a fragment are not searched. */
const UNSEARCHED_BYTES = OVERRUN_BYTES - 1;

/** Kinds of elements, in the lowest bits of the first byte. */
const COPY_1 = 1;
const COPY_2 = 2;
/** Longest literals with their length within the first byte, in the byte behind it. */
const MAX_LITERAL_0 = 60;
const MAX_LITERAL_1 = 256;
const LENGTH_IN_ONE = 60 << 2;
const LENGTH_IN_TWO = 61 << 2;
const MAX_COPY = 64;
const MIN_COPY = 4;
const MAX_NEAR_COPY = 11;
const MAX_NEAR = 2048;
/** Up to so many bytes are copied here, four at once; to call Node.js costs more (measured). */
const SHORT_COPY = 96;

/** Writes what a fragment, from `base` to `end` of a block, becomes behind what `to` holds. Both have room to overrun, by `OVERRUN_BYTES`. */
export interface FragmentWriter {
  write(from: BlockBuffer, base: number, end: number, to: BlockBuffer): void;
}

/** Writes fragments with JavaScript alone. */
export class ScriptFragments implements FragmentWriter {
  private readonly table = new Uint16Array(1 << TABLE_BITS);

  write(from: BlockBuffer, base: number, end: number, to: BlockBuffer): void {
    to.end = this.writeFragment(from, base, end, to);
  }

  /** Returns where what it has written ends. */
  private writeFragment({ view }: BlockBuffer, base: number, end: number, to: BlockBuffer): number {
    const { table } = this;
    let out = to.end;
    const limit = end - UNSEARCHED_BYTES;
    let literal = base;
    let at = base + 1;
    if (at > limit) return writeLiteral(view, literal, end, to, out);
    table.fill(0);
    for (;;) {
      let tries = 1 << PATIENCE_BITS;
      let next = at;
      let earlier: number;
      let four: number;
      do {
        at = next;
        next = at + (tries++ >> PATIENCE_BITS);
        if (next > limit) return writeLiteral(view, literal, end, to, out);
        four = view.getInt32(at, true);
        const place = placeOf(view, four, at);
        earlier = base + (table[place] ?? 0);
        table[place] = at - base;
      } while (view.getInt32(earlier, true) !== four);
      out = writeLiteral(view, literal, at, to, out);
      do {
        const distance = at - earlier;
        const length = MIN_COPY + sameBytes(view, earlier + MIN_COPY, at + MIN_COPY, end);
        out = writeCopy(to.view, distance, length, out);
        at += length;
        literal = at;
        if (at >= limit) return writeLiteral(view, literal, end, to, out);
        table[placeOf(view, view.getInt32(at - 1, true), at - 1)] = at - 1 - base;
        four = view.getInt32(at, true);
        const place = placeOf(view, four, at);
        earlier = base + (table[place] ?? 0);
        table[place] = at - base;
      } while (view.getInt32(earlier, true) === four);
      at++;
    }
  }
}

/**
 * Where the table keeps what begins at `at` with the bytes `four`. Two bytes more take part, so that what is found is seldom shorter than
 * six: to copy four bytes takes as much room as to repeat them, and each copy costs time. A fifth less time, 2% more size.
 */
function placeOf(view: DataView, four: number, at: number): number {
  return Math.imul(four + (view.getUint16(at + MIN_COPY, true) << 8), SPREAD) >>> HASH_SHIFT;
}

/** How many bytes from `one` are those from `two`, which ends at `end`. */
function sameBytes(view: DataView, one: number, two: number, end: number): number {
  const start = two;
  for (; two <= end - 4; one += 4, two += 4) {
    const differing = view.getInt32(one, true) ^ view.getInt32(two, true);
    if (differing !== 0) return two - start + ((31 - Math.clz32(differing & -differing)) >> 3);
  }
  for (; two < end && view.getUint8(one) === view.getUint8(two); one++) two++;
  return two - start;
}

function writeLiteral(from: DataView, start: number, end: number, to: BlockBuffer, out: number): number {
  const length = end - start;
  if (length === 0) return out;
  const { view } = to;
  if (length <= MAX_LITERAL_0) {
    view.setUint8(out++, (length - 1) << 2);
  } else if (length <= MAX_LITERAL_1) {
    view.setInt16(out, LENGTH_IN_ONE | ((length - 1) << 8), true);
    out += 2;
  } else {
    view.setUint8(out++, LENGTH_IN_TWO);
    view.setInt16(out, length - 1, true);
    out += 2;
  }
  if (length > SHORT_COPY) {
    to.bytes.set(new Uint8Array(from.buffer, from.byteOffset + start, length), out);
  } else {
    for (let index = 0; index < length; index += 4) {
      view.setInt32(out + index, from.getInt32(start + index, true), true);
    }
  }
  return out + length;
}

function writeCopy(view: DataView, distance: number, length: number, out: number): number {
  let rest = length;
  for (; rest >= MAX_COPY + MIN_COPY; rest -= MAX_COPY) out = writePart(view, distance, MAX_COPY, out);
  if (rest > MAX_COPY) {
    // what is left is a copy, too
    out = writePart(view, distance, MAX_COPY - MIN_COPY, out);
    rest -= MAX_COPY - MIN_COPY;
  }
  if (rest > MAX_NEAR_COPY || distance >= MAX_NEAR) return writePart(view, distance, rest, out);
  const first = COPY_1 | ((rest - MIN_COPY) << 2) | ((distance >> 8) << 5);
  view.setInt16(out, first | (distance << 8), true);
  return out + 2;
}

/** With a byte of overrun. */
function writePart(view: DataView, distance: number, length: number, out: number): number {
  view.setInt32(out, COPY_2 | ((length - 1) << 2) | (distance << 8), true);
  return out + 3;
}
