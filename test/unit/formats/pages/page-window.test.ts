import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DamagedPage, UnreadPage } from '../../../../extractors/formats/pages/page-errors';
import { pageMemory, type PageMemory } from '../../../../extractors/formats/pages/page-memory';
import { PageWindow } from '../../../../extractors/formats/pages/page-window';
import { BlockBuffer } from '../../../../transforms/encode/block-buffer';
import { SnappyWriter } from '../../../../transforms/encode/snappy';

/** An element of Snappy's: bytes as they are, or a copy of what lies `distance` before. */
type Element = { readonly literal: Uint8Array } | { readonly distance: number; readonly length: number };

/** Elements in Snappy's format, each in the widest or the narrowest of its forms, with what they become. */
function snappyOf(
  elements: readonly Element[],
  isWide: boolean,
): { compressed: Uint8Array; content: Buffer } {
  const bytes: number[] = [];
  const content: number[] = [];
  for (const element of elements) {
    if ('literal' in element) {
      const last = element.literal.length - 1;
      if (last < 60 && !isWide) bytes.push(last << 2);
      else bytes.push(63 << 2, last & 255, (last >> 8) & 255, (last >> 16) & 255, last >>> 24);
      for (const byte of element.literal) {
        bytes.push(byte);
        content.push(byte);
      }
    } else {
      const { distance, length } = element;
      const low = [distance & 255, (distance >> 8) & 255];
      if (isWide || distance > 65_535) {
        bytes.push(((length - 1) << 2) | 3, ...low, (distance >> 16) & 255, distance >>> 24);
      } else if (length >= 4 && length <= 11 && distance < 2048) {
        bytes.push(((length - 4) << 2) | 1 | ((distance >> 8) << 5), distance & 255);
      } else bytes.push(((length - 1) << 2) | 2, ...low);
      for (let byte = 0; byte < length; byte++) content.push(content[content.length - distance] ?? 0);
    }
  }
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return { compressed: Uint8Array.from([...length, rest, ...bytes]), content: Buffer.from(content) };
}

function readAll(window: PageWindow, bytes: number, pieces: readonly number[]): Buffer {
  const read = Buffer.alloc(bytes);
  let at = 0;
  for (let turn = 0; at < bytes; turn++) {
    const piece = Math.min(pieces[turn % pieces.length] ?? 1, bytes - at);
    if (turn % 2 === 0) window.copyTo(read, at, piece);
    else {
      window.ensure(piece);
      read.set(window.memory.bytes.subarray(window.at, window.at + piece), at);
      window.at += piece;
    }
    at += piece;
  }
  return read;
}

describe('the window of a page', () => {
  let memory: PageMemory;
  before(() => {
    const found = pageMemory();
    assert.ok(found !== undefined);
    memory = found;
  });

  const pieces = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 4 });

  it("shows what Snappy's elements become, whatever they are and however they are read", () => {
    const element = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 80 }).map((literal): Element => ({ literal })),
      fc
        .record({ distance: fc.integer({ min: 1, max: 40 }), length: fc.integer({ min: 1, max: 64 }) })
        .map((copy): Element => copy),
    );
    fc.assert(
      fc.property(fc.array(element, { maxLength: 60 }), fc.boolean(), pieces, (elements, isWide, sizes) => {
        const first: Element = { literal: Uint8Array.from({ length: 40 }, (_, index) => index * 7) };
        const { compressed, content } = snappyOf([first, ...elements], isWide);
        const window = new PageWindow(memory);
        window.open(compressed, content.length, true);
        assert.deepEqual(readAll(window, content.length, sizes), content);
        assert.equal(window.more(), false);
        window.close();
      }),
      { numRuns: 500 },
    );
  });

  it('goes along a page that is larger than it', () => {
    const content = Buffer.alloc(1_500_000);
    for (let at = 0, state = 1; at < content.length; at++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      // Some of it packs well and some not at all.
      content[at] = (at >> 15) % 2 === 0 ? state >> 16 : (at >> 3) & 15;
    }
    const from = new BlockBuffer(content.length, content.length);
    from.reserve(content.length);
    from.bytes.set(content);
    from.end = content.length;
    const to = new BlockBuffer(0, 0);
    new SnappyWriter().write(from, to);
    const compressed = Uint8Array.from(to.bytes.subarray(0, to.end));
    for (const sizes of [[1_000_000], [1, 20_000, 100], [32_768]]) {
      const window = new PageWindow(memory);
      const most = sizes.map((size) => Math.min(size, 32_768));
      window.open(compressed, content.length, true);
      assert.ok(readAll(window, content.length, most).equals(content));
      window.open(content, content.length, false);
      assert.ok(readAll(window, content.length, most).equals(content));
      window.close();
    }
  });

  it('gives its memory back', () => {
    const content = Buffer.alloc(300_000);
    const read = (): void => {
      const windows = Array.from({ length: 5 }, () => new PageWindow(memory));
      for (const window of windows) {
        window.open(content, content.length, false);
        window.ensure(100);
      }
      for (const window of windows) window.close();
    };
    read();
    const { length } = memory.bytes;
    for (let turn = 0; turn < 10; turn++) read();
    assert.equal(memory.bytes.length, length);
  });

  it('leaves copies from far back to the other decoder, and refuses those of what never was', () => {
    const literal = (bytes: number): Element => ({ literal: new Uint8Array(bytes).fill(7) });
    const far = snappyOf([literal(600_000), { distance: 500_000, length: 40 }], true);
    const window = new PageWindow(memory);
    window.open(far.compressed, far.content.length, true);
    assert.throws(() => readAll(window, far.content.length, [30_000]), UnreadPage);
    const near = snappyOf([literal(200_000), { distance: 150_000, length: 40 }], true);
    window.open(near.compressed, near.content.length, true);
    assert.ok(readAll(window, near.content.length, [30_000]).equals(near.content));
    const none = snappyOf([literal(100), { distance: 101, length: 4 }], false);
    window.open(none.compressed, none.content.length, true);
    assert.throws(() => readAll(window, none.content.length, [50]), DamagedPage);
    const zero = snappyOf([literal(100), { distance: 0, length: 4 }], false);
    window.open(zero.compressed, zero.content.length, true);
    assert.throws(() => readAll(window, zero.content.length, [50]), DamagedPage);
    window.close();
  });

  it('refuses pages that are longer or shorter than they say', () => {
    const { compressed, content } = snappyOf([{ literal: new Uint8Array(100) }], false);
    const window = new PageWindow(memory);
    const open = (source: Uint8Array, bytes: number, isSnappy: boolean) => (): void => {
      window.open(source, bytes, isSnappy);
      readAll(window, bytes, [10]);
    };
    assert.throws(open(compressed, content.length + 1, true), DamagedPage);
    assert.throws(open(content, content.length + 1, false), DamagedPage);
    assert.throws(open(compressed.subarray(0, -1), content.length, true), DamagedPage);
    assert.throws(open(Buffer.concat([compressed, Buffer.of(0, 1)]), content.length, true), DamagedPage);
    assert.throws(open(Uint8Array.of(255, 255), 2 ** 14, true), DamagedPage);
    window.open(content, content.length, false);
    assert.throws(() => {
      window.ensure(content.length + 1);
    }, DamagedPage);
    assert.throws(() => {
      window.copyTo(new Uint8Array(200), 0, content.length + 1);
    }, DamagedPage);
    window.close();
  });
});
