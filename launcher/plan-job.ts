import path from 'node:path';
import { BeamliftError } from '../core/errors';
import type { SplitHints } from '../core/extractor';
import type { JobState } from '../core/loader';
import {
  PLAN_VERSION,
  type Estimate,
  type Plan,
  type Runner,
  type RunContext,
  type Window,
} from '../core/plan';
import type { Column, TableSchema } from '../core/schema';
import { cutWindow } from '../partitioning/cut-window';
import { rangeTarget } from '../partitioning/range-target';
import { planColumns } from '../transforms/column-mapping';
import type { JobSpec } from './config/job-spec';
import { fingerprint } from './config/fingerprint';
import { destinationTable } from './destination-table';
import { dispositionOf, refuseFlags } from './disposition';
import type { LaunchOptions, LaunchServices } from './launch-options';
import type { OpenedJob } from './open-job';
import { routePlan } from './route-plan';
import { isPipelineRunner } from './runner-desk';
import { focusOf, selectFiles, type FileSelection } from './select-files';
import { unlikeValueNotices } from './unlike-values';
import { codeVersion } from './version';
import { decideWindow, type WindowDecision } from './window';

/** Which run the plan is for. */
export interface RunIdentity {
  readonly runId: string;
  readonly fence: number;
  readonly state: JobState | null;
  /** Whether the source is pinned to one point in time now; a plan that is only shown pins nothing. */
  readonly pin: boolean;
}

/**
 * Decides everything a run will do, before a row is read. Reads catalogues, statistics and samples; writes nothing.
 * Throws the plan's refusals: COLUMN_NOT_FOUND, COLUMN_COLLISION, TYPE_UNSUPPORTED, PLAN_REFUSED, DESTINATION_NOT_FOUND.
 */
export async function makePlan(
  opened: OpenedJob,
  run: RunIdentity,
  options: LaunchOptions,
  services: LaunchServices,
): Promise<Plan> {
  const { job, extractor, loader, destination } = opened;
  const { signal } = services;
  const disposition = dispositionOf(job, options);
  refuseFlags(job, options, disposition);

  const listed = await extractor.files(signal);
  let source = listed === undefined ? await extractor.schema(signal) : undefined;
  const existing = await loader.schema(signal);
  if (existing === undefined && !job.createTable) throw noTable(job);
  const notices: string[] = [];
  const state = usableState(job, run.state, existing, notices);
  const selection = listed && selectFiles(listed, state?.files ?? {}, job, disposition !== 'replace');
  if (listed !== undefined && selection !== undefined) {
    extractor.focus?.(focusOf(listed, selection, disposition, job));
  }
  source ??= await extractor.schema(signal);
  notices.unshift(...(await extractor.notices(signal)));

  const cursor = cursorColumn(job, source);
  const window =
    cursor === undefined
      ? undefined
      : decideWindow({
          job,
          column: cursor,
          watermark: state?.watermark ?? null,
          intervals: state?.intervals ?? [],
          upper: await extractor.upperBound(cursor.name, job.holdBackSeconds, signal),
          fullRefresh: options.fullRefresh,
          startDate: options.startDate,
          endDate: options.endDate,
          append: disposition === 'append',
        });
  if (window !== undefined) notices.push(`Window: ${window.reason}.`, ...window.notices);

  const mapping = planColumns({
    source,
    destination: existing,
    selectedColumns: job.selectedColumns,
    columnMapping: job.columnMapping,
    required: job.keyColumns,
    rules: destination.rules,
    typeFor: destination.typeFor.bind(destination),
    addColumns: job.schemaUpdate === 'add_columns',
  });
  notices.push(...mapping.notices);
  if (existing !== undefined) notices.push(...unlikeValueNotices(source, mapping.columns));

  const staging = destination.stagingFormat(mapping.destinationSchema, job.stagingFormat);
  if (staging.reason !== undefined) notices.push(`Rows are staged as ${staging.format}: ${staging.reason}`);

  const pin = run.pin && window?.empty !== true ? await extractor.pin(signal) : undefined;
  const read = columnsToRead(source, mapping.columns);
  const names = read.columns.map((column) => column.name);
  const cut = await cutUnits(opened, window, names, selection, options, services);
  notices.push(...cut.notices);

  const context: RunContext = {
    planVersion: PLAN_VERSION,
    codeVersion: codeVersion(),
    runId: run.runId,
    job: job.name,
    fingerprint: fingerprint(job),
    fence: run.fence,
    source: job.source,
    destination: job.destination,
    ...(pin === undefined ? {} : { pin }),
    disposition,
    keyColumns: keyColumnsAtDestination(job, mapping.columns),
    columns: mapping.columns,
    sourceSchema: read,
    destinationSchema: mapping.destinationSchema,
    createTable: existing === undefined,
    newColumns: mapping.newColumns,
    allowEmpty: job.allowEmpty,
    window: window?.window ?? null,
    limit: options.limit ?? null,
    nextWatermark: options.limit === undefined ? (window?.nextWatermark ?? null) : null,
    // a limited run publishes the first rows of an interval, not the interval
    backfill: options.limit === undefined && window?.backfill === true,
    stagingFormat: staging.format,
    ...(job.stagingCompression === undefined ? {} : { stagingCompression: job.stagingCompression }),
    verify: job.verify,
    tableOptions: job.tableOptions,
    partitioning: (existing === undefined ? job.tableOptions.partitionBy : existing.partitioning) ?? null,
    policies: job.policies,
    maxRejects: job.maxRejects,
    ...(job.onBadFile === 'skip' ? { skipBadFiles: true } : {}),
    ...(listed === undefined ? {} : { unreadColumns: namesBeside(source, read) }),
    stagingFolder: path.join(services.baseFolder, '.beamlift', 'staging', run.runId),
    rejectFolder: path.join(services.baseFolder, '.beamlift', 'rejects', run.runId),
  };
  notices.push(...((await loader.reviewPlan?.(context, signal)) ?? []));
  const { runner, reason, large } = await routePlan(opened, context, cut.estimate, options, services);
  const drift = (await extractor.drift?.(signal)) ?? [];
  if (options.detach) notices.push(...detachNotices(runner, context, extractor.pinLasts === true));
  return {
    context,
    units: cut.units,
    estimate: cut.estimate,
    runner,
    runnerReason: reason,
    large,
    splitReason: cut.reason,
    ...(drift.length === 0 ? {} : { drift: [...drift] }),
    notices,
  };
}

interface Cut {
  readonly units: Plan['units'];
  readonly estimate: Estimate;
  readonly reason: string;
  readonly notices: readonly string[];
}

const NOTHING: Estimate = { rows: 0, bytes: 0, quality: 'exact' };

async function cutUnits(
  { job, extractor, destination: { unitSize } }: OpenedJob,
  window: WindowDecision | undefined,
  columns: readonly string[],
  selection: FileSelection | undefined,
  options: LaunchOptions,
  { signal }: LaunchServices,
): Promise<Cut> {
  if (window?.empty === true) {
    return { units: [], estimate: NOTHING, reason: 'nothing is in the window', notices: [] };
  }
  const range: Window | null = window?.window ?? null;
  let estimate = await extractor.estimate(range, signal);
  let hints: SplitHints;
  const notices: string[] = [];
  if (selection === undefined) {
    hints = await extractor.splits(range, signal, columns);
    if (hints.kind === 'streams') estimate = hints.estimate ?? estimate;
  } else {
    notices.push(...selection.notices);
    if (selection.files.length === 0) {
      return { units: [], estimate: NOTHING, reason: 'no file is new', notices };
    }
    hints = { kind: 'files', files: selection.files };
    // A file of which one range cannot be read would be half loaded.
    const mayCut = job.split.by !== 'none' && job.onBadFile === 'fail' && options.limit === undefined;
    if (extractor.ranges !== undefined && mayCut) {
      const target = rangeTarget({
        bytes: bytesOf(selection.files),
        estimate,
        ...(job.split.isChosen ? { rowsPerUnit: job.split.rowsPerUnit } : {}),
        ...(unitSize === undefined || job.split.isChosen ? {} : { minUnitBytes: unitSize.minBytes }),
      });
      hints = { ...hints, ranges: await extractor.ranges(selection.files, target, signal) };
    }
  }
  const { units, reason } = cutWindow({
    hints,
    window: range,
    estimate,
    rowsPerUnit: job.split.rowsPerUnit,
    by: job.split.by,
    limit: options.limit ?? null,
    ...(unitSize === undefined ? {} : { maxUnits: unitSize.maxUnits }),
    ...(unitSize === undefined || job.split.isChosen ? {} : { minUnitBytes: unitSize.minBytes }),
  });
  return { units, estimate, reason, notices };
}

function bytesOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

/** A state whose table is gone says nothing about what must be loaded. */
function usableState(
  job: JobSpec,
  state: JobState | null,
  existing: TableSchema | undefined,
  notices: string[],
): JobState | null {
  if (state === null || existing !== undefined) return state;
  if (state.watermark !== null || Object.keys(state.files).length > 0) {
    notices.push(
      `The table ${job.destination.table} is gone since the last run: everything is loaded again.`,
    );
  }
  return { ...state, watermark: null, files: {}, intervals: [] };
}

function cursorColumn(job: JobSpec, source: TableSchema): Column | undefined {
  if (job.timestampColumn === undefined || job.sourceCategory === 'files' || job.loadType === 'catalog')
    return undefined;
  const column = source.columns.find((candidate) => candidate.name === job.timestampColumn);
  if (column !== undefined) return column;
  throw new BeamliftError('COLUMN_NOT_FOUND', {
    what: `timestamp_column "${job.timestampColumn}" is not a column of the source`,
    where: { job: job.name, column: job.timestampColumn },
    hint: `The source has: ${source.columns.map((candidate) => candidate.name).join(', ')}.`,
  });
}

function keyColumnsAtDestination(job: JobSpec, columns: RunContext['columns']): string[] {
  return job.keyColumns.map(
    (key) =>
      columns.find((column) => column.source === key || column.destination === key)?.destination ?? key,
  );
}

/** The mapped columns in their order, then those of the primary key, so that a rejected row can be named. */
function columnsToRead(source: TableSchema, columns: RunContext['columns']): TableSchema {
  const names = new Set([...columns.map((column) => column.source), ...source.primaryKey]);
  const byName = new Map(source.columns.map((column) => [column.name, column]));
  const read = [...names].map((name) => byName.get(name)).filter((column) => column !== undefined);
  return { columns: read, primaryKey: source.primaryKey };
}

/** Names of the source's columns that are not read. */
function namesBeside(source: TableSchema, read: TableSchema): string[] {
  const names = new Set(read.columns.map(({ name }) => name));
  return source.columns.map(({ name }) => name).filter((name) => !names.has(name));
}

/** What `--detach` means for this plan. Throws PLAN_REFUSED for a source that this process must keep in place. */
function detachNotices(runner: Runner, { job, pin }: RunContext, pinLasts: boolean): string[] {
  if (!isPipelineRunner(runner)) {
    return [`--detach has no effect: the job runs on this machine (${runner}).`];
  }
  if (pin === undefined || pinLasts) return [];
  throw new BeamliftError('PLAN_REFUSED', {
    what: 'This job cannot be detached',
    where: { job },
    why: 'All its work units read the database at one point in time, which lasts as long as this process.',
    hint: 'Leave --detach out, and let the launcher run where it can wait: it needs next to nothing.',
  });
}

function noTable(job: JobSpec): BeamliftError {
  return new BeamliftError('DESTINATION_NOT_FOUND', {
    what: `The destination table ${job.destination.table} does not exist, and create_table is false`,
    where: { job: job.name, object: destinationTable(job.destination) },
    hint: `Create the table, or add \`create_table: true\` to job ${job.name}.`,
  });
}
