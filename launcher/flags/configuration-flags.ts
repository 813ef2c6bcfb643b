import { Option, type Command } from 'commander';
import { BeamliftError } from '../../core/errors';
import type { ConfigurationRequest, Engine, UrlJob } from '../engine';
import type { Configuration } from '../config/job-spec';
import type { Host } from '../host';
import { nameList, nonEmpty } from './flag-values';

/** Where a command's configuration comes from. */
export interface FileFlag {
  readonly file?: string;
}

/** A job without a file. */
export interface UrlFlags {
  readonly from?: string;
  readonly to?: string;
  readonly table?: string;
  readonly query?: string;
  readonly files?: string;
  readonly destTable?: string;
  readonly loadType?: string;
  readonly timestampColumn?: string;
  readonly keyColumns?: string[];
  readonly createTable?: boolean;
}

export function addFileFlag(command: Command): Command {
  return command
    .optionsGroup('Configuration:')
    .option(
      '-f, --file <path>',
      'the configuration (without it: $BEAMLIFT_CONFIG, then ./beamlift.yaml)',
      nonEmpty,
    );
}

/** Load types and their aliases, as a job may write them. */
const LOAD_TYPES = ['transactional', 'append', 'catalog', 'replace', 'merge'] as const;

export function addUrlFlags(command: Command): Command {
  return command
    .optionsGroup('One job without a configuration:')
    .option('--from <url>', 'the source: postgresql://user@host/database, or a folder or file', nonEmpty)
    .option('--table <name>', 'the table or view to read, as in public.orders', nonEmpty)
    .option('--query <sql>', 'or a query, one SELECT', nonEmpty)
    .option('--files <pattern>', 'or files, as in "sales/**/*.csv"', nonEmpty)
    .option(
      '--to <url>',
      'the destination: duckdb:warehouse.duckdb, or bigquery://project/dataset?staging=gs://…',
      nonEmpty,
    )
    .option('--dest-table <name>', 'the table to load (without it: named after the source)', nonEmpty)
    .addOption(
      new Option('--load-type <type>', 'how rows get in: append, replace, or merge by --key-columns').choices(
        LOAD_TYPES,
      ),
    )
    .option('--timestamp-column <name>', 'read only what is new, by this column', nonEmpty)
    .option('--key-columns <names>', 'key of a merge, with commas between the names', nameList)
    .option('--create-table', 'create the table where it is missing')
    .option('--no-create-table', 'the table must exist');
}

/** The flags of `UrlFlags` that mean nothing without `--from`, and how they are written. */
const URL_ONLY = {
  table: '--table',
  query: '--query',
  files: '--files',
  to: '--to',
  destTable: '--dest-table',
  loadType: '--load-type',
  timestampColumn: '--timestamp-column',
  keyColumns: '--key-columns',
  createTable: '--create-table',
} as const satisfies Partial<Record<keyof UrlFlags, string>>;

/**
 * The configuration that the flags ask for: the file's, or one made of `--from` and `--to`.
 * `stored`: how connections of the run store are found. Throws USAGE for flags that contradict each other, and what reading the configuration throws.
 */
export async function selectConfiguration(
  flags: FileFlag & UrlFlags,
  jobs: readonly string[],
  host: Host,
  engine: Engine,
  stored: Pick<ConfigurationRequest, 'findStored' | 'alsoConnections'> = {},
): Promise<Configuration> {
  const { cwd, environment } = host;
  const { file, from } = flags;
  if (from === undefined) {
    refuseUrlFlags(flags);
    return await engine.loadConfiguration({
      cwd,
      environment,
      ...stored,
      ...(file === undefined ? {} : { file }),
    });
  }
  return await engine.configurationFromUrls({ ...toUrlJob(flags, from, jobs), cwd, environment });
}

function refuseUrlFlags(flags: UrlFlags): void {
  for (const [name, spelling] of Object.entries(URL_ONLY)) {
    if (flags[name as keyof typeof URL_ONLY] === undefined) continue;
    throw new BeamliftError('USAGE', {
      what: `${spelling} describes a job without a configuration, and needs --from`,
      hint: 'Add --from URL and --to URL, or leave it out to run the jobs of the configuration.',
    });
  }
}

function toUrlJob(
  flags: FileFlag & UrlFlags,
  from: string,
  jobs: readonly string[],
): Omit<UrlJob, 'cwd' | 'environment'> {
  if (flags.file !== undefined) {
    throw new BeamliftError('USAGE', {
      what: '--from and --file contradict each other',
      hint: 'Either --from and --to describe one job, or the file has the jobs.',
    });
  }
  const [job] = jobs;
  if (job !== undefined) {
    throw new BeamliftError('USAGE', {
      what: `--from describes the job to run, so "${job}" cannot be named too`,
      hint: 'Leave the name out, or leave --from out to run a job of the configuration.',
    });
  }
  const { to } = flags;
  if (to === undefined) {
    throw new BeamliftError('USAGE', {
      what: '--from needs --to: where shall the rows go?',
      hint: 'For example: --to duckdb:warehouse.duckdb',
    });
  }
  const objects = [flags.table, flags.query, flags.files].filter((object) => object !== undefined);
  if (objects.length > 1) {
    throw new BeamliftError('USAGE', {
      what: '--table, --query and --files contradict each other',
      hint: 'Give one of them.',
    });
  }
  const { table, query, files, destTable, loadType, timestampColumn, keyColumns, createTable } = flags;
  const optional = { table, query, files, destTable, loadType, timestampColumn, keyColumns, createTable };
  return { from, to, ...definedOnly(optional) };
}

type Defined<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** Without the fields that are undefined. */
function definedOnly<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Defined<Fields>;
}
