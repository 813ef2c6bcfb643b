import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { pageSource } from '../../../../extractors/formats/pages/page-codec';
import { DamagedPage, UnreadPage } from '../../../../extractors/formats/pages/page-errors';
import { CODEC } from '../../../../extractors/formats/pages/page-plan';

const TEXT = Buffer.from('what a page holds, what a page holds');

/** A zstd frame of one block as it is. `size`: what its header says that it becomes. */
function zstdFrame(content: Uint8Array, size: number | undefined): Buffer {
  const header = Buffer.from(
    size === undefined ? [0x28, 0xb5, 0x2f, 0xfd, 0, 0x40] : [0x28, 0xb5, 0x2f, 0xfd, 0x20, size],
  );
  const block = Buffer.alloc(3);
  block.writeUIntLE((content.length << 3) | 1, 0, 3);
  return Buffer.concat([header, block, content]);
}

describe('codecs of pages', () => {
  const read = (codec: number, compressed: Uint8Array, bytes = TEXT.length): Buffer =>
    Buffer.from(pageSource(codec, compressed, bytes).source);

  it('are none, gzip, and zstd whether it says its size or not', () => {
    assert.deepEqual(read(CODEC.uncompressed, TEXT), TEXT);
    assert.deepEqual(read(CODEC.gzip, gzipSync(TEXT)), TEXT);
    assert.deepEqual(read(CODEC.zstd, zstdFrame(TEXT, TEXT.length)), TEXT);
    assert.deepEqual(read(CODEC.zstd, zstdFrame(TEXT, undefined)), TEXT);
    assert.deepEqual(read(CODEC.snappy, Buffer.alloc(0), 0), Buffer.alloc(0));
  });

  it('are refused where they become more than the page says, or are not what they should be', () => {
    assert.throws(() => read(CODEC.gzip, gzipSync(TEXT), TEXT.length - 1), DamagedPage);
    assert.throws(() => read(CODEC.gzip, TEXT), DamagedPage);
    assert.throws(() => read(CODEC.zstd, zstdFrame(TEXT, undefined), TEXT.length - 1), DamagedPage);
    assert.throws(() => read(CODEC.zstd, zstdFrame(TEXT, undefined).subarray(0, 20)), DamagedPage);
    assert.throws(() => read(CODEC.zstd, TEXT), DamagedPage);
    assert.throws(() => read(CODEC.zstd, zstdFrame(TEXT, undefined).subarray(0, 4)), DamagedPage);
    assert.throws(() => read(CODEC.snappy, Buffer.alloc(10), 221), /cannot become 221/);
    assert.equal(pageSource(CODEC.snappy, Buffer.alloc(10), 220).isSnappy, true);
  });

  it('leave frames one behind the other, and other codecs, to the other decoder', () => {
    const two = Buffer.concat([zstdFrame(TEXT, TEXT.length), zstdFrame(TEXT, TEXT.length)]);
    assert.throws(() => read(CODEC.zstd, two, 2 * TEXT.length), UnreadPage);
    assert.throws(() => read(4, TEXT), UnreadPage);
  });
});
