import { BeamliftError } from '../../core/errors';
import type { Environment } from '../../core/extractor';
import type { JsonObject, JsonValue } from '../../core/plan';
import { redact } from '../../core/secret-redactor';
import { parseSecretText, type SecretReference } from '../../core/secret-references';
import { ANNOUNCED_SCHEMES } from './announced-names';
import type { EndpointModule, EndpointRole } from './endpoint-modules';
import { referenceProblem } from './endpoint-texts';
import { oneOf } from './schema-problems';

/** The fields that a URL stands for, or why it stands for none. */
export type UrlReading =
  | {
      readonly module: EndpointModule;
      /** Texts in the syntax of secret references. */
      readonly fields: JsonObject;
      readonly pattern: string | undefined;
    }
  | { readonly problem: string };

/**
 * Reads a connection or destination from a URL. References inside of it (`postgresql://etl:${env:PASSWORD}@host/shop`) end up in the
 * fields, unresolved. A URL that begins with `${env:NAME}` is taken from that variable. Problems never quote the URL.
 */
export function readUrl(written: string, role: EndpointRole, environment: Environment): UrlReading {
  const { parts, problems } = parseSecretText(written);
  const [problem] = problems;
  if (problem !== undefined) return { problem: referenceProblem(written, problem) };
  const [first, ...rest] = parts;
  if (first === undefined || typeof first === 'string') return parseUrl(parts, role);
  const value = environment[first.target];
  if (first.kind !== 'env') {
    return {
      problem: `a URL may begin with \${env:NAME}, not with \${${first.kind}:…}; write the fields instead`,
    };
  }
  if (value === undefined) return { problem: `the environment variable ${first.target} is not set` };
  return parseUrl([value, ...rest], role);
}

/** References stand in the URL as words without special characters, and come back in the fields. */
function parseUrl(parts: readonly (string | SecretReference)[], role: EndpointRole): UrlReading {
  const references: SecretReference[] = [];
  const url = parts
    .map((part) => (typeof part === 'string' ? part : standIn(references.push(part) - 1)))
    .join('')
    .trim();
  for (const module of role.modules) {
    try {
      const parsed = module.parseUrl(url);
      if (parsed !== undefined) {
        return { module, fields: restoreObject(parsed.fields, references), pattern: parsed.pattern };
      }
    } catch (error) {
      return { problem: moduleProblem(error, url) };
    }
  }
  return { problem: unknownUrl(url, role) };
}

function standIn(index: number): string {
  return `beamliftreference${index}x`;
}

function restoreObject(fields: JsonObject, references: readonly SecretReference[]): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]): [string, JsonValue] => [name, restore(value, references)]),
  );
}

function restore(value: JsonValue, references: readonly SecretReference[]): JsonValue {
  if (typeof value === 'string') {
    let text = value.replaceAll('${', '$${');
    for (const [index, reference] of references.entries())
      text = text.replaceAll(standIn(index), reference.text);
    return text;
  }
  if (Array.isArray(value)) return value.map((item) => restore(item, references));
  return typeof value === 'object' && value !== null ? restoreObject(value, references) : value;
}

/** What the module says, without the URL and its password should they be in it. */
function moduleProblem(error: unknown, url: string): string {
  if (!(error instanceof BeamliftError)) throw error;
  const said = [error.what, error.why, error.hint].filter((text) => text !== undefined).join('; ');
  const password = /\/\/[^/]*?:(.*)@/.exec(url)?.[1];
  return redact(said, password === undefined ? [url] : [url, password, decoded(password)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unknownUrl(url: string, role: EndpointRole): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const kinds = oneOf(role.modules.map((module) => `${module.type} (${module.title})`));
  const announced = scheme === undefined ? undefined : ANNOUNCED_SCHEMES.get(scheme);
  if (announced !== undefined && role.announced.includes(announced)) {
    return `${announced} is not available in this version; available ${role.modules.length === 1 ? 'is' : 'are'} ${kinds}`;
  }
  return `no ${role.noun} has a URL of this form; there ${role.modules.length === 1 ? 'is' : 'are'} ${kinds}`;
}
