import { formatCount } from '../../core/counted';
import { ERROR_CODES, type ErrorCode } from '../../core/error-codes';
import type { JsonObject, JsonValue } from '../../core/plan';
import type { PipelineView } from '../look-at-pipeline';
import { notedPipeline } from '../runs/noted-pipeline';
import type { RunRecord } from '../runs/run-store';
import { paintStatus, type Palette } from './palette';
import { printable, printableLine } from './printable';
import { formatBytes, formatDuration, formatInstant } from './quantities';
import { renderPairs, renderTable } from './table';

const MAX_JOB_WIDTH = 32;

type TellStatus = (record: RunRecord) => string;

/** A line for each run. */
export function renderRuns(
  records: readonly RunRecord[],
  tellStatus: TellStatus,
  palette: Palette,
): string[] {
  return renderTable(
    [
      { title: 'run' },
      { title: 'job', maxWidth: MAX_JOB_WIDTH },
      {
        title: 'status',
        paint: (cell, row) => paintStatus(palette, records[row]?.status ?? 'running', cell),
      },
      { title: 'started (UTC)' },
      { title: 'duration', align: 'right' },
      { title: 'rows', align: 'right' },
      { title: 'rejected', align: 'right' },
      { title: 'triggered by', maxWidth: MAX_JOB_WIDTH },
    ],
    records.map((record) => [
      record.id,
      record.job,
      tellStatus(record),
      formatInstant(record.started_at),
      record.duration_seconds === null ? '' : formatDuration(record.duration_seconds),
      record.rows_processed === null ? '' : formatCount(record.rows_processed),
      record.rows_rejected === null ? '' : formatCount(record.rows_rejected),
      record.triggered_by,
    ]),
    { paintTitle: palette.faint },
  );
}

/** All that is known of one run. Its report may be of another version: what is not there is not shown. */
export function renderRun(
  record: RunRecord,
  tellStatus: TellStatus,
  palette: Palette,
  pipeline?: PipelineView,
): string[] {
  const report = record.report ?? {};
  const count = (name: string): string | undefined => {
    const value = report[name];
    return typeof value === 'number' ? formatCount(value) : undefined;
  };
  const bytes = report['bytes_staged'];
  // Another process finished the run, and knows only what was published.
  const countsAreLost = report['rows_extracted'] === 0 && nonZero(count('rows_loaded')) !== undefined;
  const knownCount = (name: string): string | undefined => (countsAreLost ? undefined : count(name));
  const pairs: [string, string | undefined][] = [
    ['job', printableLine(record.job)],
    ['status', paintStatus(palette, record.status, tellStatus(record))],
    ['table', textOf(report['destination'])],
    ['load type', textOf(report['load_type'])],
    ['started', `${formatInstant(record.started_at)} UTC, by ${printableLine(record.triggered_by)}`],
    ['completed', record.completed_at === null ? undefined : `${formatInstant(record.completed_at)} UTC`],
    ['duration', record.duration_seconds === null ? undefined : formatDuration(record.duration_seconds)],
    ['runner', runnerOf(record, report)],
    ['pipeline', pipelineOf(record)],
    ...pipelineRows(pipeline),
    ['units', knownCount('work_units')],
    ['extracted', knownCount('rows_extracted')],
    ['filtered', nonZero(count('rows_filtered'))],
    ['rejected', knownCount('rows_rejected')],
    ['loaded', count('rows_loaded')],
    ['files', filesOf(report['files'])],
    ['published by', textOf(report['published_by'])],
    ['staged', typeof bytes === 'number' && !countsAreLost ? formatBytes(bytes) : undefined],
    ['watermark', record.watermark === null ? undefined : printableLine(record.watermark)],
    ['losses', joinLines(lossesOf(report['losses']))],
    ['reject files', joinLines(textsOf(report['reject_files']))],
    ['notes', joinLines(textsOf(report['notices']))],
  ];
  const known = pairs.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]));
  return [
    palette.strong(`Run ${record.id}`),
    ...renderPairs(known),
    ...renderRunError(record, report, palette),
  ];
}

function renderRunError(record: RunRecord, report: JsonObject, palette: Palette): string[] {
  const error = objectOf(report['error']);
  if (error === undefined) {
    return record.error_message === null
      ? []
      : ['', `${palette.bad('error')} ${printable(record.error_message)}`];
  }
  const code = textOf(error['code']) ?? 'INTERNAL';
  const place = Object.entries(objectOf(error['where']) ?? {})
    .map(([name, value]) => `${name} ${textOf(value) ?? ''}`)
    .join(', ');
  const meaning = isErrorCode(code) ? ERROR_CODES[code].explanation : undefined;
  const pairs: [string, string | undefined][] = [
    ['where', place === '' ? undefined : place],
    ['why', blockOf(error['why'])],
    ['hint', blockOf(error['hint'])],
    ['meaning', meaning],
  ];
  return [
    '',
    `${palette.bad('error')} ${code}: ${blockOf(error['what']) ?? ''}`,
    ...renderPairs(pairs.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]))),
  ];
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

function runnerOf(record: RunRecord, report: JsonObject): string | undefined {
  if (record.runner === null) return undefined;
  const reason = blockOf(report['runner_reason']);
  return reason === undefined ? record.runner : `${record.runner}: ${reason}`;
}

function pipelineOf(record: RunRecord): string | undefined {
  const pipeline = notedPipeline(record);
  if (pipeline === undefined) return undefined;
  return joinLines([pipeline.id, ...(pipeline.url === undefined ? [] : [pipeline.url])].map(printableLine));
}

/** What the runner says now. */
function pipelineRows(view: PipelineView | undefined): [string, string | undefined][] {
  if (view === undefined) return [];
  const count = (name: string): string | undefined => {
    const value = view.counters.get(name);
    return value === undefined ? undefined : formatCount(value);
  };
  return [
    ['its state', view.state === undefined ? undefined : printableLine(view.state)],
    ['its workers', view.workers === undefined ? undefined : formatCount(view.workers)],
    ['units done', count('units_done')],
    ['rows read', count('rows_read')],
    ['rows staged', count('rows_staged')],
  ];
}

function filesOf(files: JsonValue | undefined): string | undefined {
  const { loaded, failed } = objectOf(files) ?? {};
  if (typeof loaded !== 'number' || typeof failed !== 'number') return undefined;
  return `${formatCount(loaded)} loaded${failed === 0 ? '' : `, ${formatCount(failed)} left out`}`;
}

function lossesOf(losses: JsonValue | undefined): string[] {
  return Object.entries(objectOf(losses) ?? {}).flatMap(([column, rules]) =>
    Object.entries(objectOf(rules) ?? {}).map(
      ([rule, times]) =>
        `${printableLine(column)}: ${rule} ${typeof times === 'number' ? formatCount(times) : '?'}`,
    ),
  );
}

function nonZero(count: string | undefined): string | undefined {
  return count === '0' ? undefined : count;
}

function joinLines(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.join('\n');
}

function textsOf(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.map((item) => textOf(item) ?? '') : [];
}

/** On one line. */
function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? printableLine(value) : undefined;
}

/** With its line breaks. */
function blockOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? printable(value) : undefined;
}

function objectOf(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
