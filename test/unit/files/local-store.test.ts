import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { openLocalStore } from '../../../extractors/files/local-store';
import type { FileEntry } from '../../../core/extractor';
import type { ObjectStore } from '../../../extractors/files/object-store';
import { TempFolder } from './temp-folder';

const { signal } = new AbortController();

describe('openLocalStore', () => {
  let folder: TempFolder;
  beforeEach(() => (folder = new TempFolder()));
  afterEach(() => folder.remove());

  async function names(pattern: string): Promise<string[]> {
    const store = await openLocalStore(folder.path);
    return (await store.list(pattern, signal)).files.map(({ uri }) => uri);
  }

  function filesOf(...paths: string[]): void {
    folder.write(Object.fromEntries(paths.map((name) => [name, name])));
  }

  describe('list', () => {
    it('lists what matches, ordered by name, with sizes and versions', async () => {
      filesOf('b.csv', 'a.csv', 'B.csv', 'a/c.csv', 'a.tsv');
      utimesSync(path.join(folder.path, 'a.csv'), 1_700_000_000, 1_700_000_000.25);
      const store = await openLocalStore(folder.path);
      const { files, notices } = await store.list('**/*.csv', signal);
      assert.deepEqual(
        files.map(({ uri }) => uri),
        ['B.csv', 'a.csv', 'a/c.csv', 'b.csv'],
      );
      assert.deepEqual(files[1], {
        uri: 'a.csv',
        bytes: 5,
        version: '5-1700000000250000000',
        lastModified: '2023-11-14T22:13:20.250Z',
      });
      assert.deepEqual(notices, []);
    });

    it('takes a folder, one file, or everything', async () => {
      filesOf('exports/a.csv', 'exports/deep/er/b.csv', 'exports.csv', 'x [1].csv');
      assert.deepEqual(await names('exports/'), ['exports/a.csv', 'exports/deep/er/b.csv']);
      assert.deepEqual(await names('exports'), ['exports/a.csv', 'exports/deep/er/b.csv']);
      assert.deepEqual(await names('exports.csv'), ['exports.csv']);
      assert.deepEqual(await names('x \\[1].csv'), ['x [1].csv']);
      assert.equal((await names('')).length, 4);
    });

    it('leaves hidden files out unless they are named', async () => {
      filesOf('a.csv', '.b.csv', '.git/c.csv', 'd/.e.csv');
      assert.deepEqual(await names(''), ['a.csv']);
      assert.deepEqual(await names('**/*.csv'), ['a.csv']);
      assert.deepEqual(await names('.*.csv'), ['.b.csv']);
      assert.deepEqual(await names('**/.e.csv'), ['d/.e.csv']);
      assert.deepEqual(await names('.git/'), ['.git/c.csv']);
      assert.deepEqual(await names('.b.csv'), ['.b.csv']);
    });

    it('goes no deeper than the pattern', async function () {
      if (process.getuid?.() === 0) filesOf('a/b.csv');
      else {
        filesOf('a/b.csv', 'a/closed/c.csv');
        chmodSync(path.join(folder.path, 'a/closed'), 0);
      }
      try {
        assert.deepEqual(await names('*/*.csv'), ['a/b.csv']);
      } finally {
        if (readdirSync(path.join(folder.path, 'a')).includes('closed'))
          chmodSync(path.join(folder.path, 'a/closed'), 0o700);
      }
    });

    it('follows links to files inside of the folder, and says which it leaves out', async () => {
      filesOf('real/a.csv');
      const outside = new TempFolder();
      try {
        outside.write({ 'secret.csv': 'x', 'more/x.csv': 'x' });
        const at = (name: string): string => path.join(folder.path, name);
        symlinkSync('real/a.csv', at('good.csv'));
        symlinkSync(path.join(outside.path, 'secret.csv'), at('bad.csv'));
        symlinkSync('nowhere', at('broken.csv'));
        symlinkSync('self.csv', at('self.csv'));
        symlinkSync('.', at('circle'));
        symlinkSync(path.join(outside.path, 'more'), at('out'));
        const store = await openLocalStore(folder.path);
        await assert.rejects(store.list('self.csv', signal), { code: 'SOURCE_NOT_FOUND' });
        const { files, notices } = await store.list('**/*.csv', signal);
        assert.deepEqual(
          files.map(({ uri }) => uri),
          ['good.csv', 'real/a.csv'],
        );
        assert.deepEqual([...notices].sort(), [
          'Links that lead nowhere, and are left out: broken.csv, self.csv.',
          'Links that lead outside of the folder, and are left out: bad.csv, out.',
          'Links to folders, which are not searched: circle.',
        ]);
        for (const pattern of ['bad.csv', 'out/', 'out/x.csv', 'out/*.csv']) {
          await assert.rejects(store.list(pattern, signal), { code: 'PATH_OUTSIDE' }, pattern);
        }
        symlinkSync('real', at('inner'));
        assert.deepEqual(await names('inner/*.csv'), ['inner/a.csv']);
      } finally {
        outside.remove();
      }
    });

    it('opens a folder that is itself a link', async () => {
      filesOf('real/a.csv');
      const link = path.join(folder.path, 'link');
      symlinkSync('real', link);
      const store = await openLocalStore(link);
      assert.equal((await store.list('*.csv', signal)).files.length, 1);
    });

    it('says what is there when nothing matches', async () => {
      filesOf('orders.csv', 'sales/2024.csv');
      const store = await openLocalStore(folder.path);
      await assert.rejects(store.list('*.tsv', signal), {
        code: 'SOURCE_EMPTY',
        message: `No file in ${folder.path} matches "*.tsv".`,
        why: 'The folder holds orders.csv, sales/2024.csv.',
      });
      await assert.rejects(store.list('order.csv', signal), {
        code: 'SOURCE_NOT_FOUND',
        message: `There is no "order.csv" in ${folder.path}.`,
        hint: 'Did you mean "orders.csv"?',
      });
      await assert.rejects(store.list('sale/*.csv', signal), { code: 'SOURCE_EMPTY' });
      await assert.rejects(store.list('orders.csv/', signal), { code: 'SOURCE_NOT_FOUND' });
      mkdirSync(path.join(folder.path, 'empty'));
      await assert.rejects(store.list('empty/', signal), { code: 'SOURCE_EMPTY' });
    });

    it('says when the folder is empty, missing, or a file', async () => {
      await assert.rejects((await openLocalStore(folder.path)).list('*', signal), {
        code: 'SOURCE_EMPTY',
        why: 'The folder holds no files at all.',
      });
      await assert.rejects(openLocalStore(path.join(folder.path, 'none')), { code: 'SOURCE_NOT_FOUND' });
      filesOf('a.csv');
      await assert.rejects(openLocalStore(path.join(folder.path, 'a.csv')), {
        code: 'SOURCE_NOT_FOUND',
        hint: /a\.csv as `file_pattern`/,
      });
    });

    it('refuses patterns that leave the folder', async () => {
      const store = await openLocalStore(folder.path);
      for (const pattern of ['../x.csv', '/etc/passwd', 'a/../../x']) {
        await assert.rejects(store.list(pattern, signal), { code: 'PATH_OUTSIDE' }, pattern);
      }
    });

    it('stops when it is told to', async () => {
      filesOf('a/b.csv');
      await assert.rejects((await openLocalStore(folder.path)).list('**', AbortSignal.abort()), {
        name: 'AbortError',
      });
    });
  });

  describe('content', () => {
    let store: ObjectStore;
    let entry: FileEntry;
    const text = 'x'.repeat(600_000);

    beforeEach(async () => {
      folder.write({ 'a.csv': text });
      store = await openLocalStore(folder.path);
      [entry = entry] = (await store.list('a.csv', signal)).files;
    });

    async function readAll(each?: () => void): Promise<string> {
      const parts: Uint8Array[] = [];
      for await (const part of store.content(entry).stream(signal)) {
        parts.push(part);
        each?.();
      }
      return Buffer.concat(parts).toString();
    }

    /** Files under the folder that this process has open. */
    function openFiles(): string[] {
      return readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder.path);
        } catch {
          return false;
        }
      });
    }

    it('streams and slices', async () => {
      const content = store.content(entry);
      assert.deepEqual([content.bytes, content.seekable, content.uri], [600_000, true, 'a.csv']);
      assert.equal(await readAll(), text);
      assert.equal(Buffer.from(await content.slice(599_990, 700_000, signal)).toString(), 'x'.repeat(10));
      assert.equal((await content.slice(0, 0, signal)).length, 0);
    });

    it('notices a change before, while and after it is read', async () => {
      const target = path.join(folder.path, 'a.csv');
      const changes: [string, () => void][] = [
        ['longer', () => appendFileSync(target, 'y')],
        ['shorter', () => truncateSync(target, 400_000)],
        ['touched', () => utimesSync(target, 1, 1)],
      ];
      for (const [name, change] of changes) {
        let done = false;
        const changeOnce = (): void => {
          if (!done) change();
          done = true;
        };
        await assert.rejects(readAll(changeOnce), { code: 'SOURCE_CHANGED' }, `while: ${name}`);
        await assert.rejects(readAll(), { code: 'SOURCE_CHANGED' }, `before: ${name}`);
        await assert.rejects(store.content(entry).slice(0, 1, signal), { code: 'SOURCE_CHANGED' }, name);
        writeFileSync(target, text);
        [entry = entry] = (await store.list('a.csv', signal)).files;
      }
      assert.deepEqual(openFiles(), []);
    });

    it('reads the old content to its end when the name is given to another file', async () => {
      folder.write({ 'new.csv': 'other' });
      const content = await readAll(() => {
        if (readdirSync(folder.path).includes('new.csv')) {
          renameSync(path.join(folder.path, 'new.csv'), path.join(folder.path, 'a.csv'));
        }
      });
      assert.equal(content, text);
      await assert.rejects(readAll(), { code: 'SOURCE_CHANGED' });
    });

    it('notices that a file is gone, or has become a link to elsewhere', async () => {
      const target = path.join(folder.path, 'a.csv');
      rmSync(target);
      await assert.rejects(readAll(), { code: 'SOURCE_CHANGED', why: 'It is gone.' });
      symlinkSync('/etc/hostname', target);
      await assert.rejects(readAll(), { code: 'PATH_OUTSIDE' });
      await assert.rejects(
        store.content({ ...entry, uri: '../../etc/hostname' }).slice(0, 1, signal),
        (error: { code?: string }) => error.code === 'PATH_OUTSIDE' || error.code === 'SOURCE_CHANGED',
      );
    });

    it('closes the file when the reader leaves, and when it is told to stop', async () => {
      for await (const part of store.content(entry).stream(signal)) {
        assert.equal(openFiles().length, 1);
        assert.ok(part.length > 0);
        break;
      }
      const aborter = new AbortController();
      await assert.rejects(
        async () => {
          for await (const part of store.content(entry).stream(aborter.signal)) {
            assert.ok(part.length > 0);
            aborter.abort();
          }
        },
        { name: 'AbortError' },
      );
      assert.deepEqual(openFiles(), []);
    });
  });
});
