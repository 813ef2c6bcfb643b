import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import type { Plan } from '../../../core/plan';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { Configuration, JobSpec } from '../../../launcher/config/job-spec';
import type { ConfigurationRequest, Engine, UrlJob } from '../../../launcher/engine';
import type { PipelineView } from '../../../launcher/look-at-pipeline';
import type { LaunchOptions, LaunchServices } from '../../../launcher/launch-options';
import type { RunReport } from '../../../launcher/report';
import { MemoryRunStore } from '../../../launcher/runs/memory-run-store';
import type { NotedPipeline } from '../../../launcher/runs/noted-pipeline';
import type { RunStore } from '../../../launcher/runs/run-store';
import type { RunStoreSpec } from '../../../launcher/runs/run-store-spec';

export function fakeJob(name: string): JobSpec {
  return {
    name,
    source: {
      type: 'postgresql',
      connectionName: 'shop',
      connection: { host: 'localhost' },
      object: { kind: 'table', schema: 'public', name },
      maxConnections: 8,
    },
    sourceCategory: 'database',
    destination: { type: 'duckdb', destinationName: 'local', config: {}, dataset: 'main', table: name },
    loadType: 'transactional',
    timestampColumn: 'created_at',
    historicalStartDate: undefined,
    lastSyncValue: undefined,
    selectedColumns: [],
    columnMapping: new Map(),
    keyColumns: [],
    createTable: true,
    schemaUpdate: 'none',
    allowEmpty: false,
    split: { rowsPerUnit: 50_000, isChosen: false, by: 'auto' },
    policies: { ...DEFAULT_POLICIES, columns: {} },
    maxRejects: 0,
    holdBackSeconds: 2,
    lookbackSeconds: 0,
    timeoutSeconds: undefined,
    timezone: 'UTC',
    fileSelection: 'all',
    onBadFile: 'fail',
    verify: 'counts',
    stagingFormat: undefined,
    tableOptions: { clusterBy: [] },
  };
}

export function fakePlan(job: string, changes: Partial<Plan> = {}): Plan {
  const { source, destination, policies } = fakeJob(job);
  const column = (name: string, type: Plan['context']['columns'][number]['sourceType']) => ({
    source: name,
    destination: name,
    sourceType: type,
    destinationType: type,
  });
  return {
    context: {
      planVersion: 1,
      codeVersion: '0.1.0',
      runId: `run-of-${job}`,
      job,
      fingerprint: 'f',
      fence: 1,
      source,
      destination,
      disposition: 'append',
      keyColumns: [],
      columns: [
        column('id', { kind: 'int', bits: 64 }),
        column('amount', { kind: 'decimal', precision: 12, scale: 2 }),
      ],
      sourceSchema: { columns: [], primaryKey: [] },
      destinationSchema: { columns: [], primaryKey: [] },
      createTable: true,
      newColumns: [],
      allowEmpty: false,
      window: {
        column: 'created_at',
        lower: { value: '2025-01-01T00:00:00Z', inclusive: true },
        upper: { value: '2025-02-01T00:00:00Z', inclusive: false },
      },
      limit: null,
      nextWatermark: '2025-02-01T00:00:00Z',
      backfill: false,
      stagingFormat: 'ndjson',
      verify: 'counts',
      tableOptions: { clusterBy: [] },
      partitioning: null,
      policies,
      maxRejects: 0,
      stagingFolder: '/project/.beamlift/staging/r',
      rejectFolder: '/project/.beamlift/rejects/r',
    },
    units: [
      {
        id: '0001',
        kind: 'range',
        column: 'id',
        lower: null,
        upper: { value: '500', inclusive: false },
        estimatedRows: 500,
      },
      {
        id: '0002',
        kind: 'range',
        column: 'id',
        lower: { value: '500', inclusive: true },
        upper: null,
        estimatedRows: 500,
      },
    ],
    estimate: { rows: 1000, bytes: 100_000, quality: 'statistics' },
    runner: 'in-process',
    runnerReason: '1,000 rows are below the threshold',
    large: false,
    splitReason: 'ranges of id',
    notices: ['Window: since the last run.'],
    ...changes,
  };
}

export function fakeReport(job: string, changes: Partial<RunReport> = {}): RunReport {
  return {
    run_id: `run-of-${job}`,
    job,
    status: 'success',
    runner: 'in-process',
    runner_reason: 'below the threshold',
    large: false,
    load_type: 'transactional',
    work_units: 2,
    rows_extracted: 1_234_567,
    rows_filtered: 0,
    rows_rejected: 0,
    rows_staged: 1_234_567,
    rows_loaded: 1_234_567,
    bytes_staged: 45_200_000,
    duration_seconds: 12.34,
    watermark: '2025-02-01T00:00:00Z',
    losses: {},
    destination: `main.${job}`,
    reject_files: [],
    notices: [],
    ...changes,
  };
}

export type FakeLaunch = (
  job: JobSpec,
  options: LaunchOptions,
  services: LaunchServices,
) => Promise<RunReport> | RunReport;

/** What a resumed or cancelled run becomes. */
export type FakeRecovery = (
  job: JobSpec,
  runId: string,
  services: LaunchServices,
) => Promise<RunReport | 'asked'> | RunReport | 'asked';

export interface FakeEngine extends Engine {
  readonly calls: {
    configurations: ConfigurationRequest[];
    urls: UrlJob[];
    launched: { job: string; options: LaunchOptions }[];
    planned: { job: string; options: LaunchOptions }[];
    resumed: { job: string; runId: string; accept: boolean }[];
    cancelled: { job: string; runId: string }[];
    runStores: RunStoreSpec[];
  };
}

export interface FakeEngineOptions {
  readonly jobs?: readonly string[];
  /** What each launch does; without it, every job succeeds. */
  readonly launch?: FakeLaunch;
  /** What resuming and cancelling do; without it, a resumed run succeeds and a cancelled one is cancelled. */
  readonly recovery?: FakeRecovery;
  readonly plan?: (job: string) => Plan;
  readonly configurationError?: BeamliftError;
  readonly warnings?: readonly string[];
  readonly secrets?: readonly string[];
  readonly runStore?: RunStore;
  /** What a runner says about a pipeline; without it, it knows of none. */
  readonly pipeline?: (pipeline: NotedPipeline) => Promise<PipelineView | undefined>;
}

const refuse = async (): Promise<never> => {
  throw new Error('the fake engine was not told what to answer');
};

const NOT_ASKED_FOR: Pick<
  Engine,
  | 'previewJob'
  | 'checkConnection'
  | 'checkDestination'
  | 'checkJob'
  | 'discover'
  | 'configurationJsonSchema'
  | 'draftJob'
  | 'outlineConnections'
  | 'openConnections'
  | 'connectionTools'
> = {
  previewJob: refuse,
  checkConnection: refuse,
  checkDestination: refuse,
  checkJob: refuse,
  discover: refuse,
  configurationJsonSchema: () => ({}),
  draftJob: refuse,
  outlineConnections: refuse,
  openConnections: refuse,
  connectionTools: () => assert.fail('the fake engine stores no connections'),
};

/** An engine whose jobs do what the test says. */
export function fakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const jobs = (options.jobs ?? ['orders']).map(fakeJob);
  const calls: FakeEngine['calls'] = {
    configurations: [],
    urls: [],
    launched: [],
    planned: [],
    resumed: [],
    cancelled: [],
    runStores: [],
  };
  const configuration = (file: string | undefined): Configuration => {
    if (options.configurationError !== undefined) throw options.configurationError;
    return {
      file,
      baseFolder: '/project',
      connections: new Map(),
      destinations: new Map(),
      jobs,
      runners: { thresholdRows: 1_000_000, large: undefined },
      runStore: { type: 'sqlite', config: { path: '/project/.beamlift/runs.db' } },
      inlineSecrets: new Map(),
      sealedSecrets: new Map(),
      warnings: options.warnings ?? [],
    };
  };
  return {
    ...NOT_ASKED_FOR,
    calls,
    codeVersion: () => '9.8.7',
    loadConfiguration: async (request) => {
      calls.configurations.push(request);
      return configuration('/project/beamlift.yaml');
    },
    configurationFromUrls: async (request) => {
      calls.urls.push(request);
      return configuration(undefined);
    },
    createSecrets: (_configuration, _environment, redactor) => {
      for (const secret of options.secrets ?? []) redactor.remember(secret);
      return { resolve: async (text) => text };
    },
    expandJobs: async (_configuration, names) => {
      const unknown = names.find((name) => !jobs.some((job) => job.name === name));
      if (unknown !== undefined) {
        throw new BeamliftError('USAGE', {
          what: `There is no job called "${unknown}"`,
          hint: 'Did you mean "orders"?',
        });
      }
      return jobs.filter((job) => names.length === 0 || names.includes(job.name));
    },
    planJob: async (job, launchOptions) => {
      calls.planned.push({ job: job.name, options: launchOptions });
      return (options.plan ?? fakePlan)(job.name);
    },
    launchJob: async (job, launchOptions, services) => {
      calls.launched.push({ job: job.name, options: launchOptions });
      return await (options.launch ?? (({ name }) => fakeReport(name)))(job, launchOptions, services);
    },
    resumeRun: async (job, runId, { accept }, services) => {
      calls.resumed.push({ job: job.name, runId, accept });
      const report =
        (await options.recovery?.(job, runId, services)) ?? fakeReport(job.name, { run_id: runId });
      if (report === 'asked') throw new Error('only a cancelled run is asked');
      return report;
    },
    cancelRun: async (job, runId, services) => {
      calls.cancelled.push({ job: job.name, runId });
      const cancelled = (): RunReport =>
        fakeReport(job.name, { run_id: runId, status: 'cancelled', rows_loaded: 0 });
      return (await options.recovery?.(job, runId, services)) ?? cancelled();
    },
    checkRunStore: async (spec) => ({
      kind: 'run_store',
      name: spec.type,
      type: spec.type,
      ok: true,
      findings: [{ step: 'read', ok: true, detail: 'no runs yet' }],
    }),
    openRunStore: async (spec) => {
      calls.runStores.push(spec);
      return options.runStore ?? new MemoryRunStore();
    },
    openRunStoreForRuns: async (spec) => {
      calls.runStores.push(spec);
      return options.runStore ?? new MemoryRunStore();
    },
    lookAtPipeline: async (pipeline) => await options.pipeline?.(pipeline),
    describeConversions: () => (column) => (column.source === 'amount' ? 'digits' : undefined),
  };
}
