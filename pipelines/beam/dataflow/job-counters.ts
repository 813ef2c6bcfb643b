import type { DataflowCounter } from '../../../core/clients/dataflow-api';

/**
 * Counters by name, summed over the steps. While the job runs, those of bundles that are not finished count, too, so that they grow
 * steadily; in the end those that succeeded count alone. Where the service has one of the two only, that is taken.
 */
export function jobCounters(counters: readonly DataflowCounter[], ended: boolean): Map<string, number> {
  const byStep = new Map<string, DataflowCounter>();
  for (const counter of counters) {
    const key = JSON.stringify([counter.step, counter.name]);
    const wanted = counter.tentative !== ended;
    if (wanted || !byStep.has(key)) byStep.set(key, counter);
  }
  const sums = new Map<string, number>();
  for (const { name, value } of byStep.values()) sums.set(name, (sums.get(name) ?? 0) + value);
  return sums;
}

export function sameCounters(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
