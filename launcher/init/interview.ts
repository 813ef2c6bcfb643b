import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { DiscoveredObject, SourceModule } from '../../core/extractor';
import type { DestinationModule } from '../../core/loader';
import type { JsonObject, PlannedColumn } from '../../core/plan';
import { SOURCES } from '../../extractors';
import { DESTINATIONS } from '../../loaders';
import type { Choice, Prompter } from './prompter';

/** The flags of init: answers given beforehand. */
export interface InitAnswers {
  readonly from?: string;
  readonly table?: string;
  readonly files?: string;
  readonly to?: string;
  readonly loadType?: LoadType;
  readonly timestampColumn?: string;
  readonly keyColumns?: readonly string[];
  readonly columns?: readonly string[];
  readonly name?: string;
}

export type LoadType = 'transactional' | 'catalog' | 'merge';

const LOAD_TYPES: readonly Choice<LoadType>[] = [
  {
    value: 'catalog',
    label: 'catalog: replace the whole table each time',
    says: 'For tables that fit into one load, and files.',
  },
  {
    value: 'transactional',
    label: 'transactional: append what is new each time',
    says: 'For rows that are added and never changed.',
  },
  {
    value: 'merge',
    label: 'merge: update and insert by key',
    says: 'For rows that change; needs key columns.',
  },
];

/** A source as a URL names it. */
export interface AskedSource {
  readonly url: string;
  readonly module: SourceModule;
  readonly connection: JsonObject;
  /** What the URL says about the files. */
  readonly pattern: string | undefined;
}

/** The source of `--from`, or of the answer. Throws USAGE for a URL that no source knows. */
export async function askSource(answers: InitAnswers, prompter: Prompter): Promise<AskedSource> {
  const examples = 'postgresql://user@host/database, or a folder with files';
  const given =
    answers.from ?? (await prompter.text(`Where are the rows? (${examples})`, '--from', undefined));
  // Asked for a folder, people type its name: `data`.
  const url = /^[^:/\\]+$/.test(given) ? `./${given}` : given;
  for (const module of SOURCES as readonly SourceModule[]) {
    const parsed = module.parseUrl(url);
    if (parsed !== undefined) {
      return { url, module, connection: parsed.connection, pattern: parsed.object?.pattern };
    }
  }
  throw new BeamliftError('USAGE', {
    what: `"${url}" is not a source that beamlift knows`,
    hint: `Write ${examples}.`,
  });
}

/** A destination as a URL names it. */
export interface AskedDestination {
  readonly url: string;
  readonly module: DestinationModule;
  readonly config: JsonObject;
}

const BIGQUERY = 'bigquery://project/dataset?staging=gs://bucket/prefix';

/** The destination of `--to`, or of the answer. Throws USAGE for a URL that no destination knows. */
export async function askDestination(answers: InitAnswers, prompter: Prompter): Promise<AskedDestination> {
  const suggestion = 'duckdb:warehouse.duckdb';
  const url =
    answers.to ?? (await prompter.text(`Where shall they go? (a file, or ${BIGQUERY})`, '--to', suggestion));
  for (const module of DESTINATIONS as readonly DestinationModule[]) {
    const config = module.parseUrl(url);
    if (config !== undefined) return { url, module, config };
  }
  throw new BeamliftError('USAGE', {
    what: `"${url}" is not a destination that beamlift knows`,
    hint: `For example: ${suggestion}, or ${BIGQUERY}`,
  });
}

/** The table or file pattern to load, chosen from what the connection has. */
export async function askObject(
  { module, pattern }: AskedSource,
  discover: () => Promise<readonly DiscoveredObject[]>,
  answers: InitAnswers,
  prompter: Prompter,
): Promise<string> {
  const files = module.category === 'files';
  const given = files ? (answers.files ?? pattern) : answers.table;
  if (given !== undefined) return given;
  const objects = await discover();
  if (objects.length === 0) {
    throw new BeamliftError('SOURCE_EMPTY', {
      what: files ? 'There are no files to load' : 'There are no tables that this user may read',
    });
  }
  const choices = objects.map(({ name, kind, rows, bytes }) => ({
    value: name,
    label: `${name}  (${describeSize(kind, rows, bytes)})`,
  }));
  return files
    ? await prompter.choose(
        'Which file? (a pattern like sales/**/*.csv can be written into the file later)',
        '--files',
        choices,
      )
    : await prompter.choose('Which table?', '--table', choices);
}

function describeSize(kind: string, rows: number | null, bytes: number | null): string {
  const count = rows === null ? undefined : `about ${formatCounted(rows, 'row')}`;
  const size = bytes === null ? undefined : `${Math.ceil(bytes / 1000).toLocaleString('en-US')} kB`;
  return [kind, count ?? size].filter(Boolean).join(', ');
}

export interface LoadAnswers {
  readonly loadType: LoadType;
  readonly timestampColumn: string | undefined;
  readonly keyColumns: readonly string[];
  /** Empty: all. */
  readonly selectedColumns: readonly string[];
}

/** How to load, asked with the source's columns known. */
export async function askLoad(
  category: SourceModule['category'],
  columns: readonly PlannedColumn[],
  answers: InitAnswers,
  prompter: Prompter,
): Promise<LoadAnswers> {
  const names = columns.map((column) => column.source);
  refuseUnknown('--columns', answers.columns, names);
  refuseUnknown('--timestamp-column', answers.timestampColumn, names);
  refuseUnknown('--key-columns', answers.keyColumns, names);
  const chosen = answers.columns ?? (await prompter.chooseMany('Which columns?', '--columns', names));
  const selectedColumns = chosen.length === names.length ? [] : chosen;
  const loadType =
    answers.loadType ?? (await prompter.choose('How shall they be loaded?', '--load-type', LOAD_TYPES));
  const timestampColumn =
    loadType === 'transactional' && category === 'database'
      ? (answers.timestampColumn ?? (await askTimestampColumn(columns, prompter)))
      : answers.timestampColumn;
  const keyColumns =
    loadType === 'merge'
      ? (answers.keyColumns ??
        (
          await prompter.text(
            'Which columns are the key? (with commas between them)',
            '--key-columns',
            undefined,
          )
        )
          .split(',')
          .map((name) => name.trim()))
      : (answers.keyColumns ?? []);
  return { loadType, timestampColumn, keyColumns, selectedColumns };
}

function refuseUnknown(
  flag: string,
  given: string | readonly string[] | undefined,
  names: readonly string[],
): void {
  const unknown = [given ?? []].flat().find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new BeamliftError('COLUMN_NOT_FOUND', {
    what: `${flag}: "${unknown}" is not a column of the source`,
    hint: `The source has: ${names.join(', ')}.`,
  });
}

const CURSOR_KINDS: readonly string[] = ['timestamp', 'datetime', 'date', 'int'];

async function askTimestampColumn(columns: readonly PlannedColumn[], prompter: Prompter): Promise<string> {
  const candidates = columns
    .filter((column) => CURSOR_KINDS.includes(column.sourceType.kind))
    .sort((a, b) => CURSOR_KINDS.indexOf(a.sourceType.kind) - CURSOR_KINDS.indexOf(b.sourceType.kind));
  if (candidates.length === 0) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: 'No column of the table can tell which rows are new',
      why: 'A transactional load needs a date, a timestamp or a number that grows.',
      hint: 'Use --load-type catalog.',
    });
  }
  const choices = candidates.map((column) => ({
    value: column.source,
    label: `${column.source}  (${column.sourceType.kind})`,
  }));
  return await prompter.choose('Which column says when a row was added?', '--timestamp-column', choices);
}
