import type { EncodedStream } from '../../../core/encoding';
import type { JobState } from '../../../core/loader';
import { PLAN_VERSION, type Bound, type Plan, type RunContext, type WorkUnit } from '../../../core/plan';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { TableSchema } from '../../../core/schema';
import { compileColumnDigests } from '../../../transforms/column-digest';
import type { ModelRow } from './model-table';
import { MAX_PARTITIONS_PER_JOB } from '../../../loaders/bigquery/job-limits';
import { BEGINNING } from './world';
import { extentOf, type Extent, type SourceModel } from './source-model';

/** How a job of the simulation is configured. */
export interface SimulatedJob {
  readonly name: string;
  readonly source: SourceModel;
  readonly verify: RunContext['verify'];
  /** How many units a run is cut into, at most. */
  readonly units: number;
  /** Whether its rows count as going to more partitions than one job may change. */
  readonly isScattered: boolean;
}

/** Hours of the model's time: one more than a job may change, of which the first and the last have rows before them and after. */
const MANY_HOURS = Array.from({ length: MAX_PARTITIONS_PER_JOB + 1 }, (_, index) => {
  const hour = new Date(BEGINNING + (index + 2 - MAX_PARTITIONS_PER_JOB) * 3_600_000);
  return hour.toISOString().replace(/\D/g, '').slice(0, 10);
});

export const TABLE = 'target';

const SCHEMA: TableSchema = {
  columns: [
    { name: 'k', type: { kind: 'string' }, nullable: true },
    { name: 'v', type: { kind: 'int', bits: 64 }, nullable: true },
    { name: 'ts', type: { kind: 'timestamp', unit: 'us' }, nullable: true },
  ],
  primaryKey: [],
};

/** What a run would do now, as the launcher plans it; undefined: there is nothing to load. */
export function planRun(
  job: SimulatedJob,
  run: { readonly runId: string; readonly fence: number; readonly state: JobState | null },
  createTable: boolean,
  now: number,
): Plan | undefined {
  const { source } = job;
  // A watermark says nothing about a table that is not there any more.
  const state = createTable ? null : run.state;
  const isWindowed = source.kind === 'append' || source.kind === 'merge';
  const snapshot = source.snapshots.length;
  const lower = state?.watermark ?? null;
  const upper = new Date(now).toISOString();
  const units = isWindowed
    ? rangeUnits(job, lower, upper)
    : source.kind === 'files'
      ? fileUnits(source, state)
      : Array.from({ length: job.units }, (_, index): WorkUnit => hashUnit(job.units, index));
  if (units.length === 0 && !createTable) return undefined;
  const context: RunContext = {
    planVersion: PLAN_VERSION,
    codeVersion: 'simulated',
    runId: run.runId,
    job: job.name,
    fingerprint: 'simulated',
    fence: run.fence,
    source: {
      type: 'model',
      connectionName: 'model',
      connection: {},
      object: { kind: 'table', name: 'rows' },
      maxConnections: 2,
    },
    destination: { type: 'bigquery', destinationName: 'model', config: {}, table: TABLE },
    pin: { snapshot },
    disposition: source.kind === 'files' ? 'append' : source.kind,
    keyColumns: source.kind === 'merge' ? ['k'] : [],
    columns: SCHEMA.columns.map(({ name, type }) => ({
      source: name,
      destination: name,
      sourceType: type,
      destinationType: type,
    })),
    sourceSchema: SCHEMA,
    destinationSchema: SCHEMA,
    createTable,
    newColumns: [],
    allowEmpty: false,
    window: isWindowed ? { column: 'ts', lower: bound(lower, true), upper: bound(upper, false) } : null,
    limit: null,
    nextWatermark: isWindowed ? upper : null,
    backfill: false,
    stagingFormat: 'ndjson',
    verify: job.verify,
    tableOptions: { clusterBy: [] },
    partitioning: job.isScattered ? { by: 'hour', column: 'ts' } : null,
    policies: { ...DEFAULT_POLICIES, columns: {} },
    maxRejects: 0,
    stagingFolder: '/simulated/staging',
    rejectFolder: '/simulated/rejects',
  };
  return {
    context,
    units,
    estimate: { rows: null, bytes: null, quality: 'unknown' },
    runner: 'in-process',
    runnerReason: 'a simulation',
    large: false,
    splitReason: 'a simulation',
    notices: [],
  };
}

/** What is published when this run is, after what was before. */
export function extentAfter({ context, units }: Plan, before: Extent): Extent {
  const { upper } = context.window ?? {};
  const files = units.flatMap((unit) => (unit.kind === 'file' ? [unit.uri] : []));
  return {
    upTo: upper === undefined || upper === null ? before.upTo : Date.parse(upper.value),
    files: new Set(context.createTable ? files : [...before.files, ...files]),
    snapshot: snapshotOf(context),
  };
}

/** The files of a run, uri to version, as its commit is told them. */
export function filesOf({ units }: Plan): Record<string, string> {
  const files = Object.create(null) as Record<string, string>;
  for (const unit of units) if (unit.kind === 'file') files[unit.uri] = unit.version;
  return files;
}

export function snapshotOf({ pin }: RunContext): number {
  const snapshot = pin?.['snapshot'];
  return typeof snapshot === 'number' ? snapshot : 0;
}

export { extentOf };

/** The rows of a unit: the same ones each time it is read. */
export function rowsOf({ source }: SimulatedJob, context: RunContext, unit: WorkUnit): readonly ModelRow[] {
  switch (unit.kind) {
    case 'range':
      return source.rowsBetween(time(unit.lower), time(unit.upper));
    case 'file':
      return source.files.find(({ uri }) => uri === unit.uri)?.rows ?? [];
    case 'hash':
      return (source.snapshots[snapshotOf(context) - 1] ?? []).filter(
        (_, i) => i % unit.modulus === unit.remainder,
      );
    default:
      return [];
  }
}

/** The rows of a unit on their way; `pause` is awaited before each block. */
export function encoded(
  context: RunContext,
  rows: readonly ModelRow[],
  pause: () => Promise<void>,
): EncodedStream {
  const digests = compileColumnDigests(context.destinationSchema);
  for (const { k, v, ts } of rows) digests.add([k, BigInt(v), BigInt(ts) * 1000n]);
  const half = Math.ceil(rows.length / 2);
  const blocks = [rows.slice(0, half), rows.slice(half)].filter((block) => block.length > 0);
  return {
    format: 'ndjson',
    header: new Uint8Array(0),
    blocks: (async function* () {
      for (const block of blocks) {
        await pause();
        yield {
          bytes: Buffer.from(block.map((row) => `${JSON.stringify(row)}\n`).join('')),
          rows: block.length,
        };
      }
    })(),
    counts: () => ({
      rowsExtracted: rows.length,
      rowsStaged: rows.length,
      rowsRejected: 0,
      rowsFiltered: 0,
      losses: {},
    }),
    rejectFile: () => undefined,
    digests: () => (context.verify === 'strict' ? digests.result() : undefined),
    partitions: () => (context.partitioning === null || rows.length === 0 ? undefined : MANY_HOURS),
  };
}

function rangeUnits({ source, units }: SimulatedJob, lower: string | null, upper: string): WorkUnit[] {
  const from = lower === null ? 0 : Date.parse(lower);
  if (from >= Date.parse(upper)) return [];
  const times = [...new Set(source.rowsBetween(from, Date.parse(upper)).map(({ ts }) => ts))];
  const cuts = times.slice(1).filter((_, index) => index < units - 1);
  const bounds = [lower, ...cuts.map((cut) => new Date(cut).toISOString()), upper];
  return bounds.slice(1).map((end, index): WorkUnit => ({
    id: `range-${index}`,
    kind: 'range',
    column: 'ts',
    lower: bound(bounds[index] ?? null, true),
    upper: bound(end, false),
  }));
}

function fileUnits(source: SourceModel, state: JobState | null): WorkUnit[] {
  const known = state?.files ?? {};
  return source.files
    .filter(({ uri, version }) => known[uri] !== version)
    .map(({ uri, version }, index): WorkUnit => ({
      id: `file-${index}`,
      kind: 'file',
      uri,
      bytes: 1,
      version,
    }));
}

function hashUnit(modulus: number, remainder: number): WorkUnit {
  return { id: `hash-${remainder}`, kind: 'hash', column: 'k', modulus, remainder };
}

function bound(value: string | null, inclusive: boolean): Bound | null {
  return value === null ? null : { value, inclusive };
}

function time(end: Bound | null): number {
  return end === null ? 0 : Date.parse(end.value);
}
