import { createHash } from 'node:crypto';
import type { Manifest } from '../core/manifest';

/** The manifests of a run in the one order that does not depend on who finished first. */
export function inUnitOrder(manifests: readonly Manifest[]): Manifest[] {
  return [...manifests].sort((a, b) => (a.unit < b.unit ? -1 : Number(a.unit > b.unit)));
}

/** What a run publishes, in one word: two commits of the same manifests are the same commit. */
export function manifestHash(manifests: readonly Manifest[]): string {
  const hash = createHash('sha256');
  for (const { runId, unit, attempt, parts, counts } of inUnitOrder(manifests)) {
    const files = parts.map(({ uri, rows, bytes }) => [uri, rows, bytes]);
    hash.update(`${JSON.stringify([runId, unit, attempt, counts.rowsStaged, files])}\n`);
  }
  return hash.digest('hex');
}
