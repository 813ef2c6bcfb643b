/** Eight levels are packed together. */
const GROUP = 8;

/** A header: a number of at most 32 bits, seven bits a byte. */
const MAX_HEADER_BYTES = 5;

/** So many bytes at most does `writeLevels` need for `count` levels of at most `maxLevel`. */
export function mostLevelBytes(count: number, maxLevel: number): number {
  // Alternating, each run has its own header.
  return MAX_HEADER_BYTES * 2 + Math.ceil(count / GROUP) * (bitWidth(maxLevel) + 2 + MAX_HEADER_BYTES);
}

/** Bits of a level. */
export function bitWidth(maxLevel: number): number {
  return 32 - Math.clz32(maxLevel);
}

/** Fewer equal levels are packed with their neighbours: a run and the head of what is packed behind it take more bytes. */
const MIN_RUN = 4 * GROUP;

/**
 * Writes levels as Parquet's hybrid of runs and packed bits: whole groups of equal levels as their length and level, all others in groups of eight, lowest bits
 * first. Returns the end.
 */
export function writeLevels(
  levels: Uint8Array,
  count: number,
  maxLevel: number,
  to: Uint8Array,
  start: number,
): number {
  const width = bitWidth(maxLevel);
  const view = new DataView(levels.buffer, levels.byteOffset, levels.length);
  const whole = count - (count % GROUP);
  let end = start;
  let at = 0;
  let packedFrom = 0;
  while (at < whole) {
    const four = view.getInt32(at, true);
    const level = four & 255;
    let runEnd = at;
    if (four === Math.imul(level, EACH_OF_FOUR)) {
      while (
        runEnd < whole &&
        view.getInt32(runEnd, true) === four &&
        view.getInt32(runEnd + 4, true) === four
      )
        runEnd += GROUP;
    }
    if (runEnd - at >= MIN_RUN) {
      end = writePacked(levels, view, packedFrom, at, width, to, end);
      end = writeVarint(to, end, (runEnd - at) * 2);
      // Levels have at most eight bits.
      to[end++] = level;
      packedFrom = runEnd;
    }
    at = Math.max(runEnd, at + GROUP);
  }
  return writePacked(levels, view, packedFrom, count, width, to, end);
}

/** Multiplied by a byte: four of it. */
const EACH_OF_FOUR = 0x0101_0101;
/** Multiplied by four bytes that are 0 or 1: these bits in the lower half of the highest byte, the first one lowest. */
const GATHER = 0x0102_0408;

function writePacked(
  levels: Uint8Array,
  view: DataView,
  from: number,
  until: number,
  width: number,
  to: Uint8Array,
  start: number,
): number {
  if (from === until) return start;
  const groups = Math.ceil((until - from) / GROUP);
  let end = writeVarint(to, start, groups * 2 + 1);
  let group = 0;
  if (width === 1) {
    for (let at = from; at + GROUP <= until; at += GROUP, group++) {
      const low = Math.imul(view.getInt32(at, true), GATHER) >>> 24;
      to[end++] = low | ((Math.imul(view.getInt32(at + 4, true), GATHER) >>> 24) << 4);
    }
  }
  for (; group < groups; group++) {
    let bits = 0;
    let held = 0;
    for (let index = 0; index < GROUP; index++) {
      const at = from + group * GROUP + index;
      bits |= (at < until ? (levels[at] ?? 0) : 0) << held;
      held += width;
      while (held >= 8) {
        to[end++] = bits;
        bits >>>= 8;
        held -= 8;
      }
    }
  }
  return end;
}

function writeVarint(to: Uint8Array, start: number, value: number): number {
  let end = start;
  let rest = value;
  while (rest > 127) {
    to[end++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  to[end++] = rest;
  return end;
}
