import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Manifest } from '../../../core/manifest';
import { keepRejects, REJECTS_KEPT_MS, sweepRejects } from '../../../loaders/bigquery/rejects';
import { stageUnit } from '../../../loaders/bigquery/staging';
import { sweepRun } from '../../../loaders/bigquery/sweep';
import { MemoryBucket } from './memory-bucket';
import { CONTEXT, LAYOUT, NEVER, stream, unit } from './staged-run';

const FOLDER = 'beamlift/rejects/orders/run-1/';

describe('rejects in a bucket', () => {
  let folder: string;
  let file: string;
  let bucket: MemoryBucket;
  let place: { bucket: MemoryBucket; layout: typeof LAYOUT };
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-rejects-'));
    file = path.join(folder, 'u.jsonl');
    await writeFile(file, '{"row":"1"}\n'.repeat(50_000));
    bucket = new MemoryBucket();
    place = { bucket, layout: LAYOUT };
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const keep = async (id = 'u', context = CONTEXT): Promise<string> =>
    await keepRejects(place, context, unit(id), file, NEVER);
  const stageWith = async (rejectFile: string | undefined, id = 'u'): Promise<Manifest> =>
    await stageUnit(place, CONTEXT, unit(id), stream(['a'], { rejectFile: () => rejectFile }), NEVER);
  const sweep = async (nowMs = bucket.nowMs, runs = ['run-1']): Promise<string[]> => {
    await sweepRejects(place, 'orders', runs, nowMs, NEVER);
    return bucket.names.filter((name) => name.startsWith('beamlift/rejects/'));
  };
  const nameOf = (uri: string): string => uri.replace('gs://staging/', '');

  it('are a new object each time, with every byte, uploaded in pieces', async () => {
    const [first, second] = [await keep(), await keep()];
    assert.match(first, /^gs:\/\/staging\/beamlift\/rejects\/orders\/run-1\/u\.[0-9a-f]{16}\.jsonl$/);
    assert.notEqual(first, second);
    assert.equal(bucket.text(nameOf(first)), '{"row":"1"}\n'.repeat(50_000));
    assert.ok(bucket.count('upload') >= 4);
    assert.deepEqual(bucket.names, [first, second].map(nameOf).sort());
  });

  it('leave no half of an object where the upload or the reading fails', async () => {
    bucket.before = ({ verb }) => {
      if (verb === 'finish') throw new Error('the store is gone');
    };
    await assert.rejects(keep(), /the store is gone/);
    assert.equal(bucket.count('abort'), 1);
    await rm(file);
    await assert.rejects(keep(), /ENOENT/);
    assert.equal(bucket.count('abort'), 2);
    assert.deepEqual(bucket.names, []);
  });

  it('outlive the files of their run', async () => {
    const uri = await keep();
    await stageWith(uri);
    assert.deepEqual(await sweep(), [nameOf(uri)]);
    await sweepRun(place, 'orders', 'run-1', NEVER);
    assert.deepEqual(bucket.names, [nameOf(uri)]);
    assert.deepEqual(await sweep(), [nameOf(uri)]);
  });

  it('that no manifest names go: of an attempt that was killed, or came second', async () => {
    const [killed, first, second] = [await keep(), await keep(), await keep()];
    await stageWith(first);
    const winner = await stageWith(second);
    assert.equal(winner.rejectFile, first);
    assert.deepEqual(await sweep(), [nameOf(first)]);
    assert.ok(!bucket.names.includes(nameOf(killed)));
  });

  it('of a unit that had none in the end go', async () => {
    await keep();
    await stageWith(undefined);
    assert.deepEqual(await sweep(), []);
  });

  it('of a unit without a manifest stay, and so do those of a damaged one: an error may name them', async () => {
    const uris = [await keep('u'), await keep('v.w'), await keep('ü 1')];
    await stageWith('gs://staging/other', 'v.w');
    bucket.put(LAYOUT.run('orders', 'run-1').manifest('ü 1'), '{');
    assert.deepEqual(await sweep(), [uris[0], uris[2]].map((uri) => nameOf(uri ?? '')).sort());
  });

  it('of other runs and jobs are no business of a sweep, until they are old', async () => {
    const other = await keep('u', { ...CONTEXT, runId: 'run-10' });
    const uri = await keep();
    await keep('u', { ...CONTEXT, job: 'orders-2' });
    await stageWith(uri);
    assert.equal((await sweep(bucket.nowMs + REJECTS_KEPT_MS)).length, 3);
    const left = await sweep(bucket.nowMs + REJECTS_KEPT_MS + 1);
    assert.ok(!left.includes(nameOf(other)) && !left.includes(nameOf(uri)));
    assert.equal(left.length, 1);
    assert.match(left[0] ?? '', /rejects\/orders-2\//);
  });

  it('of a run without any cost one listing', async () => {
    bucket.calls.length = 0;
    assert.deepEqual(await sweep(), []);
    assert.deepEqual(bucket.calls, [{ verb: 'list', name: path.posix.dirname(FOLDER) + '/' }]);
  });
});
