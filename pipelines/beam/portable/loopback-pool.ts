import '../sdk-entry';
import { randomUUID } from 'node:crypto';
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type {
  StartWorkerRequest,
  StartWorkerResponse,
  StopWorkerRequest,
  StopWorkerResponse,
} from 'apache-beam/proto/beam_fn_api';
import { beamFnExternalWorkerPoolDefinition } from 'apache-beam/proto/beam_fn_api.grpc-server';
import { BeamliftError, messageOf } from '../../../core/errors';
import { registerRunSteps, type RunWorker } from '../run-steps';
import { startSdkWorker, type SdkWorker } from '../worker/sdk-worker';

/** Where runners on this machine find the pool. */
const HOST = '127.0.0.1';
/** Under which parameter of an external environment a runner hands back what proves that it was given the pipeline. */
const TOKEN = 'beamlift_token';

/**
 * A worker pool in this process, for runners on this machine: what they start are SDK workers that run the steps with what this process
 * has open. It listens on the loopback interface only, and starts workers only for who has the pipeline, since they read and write in
 * this process' name.
 */
export class LoopbackPool {
  private readonly token = randomUUID();
  private readonly workers = new Map<string, SdkWorker>();
  private readonly stopped = new AbortController();

  private constructor(
    private readonly server: Server,
    private readonly unregister: () => void,
    private readonly stopSteps: (reason: unknown) => void,
  ) {}

  /** `scope` is that of the pipelines' steps. To be stopped. */
  static async start(scope: string, worker: RunWorker): Promise<LoopbackPool> {
    const steps = new AbortController();
    const server = new Server();
    const unregister = registerRunSteps(scope, worker, steps.signal);
    const pool = new LoopbackPool(server, unregister, (reason) => steps.abort(reason));
    server.addService(beamFnExternalWorkerPoolDefinition, pool.service());
    try {
      pool.port = await new Promise<number>((resolve, reject) => {
        server.bindAsync(`${HOST}:0`, ServerCredentials.createInsecure(), (error, port) => {
          if (error === null) resolve(port);
          else reject(error);
        });
      });
    } catch (error) {
      unregister();
      throw new BeamliftError('RUNNER_UNUSABLE', {
        what: 'No worker pool can be opened on this machine',
        why: messageOf(error),
        hint: 'A runner with `environment: loopback` needs a free port of 127.0.0.1.',
      });
    }
    return pool;
  }

  private port = 0;

  /** What a pipeline's environment says. */
  get environment(): { kind: 'external'; address: string; params: Record<string, string> } {
    return { kind: 'external', address: `${HOST}:${this.port}`, params: { [TOKEN]: this.token } };
  }

  /** Ends the workers that there are, and waits until nothing of theirs runs any more. The reason is what their units fail with. */
  async endWorkers(): Promise<void> {
    await Promise.all([...this.workers.values()].map(async (worker) => await worker.stop()));
  }

  /** Ends the workers and the pool. Safe to call again. */
  async stop(): Promise<void> {
    if (this.stopped.signal.aborted) return;
    this.stopped.abort();
    this.stopSteps(new BeamliftError('CANCELLED', { what: 'The worker is stopped: its runner is closed' }));
    await this.endWorkers();
    this.unregister();
    this.server.forceShutdown();
  }

  private service(): UntypedServiceImplementation {
    return {
      startWorker: (
        { request }: ServerUnaryCall<StartWorkerRequest, StartWorkerResponse>,
        answer: sendUnaryData<StartWorkerResponse>,
      ) => answer(null, { error: this.startWorker(request) }),
      stopWorker: (
        { request }: ServerUnaryCall<StopWorkerRequest, StopWorkerResponse>,
        answer: sendUnaryData<StopWorkerResponse>,
      ) => {
        const stopping = this.workers.get(request.workerId)?.stop() ?? Promise.resolve();
        void stopping.then(() => answer(null, { error: '' }));
      },
    };
  }

  /** Returns what is wrong; empty: nothing. */
  private startWorker({ workerId, controlEndpoint, params }: StartWorkerRequest): string {
    if (params[TOKEN] !== this.token) return 'This worker pool belongs to another pipeline.';
    if (this.stopped.signal.aborted) return 'This worker pool is being closed.';
    if (controlEndpoint === undefined) return 'The runner has no control endpoint.';
    if (this.workers.has(workerId)) return '';
    try {
      const worker = startSdkWorker({ id: workerId, controlEndpoint: controlEndpoint.url });
      this.workers.set(workerId, worker);
      void worker.ended.then(() => this.workers.delete(workerId));
      return '';
    } catch (error) {
      return messageOf(error);
    }
  }
}
