import { parseSecretText } from '../../core/secret-references';
import { ANNOUNCED_JOB_KEYS, OTHER_WORDS } from './announced-names';
import type { Path, ProblemList } from './configuration-problem';
import { JOB_KEYS, type JobKeys, jobSchema } from './job-schema';
import { isMapping } from './read-endpoint';
import { checkSchema, nearKey, typeText } from './schema-problems';

/** The keys of a job or of the defaults, each checked by itself. */
export interface ReadKeys {
  /** Those without problems. */
  readonly keys: JobKeys;
  /** All that were written. */
  readonly own: ReadonlySet<string>;
  /** Those with problems, and those that a mistyped key seems to mean. */
  readonly broken: ReadonlySet<string>;
}

export const NO_KEYS: ReadKeys = { keys: {}, own: new Set(), broken: new Set() };

/** Checks the keys of a job, or of `defaults`, one by one; those with problems are told and left out. */
export function readJobKeys(raw: unknown, path: Path, problems: ProblemList): ReadKeys {
  if (!isMapping(raw)) {
    problems.add(path, typeText('object', raw));
    return NO_KEYS;
  }
  checkSchema(jobSchema, raw, path, problems, { forKey: keyAdvice });
  const broken = new Set<string>();
  const valid = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(raw)) {
    if (!(JOB_KEYS as readonly string[]).includes(key)) {
      broken.add(OTHER_WORDS.get(key) ?? nearKey(key, JOB_KEYS) ?? key);
      continue;
    }
    if (isReference(key, value)) problems.add([...path, key], NO_REFERENCES);
    if (problems.has([...path, key])) broken.add(key);
    else valid[key] = value;
  }
  return { keys: jobSchema.parse(valid), own: new Set(Object.keys(raw)), broken };
}

const NO_REFERENCES =
  'references such as ${env:NAME} are for connections and destinations; here, write the value';

/** Nothing in a job is replaced: a reference would become the name of a table. SQL may hold what looks like one. */
function isReference(key: string, value: unknown): boolean {
  if (typeof value !== 'string' || key === 'query' || key === 'filter') return false;
  return parseSecretText(value).parts.some((part) => typeof part !== 'string');
}

function keyAdvice(key: string): string | undefined {
  if (ANNOUNCED_JOB_KEYS.includes(key)) return 'is not available in this version; remove it';
  const word = OTHER_WORDS.get(key);
  if (word === 'file_format_options' || word === 'table_options')
    return `there is no such key; write ${word}: { ${key}: … }`;
  return word === undefined ? undefined : `there is no such key; did you mean ${word}?`;
}
