import { displayWidth, fitWidth, padWidth, printableLine } from './printable';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longer cells are cut; in columns of the terminal. */
  readonly maxWidth?: number;
  /** Colours a cell that has been cut and padded. `row` counts from 0. */
  readonly paint?: (cell: string, row: number) => string;
}

/** Between two columns. */
const GAP = '  ';

/**
 * Lines of an aligned table, titles first, each with `indent` spaces before it and none behind it. Cells are made printable:
 * they may hold any text.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  { indent = 0, paintTitle = (title: string) => title } = {},
): string[] {
  const shown = rows.map((row) =>
    columns.map((column, index) => fitWidth(printableLine(row[index] ?? ''), column.maxWidth ?? Infinity)),
  );
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...shown.map((row) => displayWidth(row[index] ?? ''))),
  );
  const line = (cells: readonly string[], paint: (cell: string, column: TableColumn) => string): string => {
    const parts = columns.map((column, index) => {
      const cell = cells[index] ?? '';
      const last = index === columns.length - 1 && column.align !== 'right';
      return paint(last ? cell : padWidth(cell, widths[index] ?? 0, column.align), column);
    });
    return (' '.repeat(indent) + parts.join(GAP)).trimEnd();
  };
  return [
    line(
      columns.map((column) => column.title),
      paintTitle,
    ),
    ...shown.map((cells, row) => line(cells, (cell, column) => column.paint?.(cell, row) ?? cell)),
  ];
}

/** Lines of `name  text` pairs, names padded to the longest; further lines of a text are indented below it. */
export function renderPairs(pairs: readonly (readonly [name: string, text: string])[], indent = 2): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => displayWidth(name)));
  return pairs.flatMap(([name, text]) =>
    text
      .split('\n')
      .map((line, index) =>
        `${' '.repeat(indent)}${padWidth(index === 0 ? name : '', width)}${GAP}${line}`.trimEnd(),
      ),
  );
}
