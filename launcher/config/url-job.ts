import type { Environment } from '../../core/extractor';
import type { ConfigurationProblem, ProblemList } from './configuration-problem';
import {
  type ConfigurationModules,
  connectionRole,
  destinationRole,
  type EndpointRole,
} from './endpoint-modules';
import { readUrl } from './endpoint-url';
import { formatOfPattern } from './file-format';
import type { JobKey } from './job-schema';
import { parseTableName } from './table-name';

/** A job that flags describe, without a file. */
export interface UrlJobInput {
  /** URL of the source, and of the destination. */
  readonly from: string;
  readonly to: string;
  readonly table?: string | undefined;
  readonly query?: string | undefined;
  readonly files?: string | undefined;
  /** `orders`, or `schema.orders`. */
  readonly destTable?: string | undefined;
  readonly loadType?: string | undefined;
  readonly timestampColumn?: string | undefined;
  readonly keyColumns?: readonly string[] | undefined;
  readonly createTable?: boolean | undefined;
  /** Relative paths are meant from here; absolute. */
  readonly cwd: string;
  readonly environment: Environment;
  readonly modules?: ConfigurationModules;
}

/** Names of the connection and the destination that URLs make. */
const SOURCE = 'from';
const DESTINATION = 'to';

/** For what looks like no URL at all. */
const EXAMPLES = {
  '--from': './data for a folder, postgresql://user@host/database for a database',
  '--to': 'duckdb:warehouse.duckdb',
} as const;

const FLAGS: Readonly<Partial<Record<JobKey, string>>> = {
  source_table_name: '--table',
  query: '--query',
  file_pattern: '--files',
  dest_table_name: '--dest-table',
  dataset: '--dest-table',
  load_type: '--load-type',
  timestamp_column: '--timestamp-column',
  key_columns: '--key-columns',
  create_table: '--create-table',
};

/**
 * The flags as the configuration that a file would hold: one job, called like its table. Without `loadType` it is merge where there are
 * key columns, transactional where there is a timestamp column, and catalog otherwise. Undefined: the URLs have problems.
 */
export function describeUrlJob(
  given: UrlJobInput,
  modules: ConfigurationModules,
  problems: ProblemList,
): Readonly<Record<string, unknown>> | undefined {
  const source = readFlag('--from', given.from, connectionRole(modules), given.environment, problems);
  const destination = readFlag('--to', given.to, destinationRole(modules), given.environment, problems);
  const isDatabase = modules.sources.some(
    ({ type, category }) => category === 'database' && type === source?.module.type,
  );
  const named = namedObject(given, source?.pattern, isDatabase ? 'table' : 'files', problems);
  const files = isDatabase ? given.files : named;
  const input = isDatabase ? { ...given, table: named } : given;
  if (files !== undefined && formatOfPattern(files) === undefined) {
    problems.add(
      ['--files'],
      'the ending says no format: name .csv, .tsv, .json, .jsonl or .parquet files (also with .gz or .zst), or write a configuration (`beamlift init`)',
    );
  }
  const table = destinationTable(input, files, problems);
  if (source === undefined || destination === undefined || table === undefined || problems.size > 0)
    return undefined;
  const job = withoutUndefined({
    connection: SOURCE,
    destination: DESTINATION,
    source_table_name: input.table,
    query: input.query,
    file_pattern: files,
    dataset: table.schema,
    // A table keeps its name, whatever characters it has.
    dest_table_name: input.destTable === undefined && input.table !== undefined ? undefined : table.name,
    load_type: input.loadType ?? loadTypeOf(input),
    timestamp_column: input.timestampColumn,
    key_columns: input.keyColumns,
    create_table: input.createTable,
  });
  return {
    connections: { [SOURCE]: { source_type: source.module.type, ...source.fields } },
    destinations: { [DESTINATION]: { type: destination.module.type, ...destination.fields } },
    jobs: { [jobName(table.name)]: job },
  };
}

/** Problems of a described job, at the flags where they come from. */
export function atFlags(problems: readonly ConfigurationProblem[]): ConfigurationProblem[] {
  return problems.map((problem) => {
    if (problem.path.startsWith(`connections.${SOURCE}`)) return { ...problem, path: '--from' };
    if (problem.path.startsWith(`destinations.${DESTINATION}`)) return { ...problem, path: '--to' };
    const key = /^jobs\..*\.([a-z_]+)(?:\[|$)/.exec(problem.path)?.[1];
    const flag = key === undefined ? undefined : FLAGS[key as JobKey];
    if (flag === undefined) return problem;
    const needsTable = flag === '--table' && problem.text.startsWith('is needed');
    return {
      ...problem,
      path: flag,
      text: needsTable ? 'is needed: the table or view to read; or --query' : problem.text,
    };
  });
}

function readFlag(
  flag: keyof typeof EXAMPLES,
  url: string,
  role: EndpointRole,
  environment: Environment,
  problems: ProblemList,
) {
  const reading = readUrl(url, role, environment);
  if (!('problem' in reading)) return reading;
  const example = /^[a-z][a-z0-9+.-]*:/i.test(url) || url.startsWith('${') ? '' : `; write ${EXAMPLES[flag]}`;
  problems.add([flag], `${reading.problem}${example}`);
  return undefined;
}

/** The files or the table, of which the URL of the source may speak or a flag, but not both. */
function namedObject(
  { files, table, query }: UrlJobInput,
  pattern: string | undefined,
  kind: 'files' | 'table',
  problems: ProblemList,
): string | undefined {
  if (pattern === undefined) return kind === 'files' ? files : table;
  for (const [flag, value] of [
    ['--files', files],
    ['--table', table],
    ['--query', query],
  ] as const) {
    if (value !== undefined)
      problems.add([flag], `the URL of --from says which ${kind}; leave one of them out`);
  }
  return pattern;
}

function loadTypeOf({ keyColumns, timestampColumn }: UrlJobInput): string {
  if (keyColumns !== undefined) return 'merge';
  return timestampColumn === undefined ? 'catalog' : 'transactional';
}

interface Table {
  readonly schema: string | undefined;
  readonly name: string;
}

function destinationTable(
  { destTable, table, query }: UrlJobInput,
  files: string | undefined,
  problems: ProblemList,
): Table | undefined {
  if (destTable !== undefined) {
    const named = parseTableName(destTable);
    if (named === undefined) problems.add(['--dest-table'], 'is not table or schema.table');
    return named;
  }
  if (table !== undefined) {
    const named = parseTableName(table);
    if (named === undefined)
      problems.add(['--table'], 'is not table or schema.table; other names are quoted as in SQL');
    return named && { schema: undefined, name: named.name };
  }
  if (query !== undefined) {
    problems.add(['--dest-table'], 'is needed with --query: the table to load into');
    return undefined;
  }
  return { schema: undefined, name: tableOfFiles(files ?? '') };
}

/** `data/sales_2025.csv.gz`: sales_2025; `sales/**\/*.csv`: sales. */
function tableOfFiles(pattern: string): string {
  const segments = pattern.split('/');
  const last = segments.findLast(
    (segment) => segment !== '' && segment !== '.' && !/[*?[\]{}]/.test(segment),
  );
  const name = (last ?? '').replace(/\.[a-z]+(?:\.(?:gz|zst))?$/i, '').replace(/[^\p{L}\p{N}_]+/gu, '_');
  return name === '' || name === '_' ? 'files' : name;
}

/** The table's name as the name of a job. */
function jobName(table: string): string {
  const name = table.replace(/[^\p{L}\p{N}_.-]+/gu, '_').slice(0, 100);
  return /^[.-]/.test(name) || name === '' ? `_${name.slice(1)}` : name;
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
