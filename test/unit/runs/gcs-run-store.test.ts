import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GcsRunStore } from '../../../launcher/runs/gcs-run-store';
import { likelyBeginnings, parseRunObjectName, runObjectName } from '../../../launcher/runs/run-object-name';
import { runRecord, runStoreContract } from '../../contract/run-store';
import { MemoryBucket } from '../bigquery/memory-bucket';

const never = new AbortController().signal;

runStoreContract('objects of a bucket', async () => {
  const bucket = new MemoryBucket();
  await Promise.resolve();
  return {
    durable: true,
    open: async () => await Promise.resolve(new GcsRunStore(bucket, 'x/etl_runs/', never)),
  };
});

describe('names of run objects', () => {
  it('are read back', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
        fc.nat(4_000_000_000_000),
        (id, job, startedMs) => {
          const name = runObjectName({ id, job, startedMs });
          assert.deepEqual(parseRunObjectName(name), { id, job, startedMs });
          assert.doesNotMatch(name, /[/\n\r#?*[\]]/);
        },
      ),
    );
  });

  it('begin with the newest', () => {
    fc.assert(
      fc.property(fc.nat(4_000_000_000_000), fc.nat(4_000_000_000_000), (one, other) => {
        const name = (startedMs: number): string => runObjectName({ id: 'x', job: 'j', startedMs });
        assert.equal(name(one) < name(other), one > other);
      }),
    );
  });

  it('leave out a job whose name is too long', () => {
    const name = runObjectName({ id: 'x', job: '漢'.repeat(200), startedMs: 1 });
    assert.equal(parseRunObjectName(name)?.job, undefined);
    assert.ok(Buffer.byteLength(name) < 500);
  });

  it('can be told from the id, to the second', () => {
    const startedMs = Date.parse('2025-03-01T10:00:00.999Z');
    const name = runObjectName({ id: 'x', job: 'j', startedMs });
    const found = (id: string): boolean =>
      likelyBeginnings(id).some((beginning) => name.startsWith(beginning));
    assert.ok(found('20250301T100000Z-aaaa1111'));
    assert.ok(found('20250301T095959Z-aaaa1111'));
    assert.ok(!found('20250301T100001Z-aaaa1111'));
    assert.deepEqual(likelyBeginnings('another'), []);
  });

  it('are told from other objects', () => {
    for (const name of ['x', '1,2,3.json', `${'1'.repeat(13)},%,x.json`, `${'1'.repeat(13)},a,b/c.json`]) {
      assert.equal(parseRunObjectName(name), undefined, name);
    }
  });
});

describe('runs in a bucket', () => {
  const id = '20250301T100000Z-aaaa1111';
  const setUp = (): { bucket: MemoryBucket; store: GcsRunStore } => {
    const bucket = new MemoryBucket();
    return { bucket, store: new GcsRunStore(bucket, 'etl_runs/', never) };
  };
  const calls = (bucket: MemoryBucket): string[] => bucket.calls.splice(0).map(({ verb }) => verb);

  it('costs two requests a run: its beginning and its end', async () => {
    const { bucket, store } = setUp();
    await store.put(runRecord(id, { status: 'running' }));
    await store.put(runRecord(id));
    assert.deepEqual(calls(bucket), ['write', 'write']);
    assert.equal(bucket.names.length, 1);
  });

  it('reads what it lists and no more', async () => {
    const { bucket, store } = setUp();
    for (let index = 0; index < 500; index++) {
      const started = new Date(Date.UTC(2025, 0, 1) + index * 60_000).toISOString();
      await store.put(
        runRecord(`r${index}`, { started_at: started, status: 'running', job: `j${index % 50}` }),
      );
    }
    calls(bucket);
    assert.equal((await store.list({ limit: 20 })).length, 20);
    assert.deepEqual(calls(bucket), ['list', ...Array.from({ length: 20 }, () => 'read')]);
    assert.equal((await store.list({ limit: 5, job: 'j7' })).length, 5);
    assert.deepEqual(calls(bucket), ['list', ...Array.from({ length: 5 }, () => 'read')]);
  });

  it('finds a run by its id without looking at all names', async () => {
    const { bucket, store } = setUp();
    await store.put(runRecord(id));
    calls(bucket);
    assert.equal((await store.get(id))?.id, id);
    assert.ok(
      bucket.calls
        .filter(({ verb }) => verb === 'list')
        .every(({ name }) => name.length > 'etl_runs/'.length),
    );
  });

  it('ignores what is no run, and says which object cannot be read', async () => {
    const { bucket, store } = setUp();
    bucket.put('etl_runs/README', 'hello');
    assert.deepEqual(await store.list({ limit: 5 }), []);
    const name = `etl_runs/${runObjectName({ id, job: 'orders', startedMs: 1 })}`;
    for (const [text, why] of [
      ['{', /not JSON/],
      ['null', /not those of a run/],
      ['{"id":"a"}', /not those of a run/],
      [JSON.stringify({ record_version: 2, ...runRecord(id) }), /newer beamlift/],
    ] as const) {
      bucket.put(name, text);
      await assert.rejects(
        store.list({ limit: 5 }),
        (error: { code?: string; why?: string; where?: { object?: string } }) => {
          assert.equal(error.code, 'RUN_STORE_FAILED');
          assert.match(error.why ?? '', why);
          assert.equal(error.where?.object, `gs://staging/${name}`);
          return true;
        },
      );
    }
  });

  it('shows a run once whose record was about to move', async () => {
    const { bucket, store } = setUp();
    await store.put(runRecord(id));
    const old = runObjectName({ id, job: 'orders', startedMs: Date.parse('2025-03-01T09:59:00Z') });
    bucket.put(`etl_runs/${old}`, JSON.stringify(runRecord(id, { status: 'running' })));
    assert.deepEqual(
      (await store.list({ limit: 5 })).map(({ status }) => status),
      ['success'],
    );
    assert.equal((await store.get(id))?.status, 'success');
  });

  it('gives up when others write the same run all the time', async () => {
    const { bucket, store } = setUp();
    await store.put(runRecord(id, { status: 'running' }));
    bucket.before = ({ verb, name }) => {
      if (verb === 'write') bucket.put(name, 'another');
    };
    await assert.rejects(store.put(runRecord(id)), /written by others/);
  });
});
