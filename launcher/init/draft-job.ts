import path from 'node:path';
import { BeamliftError } from '../../core/errors';
import type { CheckFinding, SourceServices } from '../../core/extractor';
import { fieldAt, withFieldAt } from '../../core/nested-fields';
import type { JsonObject } from '../../core/plan';
import type { SecretRedactor } from '../../core/secret-redactor';
import { hasSecretReference } from '../../core/secret-references';
import { NO_CREDENTIALS } from '../config/endpoint-texts';
import type { Configuration, JobSpec } from '../config/job-spec';
import type { Engine } from '../engine';
import { configuredRunners } from '../configured-runners';
import type { Host } from '../host';
import type { CommandOutput } from '../output/command-output';
import { renderPreview } from '../output/preview-text';
import { MemoryRunStore } from '../runs/memory-run-store';
import {
  askDestination,
  askLoad,
  askObject,
  askSource,
  type AskedSource,
  type InitAnswers,
  type LoadAnswers,
} from './interview';
import type { Prompter } from './prompter';
import { addJob } from './write-configuration';

export interface DraftRequest {
  readonly answers: InitAnswers & { readonly file?: string };
  readonly prompter: Prompter;
  readonly host: Host;
  readonly engine: Engine;
  readonly redactor: SecretRedactor;
  readonly output: CommandOutput;
  /** The configuration's text, if there is one. */
  readonly existing: string | undefined;
  readonly showRows: boolean;
}

export interface Draft {
  readonly text: string;
  readonly jobName: string;
  /** Environment variables that the file takes secrets from. */
  readonly secretVariables: readonly string[];
}

/** Nobody reads through more; another one is given as --table or --files. */
const MOST_CHOICES = 10_000;
const PREVIEW_ROWS = 5;
const DESTINATION_NAME = 'warehouse';

/**
 * Asks what is not answered yet, tries the connection, shows rows, and gives the text of the configuration with the new job.
 * Throws the first thing that does not work. A password never gets into the text.
 */
export async function draftJob(request: DraftRequest): Promise<Draft> {
  const { answers, prompter, host, engine, output } = request;
  // A wrong flag is told before anything is asked.
  const given = answers.to === undefined ? undefined : await askDestination(answers, prompter);
  const source = await tryConnection(await askSource(answers, prompter), request);
  const services = await servicesOf(request);
  const object = await askObject(
    source,
    async () =>
      await source.module.discover(source.connection, services, undefined, host.signal, {
        most: MOST_CHOICES,
      }),
    answers,
    prompter,
  );
  const destination = given ?? (await askDestination(answers, prompter));
  const files = source.module.category === 'files';
  const configuration = await engine.configurationFromUrls({
    from: source.url,
    to: destination.url,
    ...(files ? { files: object } : { table: object }),
    loadType: 'catalog',
    cwd: host.cwd,
    environment: host.environment,
  });
  const drafted = onlyJob(configuration);
  const preview = await engine.previewJob(drafted, PREVIEW_ROWS, {
    ...services,
    secrets: engine.createSecrets(configuration, host.environment, request.redactor),
    baseFolder: configuration.baseFolder,
    listener: () => undefined,
    runStore: new MemoryRunStore(),
    thresholdRows: configuration.runners.thresholdRows,
    largeRunner: configuration.runners.large,
    runners: configuredRunners(configuration),
    signal: host.signal,
  });
  if (request.showRows)
    output.writeLines(renderPreview(object, preview, host.out.columns, output.outPalette));
  const load = await askLoad(source.module.category, preview.columns, answers, prompter);

  const suggested =
    drafted.destination.table.replace(/[^\p{L}\p{N}_-]+/gu, '_').replace(/^_+|_+$/g, '') || 'job';
  const jobName = answers.name ?? (await prompter.text('What is the job called?', '--name', suggested));
  const connectionName = nameOfConnection(source);
  const from = withoutSecrets(source.connection, source.module.secretFields, connectionName);
  const to = withoutSecrets(destination.config, destination.module.secretFields, DESTINATION_NAME);
  const folder = path.dirname(path.resolve(host.cwd, answers.file ?? 'beamlift.yaml'));
  const text = addJob(request.existing, {
    jobName,
    job: jobFields(files, object, load, suggested),
    connectionName,
    connection: {
      source_type: source.module.type,
      ...fromFolder(from.fields, source.module.pathFields ?? [], host.cwd, folder),
    },
    destinationName: DESTINATION_NAME,
    destination: {
      type: destination.module.type,
      ...fromFolder(to.fields, destination.module.pathFields, host.cwd, folder),
    },
  });
  return { text, jobName, secretVariables: [...from.variables, ...to.variables] };
}

/** Asks for a password where the login failed without one. Throws what is wrong with the connection. */
async function tryConnection(source: AskedSource, request: DraftRequest): Promise<AskedSource> {
  const { host, prompter, redactor } = request;
  const services = await servicesOf(request);
  const check = async (tried: AskedSource): Promise<CheckFinding | undefined> => {
    const findings = await tried.module.check(tried.connection, services, host.signal);
    return findings.find((finding) => !finding.ok);
  };
  let tried = source;
  let failed = await check(tried);
  if (failed?.step === 'login' && source.connection['password'] === undefined) {
    const password = await prompter.secret('Password', 'a password in --from (or PGPASSWORD, or ~/.pgpass)');
    redactor.remember(password);
    const url = new URL(source.url);
    url.password = encodeURIComponent(password);
    tried = { ...source, url: url.href, connection: { ...source.connection, password } };
    failed = await check(tried);
  }
  if (failed === undefined) return tried;
  throw new BeamliftError(failed.step === 'login' ? 'LOGIN_FAILED' : 'SOURCE_NOT_FOUND', {
    what: `The connection cannot be used: ${failed.step} failed`,
    why: failed.detail,
    ...(failed.hint === undefined ? {} : { hint: failed.hint }),
  });
}

async function servicesOf({
  host,
  engine,
  redactor,
  output,
}: DraftRequest): Promise<SourceServices & { signal: AbortSignal }> {
  const plain = { baseFolder: host.cwd, inlineSecrets: new Map<string, string>() };
  return {
    secrets: engine.createSecrets(plain, host.environment, redactor),
    environment: host.environment,
    log: await output.log(),
    baseFolder: host.cwd,
    signal: host.signal,
  };
}

function onlyJob(configuration: Configuration): JobSpec {
  const [job] = configuration.jobs;
  if (job === undefined || 'instantiate' in job)
    throw new BeamliftError('INTERNAL', { what: 'init drafted no job' });
  return job;
}

function nameOfConnection({ connection, module }: AskedSource): string {
  const { database, path: folder } = connection;
  const name =
    typeof database === 'string'
      ? database
      : typeof folder === 'string'
        ? path.basename(path.resolve(folder))
        : module.type;
  return name.replace(/[^\p{L}\p{N}_-]+/gu, '_') || module.type;
}

/** The fields as they may stand in a file: a secret that was typed becomes a reference to a variable. */
function withoutSecrets(
  typed: JsonObject,
  secretFields: readonly string[],
  name: string,
): { fields: JsonObject; variables: readonly string[] } {
  const variables: string[] = [];
  let fields = typed;
  for (const field of secretFields) {
    const value = fieldAt(typed, field);
    if (typeof value !== 'string' || hasSecretReference(value) || value === NO_CREDENTIALS) continue;
    const variable = `${name}_${field}`.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
    variables.push(variable);
    fields = withFieldAt(fields, field, `\${env:${variable}}`);
  }
  return { fields, variables };
}

/** Relative paths were typed in the working folder, and are read from the file's. */
function fromFolder(
  fields: JsonObject,
  pathFields: readonly string[],
  cwd: string,
  folder: string,
): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).map(([field, value]) => {
      const moved =
        pathFields.includes(field) && typeof value === 'string' && !path.isAbsolute(value) && folder !== cwd;
      return [field, moved ? path.relative(folder, path.resolve(cwd, value)) : value];
    }),
  );
}

function jobFields(files: boolean, object: string, load: LoadAnswers, table: string): JsonObject {
  return {
    ...(files ? { file_pattern: object } : { source_table_name: object }),
    load_type: load.loadType,
    ...(load.timestampColumn === undefined ? {} : { timestamp_column: load.timestampColumn }),
    ...(load.keyColumns.length === 0 ? {} : { key_columns: [...load.keyColumns] }),
    ...(load.selectedColumns.length === 0 ? {} : { selected_columns: [...load.selectedColumns] }),
    dest_table_name: table,
    create_table: true,
  };
}
