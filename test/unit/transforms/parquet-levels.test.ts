import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bitWidth, mostLevelBytes, writeLevels } from '../../../transforms/encode/parquet-levels';

/** Reads the hybrid of runs and packed groups as the specification describes it. */
function readLevels(bytes: Uint8Array, width: number): number[] {
  const levels: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    let header = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[at++] ?? 0;
      header += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte < 128) break;
    }
    if (header % 2 === 0) {
      const level = bytes[at++] ?? 0;
      for (let index = 0; index < header / 2; index++) levels.push(level);
      continue;
    }
    const packed = ((header - 1) / 2) * 8;
    let bits = 0n;
    const size = (packed * width) / 8;
    for (let index = 0; index < size; index++) bits |= BigInt(bytes[at++] ?? 0) << BigInt(index * 8);
    const mask = (1n << BigInt(width)) - 1n;
    for (let index = 0; index < packed; index++) levels.push(Number((bits >> BigInt(index * width)) & mask));
  }
  return levels;
}

/** Runs of any length, and what alternates. */
const levelsOf = (maxLevel: number): fc.Arbitrary<number[]> =>
  fc
    .array(
      fc.oneof(
        fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat({ max: maxLevel })),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat({ max: maxLevel })),
        fc.tuple(fc.constant(5000), fc.nat({ max: maxLevel })),
      ),
      { maxLength: 30 },
    )
    .map((runs) => runs.flatMap(([length, level]) => Array.from({ length }, () => level)));

describe('levels of Parquet', () => {
  it('are read back, and take no more room than was asked for', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(1, 2, 3, 4, 7, 8)
          .chain((maxLevel) => fc.tuple(fc.constant(maxLevel), levelsOf(maxLevel))),
        ([maxLevel, levels]) => {
          const room = Buffer.alloc(mostLevelBytes(levels.length, maxLevel) + 3, 0xee);
          const end = writeLevels(Uint8Array.from(levels), levels.length, maxLevel, room, 3);
          assert.ok(end <= room.length);
          const found = readLevels(room.subarray(3, end), bitWidth(maxLevel));
          assert.deepEqual(found.slice(0, levels.length), levels);
          // Only the last group is filled up.
          assert.ok(found.length - levels.length < 8);
        },
      ),
      { numRuns: 300 },
    );
  });
});
