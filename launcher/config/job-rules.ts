import { readBound } from '../../core/bound-text';
import { BeamliftError } from '../../core/errors';
import { compilePattern } from '../../extractors/files/glob';
import { optionProblems } from '../../extractors/formats/format-options';
import { type Path, type ProblemList, quoted } from './configuration-problem';
import { type FileFormat, formatOfPattern } from './file-format';
import { type JobKey, type JobKeys, OBJECT_KEYS } from './job-schema';
import { canonicalLoadType, type Category, whyUnused } from './merge-defaults';
import { nearKey } from './schema-problems';
import { parseTableName } from './table-name';

/** A job whose keys are checked one by one, to be checked as a whole. */
export interface JobDraft {
  readonly name: string;
  readonly path: Path;
  /** Defaults and the job's own keys. Keys with problems are left out. */
  readonly keys: JobKeys;
  /** Keys that the job has itself. */
  readonly own: ReadonlySet<string>;
  /** Keys with problems of their own, here or in the defaults; also those that a mistyped key seems to mean. */
  readonly broken: ReadonlySet<string>;
  /** Of its connection; undefined: not known, because the connection has problems. */
  readonly category: Category | undefined;
}

/** Checks what belongs together. Whatever concerns a broken key is left for the next time. */
export function checkJob(draft: JobDraft, problems: ProblemList, warnings: string[]): void {
  const report = (key: JobKey, text: string, member?: string): void => {
    const place =
      draft.own.has(key) || draft.keys[key] === undefined ? [...draft.path, key] : ['defaults', key];
    problems.add(member === undefined ? place : [...place, member], text);
  };
  checkUnused(draft, report, warnings);
  checkObject(draft, report);
  checkLoad(draft, report);
  checkFiles(draft, report);
  checkTable(draft, report);
  checkTimes(draft, report);
  checkColumns(draft, report);
}

/** `member`: of a key that is a mapping. */
type Report = (key: JobKey, text: string, member?: string) => void;

function checkUnused(
  { keys, own, broken, category, name }: JobDraft,
  report: Report,
  warnings: string[],
): void {
  for (const key of Object.keys(keys) as JobKey[]) {
    if (!own.has(key) || keys[key] === undefined || broken.has('load_type')) continue;
    if (key === 'last_sync_value' && (keys[key] === '' || keys[key] === null)) continue;
    const why =
      broken.has('timestamp_column') && category !== 'files' ? undefined : whyUnused(key, keys, category);
    if (why !== undefined) report(key, why);
  }
  if (
    own.has('timestamp_column') &&
    category !== 'files' &&
    canonicalLoadType(keys.load_type) === 'catalog'
  ) {
    warnings.push(`jobs.${name}.timestamp_column is not used: a catalog load reads everything`);
  }
}

function checkObject({ keys, own, broken, category }: JobDraft, report: Report): void {
  const given = OBJECT_KEYS.filter((key) => keys[key] !== undefined);
  const [first, second] = given;
  if (first !== undefined && second !== undefined) {
    report(own.has(second) ? second : first, `a job has one of ${given.join(', ')}`);
  }
  if (first !== undefined || category === undefined || OBJECT_KEYS.some((key) => broken.has(key))) return;
  if (category === 'files') report('file_pattern', 'is needed: which files to read, as in sales/**/*.csv');
  else report('source_table_name', 'is needed: the table to read; or query, or source_tables');
}

function checkLoad({ keys, broken, category }: JobDraft, report: Report): void {
  if (broken.has('load_type')) return;
  const loadType = canonicalLoadType(keys.load_type);
  if (loadType === undefined) {
    report(
      'load_type',
      'is needed: transactional (adds what is new), catalog (replaces the table) or merge (by key_columns)',
    );
  }
  const cursorless = keys.timestamp_column === undefined && !broken.has('timestamp_column');
  if (loadType === 'transactional' && category === 'database' && cursorless) {
    report('timestamp_column', 'is needed for a transactional load: the column that says which rows are new');
  }
  if (loadType === 'merge' && keys.key_columns === undefined && !broken.has('key_columns')) {
    report('key_columns', 'is needed for a merge load: the columns that identify a row, as in [id]');
  }
}

function checkFiles({ keys, own, broken, category }: JobDraft, report: Report): void {
  const { file_pattern: pattern } = keys;
  if (category !== 'files') return;
  const by = keys.split?.by;
  // In `defaults` it is meant for the jobs of databases.
  if (own.has('split') && by !== undefined && by !== 'auto' && by !== 'none') {
    report('split', `${by} is for databases; large files are cut by auto, or not at all (none)`, 'by');
  }
  if (pattern === undefined) return;
  try {
    compilePattern(pattern);
  } catch (error) {
    report('file_pattern', problemOf(error));
  }
  const format = formatOf(keys);
  if (format === undefined && !broken.has('file_format')) {
    report(
      'file_format',
      'is needed: the ending of file_pattern does not say it; write csv, json, jsonl or parquet',
    );
  }
  if (keys.file_format_options === undefined || format === undefined) return;
  for (const { option, text } of optionProblems(format, keys.file_format_options)) {
    report('file_format_options', text, option);
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof BeamliftError)) throw error;
  return [error.what, error.why, error.hint].filter((text) => text !== undefined).join(' ');
}

/** The format of the files of a job: what it says, or what the ending of its pattern says. */
export function formatOf(keys: JobKeys): FileFormat | undefined {
  return keys.file_format ?? formatOfPattern(keys.file_pattern ?? '')?.format;
}

function checkTable({ keys }: JobDraft, report: Report): void {
  const { source_table_name: source, dest_table_name: table, source_tables: patterns } = keys;
  if (source !== undefined && parseTableName(source) === undefined) {
    report(
      'source_table_name',
      'is not table or schema.table; a name with dots, spaces in front or quotes is written as in SQL: public."a.b"',
    );
  }
  if (table === undefined) return;
  if (patterns !== undefined && !table.includes('{table}')) {
    report('dest_table_name', 'must hold {table}: with source_tables, each table needs its own');
  }
  if (patterns === undefined && source === undefined && /\{(?:table|schema)\}/.test(table)) {
    report(
      'dest_table_name',
      '{table} and {schema} stand for the names of a source table, and this job has none',
    );
  }
  if (table.includes('.')) {
    report('dest_table_name', 'is the name of the table alone; the schema or dataset is written as dataset');
  }
}

function checkTimes({ keys }: JobDraft, report: Report): void {
  const { timezone, historical_start_date: start } = keys;
  if (timezone !== undefined && !isTimezone(timezone)) {
    const near = nearKey(timezone, Intl.supportedValuesOf('timeZone'));
    report(
      'timezone',
      `there is no zone ${quoted(timezone)}; ${near === undefined ? 'write an IANA name, as in Europe/Warsaw or UTC' : `did you mean ${near}?`}`,
    );
  }
  if (typeof start === 'string' && start !== '' && !isDateOrNumber(start)) {
    report(
      'historical_start_date',
      'expected a date (2024-01-31), a date and time (2024-01-31T06:00:00), or a number',
    );
  }
  if (keys.timeout === 0) report('timeout', 'must be more than 0; without a limit, remove it');
}

function isTimezone(name: string): boolean {
  // Node 22 takes offsets such as +02:00, older versions do not.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isDateOrNumber(text: string): boolean {
  return /^-?\d+(?:\.\d+)?$/.test(text) || readBound(text) !== undefined;
}

function checkColumns({ keys }: JobDraft, report: Report): void {
  for (const key of ['selected_columns', 'key_columns'] as const) {
    const columns = keys[key] ?? [];
    const twice = columns.find((column, index) => columns.indexOf(column) !== index);
    if (twice !== undefined) report(key, `names the column ${quoted(twice)} twice`);
  }
}
