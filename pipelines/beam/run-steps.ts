import { z } from 'zod';
import { BeamliftError } from '../../core/errors';
import type { LoadReport } from '../../core/loader';
import type { Manifest } from '../../core/manifest';
import { planSchema, type JsonObject, type RunContext } from '../../core/plan';
import type { RetryPolicy } from '../../core/retry-policies';
import type { RetryListener } from '../../core/with-retries';
import type { RunListener } from '../run-events';
import type { UnitThreads } from '../threads/unit-threads';
import type { UnitEquipment } from '../run-unit';
import type { AsyncDoFn } from './async-do-fn';
import { registerAsyncDoFn } from './async-pardo';
import { CommitStep, ReportStep } from './commit-step';
import { StageStep } from './stage-step';

/** What a worker process has for the runs whose units it is given. */
export interface RunWorker {
  /** The version of this code: a plan of another one is refused. */
  readonly codeVersion: string;
  /**
   * The source and destination of a run, opened with what this machine resolves its references to. Called for every unit; to be opened
   * once and closed by whoever owns the worker. Its `resumed` is true wherever a runner may give a unit to a second process.
   */
  readonly equipmentFor: (context: RunContext, signal: AbortSignal) => Promise<UnitEquipment>;
  /** Where units are run, on threads of which they can starve no other; absent: on this one, with `equipmentFor`. */
  readonly threads?: Pick<UnitThreads, 'stage'>;
  /** What units of this machine are run with in place of the launcher's context; absent: with that. */
  readonly contextHere?: (config: StepConfig) => RunContext;
  /** Whether the lease of the runs is another process', so that a commit takes part in it (`RunRecovery.joinRun`); absent: it is this one's. */
  readonly joinsLease?: boolean;
  readonly listener: RunListener;
  readonly commitRetried: RetryListener;
  /** Told of each unit that this process has staged, or found staged. */
  readonly staged?: (manifest: Manifest) => void;
  /** Told what the commit published. */
  readonly reported?: (report: LoadReport) => void;
  /** For tests. */
  readonly stallMs?: number;
  readonly retries?: RetryPolicy;
}

/** What the steps of a run know of it. */
const stepConfigSchema = z.strictObject({
  context: planSchema.shape.context,
  /** How many units the plan has. */
  units: z.int().min(1),
  /** Units at once of one worker process, over all bundles that a runner gives it. */
  concurrency: z.int().min(1),
  /** How many workers the runner starts at most, where that is known: they share the source's connections. */
  workers: z.int().min(1).exactOptional(),
});
export type StepConfig = z.infer<typeof stepConfigSchema>;

/** As a pipeline carries it. */
export function stepConfig(config: StepConfig): JsonObject {
  return JSON.parse(JSON.stringify(config)) as JsonObject;
}

/** What the steps' functions are called. The scope keeps apart runs that have a worker of their own in one process; workers of a runner have ''. */
export function runStepNames(scope: string): { stage: string; commit: string; report: string } {
  return { stage: `stage ${scope}`, commit: `commit ${scope}`, report: `report ${scope}` };
}

/** Lets this process run the steps of `runGraph`, until the returned function is called. `signal` stops them. */
export function registerRunSteps(scope: string, worker: RunWorker, signal: AbortSignal): () => void {
  const names = runStepNames(scope);
  const steps: [string, (config: StepConfig) => AsyncDoFn<never, unknown>][] = [
    [names.stage, (config) => new StageStep(config, worker)],
    [names.commit, (config) => new CommitStep(config, worker)],
    [names.report, () => new ReportStep(worker)],
  ];
  const unregister = steps.map(([name, make]) =>
    registerAsyncDoFn(name, { make: (config) => make(checkedConfig(config, worker)), signal }),
  );
  return () => {
    for (const each of unregister) each();
  };
}

function checkedConfig(given: unknown, { codeVersion }: RunWorker): StepConfig {
  const config = stepConfigSchema.parse(given);
  if (config.context.codeVersion === codeVersion) return config;
  throw new BeamliftError('RUNNER_UNUSABLE', {
    what: `The run was planned by beamlift ${config.context.codeVersion}, and this worker has version ${codeVersion}`,
    where: { job: config.context.job },
    why: 'A unit must be read and converted by the code that planned it.',
    hint: 'Use the worker image that was made with the launcher’s version.',
  });
}
