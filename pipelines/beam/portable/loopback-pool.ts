import '../sdk-entry';
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { BeamliftError } from '../../../core/errors';
import { spreadUnits } from '../../threads/spread-units';
import type { ThreadServices } from '../../threads/thread-services';
import { UnitThreads, type UnitThreadsOptions } from '../../threads/unit-threads';
import { registerRunSteps, type RunWorker } from '../run-steps';
import { startSdkWorker } from '../worker/sdk-worker';
import { sharedConnections } from '../worker/worker-context';
import { WorkerPool } from '../worker/worker-pool';

/** Where runners on this machine find the pool. */
const HOST = '127.0.0.1';
/** Under which parameter of an external environment a runner hands back what proves that it was given the pipeline. */
const TOKEN = 'beamlift_token';

/** What units of the pool are run with. */
export interface LoopbackWorker extends Omit<RunWorker, 'threads' | 'contextHere'> {
  /** What threads open source and destination with; absent: units run on this thread, with what it has open. */
  readonly threads?: ThreadServices;
  /** Units at once. */
  readonly concurrency: number;
  readonly forTests?: Pick<UnitThreadsOptions, 'equipmentModule'>;
}

/**
 * A worker pool in this process, for runners on this machine: what they start are SDK workers that run the steps with what this process
 * has, their units on threads. It listens on the loopback interface only, and starts workers only for who has the pipeline, since they
 * read and write in this process' name.
 */
export class LoopbackPool {
  private readonly token = randomUUID();
  private readonly steps = new AbortController();
  private readonly unregister: () => void;
  private readonly threads: UnitThreads | undefined;
  private pool: WorkerPool | undefined;
  private stopped: Promise<void> | undefined;

  private constructor(
    scope: string,
    { threads: services, concurrency, forTests, ...worker }: LoopbackWorker,
  ) {
    this.threads =
      services &&
      new UnitThreads({ services, ...spreadUnits(concurrency, availableParallelism()), ...forTests });
    this.unregister = registerRunSteps(
      scope,
      {
        ...worker,
        ...(this.threads === undefined ? {} : { threads: this.threads }),
        contextHere: ({ context }) => sharedConnections(context, concurrency, 1),
      },
      this.steps.signal,
    );
  }

  /** `scope` is that of the pipelines' steps. To be stopped. Throws RUNNER_UNUSABLE where no port is free. */
  static async start(scope: string, worker: LoopbackWorker): Promise<LoopbackPool> {
    const loopback = new LoopbackPool(scope, worker);
    try {
      loopback.pool = await WorkerPool.open({
        address: `${HOST}:0`,
        refuses: (params) =>
          params[TOKEN] === loopback.token ? undefined : 'This worker pool belongs to another pipeline.',
        run: runWorker,
      });
      return loopback;
    } catch (error) {
      await loopback.stop();
      throw error;
    }
  }

  /** What a pipeline's environment says. */
  get environment(): { kind: 'external'; address: string; params: Record<string, string> } {
    return {
      kind: 'external',
      address: `${HOST}:${this.pool?.port ?? 0}`,
      params: { [TOKEN]: this.token },
    };
  }

  /** Ends the workers that there are, and waits until nothing of theirs runs any more. The reason is what their units fail with. */
  async endWorkers(): Promise<void> {
    await this.pool?.endWorkers();
  }

  /** Ends the workers, the pool and the threads. Safe to call again. */
  async stop(): Promise<void> {
    this.stopped ??= this.end();
    await this.stopped;
  }

  private async end(): Promise<void> {
    this.steps.abort(new BeamliftError('CANCELLED', { what: 'The worker is stopped: its runner is closed' }));
    await this.pool?.close();
    this.unregister();
    await this.threads?.close();
  }
}

/** Throws at once where the SDK cannot be used. */
function runWorker(
  { id, controlEndpoint }: { readonly id: string; readonly controlEndpoint: string },
  signal: AbortSignal,
): Promise<void> {
  const worker = startSdkWorker({ id, controlEndpoint });
  signal.addEventListener('abort', () => void worker.stop(), { once: true });
  return worker.ended.then(() => undefined);
}
