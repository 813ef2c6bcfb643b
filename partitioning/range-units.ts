import type { WorkUnit } from '../core/plan';
import { numbered } from './unit-id';

/**
 * Units between cuts: one more than there are cuts, half open, the first without a lower and the last without an
 * upper bound; before them, where the window has rows with NULL, the unit of these.
 *
 * @param cuts texts of the cut values, in strictly ascending order of the values.
 * @param rows estimated rows of each range; empty where they are not known.
 */
export function rangeUnits(
  column: string,
  cuts: readonly string[],
  rows: readonly number[],
  withNulls: boolean,
): WorkUnit[] {
  const units: WorkUnit[] = withNulls ? [{ id: 'null', kind: 'is-null', column }] : [];
  for (let index = 0; index <= cuts.length; index++) {
    const [lower, upper, estimatedRows] = [cuts[index - 1], cuts[index], rows[index]];
    units.push({
      id: `r${numbered(index + 1, cuts.length + 1, 4)}`,
      kind: 'range',
      column,
      lower: lower === undefined ? null : { value: lower, inclusive: true },
      upper: upper === undefined ? null : { value: upper, inclusive: false },
      ...(estimatedRows === undefined ? {} : { estimatedRows }),
    });
  }
  return units;
}
