import type { KV } from 'apache-beam/values';
import type { Manifest } from '../../core/manifest';
import { workUnitSchema, type RunContext, type WorkUnit } from '../../core/plan';
import { rejectsExceededTogether } from '../reject-errors';
import { runUnit } from '../run-unit';
import { attemptUnit, type AttemptOptions } from '../unit-attempts';
import type { AsyncDoFn, BundleContext, Emit } from './async-do-fn';
import type { RunWorker, StepConfig } from './run-steps';
import { stagedUnitText } from './staged-unit';

/**
 * Stages one unit an element, with the retries and the watchdog that units have in process. A runner's own retries come on top: a unit
 * that was staged before is found by its manifest and not read again.
 */
export class StageStep implements AsyncDoFn<string, KV<string, string>> {
  private readonly context: RunContext;
  private rejected = 0;
  private rejectFiles: string[] = [];

  constructor(
    config: StepConfig,
    private readonly worker: RunWorker,
  ) {
    this.context = worker.contextHere?.(config) ?? config.context;
  }

  startBundle(): void {
    this.rejected = 0;
    this.rejectFiles = [];
  }

  async process(element: string, emit: Emit<KV<string, string>>, bundle: BundleContext): Promise<void> {
    const unit = workUnitSchema.parse(JSON.parse(element));
    const manifest = await this.stage(unit, bundle.signal);
    this.refuseTooManyRejects(manifest);
    countUnit(manifest, bundle);
    this.worker.staged?.(manifest);
    await emit({ key: this.context.runId, value: stagedUnitText({ unit, manifest }) });
  }

  private async stage(unit: WorkUnit, signal: AbortSignal): Promise<Manifest> {
    const { context, worker } = this;
    const options: AttemptOptions = {
      listener: worker.listener,
      signal,
      ...(worker.stallMs === undefined ? {} : { stallMs: worker.stallMs }),
      ...(worker.retries === undefined ? {} : { retries: worker.retries }),
    };
    if (worker.threads !== undefined) return await worker.threads.stage(context, unit, options);
    const equipment = await worker.equipmentFor(context, signal);
    return await attemptUnit(
      context,
      unit,
      async (attempt, watched) =>
        await watched(
          async (onProgress, watchedSignal) =>
            await runUnit(context, unit, attempt, equipment, onProgress, watchedSignal),
        ),
      options,
    );
  }

  /** The commit would refuse them all; this stops a bundle of many units as soon as it is known. */
  private refuseTooManyRejects({ counts, rejectFile }: Manifest): void {
    this.rejected += counts.rowsRejected;
    if (rejectFile !== undefined) this.rejectFiles.push(rejectFile);
    if (this.rejected <= this.context.maxRejects) return;
    throw rejectsExceededTogether(this.context, this.rejected, this.rejectFiles);
  }
}

/** The counters of a run as its runner shows them. Those of a bundle that fails do not count, so a retried unit counts once. */
function countUnit({ counts, bytesStaged }: Manifest, bundle: BundleContext): void {
  bundle.count('units_done', 1);
  bundle.count('rows_read', counts.rowsExtracted);
  bundle.count('rows_staged', counts.rowsStaged);
  bundle.count('rows_rejected', counts.rowsRejected);
  bundle.count('bytes_staged', bytesStaged);
  const losses = new Map<string, number>();
  for (const rules of Object.values(counts.losses)) {
    for (const [rule, times] of Object.entries(rules)) losses.set(rule, (losses.get(rule) ?? 0) + times);
  }
  for (const [rule, times] of losses) bundle.count(`losses_${rule}`, times);
}
