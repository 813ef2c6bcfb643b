import { formatCount } from '../../core/counted';
import type { FileRecord } from '../runs/file-record';
import type { Palette } from './palette';
import { printableLine } from './printable';
import { formatBytes, formatInstant } from './quantities';
import { renderTable } from './table';

const MAX_NAME_WIDTH = 60;

/** A line for each file, and one below it for why it failed. */
export function renderFiles(records: readonly FileRecord[], palette: Palette): string[] {
  const lines = renderTable(
    [
      { title: 'file', maxWidth: MAX_NAME_WIDTH },
      {
        title: 'status',
        paint: (cell, row) => (records[row]?.status === 'failed' ? palette.bad(cell) : cell),
      },
      { title: 'rows', align: 'right' },
      { title: 'rejected', align: 'right' },
      { title: 'size', align: 'right' },
      { title: 'modified (UTC)' },
      { title: 'job', maxWidth: MAX_NAME_WIDTH },
      { title: 'run' },
    ],
    records.map((record) => [
      record.uri,
      record.status,
      record.rows_loaded === null ? '' : formatCount(record.rows_loaded),
      record.rows_rejected === null ? '' : formatCount(record.rows_rejected),
      formatBytes(record.size),
      modified(record.last_modified),
      record.job,
      record.run_id,
    ]),
    { paintTitle: palette.faint },
  );
  const [titles = '', ...rows] = lines;
  return [titles, ...rows.flatMap((line, index) => [line, ...reasonLines(records[index])])];
}

function reasonLines(record: FileRecord | undefined): string[] {
  if (record?.error_message === undefined || record.error_message === null) return [];
  return [`  ${record.error_code ?? 'error'}: ${printableLine(record.error_message)}`];
}

function modified(instant: string | null): string {
  return instant === null || Number.isNaN(Date.parse(instant)) ? '' : formatInstant(instant);
}

/** Files of a run that `runs show` shows; failed ones first. */
export const SHOWN_FILES = 10;

/**
 * The files of one run: the failed ones first, at most SHOWN_FILES, and the line that lists all. `files`: more than that where there are
 * more, failed ones first.
 */
export function renderFilesOfRun(files: readonly FileRecord[], line: string, palette: Palette): string[] {
  if (files.length === 0) return [];
  const more = files.length > SHOWN_FILES ? [`  … and more: ${line}`] : [];
  return ['', ...renderFiles(files.slice(0, SHOWN_FILES), palette), ...more];
}
