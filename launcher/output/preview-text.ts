import { formatCounted } from '../../core/counted';
import { formatType } from '../../core/format-type';
import type { Preview } from '../preview-job';
import type { Palette } from './palette';
import { displayWidth, printableLine } from './printable';
import { renderPairs, renderTable } from './table';

const MAX_CELL_WIDTH = 30;
/** Between two columns of a table. */
const GAP_WIDTH = 2;
const NULL = 'NULL';

/** Rows of a job as a table; where the terminal is too narrow for its columns, a block of `column type value` lines a row. */
export function renderPreview(job: string, preview: Preview, width: number, palette: Palette): string[] {
  const { columns, rows, rejects, notices } = preview;
  const cells = rows.map((row) => row.map((value) => (value === null ? NULL : printableLine(value))));
  const body =
    widthOf(
      columns.map((column) => column.destination),
      cells,
    ) <= width
      ? renderTable(
          columns.map((column) => ({ title: column.destination, maxWidth: MAX_CELL_WIDTH })),
          [columns.map((column) => formatType(column.destinationType)), ...cells],
          { indent: 2, paintTitle: palette.strong },
        )
      : renderBlocks(preview, cells, palette);
  const title = `${palette.strong(printableLine(job))}: ${formatCounted(rows.length, 'row')}, ${formatCounted(columns.length, 'column')}`;
  return [
    title,
    ...body,
    ...rejects.map((reject) => {
      const column = reject.column === undefined ? '' : ` ${printableLine(reject.column)}`;
      const value = reject.value === undefined ? '' : ` "${printableLine(reject.value)}"`;
      return `  ${palette.bad('rejected')}  ${printableLine(reject.row)}${column}${value}: ${printableLine(reject.reason)}`;
    }),
    ...notices.map((notice) => `  ${palette.warning('note')}  ${printableLine(notice)}`),
  ];
}

function widthOf(titles: readonly string[], rows: readonly (readonly string[])[]): number {
  return titles.reduce((sum, title, index) => {
    const widths = rows.map((row) => Math.min(displayWidth(row[index] ?? ''), MAX_CELL_WIDTH));
    return sum + GAP_WIDTH + Math.max(Math.min(displayWidth(title), MAX_CELL_WIDTH), ...widths);
  }, 0);
}

function renderBlocks(
  { columns }: Preview,
  rows: readonly (readonly string[])[],
  palette: Palette,
): string[] {
  return rows.flatMap((row, index) => [
    palette.faint(`  row ${index + 1}`),
    ...renderPairs(
      columns.map((column, position) => [printableLine(column.destination), row[position] ?? NULL] as const),
      4,
    ),
  ]);
}
