import { z } from 'zod';
import { nearestName } from '../../core/nearest-name';
import type { Path, ProblemList } from './configuration-problem';

/** Names longer than this are not compared with known ones: nobody mistyped them. */
const MAX_COMPARED = 64;

/** What else is known about keys of a mapping, besides its schema. */
export interface KeyAdvice {
  /** A sentence for a key that is known to be wrong; undefined: nothing special. */
  readonly forKey?: (key: string) => string | undefined;
  /** Keys that are read beside the schema. */
  readonly alsoKnown?: readonly string[];
}

type RawIssue = z.core.$ZodRawIssue;

/**
 * Checks a value and reports every problem below `path`. No text holds a part of the value but names of unknown keys.
 * Returns the parsed value, or undefined where there was a problem.
 */
export function checkSchema<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: Path,
  problems: ProblemList,
  advice: KeyAdvice = {},
): z.output<Schema> | undefined {
  /** Keys that a mapping may have, by its path: only the raw issue knows them. */
  const knownKeys = new Map<string, readonly string[]>();
  const parsed = schema.safeParse(value, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject) {
        knownKeys.set(JSON.stringify(issue.path ?? []), Object.keys(issue.inst.shape));
      }
      return issueText(issue);
    },
  });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const issuePath = [...path, ...issue.path.map(pathStep)];
    if (issue.code !== 'unrecognized_keys') {
      if (problems.has(issuePath)) continue;
      problems.add(issuePath, issue.message);
      continue;
    }
    const top = issue.path.length === 0;
    const known = [
      ...(knownKeys.get(JSON.stringify(issue.path)) ?? []),
      ...(top ? (advice.alsoKnown ?? []) : []),
    ];
    for (const key of issue.keys) {
      const special = top ? advice.forKey?.(key) : undefined;
      problems.add([...issuePath, key], special ?? unknownKeyText(key, known));
    }
  }
  return undefined;
}

/** `there is no such key; did you mean load_type?` */
export function unknownKeyText(key: string, known: readonly string[]): string {
  const near = nearKey(key, known);
  return near === undefined
    ? `there is no such key; known are ${known.join(', ')}`
    : `there is no such key; did you mean ${near}?`;
}

/** The known name that a mistyped one means. */
export function nearKey(key: string, known: Iterable<string>): string | undefined {
  return key.length > MAX_COMPARED ? undefined : nearestName(key, known);
}

/** `a, b or c` */
export function oneOf(names: readonly string[]): string {
  return joined(names, 'or');
}

/** `a, b and c` */
export function allOf(names: readonly string[]): string {
  return joined(names, 'and');
}

function joined(names: readonly string[], word: string): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`;
}

/** Records of names carry `__proto__` under another name through zod. */
function pathStep(step: PropertyKey): string | number {
  if (typeof step === 'number') return step;
  const text = String(step);
  return text.startsWith('\0') ? text.slice(1) : text;
}

/** A problem in words; undefined: the schema has its own. */
function issueText(issue: RawIssue): string | undefined {
  if (issue.input === undefined && issue.code !== 'unrecognized_keys') return neededText(issue);
  switch (issue.code) {
    case 'invalid_type':
      return typeText(issue.expected, issue.input);
    case 'invalid_value':
      return valueText(issue.values.map(String), issue.input);
    case 'invalid_union':
      return `is of none of the allowed kinds, but ${kindOf(issue.input)}`;
    case 'too_small':
      return sizeText('at least', issue.minimum, issue.origin);
    case 'too_big':
      return sizeText('at most', issue.maximum, issue.origin);
    case 'invalid_format':
      return 'is not of the form that is expected here';
    case 'not_multiple_of':
      return `must be a multiple of ${String(issue.divisor)}`;
    case 'invalid_key':
      return 'has a key that is not allowed';
    case 'invalid_element':
    case 'custom':
    case 'unrecognized_keys':
      return undefined;
  }
}

function neededText(issue: RawIssue): string {
  const described =
    issue.inst instanceof z.ZodType ? z.globalRegistry.get(issue.inst)?.description : undefined;
  return described === undefined ? 'is needed' : `is needed: ${described.replace(/\.$/, '')}`;
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list, as in [a, b]'],
  ['object', 'a mapping'],
  ['record', 'a mapping'],
]);

/** `expected a text, but this is a number: put it in quotes` */
export function typeText(expected: string, input: unknown): string {
  const kind = KINDS.get(expected) ?? expected;
  if (input === null) {
    const quotes = expected === 'string' ? ' (the words null and ~ are texts in quotes only)' : '';
    return `has no value: write ${kind}, or remove the key${quotes}`;
  }
  if (expected === 'int' && typeof input === 'number') return 'expected a whole number';
  const scalar = typeof input === 'number' || typeof input === 'boolean' || typeof input === 'bigint';
  let advice = '';
  if (expected === 'string' && scalar) advice = ': put it in quotes';
  else if (typeof input === 'string' && isWritten(expected, input)) advice = ': remove the quotes';
  return `expected ${kind}, but this is ${kindOf(input)}${advice}`;
}

/** Whether a text is what is expected, but for its quotes. */
function isWritten(expected: string, text: string): boolean {
  if (expected === 'boolean') return text === 'true' || text === 'false';
  return (expected === 'number' || expected === 'int') && /^-?\d+(?:\.\d+)?$/.test(text);
}

function kindOf(input: unknown): string {
  if (input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  switch (typeof input) {
    case 'string':
      return 'a text';
    case 'number':
    case 'bigint':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'a mapping';
  }
}

function valueText(values: readonly string[], input: unknown): string {
  const near = typeof input === 'string' ? nearKey(input, values) : undefined;
  if (input === null) return `has no value: write ${oneOf(values)}, or remove the key`;
  return `expected ${oneOf(values)}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

function sizeText(relation: string, limit: number | bigint, origin: string): string {
  if (origin === 'string')
    return limit === 1 && relation === 'at least'
      ? 'must not be empty'
      : `must have ${relation} ${limit} characters`;
  if (origin === 'array')
    return limit === 1 && relation === 'at least'
      ? 'must not be empty'
      : `must have ${relation} ${limit} items`;
  return `must be ${relation} ${limit}`;
}
