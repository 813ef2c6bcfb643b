import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import '../../pipelines/beam/sdk-entry';
import {
  ChannelCredentials,
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { ProvisionInfo, type GetProvisionInfoResponse } from 'apache-beam/proto/beam_provision_api';
import { provisionServiceDefinition } from 'apache-beam/proto/beam_provision_api.grpc-server';
import { beamFnControlDefinition, beamFnLoggingDefinition } from 'apache-beam/proto/beam_fn_api.grpc-server';
import {
  StartWorkerRequest,
  StopWorkerRequest,
  type LogEntry_List as LogEntryList,
} from 'apache-beam/proto/beam_fn_api';
import { BeamFnExternalWorkerPoolClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import { freePort } from '../services/free-port';

const LOADER = ['--require', createRequire(__filename).resolve('tsx/cjs')];
const WORKER = path.resolve(__dirname, '../../pipelines/beam/worker');

type Stream = ServerDuplexStream<unknown, unknown>;

/** What a runner offers to containers: what they are for, work, and a log. */
class ContainerServices {
  readonly logged: string[] = [];
  /** The control streams that are open, by worker. */
  readonly controls = new Map<string, Stream>();
  /** Who asked for its provision. */
  readonly asked: string[] = [];
  private readonly server = new Server();
  url = '';

  constructor(private readonly siblings: readonly string[] = []) {}

  async start(): Promise<this> {
    this.server.addService(provisionServiceDefinition, {
      getProvisionInfo: (
        call: ServerUnaryCall<unknown, GetProvisionInfoResponse>,
        answer: sendUnaryData<GetProvisionInfoResponse>,
      ) => {
        this.asked.push(String(call.metadata.get('worker_id')[0]));
        const here = { url: this.url };
        const info = ProvisionInfo.create({
          controlEndpoint: here,
          loggingEndpoint: here,
          siblingWorkerIds: [...this.siblings],
        });
        answer(null, { info });
      },
    });
    this.server.addService(beamFnControlDefinition, {
      control: (call: Stream) => {
        const id = String(call.metadata.get('worker_id')[0]);
        this.controls.set(id, call);
        call.on('data', () => undefined);
        call.on('error', () => undefined);
        call.on('end', () => call.end());
        call.on('close', () => this.controls.delete(id));
      },
      getProcessBundleDescriptor: () => undefined,
    });
    this.server.addService(beamFnLoggingDefinition, {
      logging: (call: ServerDuplexStream<LogEntryList, unknown>) => {
        call.on('error', () => undefined);
        call.on('end', () => call.end());
        call.on('data', ({ logEntries }: LogEntryList) => {
          this.logged.push(...logEntries.map(({ message }) => message));
        });
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.url = `127.0.0.1:${port}`;
    return this;
  }

  /** Waits until so many workers have come. */
  async workers(count: number): Promise<string[]> {
    while (this.controls.size < count) await sleep(20);
    return [...this.controls.keys()].sort();
  }

  /** Ends the control streams: the job is over. */
  goodbye(): void {
    for (const control of this.controls.values()) control.end();
  }

  close(): void {
    this.server.forceShutdown();
  }
}

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

function boot(...flags: readonly string[]): ChildProcess {
  return start(...LOADER, path.join(WORKER, 'boot-process.ts'), ...flags);
}

async function exitOf(child: ChildProcess): Promise<unknown> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}

describe('a worker container', function () {
  this.timeout(60_000);
  let services: ContainerServices;
  const children: ChildProcess[] = [];
  const kept = (child: ChildProcess): ChildProcess => {
    children.push(child);
    return child;
  };
  afterEach(async () => {
    services.close();
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await exitOf(child);
    }
  });

  it('asks what it is for, runs a worker for each id, and ends when the job is over', async () => {
    services = await new ContainerServices(['job-2', 'job-3']).start();
    const flags = [
      "--id='job-1'",
      `--provision_endpoint=${services.url}`,
      '--control_endpoint=127.0.0.1:1',
      '--logging_endpoint=127.0.0.1:1',
      '--artifact_endpoint=127.0.0.1:1',
      '--semi_persist_dir=/dev/null/cannot/be/made',
    ];
    const container = kept(boot(...flags));
    assert.deepEqual(await services.workers(3), ['job-1', 'job-2', 'job-3']);
    assert.deepEqual(services.asked, ['job-1']);
    services.goodbye();
    assert.equal(await exitOf(container), 0);
    assert.equal(services.logged.filter((line) => line.startsWith('boot.started')).length, 1);
    assert.equal(services.logged.filter((line) => line.startsWith('worker.ended')).length, 3);
  });

  it('passes SIGTERM on, and leaves no worker behind', async () => {
    services = await new ContainerServices().start();
    const container = kept(boot('--id=job-1', `--provision_endpoint=${services.url}`));
    await services.workers(1);
    container.kill('SIGTERM');
    assert.equal(await exitOf(container), 0);
    assert.equal(services.controls.size, 0);
  });

  it('leaves no worker behind that is killed itself', async () => {
    services = await new ContainerServices().start();
    const container = kept(boot('--id=job-1', `--control_endpoint=${services.url}`));
    await services.workers(1);
    container.kill('SIGKILL');
    while (services.controls.size > 0) await sleep(20);
  });

  it('can be a pool, in which runners start and stop workers', async () => {
    services = await new ContainerServices().start();
    const port = await freePort();
    const pool = kept(boot(`--worker_pool=127.0.0.1:${port}`));
    const client = new BeamFnExternalWorkerPoolClient(
      `127.0.0.1:${port}`,
      ChannelCredentials.createInsecure(),
      {},
      {},
    );
    const controlEndpoint = { url: services.url };
    const ask = async (workerId: string, endpoint?: { url: string }): Promise<string> =>
      await new Promise((resolve, reject) => {
        const request = StartWorkerRequest.create({
          workerId,
          ...(endpoint === undefined ? {} : { controlEndpoint: endpoint }),
        });
        const patience = { deadline: Date.now() + 30_000 };
        client.startWorker(request, new Metadata({ waitForReady: true }), patience, (error, answer) =>
          error === null ? resolve(answer?.error ?? '') : reject(error),
        );
      });
    const stop = async (workerId: string): Promise<void> =>
      await new Promise((resolve, reject) => {
        client.stopWorker(StopWorkerRequest.create({ workerId }), (error) =>
          error === null ? resolve() : reject(error),
        );
      });
    try {
      assert.match(await ask('w-0'), /no control endpoint/);
      assert.equal(await ask('w-1', controlEndpoint), '');
      assert.equal(await ask('w-1', controlEndpoint), '', 'asked for twice, started once');
      assert.equal(await ask('w-2', controlEndpoint), '');
      assert.deepEqual(await services.workers(2), ['w-1', 'w-2']);
      await stop('w-1');
      assert.deepEqual([...services.controls.keys()], ['w-2']);
      await stop('unknown');
      pool.kill('SIGTERM');
      assert.equal(await exitOf(pool), 0);
      assert.equal(services.controls.size, 0);
    } finally {
      client.close();
    }
    assert.equal(await exitOf(kept(boot('--worker_pool=nowhere'))), 2);
  });

  it('has no orphans, which the SDK’s own worker becomes (worker_main.js)', async () => {
    services = await new ContainerServices().start();
    const endpoint = `--control_endpoint=${services.url}`;
    const main = createRequire(__filename).resolve('apache-beam/worker/worker_main');
    const theirs = kept(start(main, '--id=theirs', endpoint, '--options={}'));
    const flags = ['--threads=1', '--thread_heap_mb=128', '--processes=1', '--temp_folder=/tmp'];
    const ours = kept(
      start(...LOADER, path.join(WORKER, 'worker-process.ts'), '--id=ours', endpoint, ...flags),
    );
    await services.workers(2);
    services.goodbye();
    assert.equal(await exitOf(ours), 0);
    await sleep(500);
    assert.equal(theirs.exitCode, null);
    assert.equal(theirs.signalCode, null);
  });

  it('fails where nobody tells it what it is for', async () => {
    services = await new ContainerServices().start();
    const container = kept(boot('--id=job-1'));
    assert.equal(await exitOf(container), 2);
  });
});
