import assert from 'node:assert/strict';
import fc from 'fast-check';
import { snappyUncompress } from 'hysnappy';
import { BlockBuffer } from '../../../transforms/encode/block-buffer';
import { SnappyWriter, snappyRoom } from '../../../transforms/encode/snappy';

const writer = new SnappyWriter();
const script = new SnappyWriter('script');

/** Compressed behind three bytes of something else, as another implementation reads it. */
function roundTrip(bytes: Buffer): { size: number; back: Buffer } {
  const from = new BlockBuffer(16);
  from.reserve(bytes.length);
  bytes.copy(from.bytes);
  from.end = bytes.length;
  // what stands behind the end must not matter
  from.bytes.fill(7, from.end);
  const to = new BlockBuffer(16);
  to.end = 3;
  writer.write(from, to);
  assert.ok(to.end - 3 <= snappyRoom(bytes.length));
  const packed = Uint8Array.from(to.bytes.subarray(3, to.end));
  const other = new BlockBuffer(16);
  script.write(from, other);
  assert.ok(other.bytes.subarray(0, other.end).equals(packed), 'both modes write the same bytes');
  if (bytes.length === 0) {
    assert.deepEqual([...packed], [0]);
    return { size: 1, back: bytes };
  }
  return { size: packed.length, back: Buffer.from(snappyUncompress(packed, bytes.length)) };
}

describe('snappy', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(fc.nat(255), fc.nat(300)).map(([byte, times]) => new Uint8Array(times).fill(byte)),
    fc
      .constantFrom('order', '{"channel": "web", "items": 3}', 'anna@example.com')
      .map((text) => Buffer.from(text)),
  );

  it('gives back what it was given', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(5), (pieces, times) => {
        const once = Buffer.concat(pieces);
        const bytes = Buffer.concat(Array.from({ length: times }, () => once));
        assert.ok(roundTrip(bytes).back.equals(bytes));
      }),
      { numRuns: 1500 },
    );
  });

  it('does so across fragments, for runs of every length and distances of every size', () => {
    const random = Buffer.from(Array.from({ length: 3_000 }, (_, index) => (index * index * 7919) >> 5));
    for (const length of [...Array(160).keys(), 2_047, 2_048, 2_049, 65_535, 65_536, 65_537, 200_000]) {
      const run = Buffer.alloc(length, 'x');
      for (const bytes of [run, Buffer.concat([random, run, random]), Buffer.concat([run, random, run])]) {
        assert.ok(roundTrip(bytes).back.equals(bytes), `${length} bytes`);
      }
    }
  });

  it('writes copies of every length from around the distance where their form changes', () => {
    let state = 7;
    const next = (): number => (state = Math.imul(state, 48_271) & 0x7fffffff) >>> 11;
    // with a repetition every few bytes: after many misses in a row not every place is looked at
    const noise = Buffer.concat(
      Array.from({ length: 250 }, () =>
        Buffer.concat([Buffer.from(Array.from({ length: 8 }, next)), Buffer.from('abcd')]),
      ),
    );
    for (let distance = 2_040; distance < 2_056; distance++) {
      for (let length = 4; length <= 70; length++) {
        const copied = noise.subarray(noise.length - distance, noise.length - distance + length);
        const bytes = Buffer.concat([noise, copied, Buffer.from('behind it, something else')]);
        assert.ok(roundTrip(bytes).back.equals(bytes), `${length} bytes from ${distance}`);
      }
    }
  });

  it('makes repetitions small, and nothing much larger', () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => `{"id": ${index}, "status": "delivered"}\n`);
    const text = Buffer.from(rows.join(''));
    assert.ok(roundTrip(text).size < text.length / 3);
    const noise = Buffer.alloc(200_000);
    let state = 1;
    for (let index = 0; index < noise.length; index++) {
      state = Math.imul(state, 48_271) >>> 0;
      noise[index] = state >>> 13;
    }
    const { size, back } = roundTrip(noise);
    assert.ok(back.equals(noise));
    assert.ok(size < noise.length * 1.01, `${size} bytes`);
  });
});
