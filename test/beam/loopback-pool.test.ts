import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import '../../pipelines/beam/sdk-entry';
import { credentials, Metadata } from '@grpc/grpc-js';
import { KVCoder } from 'apache-beam/coders/required_coders';
import { StrUtf8Coder } from 'apache-beam/coders/standard_coders';
import { StartWorkerRequest } from 'apache-beam/proto/beam_fn_api';
import { BeamFnExternalWorkerPoolClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import { LoopbackPool } from '../../pipelines/beam/portable/loopback-pool';
import { runStepNames, stepConfig } from '../../pipelines/beam/run-steps';
import { quietServices } from '../contract/quiet-services';
import { fakeContext, unit } from '../unit/pipelines/fake-equipment';
import { JOURNAL } from '../unit/pipelines/threads/moody-equipment';
import { SECRET } from '../unit/pipelines/threads/moody-threads';
import { asyncStep, FakeRunner } from './fake-runner';

const SCOPE = 'loopback';

/** A pool whose source behaves as the ids of units say (`moody-equipment.ts`), and a runner that has a worker of it. */
class Pooled {
  private constructor(
    readonly folder: string,
    readonly runner: FakeRunner,
    readonly pool: LoopbackPool,
  ) {}

  static async open(maxConnections: number): Promise<Pooled> {
    const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-loopback-'));
    const fake = fakeContext(folder);
    const connection = { folder, password: '${inline:connections.moody.password}' };
    const context = { ...fake, source: { ...fake.source, connection, maxConnections } };
    const config = stepConfig({ context, units: 1, concurrency: 4 });
    const text = new StrUtf8Coder();
    const step = { name: runStepNames(SCOPE).stage, config, concurrency: 4 };
    const runner = new FakeRunner(asyncStep(step), new KVCoder(text, text));
    await runner.start();
    const { log } = quietServices(folder);
    const pool = await LoopbackPool.start(SCOPE, {
      codeVersion: context.codeVersion,
      equipmentFor: () => Promise.reject(new Error('units are not run on the thread of the runner')),
      concurrency: 4,
      threads: {
        environment: {},
        baseFolder: folder,
        inlineSecrets: new Map([['connections.moody.password', SECRET]]),
        log,
      },
      listener: () => undefined,
      commitRetried: () => undefined,
      forTests: { equipmentModule: path.join(__dirname, '../unit/pipelines/threads/moody-equipment.ts') },
    });
    return new Pooled(folder, runner, pool);
  }

  /** What the pool answers a runner that asks for a worker; an empty text: it has one. */
  async ask(params: Record<string, string>): Promise<string> {
    const { address } = this.pool.environment;
    const client = new BeamFnExternalWorkerPoolClient(address, credentials.createInsecure());
    const request = StartWorkerRequest.create({
      workerId: 'worker-1',
      controlEndpoint: { url: this.runner.url },
      params,
    });
    try {
      return await new Promise<string>((resolve, reject) => {
        client.startWorker(request, new Metadata({ waitForReady: true }), (error, answer) => {
          if (error === null) resolve(answer?.error ?? '');
          else reject(error);
        });
      });
    } finally {
      client.close();
    }
  }

  /** Runs a bundle of units; resolves with the error that the runner is told, or an empty text. */
  async bundle(id: string, ...units: string[]): Promise<string> {
    const { error } = await this.runner.runBundle(id, [units.map((name) => JSON.stringify(unit(name)))]);
    return error;
  }

  /** What the source did: the number of the thread, and what. */
  async journal(): Promise<{ thread: number; line: string }[]> {
    const text = await readFile(path.join(this.folder, JOURNAL), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ thread: Number(line.split(' ', 1)[0]), line: line.replace(/^\d+ /, '') }));
  }

  async close(): Promise<void> {
    await this.pool.stop();
    await this.runner.hangUp();
    await rm(this.folder, { recursive: true, force: true });
  }
}

describe('a worker pool in the process of the launcher', function () {
  this.timeout(30_000);

  it('runs units on threads, with the secrets of the configuration, and closes what they opened', async () => {
    const pooled = await Pooled.open(8);
    try {
      assert.equal(await pooled.ask(pooled.pool.environment.params), '');
      await pooled.runner.worker();
      assert.equal(await pooled.bundle('b1', 'one', 'two', 'three', 'four'), '');
      assert.equal(pooled.runner.outputs.get('b1')?.length, 4);
      await pooled.pool.stop();
      const journal = await pooled.journal();
      assert.ok(
        journal.every(({ thread }) => thread > 0),
        JSON.stringify(journal),
      );
      const count = (event: string): number => journal.filter(({ line }) => line === event).length;
      assert.ok(count('opened') >= 1);
      assert.equal(count('closed'), count('opened'));
    } finally {
      await pooled.close();
    }
  });

  it('has one thread, and one unit at once, for a source of one connection', async () => {
    const pooled = await Pooled.open(1);
    try {
      assert.equal(await pooled.ask(pooled.pool.environment.params), '');
      await pooled.runner.worker();
      assert.equal(await pooled.bundle('b1', 'one', 'two', 'three', 'four'), '');
      const threads = new Set((await pooled.journal()).map(({ thread }) => thread));
      assert.equal(threads.size, 1);
    } finally {
      await pooled.close();
    }
  });

  it('gives no worker to who has not the pipeline', async () => {
    const pooled = await Pooled.open(8);
    try {
      for (const params of [{}, { beamlift_token: 'guessed' }]) {
        assert.match(await pooled.ask(params), /belongs to another pipeline/);
      }
    } finally {
      await pooled.close();
    }
  });
});
