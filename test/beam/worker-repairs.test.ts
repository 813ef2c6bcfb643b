import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import '../../pipelines/beam/sdk-entry';
import { FunctionSpec, ParDoPayload } from 'apache-beam/proto/beam_runner_api';
import { BeamFnControlClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import type { InstructionResponse } from 'apache-beam/proto/beam_fn_api';
import { MultiplexingDataChannel } from 'apache-beam/worker/data';
import { MetricsContainer } from 'apache-beam/worker/metrics';
import { BundleProcessor, Worker } from 'apache-beam/worker/worker';
import type { AsyncDoFn } from '../../pipelines/beam/async-do-fn';
import { registerAsyncDoFn } from '../../pipelines/beam/async-pardo';
import { applySdkRepairs } from '../../pipelines/beam/repairs/apply-sdk-repairs';
import { grpcConstants } from '../../pipelines/beam/repairs/message-limit';
import { takeBack } from '../../pipelines/beam/repairs/replace-method';
import { SINK_URN } from '../../pipelines/beam/repairs/sink-flush';
import { operatorClass } from '../../pipelines/beam/sdk-operators';
import { FakeRunner } from './fake-runner';

const STEP = 'worker step';

/** What a worker is given that has our asynchronous step, `concurrency` elements at once. */
function stepSpec(concurrency: number): FunctionSpec {
  const payload = new TextEncoder().encode(JSON.stringify({ name: STEP, config: {}, concurrency }));
  const doFn = FunctionSpec.create({ urn: 'beamlift:dofn:async:v1', payload });
  return FunctionSpec.create({
    urn: 'beam:transform:pardo:v1',
    payload: ParDoPayload.toBinary(ParDoPayload.create({ doFn })),
  });
}

/** The SDK's worker and a runner, in this process; what the SDK prints meanwhile is kept. */
async function withWorker<Result>(
  doFn: AsyncDoFn<string, string>,
  work: (runner: FakeRunner, worker: Worker, printed: string[]) => Promise<Result>,
  concurrency = 1,
): Promise<Result> {
  const unregister = registerAsyncDoFn(STEP, { make: () => doFn });
  const runner = new FakeRunner(stepSpec(concurrency));
  runner.insistsOnId = false;
  await runner.start();
  const printed: string[] = [];
  const listen = (...words: unknown[]): void => void printed.push(words.map(String).join(' '));
  const { log, info, debug, warn, error } = console;
  Object.assign(console, { log: listen, info: listen, debug: listen, warn: listen, error: listen });
  const worker = new Worker('worker-1', { controlUrl: runner.url });
  try {
    await runner.worker();
    return await work(runner, worker, printed);
  } finally {
    worker.controlChannel.on('error', () => undefined);
    await runner.hangUp();
    for (const channel of worker.dataChannels.values()) channel.dataClient.close();
    worker.controlClient.close();
    // The SDK prints what its streams end with.
    await sleep(20);
    Object.assign(console, { log, info, debug, warn, error });
    unregister();
  }
}

/** The same work with a repair, and with the SDK's own method in its place. */
async function withAndWithout<Result>(
  target: object,
  method: string,
  work: () => Promise<Result>,
): Promise<{ repaired: Result; unrepaired: Result }> {
  const repaired = await work();
  const putBack = takeBack(target, method);
  try {
    return { repaired, unrepaired: await work() };
  } finally {
    putBack();
  }
}

const PASS: AsyncDoFn<string, string> = { process: async (element, emit) => await emit(element) };

describe('a worker of the repaired SDK', () => {
  before(applySdkRepairs);

  it('sends every output once (operators.js:348)', async () => {
    // 60 times 100 kB, written without waiting as the SDK's own steps do: beyond 1 MB, each one flushes.
    const texts = Array.from({ length: 60 }, (_, index) => `${index} `.padEnd(100_000, 'x'));
    const burst: AsyncDoFn<string, string> = {
      process: async (_element, emit) => {
        await Promise.all(texts.map(emit));
      },
    };
    const sent = async (): Promise<number> =>
      await withWorker(burst, async (runner) => {
        const { error } = await runner.runBundle('b1', [['go']]);
        assert.equal(error, '');
        while (!runner.whole.has('b1')) await sleep(5);
        return runner.outputs.get('b1')?.length ?? 0;
      });
    const { repaired, unrepaired } = await withAndWithout(operatorClass(SINK_URN).prototype, 'flush', sent);
    assert.equal(repaired, 60);
    assert.ok(unrepaired > 60, `${unrepaired}`);
  });

  it('works on the messages of a bundle in turn, and ends it after the last (data.js:129)', async () => {
    const messages = Array.from({ length: 10 }, (_, index) => [`${index}a`, `${index}b`]);
    const done = async (): Promise<string[]> => {
      const processed: string[] = [];
      const slow: AsyncDoFn<string, string> = {
        process: async (element) => {
          await sleep(3);
          processed.push(element);
        },
      };
      return await withWorker(slow, async (runner) => {
        await runner.runBundle('b1', messages);
        return [...processed];
      });
    };
    const { repaired, unrepaired } = await withAndWithout(
      MultiplexingDataChannel.prototype,
      'registerConsumer',
      done,
    );
    assert.deepEqual(repaired, messages.flat());
    assert.notDeepEqual(unrepaired, messages.flat());
  });

  it('takes messages beyond 4 MiB (gRPC’s default)', async () => {
    const text = 'x'.repeat(6 * 1024 * 1024);
    const through = async (): Promise<string> =>
      await withWorker(PASS, async (runner) => {
        const ended = runner.runBundle('b1', [[text]]).then(({ error }) => `ended ${error}`);
        return await Promise.race([ended, sleep(700, 'hangs')]);
      });
    assert.equal(await through(), 'ended ');
    const constants = grpcConstants();
    const limit = constants.DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH;
    constants.DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH = 4 * 1024 * 1024;
    try {
      assert.equal(await through(), 'hangs');
    } finally {
      constants.DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH = limit;
    }
  });

  it('outlives a runner that hangs up (worker.js:129)', async () => {
    const listeners = async (): Promise<number> =>
      await withWorker(PASS, async (_runner, worker) => worker.controlChannel.listenerCount('error'));
    const { repaired, unrepaired } = await withAndWithout(
      BeamFnControlClient.prototype,
      'control',
      listeners,
    );
    assert.equal(repaired, 1);
    // An event `error` that nobody listens to is thrown by Node.js, and ends the process.
    assert.equal(unrepaired, 0);

    const told = await withWorker(PASS, async (runner, worker) => {
      const error = new Promise<Error>((resolve) => void worker.controlChannel.on('error', resolve));
      await runner.hangUp();
      return await error;
    });
    assert.match(told.message, /UNAVAILABLE|CANCELLED|INTERNAL/);
  });

  it('tells what its metrics mean (worker.js:168)', async () => {
    const counting: AsyncDoFn<string, string> = {
      process: async (_element, _emit, bundle) => {
        bundle.count('rows_read', 3);
        await sleep(1);
      },
    };
    const ask = async (): Promise<InstructionResponse> =>
      await withWorker(counting, async (runner) => {
        const { response } = await runner.runBundle('b1', [['a', 'b']]);
        assert.ok(response.oneofKind === 'processBundle');
        const ids = Object.keys(response.processBundle.monitoringData);
        const asked = { oneofKind: 'monitoringInfos' as const, monitoringInfos: { monitoringInfoId: ids } };
        return await runner.ask('m1', asked);
      });
    const { repaired, unrepaired } = await withAndWithout(Worker.prototype, 'handleRequest', ask);
    assert.ok(repaired.response.oneofKind === 'monitoringInfos');
    const infos = Object.values(repaired.response.monitoringInfos.monitoringInfo);
    assert.deepEqual(
      infos.filter(({ urn }) => urn.includes('user')).map(({ labels }) => labels),
      [{ NAME: 'rows_read', NAMESPACE: 'beamlift', PTRANSFORM: 'step' }],
    );
    assert.match(unrepaired.error, /Unknown instruction type/);
  });

  it('answers for a bundle that has ended, and prints nothing (worker.js:158, 211, 220)', async () => {
    const ask = async (): Promise<{ answers: InstructionResponse[]; printed: string[] }> =>
      await withWorker(PASS, async (runner, _worker, printed) => {
        const progress = {
          oneofKind: 'processBundleProgress' as const,
          processBundleProgress: { instructionId: 'gone' },
        };
        const split = {
          oneofKind: 'processBundleSplit' as const,
          processBundleSplit: { instructionId: 'gone', desiredSplits: {} },
        };
        return {
          answers: [await runner.ask('p1', progress), await runner.ask('s1', split)],
          printed: [...printed],
        };
      });
    const { repaired, unrepaired } = await withAndWithout(Worker.prototype, 'handleRequest', ask);
    assert.deepEqual(
      repaired.answers.map(({ error, response }) => [error, response.oneofKind]),
      [
        ['', 'processBundleProgress'],
        ['', 'processBundleSplit'],
      ],
    );
    assert.deepEqual(repaired.printed, []);
    assert.match(unrepaired.answers[0]?.error ?? '', /TypeError/);
    assert.match(unrepaired.answers[1]?.error ?? '', /Unknown process bundle/);
    assert.notEqual(unrepaired.printed.length, 0);
  });

  it('ends what a failed bundle has under way before it tells of the failure (worker.js:407)', async () => {
    const scene = async (): Promise<string[]> => {
      const events: string[] = [];
      const failing: AsyncDoFn<string, string> = {
        process: async (element, _emit, { signal }) => {
          if (element === 'bad') {
            await sleep(2);
            throw new Error('bad element');
          }
          await sleep(10_000, undefined, { signal }).catch(async () => await sleep(5));
          events.push('stopped');
        },
        abortBundle: () => void events.push('released'),
      };
      await withWorker(
        failing,
        async (runner) => {
          const { error } = await runner.runBundle('b1', [['slow', 'bad', 'more']]);
          assert.match(error, /bad element/);
          events.push('told');
          await sleep(10);
        },
        2,
      );
      return events;
    };
    const { repaired, unrepaired } = await withAndWithout(BundleProcessor.prototype, 'process', scene);
    assert.deepEqual(repaired, ['stopped', 'released', 'told']);
    assert.deepEqual(unrepaired, ['told', 'stopped']);
  });

  it('counts a bundle for itself (metrics.js:234)', async () => {
    const counting: AsyncDoFn<string, string> = {
      process: async (_element, _emit, bundle) => {
        bundle.count('rows', 5);
        await sleep(1);
      },
    };
    const second = async (): Promise<number[]> =>
      await withWorker(counting, async (runner) => {
        await runner.runBundle('b1', [['a']]);
        const { response } = await runner.runBundle('b2', [['a']]);
        assert.ok(response.oneofKind === 'processBundle');
        const { monitoringInfos } = response.processBundle;
        return monitoringInfos
          .filter(({ labels }) => labels['NAME'] === 'rows')
          .map(({ payload }) => payload[0] ?? 0);
      });
    const { repaired, unrepaired } = await withAndWithout(MetricsContainer.prototype, 'reset', second);
    assert.deepEqual(repaired, [5]);
    assert.deepEqual(unrepaired, [10]);
  });
});
