/** A row of the tables of this suite. */
export interface CrashRow {
  readonly id: number;
  readonly name: string;
}

/** A way of loading, with a table before it and the table that has to be there after it. */
export interface LoadCase {
  readonly name: string;
  readonly source: 'files' | 'postgres';
  /** Keys of the job, YAML in braces without them. */
  readonly keys: string;
  /** Keys of a second job, `other`, from the same files into the same table. */
  readonly otherJob?: string;
  /** Undefined: there is no table. */
  readonly before: readonly CrashRow[] | undefined;
  /** Files of the source by name: several, so that several units are staged. */
  readonly files: Readonly<Record<string, readonly CrashRow[]>>;
  readonly after: readonly CrashRow[];
  /** What a clean run has to do to its servers, at the least: a suite that breaks nothing would be green, too. */
  readonly effects: readonly string[];
}

const FIRST: CrashRow[] = [
  { id: 1, name: 'one' },
  { id: 2, name: 'two, "quoted"' },
  { id: 3, name: 'zażółć' },
];
const SECOND: CrashRow[] = [
  { id: 4, name: 'four' },
  { id: 5, name: 'five' },
];
const OLD: CrashRow[] = [
  { id: -1, name: 'old' },
  { id: 2, name: 'old two' },
];
const FILES = { 'a.csv': FIRST, 'b.csv': SECOND };
const PUBLISHED = [
  ...['lease', 'staging', 'committing', 'committed', 'release'].map((step) => `state.write ${step}`),
  ...['plan.write', 'part.upload', 'manifest.write', 'commit.write', 'tableLease.write'],
  ...['job.insert publish', 'commit.delete', 'part.delete', 'manifest.delete', 'plan.delete'],
];

export const LOAD_CASES: readonly LoadCase[] = [
  {
    name: 'append',
    source: 'files',
    keys: 'load_type: append',
    before: OLD,
    files: FILES,
    after: [...OLD, ...FIRST, ...SECOND],
    effects: PUBLISHED,
  },
  {
    name: 'merge',
    source: 'files',
    keys: 'load_type: merge, key_columns: [id]',
    before: OLD,
    files: FILES,
    after: [...OLD.filter(({ id }) => id === -1), ...FIRST, ...SECOND],
    effects: [...PUBLISHED, 'job.insert load-0', 'temporaryTable.delete'],
  },
  {
    name: 'replace',
    source: 'files',
    keys: 'load_type: replace',
    before: OLD,
    files: FILES,
    after: [...FIRST, ...SECOND],
    effects: PUBLISHED,
  },
  {
    name: 'replace, created',
    source: 'files',
    keys: 'load_type: replace, create_table: true',
    before: undefined,
    files: FILES,
    after: [...FIRST, ...SECOND],
    effects: PUBLISHED,
  },
];

/** Only in the full form: it has the most effects. */
export const STRICT_CASE: LoadCase = {
  name: 'append, strict',
  source: 'files',
  keys: 'load_type: append, verify: strict',
  before: OLD,
  files: FILES,
  after: [...OLD, ...FIRST, ...SECOND],
  effects: [...PUBLISHED, 'job.insert load-0', 'temporaryTable.delete'],
};

/** Up to a point in time, and not file by file. */
export const INCREMENTAL_CASE: LoadCase = {
  name: 'append, PostgreSQL',
  source: 'postgres',
  keys: 'load_type: append',
  before: OLD,
  files: { all: [...FIRST, ...SECOND] },
  after: [...OLD, ...FIRST, ...SECOND],
  effects: PUBLISHED,
};

/** A table as it is compared: rows in order, each a line. */
export function tableText(rows: readonly CrashRow[] | undefined): string {
  if (rows === undefined) return 'no table';
  return [...rows]
    .sort((a, b) => a.id - b.id || (a.name < b.name ? -1 : 1))
    .map(({ id, name }) => `${id} ${name}`)
    .join('\n');
}
