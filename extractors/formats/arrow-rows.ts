import type { ArrowData } from '../../core/arrow-buffers';
import type { ArrowLayout } from '../../core/arrow-layout';
import { UnreadableCell, type ArrowRows, type CellReader } from '../../core/arrow-rows';
import type { Cell, Row } from '../../core/cells';
import { showValue } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import type { Reject } from '../../core/reject';
import { arrowCellReader } from './arrow-cells';
import type { CellWidening } from './cell-widening';

/** A column as it is asked for, and where its values are. */
export interface RowColumn {
  readonly name: string;
  readonly layout: ArrowLayout;
  /** Undefined: cells are already what they should be. */
  readonly widening: CellWidening | undefined;
}

/** What is used of apache-arrow's record batches. */
export interface ArrowBatch {
  readonly numRows: number;
  readonly data: { readonly children: readonly ArrowData[] };
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
}

/**
 * The rows of a record batch, some at a time. An undefined column gives nulls.
 * `firstRow` is the number of the first row, as people count. Bytes are for the caller to know.
 */
export function* arrowRows(
  batch: ArrowBatch,
  columns: readonly (RowColumn | undefined)[],
  rowsAtOnce: number,
  firstRow: number,
): Generator<RowBatch> {
  const readers = dataOfColumns(batch, columns).map(
    (found) => found && { column: found.column, read: arrowCellReader(found.column.layout, found.data) },
  );
  for (let start = 0; start < batch.numRows; start += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, batch.numRows - start);
    const rows = Array.from({ length: count }, () => new Array<Cell>(columns.length).fill(null));
    const rejects = new Map<number, Reject>();
    readers.forEach((reader, position) => {
      if (reader === undefined) return;
      const read = widened(reader.column, reader.read);
      const reject = (index: number, { reason, value }: UnreadableCell): void => {
        if (rejects.has(index)) return;
        const row = `row ${firstRow + start + index}`;
        rejects.set(index, { row, column: reader.column.name, value: showValue(value), reason });
      };
      fillColumn(rows, position, start, read, reject);
    });
    yield rowBatch(rows, rejects, firstRow + start);
  }
}

/** Where the values of columns that are asked for lie; `layouts`: of these, always the same object for columns that are the same. */
export interface RowColumns {
  readonly columns: readonly (RowColumn | undefined)[];
  readonly layouts: ArrowRows['layouts'];
}

export function rowColumns(columns: readonly (RowColumn | undefined)[]): RowColumns {
  return { columns, layouts: columns.map((column) => column?.layout) };
}

/** The rows of a record batch as they lie. Names and columns as for `arrowRows`. */
export function rawArrowRows(
  batch: ArrowBatch,
  { columns, layouts }: RowColumns,
  firstRow: number,
): RowBatch {
  const found = dataOfColumns(batch, columns);
  const isWhole = found.every((one, index) => (one === undefined) === (columns[index] === undefined));
  const raw: ArrowRows = {
    wire: 'arrow',
    // A column may be missing in a batch alone.
    layouts: isWhole ? layouts : found.map((one) => one?.column.layout),
    columns: found.map(
      (one) =>
        one && {
          data: one.data,
          cells: () => widened(one.column, arrowCellReader(one.column.layout, one.data)),
        },
    ),
    start: 0,
    rows: batch.numRows,
  };
  return { rows: [], rejects: [], bytes: 0, nameRow: (index) => `row ${firstRow + index}`, raw };
}

function dataOfColumns(
  batch: ArrowBatch,
  columns: readonly (RowColumn | undefined)[],
): ({ readonly column: RowColumn; readonly data: ArrowData } | undefined)[] {
  const positions = new Map(batch.schema.fields.map((field, index) => [field.name, index]));
  return columns.map((column) => {
    const data = column === undefined ? undefined : batch.data.children[positions.get(column.name) ?? -1];
    return column === undefined || data === undefined ? undefined : { column, data };
  });
}

/** Column by column: each reader stays in one small loop. */
function fillColumn(
  rows: Cell[][],
  position: number,
  start: number,
  read: CellReader,
  onUnreadable: (index: number, problem: UnreadableCell) => void,
): void {
  let index = 0;
  while (index < rows.length) {
    try {
      for (; index < rows.length; index++) {
        const row = rows[index];
        if (row !== undefined) row[position] = read(start + index);
      }
    } catch (error) {
      if (!(error instanceof UnreadableCell)) throw error;
      onUnreadable(index, error);
      index++;
    }
  }
}

function widened(column: RowColumn, read: CellReader): CellReader {
  const { widening } = column;
  if (widening === undefined) return read;
  return (index) => {
    const cell = read(index);
    if (cell === null) return null;
    const wider = widening(cell);
    if (wider === undefined)
      throw new UnreadableCell('not exact in the type that the files share', String(cell));
    return wider;
  };
}

function rowBatch(rows: readonly Row[], rejects: ReadonlyMap<number, Reject>, firstRow: number): RowBatch {
  if (rejects.size === 0) {
    return { rows, rejects: [], bytes: 0, nameRow: (index) => `row ${firstRow + index}` };
  }
  const kept = rows.map((_, index) => index).filter((index) => !rejects.has(index));
  return {
    rows: rows.filter((_, index) => !rejects.has(index)),
    rejects: [...rejects.values()],
    bytes: 0,
    nameRow: (index) => `row ${firstRow + (kept[index] ?? 0)}`,
  };
}
