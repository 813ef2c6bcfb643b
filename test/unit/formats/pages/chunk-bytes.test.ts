import assert from 'node:assert/strict';
import { ChunkBytes, fetchWithNeighbours, planReads } from '../../../../extractors/formats/pages/chunk-bytes';
import { DamagedPage } from '../../../../extractors/formats/pages/page-errors';
import { memoryFile } from '../parquet-files';

const { signal } = new AbortController();
const MB = 1024 * 1024;

describe('bytes of column chunks', () => {
  const content = Uint8Array.from({ length: 1000 }, (_, index) => index & 255);

  it('come in pieces, of which one is under way while another is in use', async () => {
    const reads: [number, number][] = [];
    const fetch = async (start: number, end: number): Promise<Uint8Array> => {
      reads.push([start, end]);
      return await Promise.resolve(content.subarray(start, end));
    };
    const chunk = new ChunkBytes(fetch, { start: 100, end: 400 }, 100);
    assert.deepEqual(await chunk.peek(20), content.subarray(100, 120));
    assert.deepEqual(reads, [
      [100, 200],
      [200, 300],
    ]);
    chunk.advance(10);
    assert.deepEqual(Buffer.from(await chunk.take(250)), Buffer.from(content.subarray(110, 360)));
    assert.equal(reads.length, 3);
    assert.equal(chunk.isDone, false);
    assert.equal((await chunk.peek(100)).length, 40);
    await assert.rejects(chunk.take(41), DamagedPage);
    await chunk.take(40);
    assert.equal(chunk.isDone, true);
  });

  it('are asked for at once where a page is larger than a piece', async () => {
    const reads: [number, number][] = [];
    const fetch = async (start: number, end: number): Promise<Uint8Array> => {
      reads.push([start, end]);
      return await Promise.resolve(content.subarray(start, end));
    };
    const chunk = new ChunkBytes(fetch, { start: 0, end: 1000 }, 10);
    assert.equal((await chunk.take(500)).length, 500);
    assert.deepEqual(reads, [
      [0, 500],
      [500, 510],
    ]);
  });

  it('are not many at a time, however large a row group is', () => {
    const chunks = (count: number, bytes: number): { start: number; end: number }[] =>
      Array.from({ length: count }, (_, index) => ({ start: index * bytes, end: (index + 1) * bytes }));
    const small = planReads(chunks(14, MB));
    assert.deepEqual(
      small.spans.map(({ start, end }) => (end - start) / MB),
      [4, 4, 4, 2],
    );
    const large = planReads(chunks(14, 100 * MB));
    assert.deepEqual(large.spans, []);
    assert.ok(large.pieceBytes * 14 * 2 <= 32 * MB && large.pieceBytes >= MB);
    assert.equal(planReads(chunks(5000, MB)).pieceBytes, 64 * 1024);
  });

  it('are read once where columns share a request, and not at all where they have come already', async () => {
    const file = memoryFile(content);
    const known = { bytes: content.subarray(900), end: 1000 };
    const fetch = fetchWithNeighbours(file, [{ start: 100, end: 300 }], known, signal);
    const found = await Promise.all([fetch(100, 200), fetch(200, 300), fetch(300, 350), fetch(950, 960)]);
    assert.deepEqual(
      found.map((bytes) => [bytes[0], bytes.length]),
      [
        [100, 100],
        [200, 100],
        [300 & 255, 50],
        [950 & 255, 10],
      ],
    );
    assert.deepEqual(file.reads, [
      [100, 300],
      [300, 350],
    ]);
    await assert.rejects(
      fetchWithNeighbours(file, [], known, AbortSignal.abort(new Error('stop')))(0, 1),
      /stop/,
    );
  });
});
