import type { BeamliftError } from '../../core/errors';
import type { Environment } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import type { RunStoreSpec } from '../runs/run-store-spec';
import { type Fields, setAt } from './field-paths';
import { ProblemList } from './configuration-problem';
import { isMapping } from './read-endpoint';
import { defaultRunStore, readRunStore } from './read-run-store';

/** A connection of the run store, as much of it as a configuration is made of. */
export interface StoredEndpoint {
  readonly name: string;
  readonly type: string;
  /** As they were written; without those in `sealed`. */
  readonly fields: JsonObject;
  /** Encrypted secrets, by field. */
  readonly sealed: Readonly<Record<string, string>>;
}

/** What the run store answered. */
export interface StoredLookup {
  /** Those that were asked for. */
  readonly found: readonly StoredEndpoint[];
  /** Of all that are there, for advice. */
  readonly names: readonly string[];
  /** Why it could not be asked. */
  readonly failure: BeamliftError | undefined;
}

/** The run store of a configuration, and what opening it needs. */
export interface StoredPlace {
  readonly runStore: RunStoreSpec;
  readonly baseFolder: string;
  readonly inlineSecrets: ReadonlyMap<string, string>;
}

/** Never throws for what a run store answers, or does not. */
export type FindStored = (place: StoredPlace, names: readonly string[]) => Promise<StoredLookup>;

/** The problem of a connection that the file does not have, when the run store cannot be asked for it. */
export const UNREADABLE_STORE = 'is not in the file, and the run store cannot be asked for it';

/** The fields as they would be in a file: secrets that the run store keeps are references. */
export function writtenFields({ name, type, fields, sealed }: StoredEndpoint): Fields {
  let written: Fields = fields;
  for (const field of Object.keys(sealed)) written = setAt(written, field, sealedReference(name, field));
  return { source_type: type, ...written };
}

/** What stands for an encrypted secret in configurations and plans. `field`: with dots, where it is inside of another. */
export function sealedReference(name: string, field: string): string {
  return `\${connection:${name}/${field}}`;
}

interface RawConfiguration {
  /** As parsed; undefined where the syntax is wrong. */
  readonly value: unknown;
  readonly baseFolder: string;
  readonly environment: Environment;
}

/**
 * Asks the run store for the connections that jobs name and the file does not have, and for `also`. It is not opened where there are none
 * of them. Undefined: it was not asked; problems of the file are for others to tell.
 */
export async function askStored(
  { value, baseFolder, environment }: RawConfiguration,
  also: readonly string[],
  find: FindStored,
): Promise<StoredLookup | undefined> {
  if (!isMapping(value)) return undefined;
  const namesIn = (section: string): string[] => {
    const named = value[section];
    return isMapping(named) ? Object.keys(named) : [];
  };
  const inFile = new Set(namesIn('connections'));
  const others = new Set([...namesIn('jobs'), ...namesIn('destinations')]);
  const asked = [...connectionUses(value).keys(), ...also.filter((name) => !others.has(name))];
  const wanted = [...new Set(asked)].filter((name) => !inFile.has(name));
  if (wanted.length === 0) return undefined;
  const inlineSecrets = new Map<string, string>();
  const problems = new ProblemList();
  const runStore = Object.hasOwn(value, 'run_store')
    ? readRunStore(value['run_store'], { environment, baseFolder, problems, inlineSecrets })
    : defaultRunStore(baseFolder);
  return runStore && (await find({ runStore, baseFolder, inlineSecrets }, wanted));
}

/** The connections that jobs name, with the names of those jobs, read from a file that may have problems. */
export function connectionUses(value: Readonly<Record<string, unknown>>): Map<string, string[]> {
  const uses = new Map<string, string[]>();
  const { defaults, jobs } = { defaults: value['defaults'], jobs: value['jobs'] };
  const common = isMapping(defaults) ? defaults['connection'] : undefined;
  for (const [job, keys] of isMapping(jobs) ? Object.entries(jobs) : []) {
    if (!isMapping(keys)) continue;
    const describesItself = ['source_type', 'connection_params'].some((key) => Object.hasOwn(keys, key));
    const name = keys['connection'] ?? (describesItself ? undefined : common);
    if (typeof name === 'string') uses.set(name, [...(uses.get(name) ?? []), job]);
  }
  return uses;
}
