import type { KV } from 'apache-beam/values';
import { z } from 'zod';
import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { LoadReport } from '../../core/loader';
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
    const report = await commitRun(
      context,
      staged.map(({ unit }) => unit),
      staged.map(({ manifest }) => manifest),
      loader,
      this.worker.commitRetried,
      signal,
    );
    await emit(JSON.stringify(report));
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

/** Tells what was published. */
export class ReportStep implements AsyncDoFn<string, string> {
  constructor(private readonly worker: RunWorker) {}

  async process(element: string, _emit: Emit<string>, bundle: BundleContext): Promise<void> {
    const report = loadReportSchema.parse(JSON.parse(element));
    bundle.count('rows_loaded', report.rowsLoaded);
    this.worker.reported?.(report);
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
