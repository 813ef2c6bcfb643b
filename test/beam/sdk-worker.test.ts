import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import '../../pipelines/beam/sdk-entry';
import { FunctionSpec, ParDoPayload } from 'apache-beam/proto/beam_runner_api';
import { Worker } from 'apache-beam/worker/worker';
import { BeamliftError } from '../../core/errors';
import type { AsyncDoFn } from '../../pipelines/beam/async-do-fn';
import { registerAsyncDoFn } from '../../pipelines/beam/async-pardo';
import { errorOf } from '../../pipelines/beam/error-text';
import { startSdkWorker, type SdkWorker } from '../../pipelines/beam/worker/sdk-worker';
import { FakeRunner } from './fake-runner';

const STEP = 'sdk worker step';

function stepSpec(concurrency: number): FunctionSpec {
  const payload = new TextEncoder().encode(JSON.stringify({ name: STEP, config: {}, concurrency }));
  const doFn = FunctionSpec.create({ urn: 'beamlift:dofn:async:v1', payload });
  return FunctionSpec.create({
    urn: 'beam:transform:pardo:v1',
    payload: ParDoPayload.toBinary(ParDoPayload.create({ doFn })),
  });
}

/** A worker of ours and a runner, in this process; what is printed meanwhile is kept. */
async function withWorker(
  doFn: AsyncDoFn<string, string>,
  work: (runner: FakeRunner, worker: SdkWorker, printed: readonly string[]) => Promise<void>,
): Promise<void> {
  const unregister = registerAsyncDoFn(STEP, { make: () => doFn });
  const runner = new FakeRunner(stepSpec(2));
  await runner.start();
  const printed: string[] = [];
  const listen = (...words: unknown[]): void => void printed.push(words.map(String).join(' '));
  const { log, info, debug, warn, error } = console;
  Object.assign(console, { log: listen, info: listen, debug: listen, warn: listen, error: listen });
  const worker = startSdkWorker({ id: 'worker-1', controlEndpoint: runner.url });
  try {
    await runner.worker();
    await work(runner, worker, printed);
  } finally {
    await runner.hangUp();
    await worker.stop();
    Object.assign(console, { log, info, debug, warn, error });
    unregister();
  }
}

const PASS: AsyncDoFn<string, string> = { process: async (element, emit) => await emit(element) };

/** Units that never end by themselves; tells when one is under way, and what becomes of it. */
function endless(events: string[]): { doFn: AsyncDoFn<string, string>; begun: Promise<void> } {
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const doFn: AsyncDoFn<string, string> = {
    process: async (_element, _emit, { signal }) => {
      begin();
      await once(signal, 'abort');
      await sleep(5);
      events.push('stopped');
    },
    abortBundle: () => void events.push('released'),
  };
  return { doFn, begun };
}

describe('an SDK worker', () => {
  it('runs bundles, tells errors whole, and prints nothing', async () => {
    const failing: AsyncDoFn<string, string> = {
      process: async (element, emit) => {
        if (element === 'bad')
          throw new BeamliftError('SOURCE_CHANGED', { what: 'A file was replaced', where: { unit: '7' } });
        await emit(element);
      },
    };
    await withWorker(failing, async (runner, _worker, printed) => {
      assert.equal((await runner.runBundle('b1', [['a'], ['b', 'c']])).error, '');
      while (!runner.whole.has('b1')) await sleep(2);
      assert.deepEqual(runner.outputs.get('b1'), ['a', 'b', 'c']);
      const { error } = await runner.runBundle('b2', [['a', 'bad', 'c']]);
      assert.match(error, /^SOURCE_CHANGED: A file was replaced/);
      assert.deepEqual(errorOf(error)?.where, { unit: '7' });
      assert.equal((await runner.runBundle('b3', [['a']])).error, '');
      assert.deepEqual(printed, []);
    });
  });

  it('says who it is when it asks for a bundle’s descriptor, which the SDK’s does not (worker.js:247)', async () => {
    await withWorker(PASS, async (runner) => {
      assert.equal((await runner.runBundle('b1', [['a']])).error, '');
    });
    const runner = new FakeRunner(stepSpec(1));
    await runner.start();
    const worker = new Worker('worker-1', { controlUrl: runner.url });
    await runner.worker();
    assert.match((await runner.runBundle('b1', [['a']])).error, /failed to find worker id/);
    worker.controlChannel.removeAllListeners('end');
    const gone = new Promise((resolve) => void worker.controlChannel.on('status', resolve));
    await runner.hangUp();
    await gone;
    worker.controlClient.close();
  });

  it('reports under ids of its own while the runner may not know an id (Prism’s metrics.go)', async () => {
    const counting: AsyncDoFn<string, string> = {
      process: async (_element, _emit, bundle) => {
        bundle.count('rows_read', 1);
        await sleep(1);
      },
    };
    await withWorker(counting, async (runner) => {
      const idsOf = async (bundle: string): Promise<string[]> => {
        const { response } = await runner.runBundle(bundle, [['a']]);
        assert.ok(response.oneofKind === 'processBundle');
        return Object.keys(response.processBundle.monitoringData);
      };
      const ids = [...(await idsOf('b1')), ...(await idsOf('b2')), ...(await idsOf('b3'))];
      assert.equal(new Set(ids).size, ids.length);
      assert.ok(ids.length >= 3);
      const { response } = await runner.ask('m1', {
        oneofKind: 'monitoringInfos',
        monitoringInfos: { monitoringInfoId: ids },
      });
      assert.ok(response.oneofKind === 'monitoringInfos');
      const meanings = Object.entries(response.monitoringInfos.monitoringInfo)
        .filter(([, { labels }]) => labels['NAME'] === 'rows_read')
        .map(([id, { urn, labels }]) => ({ id, meaning: { urn, labels } }));
      assert.equal(meanings.length, 3);
      for (const { meaning } of meanings) assert.deepEqual(meaning, meanings[0]?.meaning);
    });
  });

  it('ends with the control channel, when its bundles have stopped (worker_main.js, worker.js:152)', async () => {
    const events: string[] = [];
    const { doFn, begun } = endless(events);
    await withWorker(doFn, async (runner, worker, printed) => {
      void runner.runBundle('b1', [['a']]);
      await begun;
      await runner.hangUp();
      const end = await worker.ended;
      assert.deepEqual(events, ['stopped', 'released']);
      assert.equal(end.served, true);
      assert.equal(end.error?.code, 'RUNNER_UNUSABLE');
      assert.deepEqual(printed, []);
    });
  });

  it('ends without an error where the runner says goodbye', async () => {
    await withWorker(PASS, async (runner, worker) => {
      runner.goodbye();
      assert.deepEqual(await worker.ended, { error: undefined, served: false });
    });
  });

  it('can be stopped, also when the runner does not listen', async () => {
    const events: string[] = [];
    const { doFn, begun } = endless(events);
    await withWorker(doFn, async (runner, worker) => {
      void runner.runBundle('b1', [['a']]);
      await begun;
      await worker.stop();
      await worker.stop();
      assert.deepEqual(events, ['stopped', 'released']);
      assert.equal((await worker.ended).error, undefined);
    });
  });

  it('says where nothing listens', async () => {
    const worker = startSdkWorker({ id: 'worker-1', controlEndpoint: '127.0.0.1:1' });
    const { error, served } = await worker.ended;
    assert.equal(served, false);
    assert.match(error?.message ?? '', /127\.0\.0\.1:1/);
    assert.match(error?.why ?? '', /ECONNREFUSED|No connection/);
  });
});
