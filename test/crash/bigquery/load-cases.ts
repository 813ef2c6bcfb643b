import { createHash } from 'node:crypto';
import { SeededRandom } from '../seeded-random';

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
  /** Effects at which it is broken: what it does otherwise than the cases before it. Undefined: all of them. */
  readonly own?: readonly string[];
  /** The same for the bounded form of the suite. */
  readonly bounded?: readonly string[];
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

/** Around the moment in which rows become visible. */
const PUBLISHING = ['state.write committing', 'job.insert publish', 'state.write release'];

const CREATING = ['table.create', ...PUBLISHING];

const APPEND: LoadCase = {
  name: 'append',
  source: 'files',
  keys: 'load_type: append',
  before: OLD,
  files: FILES,
  after: [...OLD, ...FIRST, ...SECOND],
  effects: PUBLISHED,
};
const MERGE: LoadCase = {
  name: 'merge',
  source: 'files',
  keys: 'load_type: merge, key_columns: [id]',
  before: OLD,
  files: FILES,
  after: [...OLD.filter(({ id }) => id === -1), ...FIRST, ...SECOND],
  effects: [...PUBLISHED, 'job.insert load-0', 'temporaryTable.delete'],
};
/** Replacing rows differs from appending some in one key of one request; creating a table does in another one. */
const REPLACE: LoadCase = {
  name: 'replace',
  source: 'files',
  keys: 'load_type: replace',
  before: OLD,
  files: FILES,
  after: [...FIRST, ...SECOND],
  effects: PUBLISHED,
  bounded: PUBLISHING,
};
const CREATE: LoadCase = {
  ...REPLACE,
  name: 'replace, created',
  keys: 'load_type: replace, create_table: true',
  before: undefined,
};

/** What comes to it where a temporary table is filled and compared by a query before it is copied, or takes the place of the rows. */
const COMPARING = [
  ...['temporaryTable.create', 'job.insert load-0', 'job.insert proof-0', 'temporaryTable.delete'],
  'job.insert publish',
];

function strict(load: LoadCase): LoadCase {
  const name = `${load.name}, strict`;
  return { ...load, name, keys: `${load.keys}, verify: strict`, effects: [...load.effects, ...COMPARING] };
}

/** Rows that snappy leaves as long as they are: more than one request may bring, in two units. */
const LARGE_ROWS = largeRows(1000, 280);

/** A part that is uploaded in chunks. */
const LARGE: LoadCase = {
  ...APPEND,
  name: 'append, 11 MB',
  files: { 'a.csv': FIRST, 'b.csv': LARGE_ROWS },
  after: [...OLD, ...FIRST, ...LARGE_ROWS],
  effects: [...PUBLISHED, 'part.upload.start', 'part.upload.chunk'],
  own: ['part.upload.start', 'part.upload.chunk', 'job.insert publish'],
};

export const LOAD_CASES: readonly LoadCase[] = [
  APPEND,
  MERGE,
  REPLACE,
  CREATE,
  { ...strict(APPEND), bounded: COMPARING },
  { ...strict(MERGE), own: PUBLISHING },
  { ...strict(REPLACE), own: PUBLISHING },
  { ...strict(CREATE), own: CREATING, bounded: CREATING },
  LARGE,
];

/** Up to a point in time, and not file by file. */
export const INCREMENTAL_CASE: LoadCase = {
  name: 'append, PostgreSQL',
  source: 'postgres',
  keys: 'load_type: append',
  before: OLD,
  files: { all: [...FIRST, ...SECOND] },
  after: [...OLD, ...FIRST, ...SECOND],
  effects: PUBLISHED,
  bounded: ['state.write staging', 'manifest.write', ...PUBLISHING, 'state.write committed'],
};

function largeRows(firstId: number, count: number): CrashRow[] {
  const random = new SeededRandom(firstId);
  return Array.from({ length: count }, (_, index) => {
    const bytes = Buffer.alloc(30_000);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeInt32LE((random.next() * 2 ** 32) | 0, at);
    return { id: firstId + index, name: bytes.toString('base64') };
  });
}

/** Longer texts are compared by their hashes. */
const SHOWN_CHARACTERS = 100;

/** A table as it is compared: rows in order, each a line. */
export function tableText(rows: readonly CrashRow[] | undefined): string {
  if (rows === undefined) return 'no table';
  return [...rows]
    .sort((a, b) => a.id - b.id || (a.name < b.name ? -1 : 1))
    .map(({ id, name }) => `${id} ${name.length > SHOWN_CHARACTERS ? hashOf(name) : name}`)
    .join('\n');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
