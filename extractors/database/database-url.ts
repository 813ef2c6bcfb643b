import type { z } from 'zod';
import { BeamliftError } from '../../core/errors';
import type { JsonObject, JsonValue } from '../../core/plan';
import { parseSecretText } from '../../core/secret-references';

/** The URLs of one kind of database. */
export interface DatabaseUrls {
  /** For errors. */
  readonly product: string;
  /** `mysql`, `mariadb`; the first one is that of examples. */
  readonly schemes: readonly [string, ...string[]];
  /** Fields of a connection whose texts are numbers. */
  readonly numbers: ReadonlySet<string>;
  /** Fields of a connection that hold PEM texts: in a URL they are always paths. */
  readonly files: ReadonlySet<string>;
  /** Names of parameters that a connection spells otherwise. */
  readonly parameterNames: ReadonlyMap<string, string>;
  readonly connectionSchema: z.ZodObject;
}

const URL_SHAPE = /^[a-z]+:\/\/(?:([^@/?]*)@)?(\[[^\]]*\]|[^:/?@]*)(?::([^/?]*))?(?:\/([^?]*))?(?:\?(.*))?$/s;

/**
 * `scheme://user:password@host:port/database?sslmode=require` as the fields of a connection. Secret references (`${env:NAME}`) may stand
 * in it as they are; everything else is percent-decoded. Undefined: of another scheme. Throws USAGE, without showing the URL: it may hold
 * a password.
 */
export function parseDatabaseUrl(url: string, urls: DatabaseUrls): { connection: JsonObject } | undefined {
  if (!urls.schemes.some((scheme) => url.startsWith(`${scheme}://`))) return undefined;
  const wrong = (why: string): BeamliftError => wrongUrl(urls, why);
  const { text, restore } = hideReferences(url, wrong);
  if ((/^[^?]*/.exec(text)?.[0] ?? '').split('@').length > 2) {
    throw wrong('there is more than one @; one of the user or the password is written %40');
  }
  const match = URL_SHAPE.exec(text);
  if (match === null) throw wrong(`it is not of the form ${exampleOf(urls)}`);
  const [, login, host = '', port, database, query] = match;
  const fields = new Map<string, JsonValue>();
  const set = (name: string, raw: string | undefined): void => {
    if (raw === undefined || raw === '') return;
    const value = restore(decode(raw, name, wrong));
    fields.set(name, urls.numbers.has(name) ? numberOf(value, name, wrong) : value);
  };
  const colon = login?.indexOf(':') ?? -1;
  set('user', colon < 0 ? login : login?.slice(0, colon));
  set('password', colon < 0 ? undefined : login?.slice(colon + 1));
  set('host', host.replace(/^\[|\]$/g, ''));
  set('port', port);
  set('database', database);
  for (const parameter of (query ?? '').split('&').filter((part) => part !== '')) {
    const equals = parameter.indexOf('=');
    if (equals < 0) throw wrong('a parameter behind the ? has no value');
    const given = parameter.slice(0, equals);
    const name = urls.parameterNames.get(given) ?? given;
    set(name, parameter.slice(equals + 1));
    const value = fields.get(name);
    if (urls.files.has(name) && typeof value === 'string' && !value.startsWith('${')) {
      fields.set(name, `\${file:${value}}`);
    }
  }
  const connection = Object.fromEntries(fields);
  const checked = urls.connectionSchema.safeParse(connection);
  if (!checked.success) {
    const problems = checked.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim());
    throw wrong(problems.join('; '));
  }
  return { connection };
}

type WrongUrl = (why: string) => BeamliftError;

/** Takes references out of the way of the URL's own characters; literal `${` in what is decoded is escaped on the way back. */
function hideReferences(
  url: string,
  wrong: WrongUrl,
): { text: string; restore: (decoded: string) => string } {
  const references: string[] = [];
  const { parts, problems } = parseSecretText(url);
  if (problems.length > 0) throw wrong(problems.join('; '));
  const text = parts
    .map((part) => {
      if (typeof part === 'string') return part.replaceAll('\0', '');
      references.push(part.text);
      return `\0${references.length - 1}\0`;
    })
    .join('');
  const restore = (decoded: string): string =>
    decoded
      .replaceAll('${', () => '$${')
      .replace(/\0(\d+)\0/g, (_whole, index: string) => references[Number(index)] ?? '');
  return { text, restore };
}

function decode(raw: string, name: string, wrong: WrongUrl): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw wrong(
      `the percent signs in ${name} are not followed by two hexadecimal digits (a percent sign itself is %25)`,
    );
  }
}

function numberOf(text: string, name: string, wrong: WrongUrl): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw wrong(`${name} is not a number`);
  return value;
}

function exampleOf({ schemes }: DatabaseUrls): string {
  return `${schemes[0]}://user:password@host:port/database`;
}

function wrongUrl(urls: DatabaseUrls, why: string): BeamliftError {
  return new BeamliftError('USAGE', {
    what: `The ${urls.product} URL cannot be read`,
    why,
    hint: `Write ${exampleOf(urls)}?sslmode=…; characters such as @, :, / and # in a password are written %40, %3A, %2F, %23.`,
  });
}
