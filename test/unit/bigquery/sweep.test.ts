import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { sweepAbandoned, sweepRun } from '../../../loaders/bigquery/sweep';
import { hasCode } from '../../has-code';
import { MemoryBucket } from './memory-bucket';
import { LAYOUT, NEVER } from './staged-run';

describe('sweeping a bucket', () => {
  let bucket: MemoryBucket;
  let place: { bucket: MemoryBucket; layout: typeof LAYOUT };
  beforeEach(() => {
    bucket = new MemoryBucket();
    place = { bucket, layout: LAYOUT };
  });

  /** Plan, commit, units and parts of a run. */
  const fill = (runId: string, units = 3, job = 'orders'): string[] => {
    const run = LAYOUT.run(job, runId);
    const names = [run.plan, run.commit];
    for (let index = 0; index < units; index++) {
      names.push(run.manifest(`u${index}`), run.part(`u${index}`, 'a', 0, 'avro'));
    }
    for (const name of names) bucket.put(name, name);
    return names.sort();
  };

  describe('a run', () => {
    it('takes everything of the run and nothing else', async () => {
      fill('run-1', 20);
      const others = [...fill('run-10'), ...fill('run-1', 3, 'orders-2'), LAYOUT.state('orders')];
      bucket.put(LAYOUT.state('orders'), '{}');
      await sweepRun(place, 'orders', 'run-1', NEVER);
      assert.deepEqual(bucket.names, others.sort());
      await sweepRun(place, 'orders', 'run-1', NEVER);
      assert.deepEqual(bucket.names, others);
    });

    it('takes the plan last, with a few deletions at a time', async () => {
      fill('run-1', 20);
      let deleting = 0;
      let most = 0;
      bucket.before = async ({ verb, name }) => {
        if (verb !== 'delete') return;
        if (name.endsWith('/plan.json')) assert.deepEqual(bucket.names, [name]);
        most = Math.max(most, ++deleting);
        await new Promise(setImmediate);
        deleting--;
      };
      await sweepRun(place, 'orders', 'run-1', NEVER);
      assert.ok(most > 1 && most <= 8, `${most} at a time`);
      assert.equal(bucket.names.length, 0);
    });

    it('that fails half-way keeps the plan, and is done by the next one', async () => {
      fill('run-1', 20);
      let deletions = 0;
      bucket.before = ({ verb }) => {
        if (verb === 'delete' && ++deletions > 10) throw new BeamliftError('RIGHTS_MISSING', { what: 'no' });
      };
      await assert.rejects(sweepRun(place, 'orders', 'run-1', NEVER), hasCode('RIGHTS_MISSING'));
      assert.ok(bucket.objects.has(LAYOUT.run('orders', 'run-1').plan));
      assert.ok(deletions < 20, `${deletions} deletions after a failure`);
      bucket.before = () => undefined;
      await sweepRun(place, 'orders', 'run-1', NEVER);
      assert.deepEqual(bucket.names, []);
    });

    it('ends with an abort', async () => {
      fill('run-1');
      const reason = new Error('stop');
      await assert.rejects(sweepRun(place, 'orders', 'run-1', AbortSignal.abort(reason)), reason);
      assert.equal(bucket.names.length, 8);
    });
  });

  describe('orphans', () => {
    const GRACE_MS = 1_000;
    const sweep = async (nowMs: number, keep: string[] = []): Promise<string[]> => {
      const folders = new Set<string>();
      for await (const folder of bucket.listFolders(LAYOUT.runs('orders'), NEVER)) folders.add(folder);
      for (const runId of keep) folders.delete(LAYOUT.run('orders', runId).folder);
      return await sweepAbandoned(place, folders, GRACE_MS, nowMs, NEVER);
    };

    it('are folders of runs in which nothing is young, and which nobody keeps', async () => {
      bucket.nowMs = 5_000;
      fill('old');
      fill('kept');
      fill('old', 3, 'customers');
      fill('young');
      bucket.nowMs = 5_001;
      bucket.put(LAYOUT.run('orders', 'young').part('u0', 'b', 0, 'avro'), 'of a zombie');
      assert.deepEqual(await sweep(5_999, ['kept']), []);
      assert.deepEqual(await sweep(6_000, ['kept']), ['beamlift/runs/orders/old/']);
      assert.deepEqual(await sweep(6_001, ['kept']), ['beamlift/runs/orders/young/']);
      assert.equal(bucket.names.filter((name) => name.includes('/kept/')).length, 8);
      assert.equal(bucket.names.filter((name) => name.includes('/customers/')).length, 8);
      assert.equal(bucket.names.length, 16);
    });

    it('of runs with unusual names are kept and swept like others', async () => {
      bucket.nowMs = 0;
      fill('run 1/ü');
      assert.deepEqual(await sweep(9_000, ['run 1/ü']), []);
      assert.equal((await sweep(9_000)).length, 1);
      assert.deepEqual(bucket.names, []);
    });

    it('lose their plan last', async () => {
      bucket.nowMs = 0;
      fill('old');
      bucket.before = ({ verb, name }) => {
        if (verb === 'delete' && name.endsWith('plan.json')) assert.deepEqual(bucket.names, [name]);
      };
      assert.equal((await sweep(9_000)).length, 1);
    });
  });
});
