import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HybridRuns, RUNS_OVERRUN_BYTES } from '../../../../extractors/formats/pages/hybrid-runs';
import { DamagedPage } from '../../../../extractors/formats/pages/page-errors';

interface Run {
  readonly isPacked: boolean;
  readonly numbers: readonly number[];
}

/** Runs as the format says, bit by bit. */
function written(runs: readonly Run[], bits: number): Uint8Array {
  const bytes: number[] = [];
  const varint = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  };
  for (const { isPacked, numbers } of runs) {
    if (isPacked) {
      varint((numbers.length / 8) * 2 + 1);
      const all = numbers.flatMap((number) =>
        Array.from({ length: bits }, (_, bit) => (number / 2 ** bit) & 1),
      );
      for (let at = 0; at < all.length; at += 8)
        bytes.push(all.slice(at, at + 8).reduce((sum, bit, index) => sum + bit * 2 ** index, 0));
    } else {
      varint(numbers.length * 2);
      for (let byte = 0; byte * 8 < bits; byte++)
        bytes.push(Math.floor((numbers[0] ?? 0) / 2 ** (8 * byte)) & 255);
    }
  }
  return Uint8Array.from([...bytes, ...new Array<number>(RUNS_OVERRUN_BYTES).fill(255)]);
}

function runsOf(bits: number): fc.Arbitrary<Run[]> {
  const number = fc.integer({ min: 0, max: 2 ** bits - 1 });
  const packed = fc
    .integer({ min: 1, max: 5 })
    .chain((groups) =>
      fc
        .array(number, { minLength: groups * 8, maxLength: groups * 8 })
        .map((numbers): Run => ({ isPacked: true, numbers })),
    );
  const repeated = fc
    .tuple(number, fc.integer({ min: 1, max: 100 }))
    .map(([value, count]): Run => ({ isPacked: false, numbers: new Array<number>(count).fill(value) }));
  return fc.array(fc.oneof(packed, repeated), { minLength: 1, maxLength: 6 });
}

describe('runs and packed numbers', () => {
  it('are read whatever their width is, as many at a time as wanted', () => {
    const cases = fc.integer({ min: 0, max: 32 }).chain((bits) => fc.tuple(fc.constant(bits), runsOf(bits)));
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 50 }), ([bits, runs], atOnce) => {
        const bytes = written(runs, bits);
        const expected = runs.flatMap(({ numbers }) => numbers);
        const reader = new HybridRuns();
        reader.open(bytes, 0, bytes.length - RUNS_OVERRUN_BYTES, bits);
        const numbers = new Int32Array(expected.length);
        for (let at = 0; at < numbers.length; at += atOnce)
          reader.read(numbers, at, Math.min(atOnce, numbers.length - at));
        assert.deepEqual(
          Array.from(numbers, (number) => number >>> 0),
          expected,
        );
        assert.throws(() => {
          reader.read(new Int32Array(1), 0, 1);
        }, DamagedPage);
      }),
      { numRuns: 500 },
    );
  });

  it('tell whether the next numbers are all the same', () => {
    const bytes = written(
      [
        { isPacked: false, numbers: [1, 1, 1] },
        { isPacked: true, numbers: [1, 1, 1, 1, 1, 1, 1, 1] },
      ],
      1,
    );
    const reader = new HybridRuns();
    reader.open(bytes, 0, bytes.length - RUNS_OVERRUN_BYTES, 1);
    assert.deepEqual(
      [reader.readAll(0, 1), reader.readAll(1, 4), reader.readAll(1, 2), reader.readAll(1, 1)],
      [false, false, true, true],
    );
    assert.equal(reader.readAll(1, 8), false, 'packed ones are not looked at');
    const numbers = new Int32Array(8);
    reader.read(numbers, 0, 8);
    assert.deepEqual([...numbers], [1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('refuse numbers that are too wide, runs that are too long, and the end', () => {
    const reader = new HybridRuns();
    assert.throws(() => {
      reader.open(new Uint8Array(20), 0, 12, 33);
    }, /numbers of 33 bits/);
    reader.open(new Uint8Array(20).fill(255), 0, 12, 1);
    assert.throws(() => {
      reader.read(new Int32Array(1), 0, 1);
    }, /too long/);
    reader.open(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0), 0, 1, 8);
    assert.throws(() => {
      reader.read(new Int32Array(1), 0, 1);
    }, /fewer levels or numbers/);
  });
});
