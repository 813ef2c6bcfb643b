import type { LimitName } from './limits';

/** What must hold of a path. */
export type Bound =
  /** CPU without start-up, beside a limit's. */
  | { readonly of: 'cpu'; readonly limit: LimitName; readonly atMost: number }
  /** Time from the start of the first unit to the end of the last, without that of start-up, beside a limit's. */
  | { readonly of: 'time'; readonly limit: LimitName; readonly atMost: number }
  /** Peak memory in megabytes. */
  | { readonly of: 'memory'; readonly atMost: number };

/** A way that rows take, and what it is compared with. */
export interface Path {
  readonly name: string;
  readonly title: string;
  /** The job of all rows, and one of a few, whose run is the start-up. */
  readonly job: string;
  readonly few: string;
  readonly concurrency: number;
  /** What is shown beside it; a bound names one of them. */
  readonly limits: readonly LimitName[];
  readonly bounds: readonly Bound[];
}

/** Of paths that stage files, with one thread. In megabytes. */
const STAGING_MEMORY = 200;
/** More for each further thread. In megabytes. */
const THREAD_MEMORY = 60;
/** With DuckDB, which commits in this process. In megabytes. */
const DUCKDB_MEMORY = 350;

export const PATHS: readonly Path[] = [
  {
    ...staging('postgres', 'PostgreSQL to staged Avro'),
    limits: ['copy-binary', 'duckdb-scanner'],
    bounds: [
      { of: 'cpu', limit: 'copy-binary', atMost: 5 },
      { of: 'cpu', limit: 'duckdb-scanner', atMost: 0.8 },
      { of: 'memory', atMost: STAGING_MEMORY },
    ],
  },
  {
    ...staging('postgres', 'PostgreSQL to staged Avro, 2 threads'),
    name: 'postgres-2',
    job: 'postgres_cut',
    few: 'few_postgres_cut',
    concurrency: 2,
    limits: ['copy-binary'],
    bounds: [
      { of: 'time', limit: 'copy-binary', atMost: 1.3 },
      { of: 'memory', atMost: STAGING_MEMORY + THREAD_MEMORY },
    ],
  },
  {
    ...staging('mysql', 'MySQL to staged Avro'),
    limits: ['mysql-packets'],
    bounds: [
      { of: 'cpu', limit: 'mysql-packets', atMost: 4 },
      { of: 'memory', atMost: STAGING_MEMORY },
    ],
  },
  {
    ...staging('csv', 'CSV to staged Avro'),
    limits: ['duckdb-csv', 'copy-csv'],
    bounds: [
      { of: 'cpu', limit: 'duckdb-csv', atMost: 1 },
      { of: 'memory', atMost: STAGING_MEMORY },
    ],
  },
  {
    ...staging('jsonl', 'JSON lines to staged Avro'),
    limits: ['duckdb-json', 'copy-jsonl'],
    bounds: [{ of: 'memory', atMost: STAGING_MEMORY }],
  },
  {
    ...staging('parquet', 'Parquet to staged Avro'),
    limits: ['parquet-decoded', 'parquet-pages', 'copy-parquet'],
    bounds: [
      { of: 'cpu', limit: 'parquet-decoded', atMost: 1.5 },
      { of: 'memory', atMost: STAGING_MEMORY },
    ],
  },
  {
    ...staging('postgres_duckdb', 'PostgreSQL to DuckDB'),
    name: 'postgres-duckdb',
    limits: ['duckdb-insert'],
    bounds: [
      { of: 'cpu', limit: 'duckdb-insert', atMost: 1.6 },
      { of: 'memory', atMost: DUCKDB_MEMORY },
    ],
  },
];

function staging(job: string, title: string) {
  return { name: job, title, job, few: `few_${job}`, concurrency: 1 };
}

/** Those with the names, in order; all where there are none. Throws for a name that is none of theirs. */
export function pathsNamed(names: readonly string[]): readonly Path[] {
  const unknown = names.filter((name) => !PATHS.some((path) => path.name === name));
  if (unknown.length > 0)
    throw new Error(
      `There is no path ${unknown.join(', ')}: they are ${PATHS.map(({ name }) => name).join(', ')}`,
    );
  return names.length === 0 ? PATHS : PATHS.filter(({ name }) => names.includes(name));
}
