import path from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { parseSecretText, type SecretTextPart } from '../../core/secret-references';
import type { Path, ProblemList } from './configuration-problem';
import type { EndpointModule } from './endpoint-modules';

/**
 * Replaces what fields say about the environment, before they are checked: `${env:NAME}` in a field that is no secret is its value,
 * which plans and messages may show. Secret fields keep their references, whose shape is checked.
 */
export function expandFields(
  fields: Readonly<Record<string, unknown>>,
  module: Pick<EndpointModule, 'secretFields' | 'schema'>,
  context: { readonly environment: Environment; readonly path: Path; readonly problems: ProblemList },
): Record<string, unknown> {
  const expanded = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    const at = [...context.path, name];
    if (module.secretFields.includes(name)) {
      if (typeof value === 'string') checkSecret(value, at, context.problems);
      expanded[name] = value;
    } else {
      const text = expandValue(value, at, module.secretFields, context);
      const shape: Readonly<Record<string, z.core.$ZodType>> = module.schema.shape;
      expanded[name] =
        typeof value === 'string' && typeof text === 'string' ? asWritten(text, value, shape[name]) : text;
    }
  }
  return expanded;
}

function expandValue(
  value: unknown,
  at: Path,
  secretFields: readonly string[],
  context: { readonly environment: Environment; readonly problems: ProblemList },
): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => expandValue(item, [...at, index], secretFields, context));
  }
  if (typeof value === 'object' && value !== null) {
    const expanded = Object.create(null) as Record<string, unknown>;
    for (const [name, member] of Object.entries(value)) {
      expanded[name] = expandValue(member, [...at, name], secretFields, context);
    }
    return expanded;
  }
  if (typeof value !== 'string') return value;
  const { parts, problems } = parseSecretText(value);
  for (const problem of problems) context.problems.add(at, referenceProblem(value, problem));
  return parts.map((part) => expandPart(part, at, secretFields, context)).join('');
}

function expandPart(
  part: SecretTextPart,
  at: Path,
  secretFields: readonly string[],
  { environment, problems }: { readonly environment: Environment; readonly problems: ProblemList },
): string {
  if (typeof part === 'string') return part;
  if (part.kind !== 'env') {
    const where = secretFields.length === 0 ? 'not here' : `only in ${secretFields.join(', ')}`;
    problems.add(at, `\${${part.kind}:…} can be used ${where}; here, write the value or \${env:NAME}`);
    return '';
  }
  const value = environment[part.target];
  if (value === undefined) problems.add(at, `the environment variable ${part.target} is not set`);
  return value ?? '';
}

/** `port: "${env:PGPORT}"` is a number where the field wants one. */
function asWritten(expanded: string, written: string, schema: z.core.$ZodType | undefined): unknown {
  if (expanded === written || schema === undefined || z.safeParse(schema, expanded).success) return expanded;
  let scalar: unknown;
  if (/^-?\d{1,15}$/.test(expanded)) scalar = Number(expanded);
  else if (expanded === 'true' || expanded === 'false') scalar = expanded === 'true';
  return scalar !== undefined && z.safeParse(schema, scalar).success ? scalar : expanded;
}

function checkSecret(text: string, at: Path, problems: ProblemList): void {
  const parsed = parseSecretText(text);
  for (const problem of parsed.problems) problems.add(at, referenceProblem(text, problem));
  if (parsed.parts.some((part) => typeof part !== 'string' && part.kind === 'inline')) {
    problems.add(
      at,
      '${inline:…} is made by beamlift itself; write the secret, or ${env:…}, ${file:…} or ${secret:…}',
    );
  }
}

/** The problem of a reference, without what a password with `${` in it would show. */
export function referenceProblem(text: string, problem: string): string {
  return /\$\{[A-Za-z_][A-Za-z0-9_]*\}/.test(text)
    ? '${…} without a kind is not a reference; for an environment variable write ${env:NAME}, for a literal ${ write $${'
    : `${problem}; a literal \${ is written $\${`;
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
  const taken: JsonObject = { ...fields };
  for (const name of secretFields) {
    const text = fields[name];
    if (typeof text !== 'string') continue;
    if (parseSecretText(text).parts.every((part) => typeof part !== 'string')) continue;
    inlineSecrets.set(`${secretPath}.${name}`, text);
    taken[name] = `\${inline:${secretPath}.${name}}`;
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
