import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import type { Extractor, FileEntry, RowBatch } from '../../../core/extractor';
import type { FileDescription, FormatReader } from '../../../extractors/formats/format-reader';
import { FileExtractor } from '../../../extractors/files/file-extractor';
import type { ObjectStore } from '../../../extractors/files/object-store';
import { hasCode } from '../../has-code';

const { signal } = new AbortController();
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function entry(uri: string): FileEntry {
  return { uri, bytes: 4, version: '1', lastModified: '2025-01-01T00:00:00Z' };
}

/** A store of files whose content is their columns, and what has been looked into. */
function sourceOf(files: Readonly<Record<string, readonly string[]>>): {
  extractor: Extractor;
  described: string[];
} {
  const described: string[] = [];
  const store: ObjectStore = {
    list: () => Promise.resolve({ files: Object.keys(files).map(entry), notices: [] }),
    content: ({ uri, bytes }) => ({
      uri,
      bytes,
      seekable: true,
      stream: async function* () {
        yield await Promise.resolve(Buffer.from('text'));
      },
      slice: () => Promise.resolve(Buffer.from('text')),
    }),
  };
  const columnsOf = (uri: string): readonly string[] => {
    const columns = files[uri];
    if (columns?.[0] === 'bad') throw new BeamliftError('FORMAT_INVALID', { what: 'bad' });
    if (columns?.[0] === 'away') throw new BeamliftError('CONNECTION_LOST', { what: 'away' });
    return columns ?? [];
  };
  const reader: FormatReader = {
    describe: ({ uri }): Promise<FileDescription> => {
      described.push(uri);
      const columns = columnsOf(uri).map((name) => ({
        name,
        type: { kind: 'string' as const },
        nullable: true,
      }));
      return Promise.resolve({ columns, rows: { count: 2, quality: 'exact' } });
    },
    read: async function* ({ uri }, columns) {
      yield await Promise.resolve({ rows: [columns.map(() => uri)], rejects: [], bytes: 4 });
    },
  };
  return { extractor: new FileExtractor(store, '*', reader, quiet), described };
}

const names = async (extractor: Extractor): Promise<string[]> =>
  (await extractor.schema(signal)).columns.map(({ name }) => name);

describe('files that a plan is about', () => {
  it('give the schema and the estimate, with the columns of those that were loaded before', async () => {
    const { extractor } = sourceOf({ a: ['x'], b: ['x', 'y'], c: ['bad'] });
    extractor.focus?.({ read: [entry('b')], loaded: [entry('a'), entry('c')], skipBad: false });
    assert.deepEqual(await names(extractor), ['x', 'y']);
    assert.deepEqual(await extractor.estimate(null, signal), { rows: 2, bytes: 4, quality: 'exact' });
  });

  it('are looked into before others, twenty in all', async () => {
    const all = Array.from({ length: 100 }, (_, index) => `f${100 + index}`);
    const { extractor, described } = sourceOf(Object.fromEntries(all.map((name) => [name, ['x']])));
    const read = all.slice(50, 65).map(entry);
    const loaded = all.filter((_, index) => index < 50 || index >= 65).map(entry);
    extractor.focus?.({ read, loaded, skipBad: false });
    await names(extractor);
    assert.equal(described.length, 20);
    assert.ok(read.every(({ uri }) => described.includes(uri)));
  });

  it('may be bad where bad ones are left out, unless all are', async () => {
    const files = { a: ['x'], b: ['bad'], c: ['bad'] };
    const { extractor } = sourceOf(files);
    extractor.focus?.({ read: [entry('a'), entry('b')], loaded: [], skipBad: true });
    assert.deepEqual(await names(extractor), ['x']);
    assert.match(
      (await extractor.notices(signal)).join('\n'),
      /^b cannot be read, and will be left out: bad$/m,
    );
    for (const skipBad of [true, false]) {
      const strict = sourceOf(files).extractor;
      const read = skipBad ? [entry('b'), entry('c')] : [entry('a'), entry('b')];
      strict.focus?.({ read, loaded: [], skipBad });
      await assert.rejects(strict.schema(signal), hasCode('FORMAT_INVALID'));
    }
  });

  it('are not bad because their store is away', async () => {
    const { extractor } = sourceOf({ a: ['x'], b: ['away'] });
    extractor.focus?.({ read: [entry('a'), entry('b')], loaded: [], skipBad: true });
    await assert.rejects(extractor.schema(signal), hasCode('CONNECTION_LOST'));
  });

  it('are read elsewhere with the columns of the plan, and tell of others', async () => {
    const { extractor, described } = sourceOf({ a: ['x', 'y', 'new'], later: ['bad'] });
    const planned = {
      schema: { columns: [{ name: 'x', type: { kind: 'string' as const }, nullable: true }], primaryKey: [] },
      unread: ['y'],
    };
    const { batches } = extractor.read(
      {
        unit: { id: 'f1', kind: 'file', ...entry('a') },
        window: null,
        columns: ['x'],
        limit: null,
        pin: undefined,
        planned,
      },
      signal,
    );
    const read: RowBatch[] = [];
    for await (const batch of batches) read.push(batch);
    assert.deepEqual(
      read.map(({ rows, unknownColumns }) => [rows, [...(unknownColumns ?? [])]]),
      [[[['a']], [['new', 0]]]],
    );
    assert.deepEqual(described, ['a'], 'a file that came later does not matter');
  });
});
