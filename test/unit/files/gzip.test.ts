import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { BOMB_GRACE_BYTES, MAX_EXPANSION } from '../../../extractors/files/compressed-content';
import { gunzip, gzipContent, isGzip } from '../../../extractors/files/gzip';
import { MemoryFile } from '../formats/memory-file';

const A = gzipSync('a'.repeat(1000));
const B = gzipSync('b');

/** Pieces as a stream that knows how many were taken and whether it was closed. */
class Source {
  taken = 0;
  closed = false;

  constructor(private readonly pieces: Iterable<Uint8Array>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (const piece of this.pieces) {
        this.taken++;
        yield piece;
      }
    } finally {
      this.closed = true;
    }
  }
}

async function unpack(...pieces: Uint8Array[]): Promise<string> {
  const source = new Source(pieces);
  try {
    const parts: Uint8Array[] = [];
    for await (const part of gunzip(source)) parts.push(part);
    assert.equal(source.taken, pieces.length, 'the stream was read to its end');
    return Buffer.concat(parts).toString();
  } finally {
    assert.ok(source.closed);
  }
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

describe('gunzip', () => {
  it('reads one and several members, with padding, at every cut', async () => {
    const whole = Buffer.concat([A, B, A, Buffer.alloc(20)]);
    const expected = `${'a'.repeat(1000)}b${'a'.repeat(1000)}`;
    for (let size = 1; size <= whole.length; size += 3) {
      const pieces: Buffer[] = [];
      for (let start = 0; start < whole.length; start += size)
        pieces.push(whole.subarray(start, start + size));
      assert.equal(await unpack(...pieces), expected, `pieces of ${size}`);
    }
  });

  it('gives back random content', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (content) => {
        const parts: Uint8Array[] = [];
        for await (const part of gunzip(new Source([gzipSync(content)]))) parts.push(part);
        assert.deepEqual(new Uint8Array(Buffer.concat(parts)), content);
      }),
      { numRuns: 50 },
    );
  });

  it('fails for every truncation', async () => {
    for (let length = 0; length < A.length; length++) {
      await assert.rejects(unpack(A.subarray(0, length)), {
        code: 'FORMAT_INVALID',
        message: 'The gzip stream ends too early.',
      });
    }
    await assert.rejects(unpack(A, B.subarray(0, 12)), { code: 'FORMAT_INVALID' });
  });

  it('fails for damaged bytes, checksums and lengths', async () => {
    for (const place of [A.length - 1, A.length - 6, 12]) {
      const damaged = Buffer.from(A);
      damaged[place] = (damaged[place] ?? 0) ^ 0x55;
      await assert.rejects(unpack(damaged), { code: 'FORMAT_INVALID' }, String(place));
    }
  });

  it('fails for anything behind the end, also behind padding', async () => {
    const zeros = Buffer.alloc(10);
    for (const pieces of [
      [Buffer.concat([A, bytes('xyz')])],
      [A, bytes('xyz')],
      [A, bytes('x')],
      [A, bytes('\x1f')],
      [A, bytes('\x1f\x8b')],
      [Buffer.concat([A, zeros, bytes('xyz')])],
      [A, zeros, bytes('xyz')],
      [A, zeros, B],
      [Buffer.concat([A, zeros, B])],
      [A, Buffer.alloc(200_000), Buffer.alloc(200_000), bytes('x')],
    ]) {
      await assert.rejects(unpack(...pieces), { code: 'FORMAT_INVALID' });
    }
  });

  it('stops a bomb soon after the bytes of grace', async () => {
    const member = gzipSync(Buffer.alloc(8 * 1024 * 1024), { level: 9 });
    const source = new Source(
      (function* () {
        for (;;) yield member;
      })(),
    );
    let produced = 0;
    await assert.rejects(
      async () => {
        for await (const part of gunzip(source)) produced += part.length;
      },
      { code: 'LIMIT_EXCEEDED', why: /decompression bomb/ },
    );
    assert.ok(produced <= BOMB_GRACE_BYTES + 128 * 1024, String(produced));
    assert.ok(source.closed);
  });

  it('takes what repeats a lot for what it is', async () => {
    const rows = Buffer.from('2024-01-01,shop-17,0.00,EUR\n'.repeat(300_000));
    const member = gzipSync(rows);
    const members = Array.from({ length: 9 }, () => member);
    assert.ok(rows.length * 9 > BOMB_GRACE_BYTES && rows.length / member.length > MAX_EXPANSION / 5);
    let produced = 0;
    for await (const part of gunzip(new Source(members))) produced += part.length;
    assert.equal(produced, rows.length * 9);
  });

  it('reads no further than it is asked, and closes its source when the reader leaves', async () => {
    const content = Buffer.alloc(30 * 1024 * 1024, 'some text that repeats');
    const packed = gzipSync(content, { level: 1 });
    const pieces: Buffer[] = [];
    for (let start = 0; start < packed.length; start += 1024)
      pieces.push(packed.subarray(start, start + 1024));
    const source = new Source(pieces);
    for await (const part of gunzip(source)) {
      assert.ok(part.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      break;
    }
    assert.ok(source.closed);
    assert.ok(source.taken < pieces.length / 2, `${source.taken} of ${pieces.length} pieces were taken`);
  });

  it("passes on its source's own failure", async () => {
    const failure = new Error('the disk is gone');
    const source = new Source(
      (function* () {
        yield A.subarray(0, 10);
        throw failure;
      })(),
    );
    await assert.rejects(async () => {
      for await (const part of gunzip(source)) assert.ok(part.length > 0);
    }, failure);
  });
});

describe('gzipContent', () => {
  it('knows how much larger the content is than the file', async () => {
    const packed = gzipSync('a,b\n'.repeat(100_000));
    const content = gzipContent(new MemoryFile(packed));
    assert.equal(content.expansion?.(), 1);
    let produced = 0;
    for await (const part of content.stream(new AbortController().signal)) produced += part.length;
    assert.deepEqual([produced, content.seekable], [400_000, false]);
    assert.ok(Math.abs(content.expansion() - 400_000 / packed.length) < 1);
  });

  it('is recognised by its first bytes', () => {
    assert.equal(isGzip(A), true);
    assert.equal(isGzip(bytes('a,b')), false);
    assert.equal(isGzip(bytes('\x1f\x8b')), false);
  });
});
