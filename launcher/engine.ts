import { lazyModules } from '../core/lazy-modules';
import type * as Secrets from '../core/clients/secrets';
import type {
  DiscoveredObject,
  DiscoverOptions,
  Environment,
  SecretResolver,
  SourceServices,
} from '../core/extractor';
import type { Plan } from '../core/plan';
import type { SecretRedactor } from '../core/secret-redactor';
import type * as CheckConfiguration from './check-configuration';
import type { CheckResult } from './check-configuration';
import type * as ConnectionOutlines from './config/connection-outline';
import type { ConnectionOutline } from './config/connection-outline';
import type { Configuration, JobSpec, NamedConnection } from './config/job-spec';
import type * as JsonSchema from './config/json-schema';
import type * as LoadConfiguration from './config/load-configuration';
import type { FindStored } from './config/stored-endpoints';
import type { ConnectionStore } from './connections/connection-store';
import type * as ConnectionTools from './connections/connection-tools';
import type * as OpenConnectionStore from './connections/open-connection-store';
import type * as DescribeConversions from './describe-conversions';
import type * as ExpandJobs from './expand-jobs';
import type { ExpandServices } from './expand-jobs';
import type { ProcessIdentity } from '../loaders/process-identity';
import type * as Launch from './launch';
import type * as DraftJob from './init/draft-job';
import type { Draft, DraftRequest } from './init/draft-job';
import type { LaunchOptions, LaunchServices } from './launch-options';
import type { DescribeConversion } from './output/plan-text';
import type * as LookAtPipeline from './look-at-pipeline';
import type { PipelineView } from './look-at-pipeline';
import type { Redact } from './output/redaction';
import type { Preview } from './preview-job';
import type * as PreviewJob from './preview-job';
import type { RunReport } from './report';
import type * as ResumeRun from './resume-run';
import type * as OpenRunStore from './runs/open-run-store';
import type { NotedPipeline } from './runs/noted-pipeline';
import type { RunStore } from './runs/run-store';
import type { RunStoreServices } from './runs/run-store-services';
import type { RunStoreSpec } from './runs/run-store-spec';
import { codeVersion } from './version';

/** Where the configuration is looked for: `file` (from `-f`), else BEAMLIFT_CONFIG, else ./beamlift.yaml. */
export interface ConfigurationRequest {
  readonly file?: string;
  readonly cwd: string;
  readonly environment: Environment;
  /** Asks the run store for connections that the file does not have; absent: there are only the file's. */
  readonly findStored?: FindStored;
  /** Names to look for besides those of jobs. */
  readonly alsoConnections?: readonly string[];
}

/** A job that the command line describes, without a file. */
export interface UrlJob {
  readonly from: string;
  readonly to: string;
  readonly table?: string;
  readonly query?: string;
  readonly files?: string;
  readonly destTable?: string;
  readonly loadType?: string;
  readonly timestampColumn?: string;
  readonly keyColumns?: readonly string[];
  readonly createTable?: boolean;
  readonly cwd: string;
  readonly environment: Environment;
}

/** Everything that commands do beyond reading flags and writing results. Tests of commands bring their own. */
export interface Engine {
  codeVersion(): string;
  loadConfiguration(request: ConfigurationRequest): Promise<Configuration>;
  configurationFromUrls(request: UrlJob): Promise<Configuration>;
  createSecrets(
    configuration: Pick<Configuration, 'baseFolder' | 'inlineSecrets'> &
      Partial<Pick<Configuration, 'sealedSecrets'>>,
    environment: Environment,
    redactor: SecretRedactor,
  ): SecretResolver;
  expandJobs(
    configuration: Configuration,
    names: readonly string[],
    services: ExpandServices,
    onFailure?: (job: string, error: unknown) => void,
  ): Promise<JobSpec[]>;
  planJob(job: JobSpec, options: LaunchOptions, services: LaunchServices): Promise<Plan>;
  launchJob(job: JobSpec, options: LaunchOptions, services: LaunchServices): Promise<RunReport>;
  resumeRun(
    job: JobSpec,
    runId: string,
    options: { readonly accept: boolean },
    services: LaunchServices,
  ): Promise<RunReport>;
  /** `asked`: the run is alive elsewhere, and was asked to stop. */
  cancelRun(job: JobSpec, runId: string, services: LaunchServices): Promise<RunReport | 'asked'>;
  lookAtPipeline(
    pipeline: NotedPipeline,
    services: Omit<LaunchServices, 'listener'>,
  ): Promise<PipelineView | undefined>;
  previewJob(job: JobSpec, rows: number, services: LaunchServices): Promise<Preview>;
  checkConnection(
    connection: NamedConnection,
    services: SourceServices,
    signal: AbortSignal,
  ): Promise<CheckResult>;
  checkDestination(
    destination: NamedConnection,
    services: SourceServices,
    signal: AbortSignal,
  ): Promise<CheckResult>;
  checkJob(job: JobSpec, services: LaunchServices): Promise<CheckResult>;
  checkRunStore(spec: RunStoreSpec, services: RunStoreServices): Promise<CheckResult>;
  discover(
    connection: NamedConnection,
    pattern: string | undefined,
    services: SourceServices,
    signal: AbortSignal,
    options?: DiscoverOptions,
  ): Promise<DiscoveredObject[]>;
  /** What the configuration says about connections, whatever is wrong with the rest of it. */
  outlineConnections(request: ConfigurationRequest): Promise<ConnectionOutline>;
  /** `create: false`: for looking only; makes nothing. */
  openConnections(
    spec: RunStoreSpec,
    services: RunStoreServices,
    options: { create: boolean },
  ): Promise<ConnectionStore>;
  connectionTools(): typeof ConnectionTools;
  configurationJsonSchema(): unknown;
  draftJob(request: DraftRequest): Promise<Draft>;
  /** For looking only: makes nothing. */
  openRunStore(spec: RunStoreSpec, services: RunStoreServices): Promise<RunStore>;
  openRunStoreForRuns(
    spec: RunStoreSpec,
    services: RunStoreServices,
    identity: ProcessIdentity,
    redact: Redact,
  ): Promise<RunStore>;
  describeConversions(plan: Plan): DescribeConversion;
}

/** Modules are read at their first use, so that `--help` stays fast. */
const load = lazyModules(__filename);
const modules = {
  loadConfiguration: () => load('./config/load-configuration') as typeof LoadConfiguration,
  secrets: () => load('../core/clients/secrets') as typeof Secrets,
  expandJobs: () => load('./expand-jobs') as typeof ExpandJobs,
  launch: () => load('./launch') as typeof Launch,
  resumeRun: () => load('./resume-run') as typeof ResumeRun,
  lookAtPipeline: () => load('./look-at-pipeline') as typeof LookAtPipeline,
  preview: () => load('./preview-job') as typeof PreviewJob,
  check: () => load('./check-configuration') as typeof CheckConfiguration,
  draftJob: () => load('./init/draft-job') as typeof DraftJob,
  jsonSchema: () => load('./config/json-schema') as typeof JsonSchema,
  describeConversions: () => load('./describe-conversions') as typeof DescribeConversions,
  runStore: () => load('./runs/open-run-store') as typeof OpenRunStore,
  outline: () => load('./config/connection-outline') as typeof ConnectionOutlines,
  connectionStore: () => load('./connections/open-connection-store') as typeof OpenConnectionStore,
  connectionTools: () => load('./connections/connection-tools') as typeof ConnectionTools,
};

/** The real one. */
export const ENGINE: Engine = {
  codeVersion,
  loadConfiguration: async (request) => await modules.loadConfiguration().loadConfiguration(request),
  configurationFromUrls: async (request) => await modules.loadConfiguration().configurationFromUrls(request),
  createSecrets: ({ baseFolder, inlineSecrets, sealedSecrets = new Map() }, environment, redactor) =>
    modules
      .secrets()
      .createSecretResolver({ environment, baseFolder, inlineSecrets, sealedSecrets, redactor }),
  expandJobs: async (...request) => await modules.expandJobs().expandJobs(...request),
  planJob: async (...request) => await modules.launch().planJob(...request),
  launchJob: async (...request) => await modules.launch().launchJob(...request),
  resumeRun: async (...request) => await modules.resumeRun().resumeRun(...request),
  cancelRun: async (...request) => await modules.resumeRun().cancelRun(...request),
  lookAtPipeline: async (...request) => await modules.lookAtPipeline().lookAtPipeline(...request),
  previewJob: async (...request) => await modules.preview().previewJob(...request),
  checkConnection: async (...request) => await modules.check().checkConnection(...request),
  checkDestination: async (...request) => await modules.check().checkDestination(...request),
  checkJob: async (...request) => await modules.check().checkJob(...request),
  checkRunStore: async (...request) => await modules.check().checkRunStore(...request),
  discover: async (...request) => await modules.check().discover(...request),
  draftJob: async (request) => await modules.draftJob().draftJob(request),
  outlineConnections: async (request) => await modules.outline().outlineConnections(request),
  openConnections: async (...request) => await modules.connectionStore().openConnectionStore(...request),
  connectionTools: () => modules.connectionTools(),
  configurationJsonSchema: () => modules.jsonSchema().configurationJsonSchema(),
  openRunStore: async (...request) => await modules.runStore().openRunStore(...request, { create: false }),
  openRunStoreForRuns: async (...request) => await modules.runStore().openRunStoreForRuns(...request),
  describeConversions: (plan) => modules.describeConversions().describeConversions(plan),
};
