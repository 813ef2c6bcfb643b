import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { openContent } from '../../../extractors/files/opened-content';
import { BOMB_GRACE_BYTES } from '../../../extractors/files/compressed-content';
import { Xxhash64 } from '../../../extractors/files/xxhash64';
import { isZstd, MAX_WINDOW_BYTES, unzstd } from '../../../extractors/files/zstd';
import { libraryZstdDecoder, nodeZstdDecoder } from '../../../extractors/files/zstd-decoder';
import type { FileContent } from '../../../extractors/formats/format-reader';
import { MemoryFile } from '../formats/memory-file';

/** Two frames of the official encoder, at level 19 with a checksum and at level 1 without, each behind one that is skipped. */
const CARS = readFileSync(path.join(__dirname, '../../golden/compression/cars.json.zst'));
const CARS_TEXT = readFileSync(path.join(__dirname, '../../../node_modules/vega-datasets/data/cars.json'));

const LIBRARY = { name: 'the library', make: libraryZstdDecoder };
const native = nodeZstdDecoder(27);
/** On versions of Node.js that have a decoder of their own, both. */
const DECODERS = native === undefined ? [LIBRARY] : [LIBRARY, { name: 'Node.js', make: native }];

/** `bytes` of content, or one byte that is repeated so often. */
type Block = Uint8Array | { readonly byte: number; readonly times: number };

/** A frame as the format says it, of blocks that are not compressed. */
function frameOf(
  blocks: readonly Block[],
  options: { checksum?: boolean; contentBytes?: number; window?: number; flags?: number } = {},
): Buffer {
  const { checksum = true, contentBytes, window = 0x38, flags = 0 } = options;
  const bits = (contentBytes === undefined ? 0 : 0x80) | (checksum ? 4 : 0) | flags;
  const parts: Buffer[] = [Buffer.of(0x28, 0xb5, 0x2f, 0xfd, bits, window)];
  if (contentBytes !== undefined) parts.push(uint(contentBytes, 4));
  const hash = new Xxhash64();
  blocks.forEach((block, index) => {
    const last = index === blocks.length - 1 ? 1 : 0;
    if ('byte' in block) {
      parts.push(uint((block.times << 3) | 2 | last, 3), Buffer.of(block.byte));
      hash.update(Buffer.alloc(block.times, block.byte));
    } else {
      parts.push(uint((block.length << 3) | last, 3), Buffer.from(block));
      hash.update(block);
    }
  });
  if (checksum) parts.push(uint(hash.low(), 4));
  return Buffer.concat(parts);
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}

async function unpack(content: Uint8Array, size = 1000, make = libraryZstdDecoder): Promise<Buffer> {
  const file = new MemoryFile(content, [size]);
  const parts: Uint8Array[] = [];
  try {
    for await (const part of unzstd(file.stream(), undefined, make)) parts.push(part);
  } finally {
    assert.equal(file.openStreams, 0);
  }
  return Buffer.concat(parts);
}

const HELLO = frameOf([Buffer.from('hello, '), { byte: 33, times: 3 }]);

for (const { name, make } of DECODERS) {
  describe(`unzstd with the decoder of ${name}`, () => {
    it('reads frames of the official encoder, and skips those that are to be skipped', async () => {
      for (const size of [1, 999, CARS.length]) {
        assert.ok((await unpack(CARS, size, make)).equals(CARS_TEXT), `pieces of ${size}`);
      }
    });

    it('reads frames of every kind of block, empty ones, and several of them', async () => {
      assert.equal((await unpack(HELLO, 1, make)).toString(), 'hello, !!!');
      const empty = frameOf([Buffer.alloc(0)]);
      const sized = frameOf([Buffer.from('x')], { contentBytes: 1, checksum: false });
      assert.equal(
        (await unpack(Buffer.concat([empty, HELLO, sized, HELLO]), 7, make)).toString(),
        'hello, !!!xhello, !!!',
      );
    });

    it('fails for every truncation', async () => {
      for (const whole of [HELLO, Buffer.concat([HELLO, frameOf([Buffer.from('x')], { checksum: false })])]) {
        for (let length = 0; length < whole.length; length++) {
          if (length === HELLO.length) continue;
          await assert.rejects(
            unpack(whole.subarray(0, length), 5, make),
            { code: 'FORMAT_INVALID' },
            String(length),
          );
        }
      }
      const step = Math.floor(CARS.length / 40);
      for (let length = CARS.length - 1; length > 0; length -= step) {
        await assert.rejects(unpack(CARS.subarray(0, length), 999, make), { code: 'FORMAT_INVALID' });
      }
    });

    it('fails for damaged content, by its checksum where nothing else tells', async () => {
      const end = HELLO.length;
      for (const place of [10, end - 5, end - 1]) {
        const damaged = Buffer.from(HELLO);
        damaged[place] = (damaged[place] ?? 0) ^ 1;
        await assert.rejects(unpack(damaged, 5, make), { code: 'FORMAT_INVALID' }, String(place));
      }
      // Behind the first frame's header, and in front of its checksum.
      for (let place = 20; place < 3500; place += 97) {
        const damaged = Buffer.from(CARS);
        damaged[place] = (damaged[place] ?? 0) ^ 0x10;
        await assert.rejects(unpack(damaged, 999, make), { code: 'FORMAT_INVALID' }, String(place));
      }
      await assert.rejects(unpack(frameOf([Buffer.from('xy')], { contentBytes: 1 }), 5, make), {
        code: 'FORMAT_INVALID',
      });
    });

    it('fails for random bytes behind a frame header, in bounded time and memory', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 300 }),
          fc.integer({ min: 0, max: 255 }),
          async (noise, flags) => {
            try {
              const content = await unpack(
                Buffer.concat([HELLO.subarray(0, 4), Buffer.of(flags), noise]),
                50,
                make,
              );
              assert.ok(content.length <= 300 * 128 * 1024);
            } catch (error) {
              assert.ok(
                ['FORMAT_INVALID', 'LIMIT_EXCEEDED'].includes((error as { code: string }).code),
                String(error),
              );
            }
          },
        ),
        { numRuns: 150 },
      );
    });
  });
}

describe('unzstd', () => {
  it('fails for anything behind the last frame', async () => {
    for (const more of [Buffer.from('x'), Buffer.from('xyzxyz'), Buffer.alloc(10), CARS.subarray(1)]) {
      await assert.rejects(unpack(Buffer.concat([HELLO, more])), {
        code: 'FORMAT_INVALID',
        message: 'Something follows the end of the zstd stream.',
      });
    }
  });

  it('gives no frame more memory than the limit, and none a dictionary', async () => {
    // 2 ** (10 + 17) bytes, and an eighth more.
    assert.equal((await unpack(frameOf([Buffer.from('x')], { window: 17 << 3 }))).toString(), 'x');
    await assert.rejects(
      unpack(Buffer.concat([HELLO, frameOf([Buffer.from('x')], { window: (17 << 3) | 1 })])),
      {
        code: 'LIMIT_EXCEEDED',
        message: new RegExp(`needs 150994944 bytes of memory .* at most ${MAX_WINDOW_BYTES} `),
      },
    );
    await assert.rejects(unpack(frameOf([Buffer.from('x')], { flags: 1, window: 0x38 })), {
      code: 'FORMAT_INVALID',
      message: /dictionary/,
    });
    // One segment of two gigabytes: the window is the content.
    const huge = Buffer.concat([HELLO.subarray(0, 4), Buffer.of(0xa0), uint(0x80000000, 4)]);
    await assert.rejects(unpack(huge), { code: 'LIMIT_EXCEEDED' });
  });

  it('stops a bomb soon after the bytes of grace', async () => {
    const blocks = Array.from({ length: 64 }, () => ({ byte: 0, times: 128 * 1024 }));
    const bomb = frameOf(blocks, { checksum: false });
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(bomb);
    }
    let produced = 0;
    await assert.rejects(
      async () => {
        for await (const piece of unzstd(endless())) produced += piece.length;
      },
      { code: 'LIMIT_EXCEEDED' },
    );
    assert.ok(produced <= BOMB_GRACE_BYTES + 8 * 1024 * 1024, String(produced));
  });

  it('hands on errors of the stream, and ends it when its reader leaves', async () => {
    const broken = new Error('broken');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(CARS.subarray(0, 3000));
      throw broken;
    }
    await assert.rejects(async () => {
      for await (const piece of unzstd(failing())) assert.ok(piece.length >= 0);
    }, broken);
    const file = new MemoryFile(Buffer.concat([HELLO, HELLO]), [5]);
    for await (const piece of unzstd(file.stream())) {
      assert.ok(piece.length > 0);
      break;
    }
    assert.equal(file.openStreams, 0);
  });

  it('is what a file is opened with that begins so, whatever it is called', async () => {
    const { signal } = new AbortController();
    const opened = await openContent(new MemoryFile(CARS), signal);
    assert.equal(opened.seekable, false);
    const parts: Uint8Array[] = [];
    for await (const part of opened.stream(signal)) parts.push(part);
    assert.ok(Buffer.concat(parts).equals(CARS_TEXT));
    assert.ok(Math.abs((opened.expansion?.() ?? 0) - CARS_TEXT.length / CARS.length) < 0.01);
    assert.ok(isZstd(HELLO) && !isZstd(Buffer.from('hello')));
    const named = (content: Uint8Array): FileContent =>
      Object.assign(Object.create(new MemoryFile(content)) as MemoryFile, { uri: 'a/b.csv.zst' });
    await assert.rejects(openContent(named(Buffer.from('a,b\n')), signal), {
      code: 'FORMAT_INVALID',
      message: 'The file is called .zst but is not a zstd file.',
      where: { object: 'a/b.csv.zst' },
    });
  });
});

describe('Xxhash64', () => {
  it('knows the hashes of the reference implementation', () => {
    for (const [text, low] of [
      ['', 0x51d8e999],
      ['a', 0xa98c6e5b],
      ['abc', 0xad770999],
      ['0123456789012345678901234567890123456789', 0xbde1a931],
    ] as const) {
      assert.equal(hashOf([Buffer.from(text)]), low, text);
    }
  });

  it('is the same however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(200), { maxLength: 5 }),
        (bytes, cuts) => {
          const places = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ];
          const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          assert.equal(hashOf(pieces), hashOf([bytes]));
        },
      ),
    );
  });
});

function hashOf(pieces: readonly Uint8Array[]): number {
  const hash = new Xxhash64();
  for (const piece of pieces) hash.update(piece);
  return hash.low();
}
