import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../core/error-codes';
import { BeamliftError, toBeamliftError } from '../../core/errors';

/** Before an error that a worker tells a runner; after its last character. Nothing that runners quote or escape. */
const BEGIN = 'beamlift-error-v1-';
const END = '.';

/** The most that is told of one field, in characters: a runner keeps messages in its console, logs and answers, all with bounds of their own. */
const MAX_FIELD_LENGTH = 4_000;

/** The names of an error's fields in the order they are told: what is cut off is the least important. */
const FIELDS = ['code', 'what', 'where', 'why', 'hint'] as const;

const codeSchema = z.custom<ErrorCode>(
  (value) => typeof value === 'string' && Object.hasOwn(ERROR_CODES, value),
);
const whereSchema = z.partialRecord(
  z.enum(['job', 'connection', 'unit', 'object', 'row', 'column', 'value']),
  z.string(),
);

/**
 * An error as the text that a worker fails a bundle with: a line for people, and the error itself behind it, for `errorOf`.
 *
 * A runner puts the text into messages of its own: in front of stack traces, quoted, as JSON inside of JSON, with line breaks escaped or
 * taken out, and cut off somewhere. So the error is written in letters and digits that nobody escapes (base64url), each field by itself,
 * the important ones first. Secrets must be out of it before (`changeTexts`): nobody after this could find them.
 */
export function errorText(thrown: unknown): string {
  const { code, what, where, why, hint } = toBeamliftError(thrown);
  const fields = [code, bounded(what), where, bounded(why), bounded(hint)];
  const lines = fields.map((field) => JSON.stringify(field ?? null)).join('\n');
  const said = [what, why, hint].filter((part) => part !== undefined).join(' | ');
  return `${code}: ${bounded(said.replace(/\s+/g, ' '))} ${BEGIN}${Buffer.from(lines).toString('base64url')}${END}`;
}

/**
 * The error of `errorText` in a runner's message, the first whole one, else what is left of the first; undefined: there is none.
 * The text may come from anybody who can write to the runner's log: what is not of the shape is left out.
 */
export function errorOf(message: string): BeamliftError | undefined {
  let rest: BeamliftError | undefined;
  for (const { groups } of message.matchAll(PATTERN)) {
    const error = decode(groups?.['body'] ?? '');
    if (error !== undefined && groups?.['end'] !== undefined) return error;
    rest ??= error;
  }
  return rest;
}

const PATTERN = new RegExp(`${BEGIN}(?<body>[A-Za-z0-9_-]+)(?<end>\\${END})?`, 'g');

/** The same error with every text changed by `change`: for taking secrets out. */
export function changeTexts(thrown: unknown, change: (text: string) => string): BeamliftError {
  const error = toBeamliftError(thrown);
  return new BeamliftError(error.code, {
    what: change(error.what),
    where: Object.fromEntries(
      Object.entries(error.where).map(([name, value]) => [name, change(String(value))]),
    ),
    ...(error.why === undefined ? {} : { why: change(error.why) }),
    ...(error.hint === undefined ? {} : { hint: change(error.hint) }),
  });
}

function bounded<Text extends string | undefined>(text: Text): Text | string {
  if (text === undefined || text.length <= MAX_FIELD_LENGTH) return text;
  return `${text.slice(0, MAX_FIELD_LENGTH)}…`.replace(/[\ud800-\udbff]…$/, '…');
}

function decode(body: string): BeamliftError | undefined {
  const lines = Buffer.from(body, 'base64url').toString().split('\n');
  const fields = new Map(FIELDS.map((name, index) => [name, parsed(lines[index])]));
  const code = codeSchema.safeParse(fields.get('code'));
  if (!code.success) return undefined;
  const what = textOf(fields.get('what'));
  const why = textOf(fields.get('why'));
  const hint = textOf(fields.get('hint'));
  const where = whereSchema.safeParse(fields.get('where'));
  return new BeamliftError(code.data, {
    what: what ?? ERROR_CODES[code.data].title,
    where: where.success ? where.data : {},
    ...(why === undefined ? {} : { why }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Of a field that was cut off: undefined. */
function parsed(line: string | undefined): unknown {
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
