import { BigQueryLoader } from '../../../loaders/bigquery/bigquery-loader';
import type { BigQueryApi } from '../../../core/clients/bigquery-api';
import type { GcsBucket } from '../../../core/clients/gcs-bucket';
import type { Loader, RunRecovery } from '../../../core/loader';
import type { Logger } from '../../../core/logger';
import type { Plan } from '../../../core/plan';
import type { ProcessIdentity } from '../../../loaders/process-identity';
import type { SeededRandom } from '../seeded-random';
import type { FaultPlan } from './fault-plan';
import { ModelBigQuery } from './model-bigquery';
import { ModelBucket } from './model-bucket';
import type { ModelStore } from './model-store';
import type { ModelWarehouse } from './model-warehouse';
import { TABLE, type SimulatedJob } from './planned-run';
import { SimulatedProcess } from './simulated-process';
import { Wire, type Interruption } from './wire';
import type { World } from './world';

export const PREFIX = 'beamlift/';

/** What the protocol has of the outside, for one process: a deliberate break puts something of its own in between. */
export interface Surroundings {
  readonly process: SimulatedProcess;
  readonly bucket: GcsBucket;
  readonly api: BigQueryApi;
}

/** A weakness put into the protocol, to prove that the oracle notices. */
export type Break = (surroundings: Surroundings, laboratory: Laboratory) => Surroundings;

/** How a run ended, as its launcher says. `open`: it does not know, and the next launcher goes on. */
export interface RunOutcome {
  readonly job: string;
  readonly runId: string;
  readonly kind: 'success' | 'failed' | 'timed_out' | 'cancelled' | 'open';
  readonly code: string;
}

/** Places of the protocol that seeds have to reach, or they prove nothing about them. */
export const REACHABLE = [
  'run begun',
  'launcher held up by a lease',
  'run resumed',
  'commit finished by another launcher',
  'run of another launcher given up',
  'run fenced',
  'run left to the next',
  'run published by a worker',
  'end found the rows published',
  'id of a job burnt',
  'job found under its id',
  'late job came',
  'job failed',
  'job failed after it had published',
  'second attempt of a publishing job',
  'person asked',
  'process killed',
] as const;
export type Reachable = (typeof REACHABLE)[number];

/** All that is there in one seed. */
export class Laboratory {
  readonly processes: SimulatedProcess[] = [];
  /** Of every run that was begun. */
  readonly plans = new Map<string, Plan>();
  readonly outcomes: RunOutcome[] = [];
  readonly reached = new Map<Reachable, number>();
  /** Something has happened after which a run may need a person. */
  mayNeedAttention = false;
  /** Whether the table holds the rows of a run that its state does not call published. */
  isVisible: (runId: string) => boolean = () => false;
  private readonly log: Logger;
  private pids = 0;
  private runs = 0;

  constructor(
    readonly world: World,
    readonly random: SeededRandom,
    readonly faults: FaultPlan,
    readonly store: ModelStore,
    readonly warehouse: ModelWarehouse,
    readonly jobs: readonly SimulatedJob[],
    private readonly weaken: Break | undefined,
  ) {
    const nothing = (): void => undefined;
    this.log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  }

  newRunId(): string {
    return `run-${String(++this.runs).padStart(2, '0')}`;
  }

  newProcess(name: string, host: string): SimulatedProcess {
    const skew = (this.random.next() - 0.5) * 20 * 60_000;
    const process = new SimulatedProcess(this.world, name, host, ++this.pids, Math.round(skew));
    this.processes.push(process);
    return process;
  }

  /** The real loader in a process; `stop` is what interruptions call. */
  loader(
    process: SimulatedProcess,
    interruptions: readonly Interruption[],
    stop: (reason: Error) => void,
  ): Loader & { recovery: RunRecovery } {
    const wire = new Wire(process, this.faults, interruptions, stop);
    const strong: Surroundings = {
      process,
      bucket: new ModelBucket(wire, this.store),
      api: new ModelBigQuery(wire, this.warehouse),
    };
    const { bucket, api } = this.weaken?.(strong, this) ?? strong;
    return new BigQueryLoader({
      api,
      bucket,
      prefix: PREFIX,
      table: { projectId: this.warehouse.project, datasetId: 'd', tableId: TABLE },
      location: this.warehouse.location,
      clock: process.clock,
      holder: process.identity,
      isRunning: (identity) => this.isRunning(process.identity, identity),
      log: this.log,
    });
  }

  ended(outcome: RunOutcome): void {
    this.world.note(outcome.job, `REPORTED ${outcome.runId}: ${outcome.kind} ${outcome.code}`);
    this.outcomes.push(outcome);
  }

  reach(place: Reachable): void {
    this.reached.set(place, (this.reached.get(place) ?? 0) + 1);
  }

  private isRunning(asking: ProcessIdentity, asked: ProcessIdentity): boolean | 'unknown' {
    if (asking.host !== asked.host) return 'unknown';
    const process = this.processes.find(({ identity }) => identity.pid === asked.pid);
    return process !== undefined && !process.isDead;
  }
}
