import assert from 'node:assert/strict';
import { openGcsBucket } from '../../../core/clients/gcs';
import type { GcsBucket } from '../../../core/clients/gcs-bucket';
import { hasCode } from '../../has-code';
import { SmallStore, type Fault } from './small-store';
import { calm, QUICK_RETRY, sendError, SILENT, UnrulyServer } from './unruly-server';

export async function bucketAt(endpoint: string): Promise<GcsBucket> {
  return await openGcsBucket({
    bucket: 'b',
    endpoint,
    credentials: 'anonymous',
    environment: {},
    log: SILENT,
    retry: QUICK_RETRY,
  });
}

async function withStore(use: (store: SmallStore, bucket: GcsBucket) => Promise<void>): Promise<void> {
  await using store = await SmallStore.start();
  await use(store, await bucketAt(store.server.url));
}

const text = (body: Uint8Array | undefined): string => Buffer.from(body ?? []).toString();
const NAMES = [
  'plain',
  'a b',
  'ü/名前',
  '100%',
  'what?',
  'a#b',
  'a+b&c=d',
  '../up',
  'a//b',
  '__proto__',
  "it's",
];

describe('whole objects of a bucket', () => {
  it('are written, read and deleted under any name', async () => {
    await withStore(async (store, bucket) => {
      for (const name of NAMES) {
        const written = await bucket.write(name, Buffer.from(`of ${name}`), '0', calm());
        assert.ok(written !== 'conflict');
        assert.equal(text(store.objects.get(name)?.bytes), `of ${name}`);
        const read = await bucket.read(name, 100, calm());
        assert.equal(text(read?.body), `of ${name}`);
        assert.equal(read?.generation, written.generation);
        assert.equal(read.crc32c, written.crc32c);
        assert.ok(Math.abs(read.storeTimeMs - Date.now()) < 5_000);
        await bucket.delete(name, calm());
        assert.equal(await bucket.read(name, 100, calm()), undefined);
        await bucket.delete(name, calm());
      }
    });
  });

  it('are written over only in the generation that is named', async () => {
    await withStore(async (_, bucket) => {
      const first = await bucket.write('state', Buffer.from('1'), '0', calm());
      assert.ok(first !== 'conflict');
      assert.equal(await bucket.write('state', Buffer.from('1'), '0', calm()), 'conflict');
      const second = await bucket.write('state', Buffer.from('2'), first.generation, calm());
      assert.ok(second !== 'conflict' && second.generation !== first.generation);
      assert.equal(await bucket.write('state', Buffer.from('3'), first.generation, calm()), 'conflict');
      assert.equal(await bucket.write('other', Buffer.from('3'), first.generation, calm()), 'conflict');
      assert.equal(text((await bucket.read('state', 9, calm()))?.body), '2');
    });
  });

  it('are written once, and known as ours, whatever becomes of the answer', async () => {
    const faults: Fault[] = ['drop-before', 'drop-after', 'fault-before', 'fault-after', 'cut'];
    for (const fault of faults) {
      await withStore(async (store, bucket) => {
        let left = 2;
        store.faultOf = ({ method }) => (method === 'POST' && left-- > 0 ? fault : 'none');
        const written = await bucket.write('state', Buffer.from('ours'), '0', calm());
        assert.ok(written !== 'conflict', fault);
        assert.deepEqual(
          [...store.objects.values()].map(({ generation }) => generation),
          ['1001'],
          fault,
        );
        assert.equal(written.generation, '1001');
      });
    }
  });

  it('of somebody else are not taken for ours after a lost answer', async () => {
    for (const theirs of ['them', 'somewhat longer than ours', '']) {
      await withStore(async (store, bucket) => {
        store.faultOf = ({ method }) => {
          if (method !== 'POST' || store.objects.has('state')) return 'none';
          store.put('state', theirs);
          return 'drop-before';
        };
        assert.equal(await bucket.write('state', Buffer.from('ours'), '0', calm()), 'conflict');
        assert.equal(text(store.objects.get('state')?.bytes), theirs);
      });
    }
  });

  it('are not taken as written when the store’s sum differs', async () => {
    await withStore(async (store, bucket) => {
      store.wrongSum = 'AAAAAA==';
      await assert.rejects(
        bucket.write('state', Buffer.from('ours'), '0', calm()),
        hasCode('DESTINATION_UNAVAILABLE', /checksum/),
      );
      store.put('state', 'x');
      await assert.rejects(bucket.read('state', 10, calm()), hasCode('DESTINATION_UNAVAILABLE', /checksum/));
    });
  });

  it('are read up to the size that is asked for', async () => {
    await withStore(async (store, bucket) => {
      store.put('state', '12345');
      assert.equal(text((await bucket.read('state', 5, calm()))?.body), '12345');
      await assert.rejects(
        bucket.read('state', 4, calm()),
        hasCode('LIMIT_EXCEEDED', /gs:\/\/b\/state.* 4 bytes/),
      );
    });
  });

  it('are read again when the answer breaks off', async () => {
    await withStore(async (store, bucket) => {
      store.put('state', 'x'.repeat(1_000));
      let left = 2;
      store.faultOf = () => (left-- > 0 ? 'cut' : 'none');
      assert.equal((await bucket.read('state', 2_000, calm()))?.bytes, 1_000);
      assert.equal(store.server.asked.length, 3);
    });
  });
});

describe('a bucket', () => {
  it('lists objects page by page in order, and folders', async () => {
    await withStore(async (store, bucket) => {
      for (let index = 0; index < 25; index++)
        store.put(`p/${index % 3}/${String(index).padStart(2, '0')}`, 'x'.repeat(index));
      store.put('q', '');
      store.pageSize = 7;
      const found: string[] = [];
      for await (const { name, bytes } of bucket.list('p/', calm())) {
        found.push(name);
        assert.equal(bytes, store.objects.get(name)?.bytes.byteLength);
      }
      assert.deepEqual(found, [...store.objects.keys()].filter((name) => name.startsWith('p/')).sort());
      assert.equal(store.server.asked.length, 4);
      const folders: string[] = [];
      for await (const folder of bucket.listFolders('p/', calm())) folders.push(folder);
      assert.deepEqual(folders, ['p/0/', 'p/1/', 'p/2/']);
    });
  });

  it('stops listing when the reader does, and when the signal aborts', async () => {
    await withStore(async (store, bucket) => {
      for (let index = 0; index < 10; index++) store.put(`p/${index}`, '');
      store.pageSize = 2;
      for await (const { name } of bucket.list('p/', calm())) if (name === 'p/1') break;
      assert.equal(store.server.asked.length, 1);
      const stop = new AbortController();
      await assert.rejects(async () => {
        for await (const { name } of bucket.list('p/', stop.signal))
          if (name === 'p/1') stop.abort(new Error('enough'));
      }, /enough/);
      assert.equal(store.server.asked.length, 2);
    });
  });

  it('that is not there, or may not be used, is told apart', async () => {
    const answers = [
      [404, 'notFound', 'The specified bucket does not exist.', 'BUCKET_NOT_FOUND', /not exist/],
      [
        403,
        'forbidden',
        "x@y does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied",
        'RIGHTS_MISSING',
        /storage\.objects\.list/,
      ],
      [401, 'authError', 'Invalid Credentials', 'LOGIN_FAILED', /Invalid/],
    ] as const;
    for (const [status, reason, message, code, words] of answers) {
      await using server = await UnrulyServer.start((_, response) =>
        sendError(response, status, reason, message),
      );
      const bucket = await bucketAt(server.url);
      const first = async (): Promise<unknown> =>
        await bucket.list('', calm())[Symbol.asyncIterator]().next();
      await assert.rejects(first(), hasCode(code, words));
      await assert.rejects(bucket.write('x', Buffer.from('x'), '0', calm()), hasCode(code, words));
      await assert.rejects(bucket.read('x', 10, calm()), hasCode(code, words));
      await assert.rejects(bucket.settings(calm()), hasCode(code, words));
    }
  });

  it('tells when its lifecycle would delete what is staged', async () => {
    const rule = (condition: Record<string, unknown>, type = 'Delete'): unknown => ({
      action: { type },
      condition,
    });
    const cases: [string, unknown[], number | undefined][] = [
      ['no rule', [], undefined],
      ['an age', [rule({ age: 7 })], 7],
      ['the smallest age', [rule({ age: 30 }), rule({ age: 3 })], 3],
      ['another action', [rule({ age: 1 }, 'SetStorageClass')], undefined],
      ['a prefix above', [rule({ age: 2, matchesPrefix: ['st'] })], 2],
      ['a prefix below', [rule({ age: 2, matchesPrefix: ['x', 'staging/job/'] })], 2],
      ['another prefix', [rule({ age: 2, matchesPrefix: ['other/'] })], undefined],
      ['old versions', [rule({ age: 2, isLive: false }), rule({ daysSinceNoncurrentTime: 1 })], undefined],
      ['more versions', [rule({ numNewerVersions: 3 })], undefined],
      ['a past date', [rule({ createdBefore: '2020-01-01' })], undefined],
      ['a future date', [rule({ createdBefore: '2999-01-01' })], 0],
      ['a future date and an age', [rule({ createdBefore: '2999-01-01', age: 9 })], 9],
      ['a suffix', [rule({ age: 4, matchesSuffix: ['.avro'] })], 4],
      ['age 0', [rule({ age: 0 })], 0],
      ['something new', [rule({ phaseOfTheMoon: 'full' })], 0],
    ];
    await withStore(async (store, bucket) => {
      for (const [what, rules, days] of cases) {
        store.bucket = { location: 'EUROPE-WEST1', lifecycle: { rule: rules } };
        const settings = await bucket.settings(calm());
        assert.equal(settings.location, 'EUROPE-WEST1');
        assert.equal(settings.deletesAfterDays('staging/'), days, what);
        assert.equal(settings.retentionSeconds, undefined);
      }
      store.bucket = { location: 'EU', retentionPolicy: { retentionPeriod: '3600' } };
      assert.equal((await bucket.settings(calm())).retentionSeconds, 3_600);
    });
  });
});
