import { UnreadableCell, type ArrowColumn, type CellReader } from '../../core/arrow-rows';
import type { ArrowWriter } from './arrow-writer';
import { compileReferenceCell, type ReferenceInput } from './reference-writer';

/** The writer of a column that no codec knows: the reference's cells. Whatever is unusual is for the whole row's reference. */
export function compileArrowReference(input: ReferenceInput): ArrowWriter<ArrowColumn> {
  const put = compileReferenceCell(input);
  let column: ArrowColumn | undefined;
  let cells: CellReader | undefined;
  return {
    bind: (bound) => {
      column = bound;
      cells = undefined;
    },
    write: (index) => {
      let cell;
      try {
        cells ??= column?.cells();
        cell = cells?.(index) ?? null;
      } catch (error) {
        if (!(error instanceof UnreadableCell)) throw error;
        return false;
      }
      return put(cell);
    },
  };
}
