import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { FileEntry } from '../../../core/extractor';
import type { TableSchema } from '../../../core/schema';
import { FileExtractor } from '../../../extractors/files/file-extractor';
import { fileRanges } from '../../../extractors/files/file-ranges';
import type { ObjectStore } from '../../../extractors/files/object-store';
import type { FileContent } from '../../../extractors/formats/format-reader';
import { jsonlReader } from '../../../extractors/formats/json';
import { parquetReader } from '../../../extractors/formats/parquet';

const { signal } = new AbortController();
const TEXT = Buffer.from('{"a":1}\n'.repeat(1_000));

/** Files in memory, and which were opened. */
function storeOf(files: Record<string, Uint8Array>): {
  store: ObjectStore;
  entries: FileEntry[];
  opened: Set<string>;
} {
  const opened = new Set<string>();
  const content = ({ uri, bytes }: FileEntry): FileContent => ({
    uri,
    bytes,
    seekable: true,
    async *stream() {
      yield await Promise.resolve(files[uri] ?? TEXT);
    },
    slice: (start, end) => {
      opened.add(uri);
      return Promise.resolve(Uint8Array.prototype.slice.call(files[uri], start, end));
    },
  });
  const entries = Object.entries(files).map(([uri, { length }]) => ({
    uri,
    bytes: length,
    version: 'v',
    lastModified: 'then',
  }));
  return { store: { list: () => assert.fail('nothing is listed'), content }, entries, opened };
}

describe('fileRanges', () => {
  it('cuts the files that are large enough, and opens no other', async () => {
    const { store, entries, opened } = storeOf({
      small: TEXT.subarray(0, 800),
      large: TEXT,
      packed: gzipSync(TEXT),
    });
    const ranges = await fileRanges(store, jsonlReader(), entries, { bytes: 2_000 }, signal);
    assert.deepEqual([...ranges.keys()], ['large']);
    assert.equal(ranges.get('large')?.length, 4);
    assert.deepEqual([...opened], ['large']);
  });

  it('does not cut what is compressed', async () => {
    const noise = Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * 7919) % 251));
    const { store, entries } = storeOf({ packed: gzipSync(noise) });
    assert.equal((await fileRanges(store, jsonlReader(), entries, { bytes: 100 }, signal)).size, 0);
  });

  it('cuts the largest where there are very many, with few open at once', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [`f${index}`, TEXT.subarray(0, 4_000 + 8 * index)]),
    );
    const { store, entries } = storeOf(files);
    const ranges = await fileRanges(store, jsonlReader(), entries, { bytes: 1_000 }, signal);
    assert.equal(ranges.size, 256);
    assert.ok(ranges.has('f399') && !ranges.has('f100'));
  });

  it('says which file is broken', async () => {
    const { store, entries } = storeOf({ 'a.parquet': TEXT });
    await assert.rejects(fileRanges(store, parquetReader(), entries, { bytes: 1_000 }, signal), {
      code: 'FORMAT_INVALID',
      where: { object: 'a.parquet' },
    });
  });
});

describe('FileExtractor on a worker', () => {
  it('reads ranges by what the plan says, and neither lists nor describes', async () => {
    const { store, entries } = storeOf({ 'a.jsonl': TEXT });
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    };
    const schema: TableSchema = {
      columns: [{ name: 'a', type: { kind: 'json' }, nullable: true }],
      primaryKey: [],
    };
    const ranges =
      (await fileRanges(store, jsonlReader(), entries, { bytes: 3_000 }, signal)).get('a.jsonl') ?? [];
    assert.equal(ranges.length, 2);
    for (const [pattern, called] of [
      ['a.jsonl', 'line 1 after byte'],
      ['*.jsonl', 'a.jsonl line 1 after byte'],
    ] as const) {
      const extractor = new FileExtractor(store, pattern, jsonlReader(), log);
      const [entry] = entries;
      const [, range] = ranges;
      assert.ok(entry !== undefined && range !== undefined);
      const { batches } = extractor.read(
        {
          unit: { id: 'f0002', kind: 'file', ...entry, range },
          window: null,
          columns: ['a'],
          limit: null,
          pin: undefined,
          planned: { schema, unread: [] },
        },
        signal,
      );
      const rows = [];
      for await (const batch of batches) {
        rows.push(...batch.rows.map((_, index) => batch.nameRow?.(index)));
      }
      assert.equal(rows.length, range.bytes / 8);
      assert.equal(rows[0], `${called} ${range.start}`);
    }
  });
});
