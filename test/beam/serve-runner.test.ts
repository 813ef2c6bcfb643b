import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import '../../pipelines/beam/sdk-entry';
import { KVCoder } from 'apache-beam/coders/required_coders';
import { StrUtf8Coder } from 'apache-beam/coders/standard_coders';
import { z } from 'zod';
import type { RunContext } from '../../core/plan';
import { SecretRedactor } from '../../core/secret-redactor';
import { errorOf } from '../../pipelines/beam/error-text';
import { runStepNames, stepConfig } from '../../pipelines/beam/run-steps';
import { readStagedUnits } from '../../pipelines/beam/staged-unit';
import { serveRunner } from '../../pipelines/beam/worker/serve-runner';
import { workerContext } from '../../pipelines/beam/worker/worker-context';
import { fakeContext, unit } from '../unit/pipelines/fake-equipment';
import { JOURNAL } from '../unit/pipelines/threads/moody-equipment';
import { SECRET } from '../unit/pipelines/threads/moody-threads';
import { asyncStep, FakeRunner } from './fake-runner';

const kvSchema = z.object({ key: z.string(), value: z.string() });

/** A worker in this process whose source behaves as the ids of its units say (`moody-equipment.ts`), and its runner. */
class Serving {
  readonly stderr: string[] = [];

  private constructor(
    readonly folder: string,
    readonly runner: FakeRunner,
    readonly stop: AbortController,
    readonly ended: Promise<unknown>,
  ) {}

  static async open(
    changes: (folder: string) => Partial<RunContext> = () => ({}),
    concurrency = 8,
    threads = 1,
  ): Promise<Serving> {
    const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-serving-'));
    const fake = fakeContext(folder);
    const connection = { folder, password: '${env:PASSWORD}' };
    const context = { ...fake, source: { ...fake.source, connection }, ...changes(folder) };
    const step = {
      name: runStepNames('').stage,
      config: stepConfig({ context, units: 1, concurrency }),
      concurrency,
    };
    const text = new StrUtf8Coder();
    const runner = new FakeRunner(asyncStep(step), new KVCoder(text, text));
    await runner.start();
    const stop = new AbortController();
    const ended = serveRunner({
      id: 'worker-1',
      controlEndpoint: runner.url,
      loggingEndpoint: runner.url,
      threads,
      threadHeapMb: 128,
      processes: 1,
      folder,
      codeVersion: 'test',
      environment: { PASSWORD: SECRET },
      baseFolder: folder,
      stderr: { write: () => undefined },
      redactor: new SecretRedactor(),
      signal: stop.signal,
      forTests: {
        equipmentModule: path.join(__dirname, '../unit/pipelines/threads/moody-equipment.ts'),
        hearingPatienceMs: 200,
      },
    });
    await runner.worker();
    return new Serving(folder, runner, stop, ended);
  }

  /** Runs a bundle of units; resolves with the error that the runner is told, or an empty text. */
  async bundle(id: string, ...units: string[]): Promise<string> {
    const { error } = await this.runner.runBundle(id, [units.map((name) => JSON.stringify(unit(name)))]);
    return error;
  }

  /** What the source did, without the numbers of its threads. */
  async journal(): Promise<string[]> {
    const text = await readFile(path.join(this.folder, JOURNAL), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^\d+ /, ''));
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.ended;
    await this.runner.hangUp();
    await rm(this.folder, { recursive: true, force: true });
  }
}

describe('a worker that serves a runner', function () {
  this.timeout(30_000);

  it('opens source and destination once, stages units on threads, logs at the runner, and closes all', async () => {
    const serving = await Serving.open();
    try {
      assert.equal(await serving.bundle('b1', 'one', 'two'), '');
      assert.equal(await serving.bundle('b2', 'three', 'one', 'tell-once'), '');
      serving.runner.goodbye();
      assert.deepEqual(await serving.ended, { error: undefined, served: true });
      assert.deepEqual((await serving.journal()).sort(), [
        'closed',
        'opened',
        'read one',
        'read tell-once',
        'read three',
        'read two',
      ]);
      const staged = serving.runner.outputs.get('b1') ?? [];
      assert.deepEqual(
        staged.map((text) => readStagedUnits([kvSchema.parse(JSON.parse(text)).value])[0]?.unit.id),
        ['one', 'two'],
      );
      const log = serving.runner.logged.join('\n');
      assert.match(log, /^worker\.started .*"worker":"worker-1"/);
      assert.match(log, /told .*with \*\*\* inside/);
      assert.match(log, /worker\.ended/);
      assert.ok(!log.includes(SECRET), log);
    } finally {
      await serving.close();
    }
  });

  it('tells errors whole and without secrets, in the answer and in the log', async () => {
    const serving = await Serving.open();
    try {
      const error = errorOf(await serving.bundle('b1', 'QUERY_REFUSED'));
      assert.deepEqual(error?.toReport(), {
        code: 'QUERY_REFUSED',
        what: 'what ***',
        where: { job: 'numbers', unit: 'QUERY_REFUSED', column: 'n', value: 'value ***', row: 'line 3' },
        why: 'why ***',
        hint: 'hint ***',
      });
      await serving.close();
      assert.match(serving.runner.logged.join('\n'), /bundle\.failed .*QUERY_REFUSED/);
    } finally {
      await serving.close();
    }
  });

  it('names the reference that this machine cannot resolve', async () => {
    const serving = await Serving.open((folder) => ({
      source: { ...fakeContext(folder).source, connection: { folder, password: '${env:PASSWROD}' } },
    }));
    try {
      const error = errorOf(await serving.bundle('b1', 'one'));
      assert.equal(error?.code, 'SECRET_UNRESOLVED');
      assert.match(error.what, /\$\{env:PASSWROD\}/);
      assert.match(error.hint ?? '', /PASSWORD/);
    } finally {
      await serving.close();
    }
  });

  it('refuses a run that another version has planned', async () => {
    const serving = await Serving.open(() => ({ codeVersion: 'newer' }));
    try {
      const error = errorOf(await serving.bundle('b1', 'one'));
      assert.equal(error?.code, 'RUNNER_UNUSABLE');
      assert.match(error.what, /planned by beamlift newer.*version test/);
      assert.deepEqual(await serving.journal(), []);
    } finally {
      await serving.close();
    }
  });

  it('answers its runner while a unit computes and computes', async () => {
    const serving = await Serving.open();
    try {
      void serving.bundle('b1', 'busy-once');
      while (!(await serving.journal()).includes('read busy-once')) await tick();
      const progress = {
        oneofKind: 'processBundleProgress' as const,
        processBundleProgress: { instructionId: 'b1' },
      };
      const began = performance.now();
      for (let asked = 0; asked < 5; asked++) {
        assert.equal((await serving.runner.ask(`p${asked}`, progress)).error, '');
      }
      assert.ok(performance.now() - began < 2_000);
      // A thread that does not react is ended by force with its worker.
      serving.runner.goodbye();
      await serving.ended;
    } finally {
      await serving.close();
    }
  });

  it('runs no more units at once than the run allows a process, whatever bundles it is given', async () => {
    const serving = await Serving.open(() => ({}), 2);
    try {
      const bundles = ['b1', 'b2', 'b3'].map(
        async (id) => await serving.bundle(id, `wait-once-${id}a`, `wait-once-${id}b`),
      );
      const underWay = async (): Promise<number> =>
        (await serving.journal()).filter((line) => line.startsWith('read')).length;
      while ((await underWay()) < 2) await tick();
      for (let looked = 0; looked < 10; looked++) await tick();
      assert.equal(await underWay(), 2);
      serving.stop.abort();
      assert.ok((await Promise.all(bundles)).every((error) => errorOf(error)?.code === 'CONNECTION_LOST'));
    } finally {
      await serving.close();
    }
  });
});

async function tick(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('the context of a worker process', () => {
  const context = fakeContext('/launcher');
  const connections = (
    concurrency: number,
    workers: number | undefined,
    processes: number,
    pin?: object,
  ): number =>
    workerContext(
      {
        context: { ...context, ...(pin === undefined ? {} : { pin: {} }) },
        units: 1,
        concurrency,
        ...(workers === undefined ? {} : { workers }),
      },
      { processes, folder: '/tmp/worker' },
    ).source.maxConnections;

  it('has folders of its own, and all else as it was planned', () => {
    const own = workerContext({ context, units: 1, concurrency: 8 }, { processes: 1, folder: '/tmp/worker' });
    assert.deepEqual(own, {
      ...context,
      stagingFolder: '/tmp/worker/staging',
      rejectFolder: '/tmp/worker/rejects',
    });
  });

  it('has a share of the source’s connections, and one at least', () => {
    assert.equal(context.source.maxConnections, 8);
    assert.equal(connections(100, undefined, 1), 8);
    assert.equal(connections(3, undefined, 1), 3);
    assert.equal(connections(100, 2, 1), 4);
    assert.equal(connections(100, 2, 2), 2);
    assert.equal(connections(100, 3, 1), 2);
    assert.equal(connections(100, 50, 4), 1);
  });

  it('leaves one to the launcher that holds the point in time', () => {
    assert.equal(connections(100, 1, 1, {}), 8);
    assert.equal(connections(100, 2, 1, {}), 3 + 1);
    assert.equal(connections(1, 2, 1, {}), 1 + 1);
  });
});
