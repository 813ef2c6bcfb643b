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

/** What a runner wants of a worker. */
export interface PooledWorker {
  readonly id: string;
  readonly controlEndpoint: string;
  readonly loggingEndpoint: string | undefined;
}

export interface WorkerPoolOptions {
  /** `HOST:PORT`; port 0: any that is free. Whoever reaches it can have the code run with this machine's secrets, unless it is refused. */
  readonly address: string;
  /** Starts a worker, which runs until it has ended or the signal aborts. What it throws at once is what the runner is answered; the promise never rejects. */
  readonly run: (worker: PooledWorker, signal: AbortSignal) => Promise<void>;
  /** Why who sends these parameters of the environment gets no worker; undefined: it gets one. Absent: everybody does. */
  readonly refuses?: (params: Readonly<Record<string, string>>) => string | undefined;
}

/** Beam's external worker pool: runners whose pipelines have the environment `external:HOST:PORT` start and stop workers here. */
export class WorkerPool {
  private readonly server = new Server();
  private readonly workers = new Map<
    string,
    { readonly stop: AbortController; readonly ended: Promise<void> }
  >();
  private closing = false;

  private constructor(
    private readonly options: WorkerPoolOptions,
    /** Where it listens. */
    public port = 0,
  ) {
    this.server.addService(beamFnExternalWorkerPoolDefinition, this.service());
  }

  /** To be closed. Throws RUNNER_UNUSABLE where the address cannot be listened on. */
  static async open(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      pool.port = await new Promise((resolve, reject) => {
        pool.server.bindAsync(options.address, ServerCredentials.createInsecure(), (error, port) => {
          if (error === null) resolve(port);
          else reject(error);
        });
      });
      return pool;
    } catch (error) {
      throw new BeamliftError('RUNNER_UNUSABLE', {
        what: `No worker pool can be opened at ${options.address}`,
        why: messageOf(error),
        hint: 'A worker pool needs a free HOST:PORT of this machine.',
      });
    }
  }

  /** Ends the workers that there are, and waits until they have ended. */
  async endWorkers(): Promise<void> {
    await Promise.all(
      [...this.workers.values()].map(async ({ stop, ended }) => {
        stop.abort();
        await ended;
      }),
    );
  }

  /** Ends the workers and the pool. Safe to call again. */
  async close(): Promise<void> {
    this.closing = true;
    await this.endWorkers();
    this.server.forceShutdown();
  }

  private service(): UntypedServiceImplementation {
    return {
      startWorker: (
        { request }: ServerUnaryCall<StartWorkerRequest, StartWorkerResponse>,
        answer: sendUnaryData<StartWorkerResponse>,
      ) => answer(null, { error: this.start(request) }),
      stopWorker: (
        { request }: ServerUnaryCall<StopWorkerRequest, StopWorkerResponse>,
        answer: sendUnaryData<StopWorkerResponse>,
      ) => {
        const worker = this.workers.get(request.workerId);
        worker?.stop.abort();
        void (worker?.ended ?? Promise.resolve()).then(() => answer(null, { error: '' }));
      },
    };
  }

  /** Returns what is wrong; empty: nothing. */
  private start({ workerId, controlEndpoint, loggingEndpoint, params }: StartWorkerRequest): string {
    const refusal = this.options.refuses?.(params);
    if (refusal !== undefined) return refusal;
    if (this.closing) return 'This worker pool is being closed.';
    if (controlEndpoint === undefined) return 'The runner has no control endpoint.';
    if (this.workers.has(workerId)) return '';
    const stop = new AbortController();
    const worker = {
      id: workerId,
      controlEndpoint: controlEndpoint.url,
      loggingEndpoint: loggingEndpoint?.url,
    };
    try {
      const ended = this.options.run(worker, stop.signal).finally(() => this.workers.delete(workerId));
      this.workers.set(workerId, { stop, ended });
      return '';
    } catch (error) {
      return messageOf(error);
    }
  }
}
