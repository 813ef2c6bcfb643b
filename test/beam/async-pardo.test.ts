import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import '../../pipelines/beam/sdk-entry';
import { StrUtf8Coder } from 'apache-beam/coders/standard_coders';
import { P, type PCollection, type Root } from 'apache-beam/pvalue';
import { directRunner } from 'apache-beam/runners/direct_runner';
import type { PipelineResult } from 'apache-beam/runners/runner';
import { create } from 'apache-beam/transforms/create';
import { parDo } from 'apache-beam/transforms/pardo';
import { reshuffle } from 'apache-beam/transforms/utils';
import type { AsyncDoFn, BundleContext, Emit } from '../../pipelines/beam/async-do-fn';
import { asyncParDo, registerAsyncDoFn } from '../../pipelines/beam/async-pardo';
import { applySdkRepairs } from '../../pipelines/beam/repairs/apply-sdk-repairs';
import { hasCode } from '../has-code';

/** A step that is told what to do with each element, and remembers what it was called for. */
class Recorder implements AsyncDoFn<string, string> {
  readonly calls: string[] = [];
  running = 0;
  mostRunning = 0;
  aborted: unknown;
  onFinish: ((emit: Emit<string>, bundle: BundleContext) => Promise<void>) | undefined;

  constructor(
    private readonly work: (element: string, emit: Emit<string>, bundle: BundleContext) => Promise<void>,
  ) {}

  async startBundle(): Promise<void> {
    await sleep(1);
    this.calls.push('start');
  }

  async process(element: string, emit: Emit<string>, bundle: BundleContext): Promise<void> {
    this.calls.push(element);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    try {
      await this.work(element, emit, bundle);
    } finally {
      this.running -= 1;
    }
  }

  async finishBundle(emit: Emit<string>, bundle: BundleContext): Promise<void> {
    this.calls.push('finish');
    await this.onFinish?.(emit, bundle);
  }

  async abortBundle(error: unknown): Promise<void> {
    assert.equal(this.running, 0, 'aborted while elements run');
    this.calls.push('abort');
    this.aborted = error;
  }
}

/** Behind a Reshuffle, as asynchronous steps must be on the direct runner. */
function elementsOf(root: Root, elements: string[]): PCollection<string> {
  return P(root.apply(create(elements, false))).apply(reshuffle<string>());
}

const ELEMENTS = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('asyncParDo', () => {
  before(applySdkRepairs);

  /** Runs `recorder` over elements, and gives what it emitted to `next`, or to a list that is returned. */
  async function run(
    recorder: AsyncDoFn<string, string>,
    options: {
      elements?: string[];
      concurrency?: number;
      signal?: AbortSignal;
      next?: AsyncDoFn<string, string>;
    } = {},
  ): Promise<{ outputs: string[]; result: PipelineResult }> {
    const outputs: string[] = [];
    const collect = new Recorder(async (element) => void outputs.push(element));
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const steps = [
      registerAsyncDoFn('test step', { make: () => recorder, ...signal }),
      registerAsyncDoFn('next step', { make: () => options.next ?? collect }),
    ];
    const { concurrency = 2, elements = ELEMENTS } = options;
    const coder = new StrUtf8Coder();
    try {
      const result = await directRunner({}).run((root: Root) => {
        const step = { name: 'test step', config: {}, concurrency };
        const done = P(elementsOf(root, elements)).apply(asyncParDo('Test', step, coder));
        const next = { name: 'next step', config: {}, concurrency: 1 };
        return P(done).apply(asyncParDo('Next', next, coder));
      });
      return { outputs, result };
    } finally {
      for (const unregister of steps) unregister();
    }
  }

  it('waits for every element, and passes on what was emitted', async () => {
    const step = new Recorder(async (element, emit) => {
      await sleep(2);
      await emit(element.toUpperCase());
      await emit(`${element}!`);
    });
    const { outputs } = await run(step);
    assert.deepEqual(
      outputs.sort(),
      [
        ...ELEMENTS.map((element) => element.toUpperCase()),
        ...ELEMENTS.map((element) => `${element}!`),
      ].sort(),
    );
    assert.equal(step.calls[0], 'start');
    assert.equal(step.calls.at(-1), 'finish');
  });

  for (const concurrency of [1, 3]) {
    it(`runs ${concurrency} of a bundle at once, in order of arrival, and holds the source back`, async () => {
      const step = new Recorder(async () => await sleep(5));
      await run(step, { concurrency });
      assert.equal(step.mostRunning, concurrency);
      assert.deepEqual(step.calls, ['start', ...ELEMENTS, 'finish']);
    });
  }

  it('fails the bundle with the very error of an element, stops the others, starts no more', async () => {
    const refusal = new Error('b is bad');
    const stopped: string[] = [];
    const step = new Recorder(async (element, _emit, { signal }) => {
      if (element === 'b') {
        await sleep(5);
        throw refusal;
      }
      await sleep(10_000, undefined, { signal }).catch((error: unknown) => {
        stopped.push(element);
        throw error;
      });
    });
    await assert.rejects(run(step), (error) => error === refusal);
    assert.deepEqual(stopped, ['a']);
    assert.deepEqual(step.calls, ['start', 'a', 'b', 'abort']);
    assert.equal(step.aborted, refusal);
  });

  it('fails with what is thrown before the first await, too', async () => {
    const refusal = new Error('at once');
    const step = new Recorder((element) => {
      if (element === 'a') throw refusal;
      return sleep(1);
    });
    await assert.rejects(run(step), (error) => error === refusal);
    assert.equal(step.calls.at(-1), 'abort');
  });

  it('tells every step of a bundle when one fails', async () => {
    const refusal = new Error('downstream');
    const step = new Recorder(async (element, emit) => await emit(element));
    const next = new Recorder(async () => {
      await sleep(1);
      throw refusal;
    });
    await assert.rejects(run(step, { next }), (error) => error === refusal);
    assert.equal(step.aborted, refusal);
    assert.equal(next.aborted, refusal);
  });

  it('lets an element emit after the source has ended, and at the end of the bundle', async () => {
    const step = new Recorder(async (element, emit) => {
      await sleep(10);
      await emit(element);
    });
    step.onFinish = async (emit) => {
      await sleep(1);
      await emit('last');
    };
    const { outputs } = await run(step, { concurrency: 20 });
    assert.deepEqual(outputs, [...ELEMENTS, 'last']);
  });

  it('fails the bundle when its end fails', async () => {
    const step = new Recorder(async () => undefined);
    step.onFinish = async () => await Promise.reject(new Error('flush'));
    await assert.rejects(run(step), /flush/);
    assert.equal(step.calls.at(-1), 'abort');
  });

  it('stops with the reason of the signal of whoever runs the worker', async () => {
    const cancel = new AbortController();
    const step = new Recorder(async (_element, _emit, { signal }) => {
      setTimeout(() => cancel.abort('SIGINT'), 5);
      await sleep(10_000, undefined, { signal });
    });
    await assert.rejects(run(step, { signal: cancel.signal }), (error) => error === 'SIGINT');
    assert.deepEqual(step.calls, ['start', 'a', 'b', 'abort']);

    const never = new Recorder(async () => undefined);
    await assert.rejects(run(never, { signal: cancel.signal }), (error) => error === 'SIGINT');
    assert.deepEqual(never.calls, ['abort']);
  });

  it('counts, in whole numbers beyond 32 bits', async () => {
    const step = new Recorder(async (_element, _emit, bundle) => bundle.count('bytes', 3_000_000_000));
    const { result } = await run(step);
    assert.equal((await result.counters())['bytes'], 6 * 3_000_000_000);
  });

  it('takes the outputs of a synchronous step, which waits for none, a few at a time', async () => {
    const step = new Recorder(async () => await sleep(1));
    const unregister = registerAsyncDoFn('test step', { make: () => step });
    try {
      await directRunner({}).run((root: Root) => {
        const many = P(elementsOf(root, ['x', 'y'])).apply(
          parDo<string, string>({ process: () => Array.from({ length: 50 }, String) }),
        );
        return P(many).apply(
          asyncParDo('Test', { name: 'test step', config: {}, concurrency: 4 }, new StrUtf8Coder()),
        );
      });
    } finally {
      unregister();
    }
    assert.equal(step.mostRunning, 4);
    assert.equal(step.calls.length, 102);
  });

  it('says what is wrong where a worker lacks the function, and where it has two', async () => {
    await assert.rejects(
      directRunner({}).run((root: Root) => {
        return P(elementsOf(root, ['x'])).apply(
          asyncParDo('Test', { name: 'nobody', config: {}, concurrency: 4 }, new StrUtf8Coder()),
        );
      }),
      hasCode('RUNNER_UNUSABLE', /nobody/),
    );
    const unregister = registerAsyncDoFn('twice', { make: () => new Recorder(async () => undefined) });
    assert.throws(
      () => registerAsyncDoFn('twice', { make: () => new Recorder(async () => undefined) }),
      hasCode('INTERNAL'),
    );
    unregister();
  });
});
