import { BeamliftError } from '../core/errors';
import { filesOfUnit } from '../core/files-of-unit';
import type { Loader, LoadReport } from '../core/loader';
import { LossLedger } from '../core/loss-ledger';
import type { Manifest } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';
import { RETRY_POLICIES } from '../core/retry-policies';
import { withRetries, type RetryListener } from '../core/with-retries';
import { failedFiles, refuseNothingLeft } from './bad-files';
import { rejectsExceededTogether } from './reject-errors';
import { checkCounts } from './run-unit';

/** What all units of a run did together. */
export interface RunTotals {
  rowsExtracted: number;
  rowsStaged: number;
  rowsRejected: number;
  rowsFiltered: number;
  bytesStaged: number;
  losses: LossLedger;
  rejectFiles: string[];
}

/** Sums the manifests of a run. */
export function totalOf(manifests: readonly Manifest[]): RunTotals {
  const totals: RunTotals = {
    rowsExtracted: 0,
    rowsStaged: 0,
    rowsRejected: 0,
    rowsFiltered: 0,
    bytesStaged: 0,
    losses: new LossLedger(),
    rejectFiles: [],
  };
  for (const { counts, bytesStaged, rejectFile } of manifests) {
    totals.rowsExtracted += counts.rowsExtracted;
    totals.rowsStaged += counts.rowsStaged;
    totals.rowsRejected += counts.rowsRejected;
    totals.rowsFiltered += counts.rowsFiltered;
    totals.bytesStaged += bytesStaged;
    totals.losses.merge(counts.losses);
    if (rejectFile !== undefined) totals.rejectFiles.push(rejectFile);
  }
  return totals;
}

/**
 * Proves that every unit is staged exactly once and that the counts add up, then publishes. Idempotent, as `Loader.commit` is.
 * Throws COUNT_MISMATCH or REJECTS_EXCEEDED before anything is published, and what failed where every file was left out.
 */
export async function commitRun(
  context: RunContext,
  units: readonly WorkUnit[],
  manifests: readonly Manifest[],
  loader: Loader,
  onRetry: RetryListener,
  signal: AbortSignal,
): Promise<LoadReport> {
  checkComplete(context, units, manifests);
  for (const manifest of manifests) checkCounts(context, manifest);
  const totals = totalOf(manifests);
  if (totals.rowsRejected > context.maxRejects) {
    throw rejectsExceededTogether(context, totals.rowsRejected, totals.rejectFiles);
  }
  const failed = failedFiles(manifests);
  refuseNothingLeft(context, units, failed);
  const files = filesOf(context, units, failed);
  return await withRetries(
    RETRY_POLICIES.commit,
    signal,
    async () => await loader.commit(context, manifests, files, signal),
    onRetry,
  );
}

function checkComplete(
  context: RunContext,
  units: readonly WorkUnit[],
  manifests: readonly Manifest[],
): void {
  const staged = new Set(manifests.map((manifest) => manifest.unit));
  const missing = units.filter((unit) => !staged.has(unit.id)).map((unit) => unit.id);
  const foreign = manifests.filter((manifest) => manifest.runId !== context.runId);
  if (
    missing.length === 0 &&
    foreign.length === 0 &&
    staged.size === manifests.length &&
    manifests.length === units.length
  ) {
    return;
  }
  throw new BeamliftError('COUNT_MISMATCH', {
    what: `${units.length} work units were planned, ${manifests.length} manifests of ${staged.size} units are there`,
    where: { job: context.job },
    why:
      missing.length > 0 ? `missing: ${missing.slice(0, 10).join(', ')}` : 'a unit twice, or of another run',
    hint: 'Nothing was published. Please report this: it is a defect in beamlift.',
  });
}

/** What the state remembers as published: uri to version. A file of which a limited run read the first rows is not, nor is one that was left out. */
function filesOf(
  context: RunContext,
  units: readonly WorkUnit[],
  failed: ReadonlyMap<string, unknown>,
): Record<string, string> {
  const files = Object.create(null) as Record<string, string>;
  if (context.limit !== null) return files;
  for (const { uri, version } of units.flatMap(filesOfUnit)) if (!failed.has(uri)) files[uri] = version;
  return files;
}
