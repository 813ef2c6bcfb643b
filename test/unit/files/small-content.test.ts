import assert from 'node:assert/strict';
import { BATCH_BYTES } from '../../../core/extractor';
import { smallContent } from '../../../extractors/files/small-content';
import type { FileContent } from '../../../extractors/formats/format-reader';

const { signal } = new AbortController();

/** Content in pieces of 7 bytes; counts how often it is opened. */
function contentOf(text: string, bytes = Buffer.byteLength(text)): FileContent & { opened: number } {
  const content = {
    uri: 'a',
    bytes,
    seekable: true,
    opened: 0,
    async *stream(): AsyncGenerator<Uint8Array> {
      content.opened++;
      for (let at = 0; at < text.length; at += 7)
        yield await Promise.resolve(Buffer.from(text.slice(at, at + 7)));
      if (text === 'torn') throw new Error('it ends too early');
    },
    slice: (start: number, end: number) => {
      content.opened++;
      return Promise.resolve(Buffer.from(text).subarray(start, end));
    },
  };
  return content;
}

async function textOf(content: FileContent): Promise<string> {
  const pieces = [];
  for await (const piece of content.stream(signal)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('smallContent', () => {
  it('opens a small file once, however often it is looked at', async () => {
    const stored = contentOf('the quick brown fox');
    const content = await smallContent(stored, signal);
    assert.equal(await textOf(content), 'the quick brown fox');
    assert.equal(await textOf(content), 'the quick brown fox');
    const slice = await content.slice(4, 9, signal);
    assert.equal(Buffer.from(slice).toString(), 'quick');
    // whoever has it may do with it what it likes
    slice.fill(0);
    structuredClone(slice.buffer, { transfer: [slice.buffer as ArrayBuffer] });
    assert.equal(await textOf(content), 'the quick brown fox');
    assert.deepEqual([content.uri, content.bytes, content.seekable, stored.opened], ['a', 19, true, 1]);
  });

  it('has nothing of a file that is empty, and no more of one that ends early', async () => {
    assert.equal(await textOf(await smallContent(contentOf(''), signal)), '');
    await assert.rejects(smallContent(contentOf('torn'), signal), /ends too early/);
  });

  it('leaves larger files where they are', async () => {
    const stored = contentOf('x', BATCH_BYTES + 1);
    assert.equal(await smallContent(stored, signal), stored);
    assert.equal(stored.opened, 0);
    assert.notEqual(await smallContent(contentOf('x', BATCH_BYTES), signal), stored);
  });
});
