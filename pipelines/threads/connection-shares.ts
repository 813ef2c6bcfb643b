import type { RunContext } from '../../core/plan';

/** Connections that a run has for its units: whoever holds the source at its point in time (`pin`) has one of them. */
export function unitConnections({ source, pin }: Pick<RunContext, 'source' | 'pin'>): number {
  return Math.max(1, source.maxConnections - (pin === undefined ? 0 : 1));
}

/**
 * Units of a run that each thread may have at once, so that all threads together stay within the source's connections. Fixed for each
 * thread, not for all: a source that is open on a thread keeps as many connections as it once had units there. `unitsElsewhere`: at once, on
 * the thread that the others belong to.
 */
export function connectionShares(
  context: Pick<RunContext, 'source' | 'pin'>,
  threads: number,
  unitsPerThread: number,
  unitsElsewhere = 0,
): number[] {
  const connections = Math.max(1, unitConnections(context) - unitsElsewhere);
  const each = Math.floor(connections / threads);
  const more = connections % threads;
  return Array.from({ length: threads }, (_, index) =>
    Math.min(unitsPerThread, each + (index < more ? 1 : 0)),
  );
}
