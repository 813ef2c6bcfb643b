import assert from 'node:assert/strict';
import type { Clock } from '../../../core/clock';
import { acquireJobLease, holding, joinJobLease } from '../../../loaders/bigquery/job-lease';
import { StateSession } from '../../../loaders/bigquery/state-session';
import { MemoryBucket } from './memory-bucket';

const NEVER = new AbortController().signal;
const LOG = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Time stands still: no lease is renewed. Short pauses are none. */
const CLOCK: Clock = {
  now: () => 1_000,
  sleep: async (milliseconds, signal) =>
    await new Promise((resolve, reject) => {
      if (milliseconds < 1_000) resolve();
      const abort = (): void => reject(signal.reason as Error);
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    }),
};

/** A launcher whose process is always there. */
async function launcher(bucket: MemoryBucket, runId: string) {
  const session = new StateSession(bucket, 'state/orders.json', CLOCK);
  const request = {
    identity: { job: 'orders', fingerprint: 'f' },
    runId,
    onConflict: 'fail' as const,
    holder: { host: 'h', pid: 1, started: null },
    isRunning: () => true,
  };
  const lease = await acquireJobLease({ session, clock: CLOCK, log: LOG }, request, NEVER);
  return { lease, session };
}

describe('the lease of a run that a pipeline goes on with', () => {
  it('is taken over at once by whoever comes, with a higher fence', async () => {
    const bucket = new MemoryBucket();
    const { lease } = await launcher(bucket, 'run-1');
    await assert.rejects(launcher(bucket, 'run-2'), { code: 'LEASE_HELD' });
    await lease.release(true);
    const next = await launcher(bucket, 'run-2');
    assert.equal(next.lease.fence, lease.fence + 1);
    await next.lease.release();
  });

  it('is still there for the worker that publishes, until somebody takes it over', async () => {
    const bucket = new MemoryBucket();
    const { lease } = await launcher(bucket, 'run-1');
    await lease.release(true);
    await lease.release();
    const session = new StateSession(bucket, 'state/orders.json', CLOCK);
    const held = holding((await session.read(NEVER))?.document, lease.fence);
    assert.equal(held.lease?.left, true);
    const run = { job: 'orders', runId: 'run-1', fence: lease.fence };
    const joined = joinJobLease({ session, clock: CLOCK, log: LOG }, run);
    assert.equal(joined.lost.aborted, false);
    await joined.leave();

    const next = await launcher(bucket, 'run-2');
    const document = (await session.read(NEVER))?.document;
    assert.throws(() => holding(document, lease.fence), { code: 'FENCED' });
    await next.lease.release();
  });

  it('belongs to the newer run after that: leaving changes nothing any more', async () => {
    const bucket = new MemoryBucket();
    const first = await launcher(bucket, 'run-1');
    // The same run once more, as after a pause in which its lease ran out.
    const second = await launcher(bucket, 'run-1');
    await first.lease.release(true);
    assert.equal((await second.session.read(NEVER))?.document.lease?.left, undefined);
    await second.lease.release();
    assert.equal((await second.session.read(NEVER))?.document.lease, null);
  });
});
