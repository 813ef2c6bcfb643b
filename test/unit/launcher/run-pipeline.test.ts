import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { cancelPipeline, runPipeline, watchAgain } from '../../../launcher/run-pipeline';
import type { PipelineEnd } from '../../../pipelines/pipeline-runner';
import { fakeExecution, PLAN, type FakePipeline } from './fake-pipeline';

const DONE: PipelineEnd = { state: 'done', error: undefined, counters: new Map() };
const FAILED: PipelineEnd = {
  state: 'failed',
  error: new BeamliftError('LOGIN_FAILED', { what: 'The server refused the login' }),
  counters: new Map(),
};
const ALL = PLAN.units.map(({ id }) => id);
const NOTED = { runner: 'dataflow', handle: { job_id: 'j-1' } };

function begin(pipeline: FakePipeline) {
  const made = fakeExecution(pipeline);
  return { ...made, result: runPipeline(made.execution, PLAN, 'dataflow', true) };
}

/** Until the pipeline is being watched. */
async function following(calls: readonly string[]): Promise<void> {
  while (!calls.includes('follow')) await new Promise((resolve) => setImmediate(resolve));
}

describe('a pipeline of a runner with workers of its own', () => {
  it('is noted before it is submitted and again with its id, told, and watched', async () => {
    const { calls, events, result } = begin({ end: DONE, staged: ALL });
    const { kind, ...rest } = await result;
    assert.equal(kind, 'staged');
    assert.equal('manifests' in rest && rest.manifests.length, 2);
    assert.deepEqual(calls, [
      'note run-of-orders {"runner":"dataflow","handle":{"name":"beamlift-orders"}}',
      'submit {"handle":{"name":"beamlift-orders"},"commits":true,"concurrency":3,"units":2}',
      'note run-of-orders {"runner":"dataflow","handle":{"job_id":"j-1"}}',
      'record dataflow j-1',
      'follow',
      'close',
    ]);
    assert.deepEqual(events[0], {
      kind: 'runner.submitted',
      runner: 'dataflow',
      id: 'j-1',
      url: 'https://console.example/j-1',
    });
  });

  it('that staged everything has staged everything, whatever its runner says', async () => {
    const { calls, result } = begin({ end: FAILED, staged: ALL });
    assert.equal((await result).kind, 'staged');
    assert.ok(calls.includes('warn runner.failed'));
  });

  it('that failed ends with the error of its worker', async () => {
    const { result } = begin({ end: FAILED, staged: ['0001'] });
    await assert.rejects(result, { code: 'LOGIN_FAILED' });
  });

  it('that is said to be done without having staged everything is a failure', async () => {
    const { result } = begin({ end: DONE, staged: ['0001'] });
    await assert.rejects(result, (error: BeamliftError) => {
      assert.equal(error.code, 'RUNNER_FAILED');
      assert.match(error.what, /1 of 2 work units are not staged/);
      assert.match(error.hint ?? '', /https:\/\/console\.example\/j-1/);
      return true;
    });
  });

  it('whose submission failed is looked for and cancelled: its answer may have been lost', async () => {
    const { calls, result } = begin({
      submitFails: new BeamliftError('CONNECTION_LOST', { what: 'no answer' }),
    });
    await assert.rejects(result, { code: 'CONNECTION_LOST' });
    assert.deepEqual(calls.slice(2), ['attach {"name":"beamlift-orders"}', 'cancel', 'close']);
  });

  it('is left at once where it is to be detached', async () => {
    const { calls, result } = begin({ options: { detach: true } });
    assert.deepEqual(await result, { kind: 'left' });
    assert.ok(!calls.includes('follow') && !calls.includes('cancel'));
  });

  it('is watched to its end although it is to be detached, where its workers are in this process', async () => {
    const { calls, result } = begin({ options: { detach: true }, isBound: true, end: DONE, staged: ALL });
    assert.equal((await result).kind, 'staged');
    assert.ok(calls.includes('follow'));
  });

  it('is cancelled when the run reaches its timeout', async () => {
    const { calls, result, stop } = begin({ answer: true });
    await following(calls);
    stop.abort(new BeamliftError('TIMED_OUT', { what: 'too late' }));
    await assert.rejects(result, { code: 'TIMED_OUT' });
    assert.deepEqual(calls.slice(-2), ['cancel', 'close']);
  });

  it('is left alone when another launcher has the job now', async () => {
    const { calls, result, stop } = begin({});
    await following(calls);
    stop.abort(new BeamliftError('FENCED', { what: 'a newer run has taken over' }));
    assert.deepEqual(await result, { kind: 'left' });
    assert.ok(!calls.includes('cancel'));
  });

  const INTERRUPTED: [string, FakePipeline, 'left' | 'cancelled'][] = [
    ['the person says so', { answer: true }, 'left'],
    ['the person says no', { answer: false }, 'cancelled'],
    ['there is nobody to ask', {}, 'cancelled'],
    ['--on-interrupt leave', { options: { onInterrupt: 'leave' } }, 'left'],
    ['its workers are in this process', { options: { onInterrupt: 'leave' }, isBound: true }, 'cancelled'],
    ['--on-interrupt cancel', { options: { onInterrupt: 'cancel' }, answer: true }, 'cancelled'],
  ];
  for (const [says, pipeline, expected] of INTERRUPTED) {
    it(`is ${expected} on an interruption: ${says}`, async () => {
      const { calls, result, interrupt } = begin(pipeline);
      await following(calls);
      interrupt.abort('SIGINT');
      if (expected === 'left') assert.deepEqual(await result, { kind: 'left' });
      else await assert.rejects(result, (reason) => reason === 'SIGINT');
      assert.equal(calls.includes('cancel'), expected === 'cancelled');
      assert.equal(calls.includes('ask'), pipeline.answer !== undefined && pipeline.options === undefined);
      assert.equal(calls.at(-1), 'close');
    });
  }

  it('that cannot be cancelled is told, and the interruption counts', async () => {
    const { calls, result, interrupt } = begin({ cancelFails: true });
    await following(calls);
    interrupt.abort('SIGTERM');
    await assert.rejects(result, (reason) => reason === 'SIGTERM');
    assert.ok(calls.includes('warn runner.not_cancelled'));
  });
});

describe('the pipeline of a launcher that is gone', () => {
  it('is found by its note, and watched', async () => {
    const { execution, calls } = fakeExecution({ end: DONE, staged: ALL });
    assert.equal((await watchAgain(execution, PLAN, NOTED))?.kind, 'staged');
    assert.deepEqual(calls, ['attach {"job_id":"j-1"}', 'follow', 'close']);
  });

  it('may never have been submitted', async () => {
    const { execution } = fakeExecution({ isGone: true });
    assert.equal(await watchAgain(execution, PLAN, NOTED), undefined);
  });

  it('is cancelled with its run; a runner that cannot be asked is told and no more', async () => {
    const { execution, calls } = fakeExecution({});
    await cancelPipeline(execution, NOTED);
    assert.deepEqual(calls, ['attach {"job_id":"j-1"}', 'cancel', 'close']);
    const gone = fakeExecution({});
    await cancelPipeline(gone.execution, { unknown: 1 });
    assert.deepEqual(gone.calls, ['warn runner.not_cancelled']);
  });
});
