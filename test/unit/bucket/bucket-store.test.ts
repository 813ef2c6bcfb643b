import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ObjectPage } from '../../../core/clients/object-client';
import { BeamliftError } from '../../../core/errors';
import { bucketStore } from '../../../extractors/files/bucket/bucket-store';
import { compilePattern } from '../../../extractors/files/glob';
import { hasCode } from '../../has-code';
import { MemoryClient } from './memory-client';

const KEYS = [
  'exports/2024/a b.csv',
  'exports/2024/a#b%20c?.csv',
  'exports/2024/new/Müller 📦.csv',
  'exports/2024/new/\uffee.csv',
  'exports/2024/.hidden.csv',
  'exports/2025/x.csv',
  'exports/2025/x.json',
  'exports-old/2024/a.csv',
  'elsewhere.csv',
];

describe('bucketStore', () => {
  const { signal } = new AbortController();
  const bucket = (keys: readonly string[] = KEYS, pageSize = 3): MemoryClient =>
    new MemoryClient(Object.fromEntries(keys.map((key) => [key, key])), pageSize);
  const names = async (pattern: string, client = bucket(), prefix = 'exports'): Promise<string[]> =>
    (await bucketStore(client, prefix).list(pattern, signal)).files.map(({ uri }) => uri);

  it('finds by patterns over the key below the prefix, over several pages', async () => {
    assert.deepEqual(await names('2024/*.csv'), ['2024/a b.csv', '2024/a#b%20c?.csv']);
    assert.deepEqual(await names('**/*.csv'), [
      '2024/a b.csv',
      '2024/a#b%20c?.csv',
      '2024/new/Müller 📦.csv',
      '2024/new/\uffee.csv',
      '2025/x.csv',
    ]);
    assert.deepEqual(await names('202[5-9]/?.{csv,json}'), ['2025/x.csv', '2025/x.json']);
    assert.deepEqual(await names('2024/.h*'), ['2024/.hidden.csv']);
    assert.deepEqual(await names('2024/new/'), ['2024/new/Müller 📦.csv', '2024/new/\uffee.csv']);
    assert.deepEqual(await names('2025'), ['2025/x.csv', '2025/x.json']);
    assert.deepEqual(await names('2025/x.csv'), ['2025/x.csv']);
    assert.deepEqual(await names('elsewhere.csv', bucket(), ''), ['elsewhere.csv']);
  });

  it('sorts by UTF-16 code units, as files of a folder are', async () => {
    const found = await names('**', bucket(['\uffee', '📦', 'b', 'a', 'Z']), '');
    assert.deepEqual(found, ['Z', 'a', 'b', '📦', '\uffee']);
  });

  it('asks only for keys that can match', async () => {
    const listed = async (pattern: string): Promise<string[]> => {
      const client = bucket(KEYS, 100);
      await names(pattern, client);
      return client.listed;
    };
    assert.deepEqual(await listed('2024/a*.csv'), ['exports/2024/a']);
    assert.deepEqual(await listed('2024/**'), ['exports/2024/']);
    assert.deepEqual(await listed('{2024/a,2025/x}*'), ['exports/202']);
    assert.deepEqual(await listed('2025/x.csv'), []);
  });

  it('asks for a beginning that every name which matches has', () => {
    const segment = fc.stringMatching(/^[ab*?\u{1f4e6}\u{1f4e7}]{1,3}$/u);
    const pattern = fc
      .array(fc.oneof(segment, fc.constant('**'), fc.constant('{aa,ab}')), { minLength: 1, maxLength: 3 })
      .map((segments) => segments.join('/'));
    const name = fc
      .array(fc.stringMatching(/^[ab\u{1f4e6}\u{1f4e7}]{1,3}$/u), { minLength: 1, maxLength: 3 })
      .map((segments) => segments.join('/'));
    fc.assert(
      fc.property(pattern, name, (text, candidate) => {
        const compiled = compilePattern(text);
        const { prefix } = compiled;
        // throws for half of a surrogate pair
        encodeURIComponent(prefix);
        if (compiled.matches(candidate))
          assert.ok(candidate.startsWith(prefix), `${candidate} of ${text}: ${prefix}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves out folder markers', async () => {
    const client = new MemoryClient({
      'exports/': '',
      'exports/a/': '',
      'exports/a/x': 'x',
      'exports/b': '',
    });
    assert.deepEqual(await names('', client), ['a/x', 'b']);
    client.put('exports/a', '');
    assert.deepEqual(await names('a', client), ['a/x']);
    assert.deepEqual(await names('b', client), ['b']);
  });

  it('says what is there where nothing matches', async () => {
    await assert.rejects(names('2024/a c.csv'), (error) => {
      assert.ok(error instanceof BeamliftError);
      assert.equal(error.code, 'SOURCE_NOT_FOUND');
      assert.equal(error.what, 'There is no "2024/a c.csv" in s3://bucket/exports/.');
      assert.equal(error.hint, 'Did you mean "2024/a b.csv"?');
      return true;
    });
    await assert.rejects(names('2023/*.csv'), (error) => {
      assert.ok(error instanceof BeamliftError);
      assert.equal(error.code, 'SOURCE_EMPTY');
      assert.match(error.why ?? '', /s3:\/\/bucket\/exports\/ holds .*2024\/a b\.csv/);
      return true;
    });
    await assert.rejects(names('**', new MemoryClient()), (error) => {
      assert.ok(error instanceof BeamliftError);
      assert.match(error.why ?? '', /no files at all/);
      return true;
    });
  });

  it('refuses patterns that lead out of the prefix', async () => {
    await assert.rejects(names('../elsewhere.csv'), hasCode('PATH_OUTSIDE'));
  });

  it('stops at more files than a run takes, and does not look at the rest', async () => {
    let pages = 0;
    class Endless extends MemoryClient {
      override listPage(prefix: string, page = '0'): Promise<ObjectPage> {
        pages++;
        const first = Number(page);
        const objects = Array.from({ length: 1000 }, (_, index) => ({
          key: `${prefix}${first + index}.csv`,
          bytes: 1,
          version: 'v',
          lastModified: '2024-01-01T00:00:00.000Z',
        }));
        return Promise.resolve({ objects, next: String(first + 1000) });
      }
    }
    await assert.rejects(names('*.csv', new Endless(), ''), (error) => {
      assert.ok(error instanceof BeamliftError);
      assert.equal(error.code, 'PLAN_REFUSED');
      assert.match(error.what, /More than 100,000 files match "\*\.csv"/);
      return true;
    });
    assert.equal(pages, 101);
  });

  it('fails where a listing turns in a circle', async () => {
    class Circle extends MemoryClient {
      override listPage(): Promise<ObjectPage> {
        return Promise.resolve({ objects: [], next: 'again' });
      }
    }
    await assert.rejects(names('**', new Circle()), hasCode('SOURCE_INCOMPLETE'));
  });

  it('closes its client', async () => {
    const client = bucket();
    await bucketStore(client, '').close?.();
    assert.equal(client.closed, 1);
  });
});
