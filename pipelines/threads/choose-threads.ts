import { bytesToRead, filesOfUnit } from '../../core/files-of-unit';
import type { RunContext, WorkUnit } from '../../core/plan';
import { unitConnections } from './connection-shares';
import { spreadUnits } from './spread-units';

/** Fewer rows are staged in the time in which a thread loads its code: some 0.2 s of a core. */
const MIN_ROWS = 100_000;
/** As many rows of CSV, in bytes as stored; compressed files have more. */
const MIN_BYTES = 8 * 1024 * 1024;

/** Threads for units beside the one that asks, and how many units each has at once. */
export interface ThreadChoice {
  readonly threads: number;
  readonly unitsPerThread: number;
  /** Units at once of the thread that asks: at least one. It can begin while the others load their code, and needs no memory anew. */
  readonly unitsHere: number;
}

/**
 * How the units of a run are spread over threads; undefined: all are run on the thread that asks, since nothing would be gained. There are
 * never more threads than units at once that the source has connections for.
 */
export function chooseThreads(
  context: Pick<RunContext, 'source' | 'pin'>,
  units: readonly WorkUnit[],
  concurrency: number,
  cores: number,
): ThreadChoice | undefined {
  const atOnce = Math.min(concurrency, units.length, unitConnections(context));
  if (atOnce < 2 || cores < 2 || isSmall(units)) return undefined;
  const { threads, unitsPerThread } = spreadUnits(atOnce, cores);
  const elsewhere = Math.min(atOnce - 1, (threads - 1) * unitsPerThread);
  return { threads: threads - 1, unitsPerThread, unitsHere: atOnce - elsewhere };
}

/** Whether all units together are known to be little work. */
function isSmall(units: readonly WorkUnit[]): boolean {
  let share = 0;
  for (const unit of units) {
    const files = filesOfUnit(unit);
    if (unit.estimatedRows !== undefined) share += unit.estimatedRows / MIN_ROWS;
    else if (files.length > 0) share += bytesToRead(files) / MIN_BYTES;
    else return false;
  }
  return share < 1;
}
