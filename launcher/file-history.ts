import type { BeamliftError } from '../core/errors';
import { filesOfUnit } from '../core/files-of-unit';
import type { FileFailure } from '../core/manifest';
import type { Plan } from '../core/plan';
import type { FileOutcome, KnownFile } from '../pipelines/file-outcomes';
import type { FileRecord } from './runs/file-record';

/** Whose history it is. */
export type FileHistoryOwner = Pick<FileRecord, 'run_id' | 'job' | 'started_at'>;

/** Failed files that a report names; the run store has all of them. */
export const MAX_REPORTED_FILES = 1_000;

/** Files and columns that a notice names. */
const TOLD_FILES = 5;
const TOLD_COLUMNS = 8;

/** A file that was left out, as reports name it. */
export interface FailedFile {
  readonly file: string;
  readonly code: string;
  readonly what: string;
  readonly why?: string;
}

/** Columns of a file that the plan did not know. */
export interface FileColumns {
  readonly file: string;
  readonly columns: Readonly<Record<string, number>>;
}

/** Records of the files of a run that published. A run with a limit has loaded no file whole, so it has none. */
export function recordsOfLoaded(
  owner: FileHistoryOwner,
  plan: Pick<Plan, 'context'>,
  outcomes: readonly FileOutcome[],
): FileRecord[] {
  if (plan.context.limit !== null) return [];
  return outcomes.map(({ file, rowsExtracted, rowsRejected, failure }) =>
    failure === undefined
      ? {
          ...recordOf(owner, file),
          status: 'loaded',
          rows_extracted: rowsExtracted,
          rows_loaded: rowsExtracted - rowsRejected,
          rows_rejected: rowsRejected,
        }
      : failedRecord(owner, file, failure),
  );
}

/** Records of the file that a run failed on, if it was one, and of those that it had left out before. */
export function recordsOfFailure(
  owner: FileHistoryOwner,
  files: readonly KnownFile[],
  outcomes: readonly FileOutcome[],
  { code, what, why, where }: BeamliftError,
): FileRecord[] {
  const leftOut = outcomes.flatMap(({ file, failure }) =>
    failure === undefined ? [] : [failedRecord(owner, file, failure)],
  );
  if (leftOut.some(({ uri }) => uri === where.object)) return leftOut;
  const file = files.find(({ uri }) => uri === where.object);
  if (file === undefined) return leftOut;
  return [...leftOut, failedRecord(owner, file, { code, what, ...(why === undefined ? {} : { why }) })];
}

/** All files of a plan, whole. */
export function filesOfPlan({ units }: Pick<Plan, 'units'>): KnownFile[] {
  return units.flatMap(filesOfUnit);
}

/** Files that were left out, for a report. */
export function failedOf(outcomes: readonly FileOutcome[]): FailedFile[] {
  return outcomes.flatMap(({ file, failure }) => {
    if (failure === undefined) return [];
    const { code, what, why } = failure;
    return [{ file: file.uri, code, what, ...(why === undefined ? {} : { why }) }];
  });
}

/** Files with columns that the plan did not know, for a report. */
export function unknownOf(outcomes: readonly FileOutcome[]): FileColumns[] {
  return outcomes.flatMap(({ file, unknownColumns }) => {
    if (unknownColumns.size === 0) return [];
    const columns = Object.create(null) as Record<string, number>;
    for (const [name, values] of unknownColumns) columns[name] = values;
    return [{ file: file.uri, columns }];
  });
}

/** Sentences about them: the first files, and how many more there are. */
export function unknownNotices(unknown: readonly FileColumns[]): string[] {
  const notices = unknown.slice(0, TOLD_FILES).map(({ file, columns }) => {
    const names = Object.keys(columns);
    const more = names.length > TOLD_COLUMNS ? `, … (${names.length} columns)` : '';
    return `${file} has ${names.slice(0, TOLD_COLUMNS).join(', ')}${more}, which no file had that the schema was taken from: not loaded.`;
  });
  const more = unknown.length - notices.length;
  if (more > 0)
    notices.push(
      `So ${more === 1 ? 'has 1 more file' : `have ${more} more files`}: see unknown_columns of the report.`,
    );
  return notices;
}

function failedRecord(
  owner: FileHistoryOwner,
  file: KnownFile,
  { code, what, why }: FileFailure,
): FileRecord {
  const message = [what, why].filter(Boolean).join(': ');
  return { ...recordOf(owner, file), error_code: code, error_message: message };
}

function recordOf(
  { run_id, job, started_at }: FileHistoryOwner,
  { uri, version, bytes, lastModified }: KnownFile,
): FileRecord {
  return {
    run_id,
    job,
    started_at,
    uri,
    version,
    size: bytes,
    last_modified: lastModified ?? null,
    status: 'failed',
    rows_extracted: null,
    rows_loaded: null,
    rows_rejected: null,
    error_code: null,
    error_message: null,
  };
}
