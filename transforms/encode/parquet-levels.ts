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

/**
 * Writes levels as Parquet's hybrid of runs and packed bits: runs of equal levels that are at least a group long as their length and level, all
 * others in groups of eight, lowest bits first. Returns the end.
 */
export function writeLevels(
  levels: Uint8Array,
  count: number,
  maxLevel: number,
  to: Uint8Array,
  start: number,
): number {
  const width = bitWidth(maxLevel);
  let end = start;
  let at = 0;
  let packedFrom = 0;
  while (at < count) {
    const level = levels[at] ?? 0;
    let runEnd = at + 1;
    while (runEnd < count && levels[runEnd] === level) runEnd++;
    // Packed groups are full, but for the last one of all: what is missing to one is taken from the run behind it.
    const missing = (GROUP - ((at - packedFrom) % GROUP)) % GROUP;
    const runStart = at + missing;
    if (runEnd - runStart >= GROUP) {
      end = writePacked(levels, packedFrom, runStart, width, to, end);
      end = writeVarint(to, end, (runEnd - runStart) * 2);
      // Levels have at most eight bits.
      to[end++] = level;
      packedFrom = runEnd;
    }
    at = runEnd;
  }
  return writePacked(levels, packedFrom, count, width, to, end);
}

function writePacked(
  levels: Uint8Array,
  from: number,
  until: number,
  width: number,
  to: Uint8Array,
  start: number,
): number {
  if (from === until) return start;
  const groups = Math.ceil((until - from) / GROUP);
  let end = writeVarint(to, start, groups * 2 + 1);
  for (let group = 0; group < groups; group++) {
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
