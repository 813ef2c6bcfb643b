import path from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../core/extractor';
import { fieldAt, withFieldAt } from '../../core/nested-fields';
import type { JsonObject } from '../../core/plan';
import { parseSecretText, type SecretTextPart } from '../../core/secret-references';
import type { Path, ProblemList } from './configuration-problem';
import type { EndpointModule } from './endpoint-modules';

/** What Google's `credentials` say where there are none: a word, which may stand in plans and messages. */
export const NO_CREDENTIALS = 'anonymous';

interface ExpandContext {
  readonly environment: Environment;
  readonly path: Path;
  readonly problems: ProblemList;
  readonly isStored?: boolean | undefined;
}

/**
 * Fills in `${env:NAME}` in the fields that are no secrets: what they say may stand in plans and messages. Other references stay, for the
 * module to resolve (`ssl_ca: "${file:ca.pem}"`), also in secret fields; their shape is checked. Paths become plain texts.
 */
export function expandFields(
  fields: Readonly<Record<string, unknown>>,
  module: Pick<EndpointModule, 'secretFields' | 'pathFields' | 'schema'>,
  { environment, path: place, problems, isStored }: ExpandContext,
): Record<string, unknown> {
  const shape: Readonly<Record<string, z.core.$ZodType>> = module.schema.shape;
  const expanded = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    const context = { environment, problems, isStored, path: [...place, name] };
    if (module.secretFields.includes(name)) {
      if (typeof value === 'string') checkReferences(value, context);
      expanded[name] = value;
    } else if (module.secretFields.some((field) => field.startsWith(`${name}.`)) && isMapping(value)) {
      expanded[name] = expandFields(value, nestedModule(module, name, shape[name]), context);
    } else if (typeof value === 'string') {
      const isPath = module.pathFields.includes(name);
      const text = isPath ? expandPath(value, context) : expandText(value, context);
      expanded[name] = isPath ? text : asWritten(text, value, shape[name]);
    } else {
      expanded[name] = expandNested(value, context);
    }
  }
  return expanded;
}

/** What is known of the fields of a mapping that is a field itself. */
function nestedModule(
  { secretFields }: Pick<EndpointModule, 'secretFields'>,
  name: string,
  schema: z.core.$ZodType | undefined,
): Pick<EndpointModule, 'secretFields' | 'pathFields' | 'schema'> {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return {
    secretFields: secretFields.flatMap((field) =>
      field.startsWith(`${name}.`) ? [field.slice(name.length + 1)] : [],
    ),
    pathFields: [],
    schema: inner instanceof z.ZodObject ? inner : z.object({}),
  };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expandNested(value: unknown, context: ExpandContext): unknown {
  const below = (step: string | number): ExpandContext => ({ ...context, path: [...context.path, step] });
  if (typeof value === 'string') return expandText(value, context);
  if (Array.isArray(value)) return value.map((item, index) => expandNested(item, below(index)));
  if (typeof value !== 'object' || value === null) return value;
  const expanded = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) expanded[name] = expandNested(member, below(name));
  return expanded;
}

/** The text in the syntax of references, with variables filled in. */
function expandText(text: string, context: ExpandContext): string {
  return checkReferences(text, context)
    .map((part) => {
      if (typeof part === 'string') return escapeReferences(part);
      return part.kind === 'env' ? escapeReferences(variable(part.target, context)) : part.text;
    })
    .join('');
}

/** A path is a plain text: it is made absolute, which leaves no place for references. */
function expandPath(text: string, context: ExpandContext): string {
  return checkReferences(text, context)
    .map((part) => {
      if (typeof part === 'string') return part;
      if (part.kind === 'env') return variable(part.target, context);
      context.problems.add(context.path, `a path takes \${env:NAME}, but not \${${part.kind}:…}`);
      return '';
    })
    .join('');
}

function variable(name: string, { environment, path: place, problems }: ExpandContext): string {
  const value = environment[name];
  if (value === undefined) problems.add(place, `the environment variable ${name} is not set`);
  return value ?? '';
}

/** A plain text in the syntax of references. */
export function escapeReferences(text: string): string {
  // A function: in a replacement text, $$ is one $.
  return text.replaceAll('${', () => '$${');
}

/** `port: "${env:PGPORT}"` is a number where the field wants one. */
function asWritten(expanded: string, written: string, schema: z.core.$ZodType | undefined): unknown {
  if (expanded === written || schema === undefined || z.safeParse(schema, expanded).success) return expanded;
  let scalar: unknown;
  if (/^-?\d{1,15}$/.test(expanded)) scalar = Number(expanded);
  else if (expanded === 'true' || expanded === 'false') scalar = expanded === 'true';
  return scalar !== undefined && z.safeParse(schema, scalar).success ? scalar : expanded;
}

function checkReferences(text: string, { path: place, problems, isStored }: ExpandContext): SecretTextPart[] {
  const parsed = parseSecretText(text);
  for (const problem of parsed.problems) problems.add(place, referenceProblem(text, problem));
  if (parsed.parts.some((part) => typeof part !== 'string' && part.kind === 'inline')) {
    problems.add(
      place,
      '${inline:…} is made by beamlift itself; write the secret, or ${env:…}, ${file:…} or ${secret:…}',
    );
  }
  if (
    isStored !== true &&
    parsed.parts.some((part) => typeof part !== 'string' && part.kind === 'connection')
  ) {
    problems.add(
      place,
      '${connection:…} is made by beamlift itself; name the stored connection in the job, or write ${env:…}, ${file:…} or ${secret:…}',
    );
  }
  return parsed.parts;
}

/** The problem of a reference, without what a password with `${` in it would show. */
export function referenceProblem(text: string, problem: string): string {
  return /\$\{[A-Za-z_][A-Za-z0-9_]*\}/.test(text)
    ? '${…} without a kind is not a reference; for an environment variable write ${env:NAME}, for a literal ${ write $${'
    : problem;
}

/**
 * Takes secrets that were written out from the fields: plans and reports hold `${inline:…}` in their place. A text with a reference and
 * something else is such a secret, too.
 */
export function takeSecrets(
  fields: JsonObject,
  secretFields: readonly string[],
  secretPath: string,
  inlineSecrets: Map<string, string>,
): JsonObject {
  let taken: JsonObject = { ...fields };
  for (const name of secretFields) {
    const text = fieldAt(fields, name);
    if (typeof text !== 'string' || (name === 'credentials' && text === NO_CREDENTIALS)) continue;
    if (parseSecretText(text).parts.every((part) => typeof part !== 'string')) continue;
    inlineSecrets.set(`${secretPath}.${name}`, text);
    taken = withFieldAt(taken, name, `\${inline:${secretPath}.${name}}`);
  }
  return taken;
}

/** Paths become absolute, so that a run may have any working folder. */
export function resolvePaths(
  fields: JsonObject,
  { pathFields, secretFields }: Pick<EndpointModule, 'pathFields' | 'secretFields'>,
  baseFolder: string,
): JsonObject {
  const resolved: JsonObject = { ...fields };
  for (const name of pathFields) {
    const text = fields[name];
    if (typeof text === 'string' && !secretFields.includes(name))
      resolved[name] = path.resolve(baseFolder, text);
  }
  return resolved;
}
