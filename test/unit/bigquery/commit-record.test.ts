import assert from 'node:assert/strict';
import { findCommitRecord, keepCommitRecord } from '../../../loaders/bigquery/commit-record';
import { hasCode } from '../../has-code';
import { COLUMNS, commitContext, planOf, staged, tableOf } from './commit-fixture';
import { MemoryBucket } from './memory-bucket';
import { LAYOUT, NEVER } from './staged-run';

describe('the record of a commit', () => {
  const context = commitContext(COLUMNS);
  const layout = LAYOUT.run(context.job, context.runId);
  const plan = planOf(context, staged(context), tableOf(COLUMNS));
  // As JSON.parse makes it: the key is one of the object's own.
  const files = JSON.parse('{"__proto__": "v1", "a.csv": "v2"}') as Record<string, string>;
  let bucket: MemoryBucket;
  beforeEach(() => (bucket = new MemoryBucket()));

  it('is kept once, and found as it was kept', async () => {
    const place = { bucket, layout };
    assert.equal(await findCommitRecord(place, NEVER), undefined);
    await keepCommitRecord(place, { plan, files }, NEVER);
    const found = await findCommitRecord(place, NEVER);
    assert.deepEqual(found?.plan, plan);
    assert.deepEqual(Object.entries(found.files), Object.entries(files));
    const again = await keepCommitRecord(place, { plan, files: {} }, NEVER);
    assert.deepEqual(Object.keys(again.files), Object.keys(files));
  });

  it('that nobody could read again is not kept', async () => {
    const size = Buffer.byteLength(JSON.stringify({ plan, files }));
    await assert.rejects(
      keepCommitRecord({ bucket, layout }, { plan, files }, NEVER, size - 1),
      hasCode('LIMIT_EXCEEDED', /what run run-1 publishes has \d+ bytes/),
    );
    assert.equal(await findCommitRecord({ bucket, layout }, NEVER), undefined);
    await keepCommitRecord({ bucket, layout }, { plan, files }, NEVER, size);
    assert.ok(await findCommitRecord({ bucket, layout }, NEVER));
  });

  it('of other manifests is not kept in its place', async () => {
    const place = { bucket, layout };
    await keepCommitRecord(place, { plan, files }, NEVER);
    const other = { plan: { ...plan, manifestHash: 'hash-2' }, files };
    await assert.rejects(
      keepCommitRecord(place, other, NEVER),
      hasCode('NEEDS_ATTENTION', /other staged files/),
    );
  });

  for (const [what, body] of [
    ['damaged', '{"plan":'],
    ['a newer version', JSON.stringify({ plan: { ...plan, version: 2 }, files: {} })],
  ] as const) {
    it(`that is ${what} is for a person`, async () => {
      bucket.put(layout.commit, body);
      await assert.rejects(
        findCommitRecord({ bucket, layout }, NEVER),
        hasCode('NEEDS_ATTENTION', /cannot be read/),
      );
    });
  }
});
