import type { Cell, Row } from '../core/cells';
import { formatCounted } from '../core/counted';
import type { StagingFormat } from '../core/encoding';
import type { TableSchema } from '../core/schema';

/** Why a row that is longer than the destination takes is a reject, with the column that has most of it. */
export function rowTooLong(row: Row, schema: TableSchema, format: StagingFormat, maxBytes: number): string {
  let longest = 0;
  let column: string | undefined;
  schema.columns.forEach(({ name }, index) => {
    const size = sizeOf(row[index] ?? null);
    if (size <= longest) return;
    longest = size;
    column = name;
  });
  const most = column === undefined ? '' : `; most of it is in column ${column}`;
  return `row too long: more than ${formatCounted(maxBytes, 'byte')} as ${format}${most}`;
}

/** About the bytes of a cell; numbers and flags count as one. */
function sizeOf(cell: Cell): number {
  if (typeof cell === 'string' || cell instanceof Uint8Array) return cell.length;
  if (cell === null || typeof cell !== 'object') return 1;
  return cell.reduce((sum: number, part) => sum + sizeOf(part), 0);
}
