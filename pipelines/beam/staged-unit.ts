import { z } from 'zod';
import { manifestSchema } from '../../core/manifest';
import { workUnitSchema } from '../../core/plan';

/** What Stage gives to Commit: a unit with what it staged, since the plan travels without its units. */
const stagedUnitSchema = z.strictObject({ unit: workUnitSchema, manifest: manifestSchema });
export type StagedUnit = z.infer<typeof stagedUnitSchema>;

/** As it crosses between workers. Coders of objects are not exact; texts are. */
export function stagedUnitText(staged: StagedUnit): string {
  return JSON.stringify(staged);
}

/** Each unit once, in the order of their ids: a runner may deliver an element twice, and in any order. */
export function readStagedUnits(texts: Iterable<string>): StagedUnit[] {
  const staged = new Map<string, StagedUnit>();
  for (const text of texts) {
    const one = stagedUnitSchema.parse(JSON.parse(text));
    staged.set(`${one.unit.id} ${one.manifest.attempt}`, one);
  }
  return [...staged.values()].sort((a, b) => (a.unit.id < b.unit.id ? -1 : 1));
}
