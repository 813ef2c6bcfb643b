import { parseArgs } from 'node:util';
import { BeamliftError } from '../../../core/errors';

/** Flags as texts, by name. Unknown ones are left out: runners of another age have others. */
export function readFlags(argv: readonly string[], names: readonly string[]): ReadonlyMap<string, string> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ args: [...argv], options, strict: false });
  const flags = new Map<string, string>();
  for (const name of names) {
    const value = values[name];
    if (typeof value === 'string' && value !== '') flags.set(name, value);
  }
  return flags;
}

/** Throws USAGE where the flag is not given. */
export function neededFlag(flags: ReadonlyMap<string, string>, name: string): string {
  const value = flags.get(name);
  if (value !== undefined) return value;
  throw new BeamliftError('USAGE', {
    what: `The flag --${name} is missing`,
    hint: 'This program is started by a Beam runner, as the entry point of its worker environment.',
  });
}
