import { BeamliftError } from '../../core/errors';
import type { Environment } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { redact } from '../../core/secret-redactor';
import { parseSecretText } from '../../core/secret-references';
import { ANNOUNCED_SCHEMES } from './announced-names';
import type { EndpointModule, EndpointRole } from './endpoint-modules';
import { escapeReferences, referenceProblem } from './endpoint-texts';
import { allOf } from './schema-problems';

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
 * Reads a connection or destination from a URL, in which references may stand (`postgresql://etl:${env:PASSWORD}@host/shop`): they come
 * back in the fields. A URL that begins with `${env:NAME}` is taken from that variable. Problems never quote the URL.
 */
export function readUrl(written: string, role: EndpointRole, environment: Environment): UrlReading {
  const { parts, problems } = parseSecretText(written);
  const [problem] = problems;
  if (problem !== undefined) return { problem: referenceProblem(written, problem) };
  const [first] = parts;
  if (first === undefined || typeof first === 'string') return parseUrl(written.trim(), role);
  if (first.kind !== 'env') {
    return {
      problem: `a URL may begin with \${env:NAME}, not with \${${first.kind}:…}; write the fields instead`,
    };
  }
  const value = environment[first.target];
  if (value === undefined) return { problem: `the environment variable ${first.target} is not set` };
  return parseUrl(`${escapeReferences(value)}${written.slice(first.text.length)}`.trim(), role);
}

function parseUrl(url: string, role: EndpointRole): UrlReading {
  for (const module of role.modules) {
    try {
      const parsed = module.parseUrl(url);
      if (parsed !== undefined) return { module, ...parsed };
    } catch (error) {
      return { problem: moduleProblem(error, url) };
    }
  }
  return { problem: unknownUrl(url, role) };
}

/** What the module says, without the URL and its password should they be in it. */
function moduleProblem(error: unknown, url: string): string {
  if (!(error instanceof BeamliftError)) throw error;
  const { what, why, hint } = error;
  const problem = [what, why]
    .flatMap((text) => (text === undefined ? [] : [text.replace(/\.$/, '')]))
    .join(': ');
  const said = hint === undefined ? problem : `${problem}. ${hint}`;
  if (/^[a-z][a-z0-9+.-]*:\/*$/i.test(url)) return said;
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
  const kinds = allOf(role.modules.map((module) => `${module.type} (${module.title})`));
  const announced = scheme === undefined ? undefined : ANNOUNCED_SCHEMES.get(scheme);
  if (announced !== undefined && role.announced.includes(announced)) {
    return `${announced} is not available in this version; available ${role.modules.length === 1 ? 'is' : 'are'} ${kinds}`;
  }
  return `no ${role.noun} has a URL of this form; there ${role.modules.length === 1 ? 'is' : 'are'} ${kinds}`;
}
