import type { Cell } from '../core/cells';
import { toBeamliftError } from '../core/errors';
import { LossLedger } from '../core/loss-ledger';
import type { PlannedColumn } from '../core/plan';
import type { Reject } from '../core/reject';
import { badFileOf } from '../pipelines/bad-files';
import { compileConverter, nameRowByKey } from '../transforms/schema-aware-converter';
import { compileTextSerializer } from '../transforms/serializer';
import type { JobSpec } from './config/job-spec';
import { onlyLooking, type LaunchServices } from './launch-options';
import { closeJob, openJob } from './open-job';
import { makePlan } from './plan-job';

export interface Preview {
  readonly columns: readonly PlannedColumn[];
  /** Values as texts, null for NULL; as they would be loaded. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Among the rows read: what would be rejected. */
  readonly rejects: readonly Reject[];
  readonly notices: readonly string[];
}

/**
 * The first rows of a job as a first run would load them, converted to the destination's types. Reads `rows` rows and writes
 * nothing; the destination table need not exist.
 */
export async function previewJob(job: JobSpec, rows: number, services: LaunchServices): Promise<Preview> {
  const { signal } = services;
  const opened = await openJob({ ...job, createTable: true }, services);
  try {
    const run = { runId: 'preview', fence: 0, state: null, pin: false };
    const { context, units, notices } = await makePlan(opened, run, onlyLooking('preview'), services);
    const converter = compileConverter({
      columns: context.columns,
      source: context.sourceSchema,
      destination: context.destinationSchema,
      policies: context.policies,
      rules: opened.destination.rules,
      keyColumns: context.keyColumns,
      ledger: new LossLedger(),
    });
    const show = context.destinationSchema.columns.map(({ type }) => compileTextSerializer(type));
    const texts = (row: readonly Cell[]): (string | null)[] =>
      row.map((cell, index) => (cell === null ? null : (show[index]?.(cell) ?? null)));
    const nameByKey = nameRowByKey(context.sourceSchema);

    const shown: (string | null)[][] = [];
    const rejects: Reject[] = [];
    const leftOut: string[] = [];
    for (const unit of units) {
      const columns = context.sourceSchema.columns.map((column) => column.name);
      const { window, pin } = context;
      const planned = { schema: context.sourceSchema, unread: context.unreadColumns ?? [] };
      const stream = opened.extractor.read({ unit, window, columns, limit: rows, pin, planned }, signal);
      try {
        for await (const batch of stream.batches) {
          rejects.push(...batch.rejects);
          for (const [index, row] of batch.rows.entries()) {
            if (shown.length + rejects.length >= rows) break;
            const converted = converter.convert(row);
            if (converted !== undefined) {
              shown.push(texts(converted));
              continue;
            }
            const { column, value, reason } = converter.lastReject();
            const named = batch.nameRow?.(index) ?? nameByKey?.(row) ?? `row ${index + 1}`;
            rejects.push({
              row: named,
              reason,
              ...(column === undefined ? {} : { column }),
              ...(value === undefined ? {} : { value }),
            });
          }
          if (shown.length + rejects.length >= rows) break;
        }
      } catch (error) {
        const bad = context.skipBadFiles === true ? badFileOf(unit, error) : undefined;
        if (bad === undefined) throw error;
        leftOut.push(`${bad.uri} is left out (on_bad_file: skip): ${bad.failure.what}`);
      }
      if (shown.length + rejects.length >= rows) break;
    }
    return { columns: context.columns, rows: shown, rejects, notices: [...notices, ...leftOut] };
  } catch (thrown) {
    throw toBeamliftError(thrown, { job: job.name });
  } finally {
    await closeJob(opened);
  }
}
