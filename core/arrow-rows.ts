import type { ArrowData } from './arrow-buffers';
import type { ArrowLayout } from './arrow-layout';
import type { Cell } from './cells';

/** Reads the cell of a row of one batch. Throws UnreadableCell. */
export type CellReader = (index: number) => Cell;

/** A value that no cell holds exactly: the row is a reject. */
export class UnreadableCell extends Error {
  constructor(
    readonly reason: string,
    readonly value: string,
  ) {
    super(reason);
  }
}

/** A column of a record batch. */
export interface ArrowColumn {
  readonly data: ArrowData;
  /** Makes the reader of its cells, which are what the column's type in the source's schema says. */
  readonly cells: () => CellReader;
}

/** Some rows of a record batch, in Arrow's buffers. */
export interface ArrowRows {
  readonly wire: 'arrow';
  /** Of the columns of the source's schema, in order; undefined: there are only nulls. The same object for batches that are alike. */
  readonly layouts: readonly (ArrowLayout | undefined)[];
  /** One for each of `layouts`; undefined where that is. */
  readonly columns: readonly (ArrowColumn | undefined)[];
  /** Where the first row is in the columns. */
  readonly start: number;
  readonly rows: number;
}
