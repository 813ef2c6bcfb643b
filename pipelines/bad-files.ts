import { BeamliftError } from '../core/errors';
import { isFaultOfFile } from '../core/file-faults';
import { filesOfUnit } from '../core/files-of-unit';
import type { FileFailure, Manifest } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';

export interface BadFile {
  readonly uri: string;
  /** What is kept of the error. */
  readonly failure: FileFailure;
}

/** The file of the unit that an error is the fault of; undefined: of none of them. */
export function badFileOf(unit: WorkUnit, thrown: unknown): BadFile | undefined {
  if (!isFaultOfFile(thrown)) return undefined;
  const { code, what } = thrown;
  const file = filesOfUnit(unit).find(({ uri }) => uri === thrown.where.object);
  if (file === undefined) return undefined;
  const why = reasonOf(thrown);
  return { uri: file.uri, failure: { code, what, ...(why === '' ? {} : { why }) } };
}

/** With the place in the file: `line 12, column id "x": not a whole number`. */
function reasonOf({ where: { row, column, value }, why }: BeamliftError): string {
  const place = [
    row,
    column === undefined ? undefined : `column ${column}${value === undefined ? '' : ` "${value}"`}`,
  ];
  return [place.filter((part) => part !== undefined).join(', '), why].filter(Boolean).join(': ');
}

/** The unit without one of its files; undefined: it has no other. */
export function withoutFile(unit: WorkUnit, bad: string): WorkUnit | undefined {
  const [file, ...others] = filesOfUnit(unit).filter(({ uri }) => uri !== bad);
  if (file === undefined) return undefined;
  const { id, estimatedRows } = unit;
  const base = { id, ...(estimatedRows === undefined ? {} : { estimatedRows }) };
  return others.length === 0
    ? { ...base, kind: 'file', ...file }
    : { ...base, kind: 'files', files: [file, ...others] };
}

/** Files that were left out, and why, by the manifests of a run. */
export function failedFiles(manifests: readonly Manifest[]): Map<string, FileFailure> {
  const failed = new Map<string, FileFailure>();
  for (const { counts } of manifests) {
    for (const [uri, { failure }] of Object.entries(counts.files ?? {})) {
      if (failure !== undefined) failed.set(uri, failure);
    }
  }
  return failed;
}

/**
 * A run whose files all failed fails as the first of them where it would make a table, or replace one. One that adds to a table has
 * nothing to add.
 */
export function refuseNothingLeft(
  { job, createTable, disposition }: RunContext,
  units: readonly WorkUnit[],
  failed: ReadonlyMap<string, FileFailure>,
): void {
  if (!createTable && disposition !== 'replace') return;
  const files = units.flatMap(filesOfUnit);
  const [first] = files;
  const failure = first && failed.get(first.uri);
  if (failure === undefined || files.some(({ uri }) => !failed.has(uri))) return;
  throw new BeamliftError(failure.code, {
    what: failure.what,
    where: { job, object: first?.uri ?? '' },
    why: [failure.why, files.length > 1 ? `None of the ${files.length} files of this run can be loaded.` : '']
      .filter(Boolean)
      .join('. '),
    hint: '`on_bad_file: skip` leaves out a file that cannot be read where others can. Nothing was loaded.',
  });
}
