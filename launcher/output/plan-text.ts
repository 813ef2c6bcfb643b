import { formatCount, formatCounted } from '../../core/counted';
import { bytesToRead, filesOfUnit } from '../../core/files-of-unit';
import { formatType } from '../../core/format-type';
import type { Bound, Plan, PlannedColumn, SourceSpec, Window, WorkUnit } from '../../core/plan';
import { describeUnit } from '../../partitioning/describe-unit';
import { destinationTable } from '../destination-table';
import type { Palette } from './palette';
import { printable, printableLine } from './printable';
import { formatBytes } from './quantities';
import { renderPairs, renderTable } from './table';

/** Units shown of a plan: the first ones and the last. */
const SHOWN_UNITS = 5;
/** A query is cut on the screen; `--json` has all of it. */
const MAX_QUERY_WIDTH = 100;
const MAX_NAME_WIDTH = 40;

/** The name of the rule that a column's values are converted by; undefined: they stay as they are. */
export type DescribeConversion = (column: PlannedColumn) => string | undefined;

/** A plan for people. */
export function renderPlan(plan: Plan, palette: Palette, describeConversion: DescribeConversion): string[] {
  const { context } = plan;
  const lines = [
    palette.strong(`Plan of ${printableLine(context.job)}`),
    ...renderPairs([
      ['source', renderSource(context.source)],
      ['destination', renderDestination(plan)],
      ['load', renderLoad(plan)],
      ['window', context.window === null ? 'everything' : renderWindow(context.window)],
      [
        'watermark',
        context.nextWatermark === null ? 'stays as it is' : `becomes ${printableLine(context.nextWatermark)}`,
      ],
      ['estimate', renderEstimate(plan)],
      ['runner', `${plan.runner}: ${printable(plan.runnerReason)}`],
      ['units', `${formatCount(plan.units.length)}: ${printable(plan.splitReason)}`],
    ]),
    ...renderUnits(plan.units),
    '',
    ...renderColumns(plan, palette, describeConversion),
  ];
  if (plan.notices.length > 0) {
    lines.push(
      '',
      ...plan.notices.map((notice) => `  ${palette.warning('note')}  ${indentBelow(printable(notice), 8)}`),
    );
  }
  return lines;
}

function indentBelow(text: string, columns: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(columns)}`);
}

function renderSource({ type, connectionName, object, filter }: SourceSpec): string {
  const head = `${connectionName} (${type})`;
  const where = filter === undefined ? '' : ` where ${printableLine(filter)}`;
  switch (object.kind) {
    case 'table': {
      const name = object.schema === undefined ? object.name : `${object.schema}.${object.name}`;
      return `${printableLine(head)}, table ${printableLine(name)}${where}`;
    }
    case 'query': {
      const sql = printableLine(object.sql.replace(/\s+/g, ' ').trim());
      const shown = sql.length > MAX_QUERY_WIDTH ? `${sql.slice(0, MAX_QUERY_WIDTH)}…` : sql;
      return `${printableLine(head)}, query ${shown}${where}`;
    }
    case 'files':
      return `${printableLine(head)}, files ${printableLine(object.pattern)} (${object.format})`;
  }
}

function renderDestination({ context }: Plan): string {
  const { destinationName, type } = context.destination;
  const name = destinationTable(context.destination);
  const added = context.newColumns.length;
  const remark = context.createTable
    ? ', created by this run'
    : added > 0
      ? `, which gets ${formatCounted(added, 'new column')}`
      : '';
  return `${printableLine(`${destinationName} (${type})`)}, table ${printableLine(name)}${remark}`;
}

function renderLoad({ context }: Plan): string {
  const limit = context.limit === null ? '' : `, at most ${formatCounted(context.limit, 'row')}`;
  switch (context.disposition) {
    case 'append':
      return `append${limit}`;
    case 'replace':
      return `replace the table${limit}`;
    case 'merge':
      return `merge by ${context.keyColumns.map(printableLine).join(', ')}${limit}`;
  }
}

function renderEstimate({ estimate }: Plan): string {
  if (estimate.rows === null && estimate.bytes === null) return 'unknown';
  const parts = [
    ...(estimate.rows === null ? [] : [formatCounted(estimate.rows, 'row')]),
    ...(estimate.bytes === null ? [] : [formatBytes(estimate.bytes)]),
  ];
  const quality = { exact: 'exact', statistics: 'by statistics', sampled: 'by a sample', unknown: 'a guess' };
  return `${parts.join(', ')} (${quality[estimate.quality]})`;
}

/** `created_at from 2024-01-01 up to 2025-01-01, not included`. */
function renderWindow({ column, lower, upper }: Pick<Window, 'column' | 'lower' | 'upper'>): string {
  const parts = [printableLine(column)];
  if (lower !== null) parts.push(`${lower.inclusive ? 'from' : 'after'} ${printableLine(lower.value)}`);
  if (upper !== null) parts.push(renderUpper(upper));
  return parts.length === 1 ? `${parts.join('')}: every value` : parts.join(' ');
}

function renderUpper({ value, inclusive }: Bound): string {
  return inclusive ? `up to ${printableLine(value)}` : `up to but not ${printableLine(value)}`;
}

function renderUnits(units: readonly WorkUnit[]): string[] {
  if (units.length === 0) return [];
  const all = units.length <= SHOWN_UNITS + 1;
  const shown = all ? units : [...units.slice(0, SHOWN_UNITS - 1), ...units.slice(-1)];
  const lines = renderTable(
    [
      { title: 'unit' },
      { title: 'rows', align: 'right' },
      { title: 'what it reads', maxWidth: 2 * MAX_NAME_WIDTH },
    ],
    shown.map((unit) => [
      unit.id,
      unit.estimatedRows === undefined ? '' : `~${formatCount(unit.estimatedRows)}`,
      renderUnit(unit),
    ]),
    { indent: 4 },
  );
  if (!all) lines.splice(-1, 0, `    … ${formatCounted(units.length - shown.length, 'more unit')} …`);
  return lines;
}

/** With the size of its files, which a unit's own words leave out. */
function renderUnit(unit: WorkUnit): string {
  const words = describeUnit(unit);
  const files = filesOfUnit(unit);
  if (files.length === 0) return words;
  return `${words} (${formatBytes(bytesToRead(files))})`;
}

function renderColumns(
  { context }: Plan,
  palette: Palette,
  describeConversion: DescribeConversion,
): string[] {
  const conversions = context.columns.map((column) => describeConversion(column) ?? '');
  const some = conversions.some((conversion) => conversion !== '');
  return renderTable(
    [
      { title: 'column', maxWidth: MAX_NAME_WIDTH },
      { title: 'type', maxWidth: MAX_NAME_WIDTH },
      { title: 'in the table', maxWidth: MAX_NAME_WIDTH },
      { title: 'type', maxWidth: MAX_NAME_WIDTH },
      ...(some ? [{ title: 'conversion' }] : []),
    ],
    context.columns.map((column, index) => [
      column.source,
      formatType(column.sourceType),
      column.destination,
      formatType(column.destinationType),
      conversions[index] ?? '',
    ]),
    { indent: 2, paintTitle: palette.faint },
  );
}
