import type { NameRules } from '../core/destination-rules';
import { BeamliftError, showValue } from '../core/errors';
import { nameKey } from './column-names';

export interface NamedPair {
  readonly source: string;
  readonly target: string;
}

/** Throws COLUMN_COLLISION where source columns have the same target: all of them, with the line of `column_mapping` that tells them apart. */
export function refuseCollisions(pairs: readonly NamedPair[], rules: NameRules): void {
  const byTarget = new Map<string, NamedPair[]>();
  for (const pair of pairs) {
    const key = nameKey(pair.target, rules);
    const others = byTarget.get(key);
    if (others === undefined) byTarget.set(key, [pair]);
    else others.push(pair);
  }
  const taken = new Set(byTarget.keys());
  const collisions: string[] = [];
  const lines: string[] = [];
  for (const group of byTarget.values()) {
    const [first, ...others] = group;
    if (first === undefined || others.length === 0) continue;
    const sources = group.map(({ source }) => `"${showValue(source)}"`).join(' and ');
    collisions.push(`${sources} would become "${showValue(first.target)}"`);
    for (const { source, target } of others) {
      lines.push(`${JSON.stringify(source)}: ${JSON.stringify(freeName(target, taken, rules))}`);
    }
  }
  if (collisions.length === 0) return;
  throw new BeamliftError('COLUMN_COLLISION', {
    what: `Columns would get the same name: ${collisions.join('; ')}`,
    hint: `Add to the job: \`column_mapping: { ${lines.join(', ')} }\`, or leave columns out with \`selected_columns\`.`,
  });
}

/** A name with a number behind it that no column has yet; it is taken from then on. */
function freeName(name: string, taken: Set<string>, rules: NameRules): string {
  for (let number = 2; ; number++) {
    const suffix = `_${number}`;
    const candidate = name.slice(0, rules.maxLength - suffix.length) + suffix;
    const key = nameKey(candidate, rules);
    if (taken.has(key)) continue;
    taken.add(key);
    return candidate;
  }
}
