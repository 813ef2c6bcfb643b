import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BeamliftError } from '../../../../core/errors';
import type { Manifest } from '../../../../core/manifest';
import { RETRY_POLICIES, type RetryPolicy } from '../../../../core/retry-policies';
import { hasCode } from '../../../has-code';
import { unit } from '../fake-equipment';
import { MoodyThreads, SECRET } from './moody-threads';

/** Threads of this process, as Node.js counts them. */
function threadsAlive(): number {
  const report = process.report.getReport() as { readonly workers?: readonly unknown[] };
  return report.workers?.length ?? 0;
}

describe('Threads that are lost', function () {
  this.timeout(60_000);
  let moody: MoodyThreads;
  /** Whatever loads TypeScript may keep a thread of its own. */
  let others = 0;
  before(async () => {
    moody = await MoodyThreads.open({ threads: 1 });
    await stage('a');
    await moody.close();
    others = threadsAlive();
  });
  afterEach(async () => {
    await moody.close();
    assert.equal(threadsAlive(), others);
  });

  const stage = async (
    id: string,
    changes: { stallMs?: number; retries?: RetryPolicy } = {},
  ): Promise<Manifest> => await moody.threads.stage(moody.context(), unit(id), moody.options(changes));
  const attempts = (times: number): { retries: RetryPolicy } => ({
    retries: { ...RETRY_POLICIES.unit, attempts: times, minDelayMs: 1, maxDelayMs: 1 },
  });

  const retriesOf = (id: string): string[] =>
    moody.events.flatMap((event) =>
      event.kind === 'unit.retried' && event.unit === id ? [event.error] : [],
    );

  it('tries the units of a thread that ended on a new one', async () => {
    moody = await MoodyThreads.open({ threads: 1, unitsPerThread: 2 });
    const [neighbour, exits] = await Promise.all([stage('wait-once'), stage('exit-once')]);
    assert.equal(exits.counts.rowsStaged, 1);
    assert.equal(neighbour.counts.rowsStaged, 1);
    assert.deepEqual(retriesOf('exit-once'), ['A thread that read units ended by itself']);
    assert.deepEqual(retriesOf('wait-once'), ['A thread that read units ended by itself']);
    const lines = await moody.journal(true);
    assert.equal(new Set(lines.map((line) => line.split(' ')[0])).size, 2);
  });

  it('gives a unit up that ends every thread', async () => {
    moody = await MoodyThreads.open({ threads: 1 });
    await assert.rejects(stage('exit', attempts(2)), (error) => {
      assert.ok(hasCode('THREAD_LOST')(error));
      const { where, why } = error as BeamliftError;
      assert.deepEqual(where, { job: 'numbers', unit: 'exit' });
      assert.equal(why, 'Its exit code is 7.');
      return true;
    });
    assert.equal(retriesOf('exit').length, 1);
    assert.equal((await stage('a')).counts.rowsStaged, 1);
  });

  it('says what nobody caught, without secrets', async () => {
    moody = await MoodyThreads.open({ threads: 1 });
    await assert.rejects(stage('crash', attempts(1)), (error) => {
      assert.ok(hasCode('THREAD_LOST')(error));
      const { why, cause } = error as BeamliftError;
      assert.equal(why, 'nobody catches ***');
      assert.ok(cause instanceof Error);
      assert.ok(!`${String((error as Error).stack)} ${String(cause.stack)}`.includes(SECRET));
      return true;
    });
  });

  it('says that memory ran out, and goes on with other units', async () => {
    moody = await MoodyThreads.open({ threads: 1, heapMb: 64 });
    await assert.rejects(stage('hoard', attempts(1)), (error) => {
      assert.ok(hasCode('THREAD_LOST')(error));
      const { what, why } = error as BeamliftError;
      assert.equal(what, 'A thread that read units ran out of memory');
      assert.equal(why, 'Its heap may have 64 MB.');
      return true;
    });
    assert.equal((await stage('a')).counts.rowsStaged, 1);
  });

  it('ends a thread that hangs, and tries its units on a new one', async () => {
    moody = await MoodyThreads.open({ hearingPatienceMs: 300 });
    await stage('a');
    const [busy, other] = await Promise.all([stage('busy-once', { stallMs: 300 }), stage('long')]);
    assert.equal(busy.counts.rowsStaged, 1);
    assert.equal(other.counts.rowsStaged, 41);
    assert.deepEqual(retriesOf('busy-once'), ['A thread that read units hung and was stopped']);
    assert.deepEqual(retriesOf('long'), []);
  });

  it('stops a unit that only waits, and keeps its thread', async () => {
    moody = await MoodyThreads.open({ threads: 1 });
    await stage('a');
    assert.equal((await stage('wait-once', { stallMs: 100 })).counts.rowsStaged, 1);
    assert.deepEqual(retriesOf('wait-once'), ['Unit wait-once made no progress for 0.1 s']);
    assert.equal(new Set((await moody.journal(true)).map((line) => line.split(' ')[0])).size, 1);
  });

  it('stops units when the signal aborts, with its reason', async () => {
    moody = await MoodyThreads.open({ threads: 1, unitsPerThread: 2 });
    const staging = [stage('wait'), stage('wait-2'), stage('waits for a seat')];
    while ((await moody.journal()).length < 3) await sleep(10);
    moody.stop.abort('SIGINT');
    const results = await Promise.allSettled(staging);
    assert.deepEqual(
      results.map((result) => result.status === 'rejected' && (result.reason as unknown)),
      ['SIGINT', 'SIGINT', 'SIGINT'],
    );
    assert.deepEqual((await moody.journal()).sort(), [
      'opened',
      'read wait',
      'read wait-2',
      'stopped wait',
      'stopped wait-2',
    ]);
  });

  it('closes while units are under way, and while a thread hangs or starts', async () => {
    moody = await MoodyThreads.open({ threads: 3, hearingPatienceMs: 300 });
    const staging = [stage('wait'), stage('busy'), stage('a'), stage('b')];
    while (!(await moody.journal()).includes('read busy')) await sleep(10);
    staging.push(stage('c'));
    const results = Promise.allSettled(staging);
    await Promise.all([moody.threads.close(), moody.threads.close()]);
    assert.equal(threadsAlive(), others);
    for (const result of await results) {
      if (result.status === 'rejected') assert.ok(hasCode('CANCELLED')(result.reason), String(result.reason));
    }
    await assert.rejects(stage('late'), hasCode('CANCELLED'));

    const unstarted = await MoodyThreads.open();
    const early = assert.rejects(
      unstarted.threads.stage(unstarted.context(), unit('a'), unstarted.options()),
      hasCode('CANCELLED'),
    );
    await unstarted.close();
    await early;
  });
});
