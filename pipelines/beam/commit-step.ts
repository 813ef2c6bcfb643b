import type { KV } from 'apache-beam/values';
import { z } from 'zod';
import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { LoadReport, RunRecovery } from '../../core/loader';
import type { RunContext } from '../../core/plan';
import { commitRun } from '../commit-run';
import type { AsyncDoFn, BundleContext, Emit } from './async-do-fn';
import type { RunWorker, StepConfig } from './run-steps';
import { readStagedUnits } from './staged-unit';

/**
 * Publishes the run, by the code that a launcher publishes with. A runner may do this twice, also at the same time: the loader's commit
 * is idempotent and fenced.
 */
export class CommitStep implements AsyncDoFn<KV<string, Iterable<string>>, string> {
  constructor(
    private readonly config: StepConfig,
    private readonly worker: RunWorker,
  ) {}

  async process(
    { value }: KV<string, Iterable<string>>,
    emit: Emit<string>,
    { signal }: BundleContext,
  ): Promise<void> {
    const { context, units: planned } = this.config;
    const staged = readStagedUnits(value);
    if (staged.length !== planned) throw incomplete(this.config, staged.length);
    const { loader } = await this.worker.equipmentFor(context, signal);
    const publish = async (under: AbortSignal): Promise<LoadReport> =>
      await commitRun(
        context,
        staged.map(({ unit }) => unit),
        staged.map(({ manifest }) => manifest),
        loader,
        this.worker.commitRetried,
        under,
      );
    const { recovery } = loader;
    const outcome: Outcome =
      this.worker.joinsLease === true && recovery !== undefined
        ? await publishJoined(context, recovery, publish, signal)
        : { kind: 'published', report: await publish(signal) };
    await emit(JSON.stringify(outcome));
  }
}

/** Under the lease of the launcher, which may have ended long ago: its run is taken part in, and the lease renewed from here. */
async function publishJoined(
  context: RunContext,
  recovery: RunRecovery,
  publish: (signal: AbortSignal) => Promise<LoadReport>,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const joined = await recovery.joinRun(context, signal);
    try {
      return { kind: 'published', report: await publish(AbortSignal.any([signal, joined.lost])) };
    } finally {
      await joined.leave();
    }
  } catch (thrown) {
    if (thrown instanceof BeamliftError && thrown.code === 'FENCED') return { kind: 'taken over' };
    throw thrown;
  }
}

/** Loose: what a destination says beyond this passes through. */
const loadReportSchema: z.ZodType<LoadReport> = z.looseObject({
  rowsLoaded: z.int(),
  rowsSuperseded: z.int().exactOptional(),
  alreadyCommitted: z.boolean(),
  table: z.string(),
  publishedBy: z.string().exactOptional(),
});

/**
 * `taken over`: another launcher has the job's lease now, and publishes what was staged, or ends the run. That is no failure of the
 * pipeline, which a runner would try again.
 */
const outcomeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('published'), report: loadReportSchema }),
  z.strictObject({ kind: z.literal('taken over') }),
]);
type Outcome = z.infer<typeof outcomeSchema>;

/** Tells what was published. */
export class ReportStep implements AsyncDoFn<string, string> {
  constructor(private readonly worker: RunWorker) {}

  async process(element: string, _emit: Emit<string>, bundle: BundleContext): Promise<void> {
    const outcome = outcomeSchema.parse(JSON.parse(element));
    if (outcome.kind === 'published') {
      bundle.count('rows_loaded', outcome.report.rowsLoaded);
      this.worker.reported?.(outcome.report);
    }
    await Promise.resolve();
  }
}

function incomplete({ context, units }: StepConfig, staged: number): BeamliftError {
  return new BeamliftError('COUNT_MISMATCH', {
    what: `The plan has ${formatCounted(units, 'work unit')}, and ${formatCounted(staged, 'manifest')} came to the commit`,
    where: { job: context.job },
    hint: 'Nothing was published. Please report this: it is a defect in beamlift or in the runner.',
  });
}
