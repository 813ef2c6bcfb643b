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
import type { Logger } from '../../../core/logger';

/** What a runner wants of a worker. */
export interface PooledWorker {
  readonly id: string;
  readonly controlEndpoint: string;
  readonly loggingEndpoint: string | undefined;
}

export interface WorkerPool {
  /** `HOST:PORT`; port 0: any that is free. Whoever reaches it can have the code run with this machine's secrets. */
  readonly address: string;
  /** Runs a worker until it has ended, or the signal aborts. Never rejects. */
  readonly run: (worker: PooledWorker, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  /** Ends the pool and all of its workers. */
  readonly signal: AbortSignal;
}

/**
 * Serves Beam's external worker pool: runners whose pipelines have the environment `external:HOST:PORT` start and stop workers here.
 * Resolves when the signal aborts and no worker runs any more. Throws RUNNER_UNUSABLE where the address cannot be listened on.
 */
export async function serveWorkerPool({ address, run, log, signal }: WorkerPool): Promise<void> {
  const workers = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  const start = ({ workerId, controlEndpoint, loggingEndpoint }: StartWorkerRequest): string => {
    if (signal.aborted) return 'This worker pool is being closed.';
    if (controlEndpoint === undefined) return 'The runner has no control endpoint.';
    if (workers.has(workerId)) return '';
    const stop = new AbortController();
    const worker = {
      id: workerId,
      controlEndpoint: controlEndpoint.url,
      loggingEndpoint: loggingEndpoint?.url,
    };
    log.info('pool.worker-started', { worker: workerId });
    const ended = run(worker, AbortSignal.any([signal, stop.signal])).finally(() => workers.delete(workerId));
    workers.set(workerId, { stop, ended });
    return '';
  };
  const server = new Server();
  server.addService(beamFnExternalWorkerPoolDefinition, service(start, workers));
  try {
    const port = await listen(server, address);
    log.info('pool.started', { address: address.replace(/:\d+$/, `:${port}`) });
    await aborted(signal);
  } finally {
    server.forceShutdown();
    await Promise.all([...workers.values()].map(async ({ ended }) => await ended));
  }
}

function service(
  start: (request: StartWorkerRequest) => string,
  workers: ReadonlyMap<string, { readonly stop: AbortController; readonly ended: Promise<void> }>,
): UntypedServiceImplementation {
  return {
    startWorker: (
      { request }: ServerUnaryCall<StartWorkerRequest, StartWorkerResponse>,
      answer: sendUnaryData<StartWorkerResponse>,
    ) => answer(null, { error: start(request) }),
    stopWorker: (
      { request }: ServerUnaryCall<StopWorkerRequest, StopWorkerResponse>,
      answer: sendUnaryData<StopWorkerResponse>,
    ) => {
      const worker = workers.get(request.workerId);
      worker?.stop.abort();
      void (worker?.ended ?? Promise.resolve()).then(() => answer(null, { error: '' }));
    },
  };
}

async function listen(server: Server, address: string): Promise<number> {
  try {
    return await new Promise((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
  } catch (error) {
    throw new BeamliftError('RUNNER_UNUSABLE', {
      what: `No worker pool can be opened at ${address}`,
      why: messageOf(error),
      hint: 'Give --worker_pool a free HOST:PORT of this machine.',
    });
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
