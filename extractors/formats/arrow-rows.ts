import type { Cell, Row } from '../../core/cells';
import { showValue } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import type { Reject } from '../../core/reject';
import type { ArrowData } from './arrow-buffers';
import { arrowCellReader, UnreadableCell, type CellReader } from './arrow-cells';
import type { ArrowLayout } from './arrow-schema';
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
  const positions = new Map(batch.schema.fields.map((field, index) => [field.name, index]));
  const readers = columns.map((column) => {
    const data = column === undefined ? undefined : batch.data.children[positions.get(column.name) ?? -1];
    return column === undefined || data === undefined
      ? undefined
      : { column, read: arrowCellReader(column.layout, data) };
  });
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
