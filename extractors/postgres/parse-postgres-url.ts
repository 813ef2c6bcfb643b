import { BeamliftError } from '../../core/errors';
import type { JsonObject, JsonValue } from '../../core/plan';
import { parseSecretText } from '../../core/secret-references';
import { postgresConnectionSchema } from '../../core/clients/postgres-connection';

const URL_SHAPE =
  /^postgres(?:ql)?:\/\/(?:([^@/?]*)@)?(\[[^\]]*\]|[^:/?@]*)(?::([^/?]*))?(?:\/([^?]*))?(?:\?(.*))?$/s;

/** Names of libpq's parameters that a connection spells otherwise. */
const PARAMETER_NAMES: ReadonlyMap<string, string> = new Map([
  ['dbname', 'database'],
  ['sslrootcert', 'ssl_ca'],
  ['sslcert', 'ssl_cert'],
  ['sslkey', 'ssl_key'],
]);
const NUMBERS: ReadonlySet<string> = new Set(['port', 'connect_timeout']);
/** In a URL these are always paths, as for libpq. */
const FILES: ReadonlySet<string> = new Set(['ssl_ca', 'ssl_cert', 'ssl_key']);

/**
 * A URL as libpq reads it, `postgresql://user:password@host:port/database?sslmode=require`, as the fields of a connection.
 * Secret references (`${env:NAME}`) may stand in it as they are; everything else is percent-decoded. Undefined: not a URL of
 * PostgreSQL. Throws USAGE, without showing the URL: it may hold a password.
 */
export function parsePostgresUrl(url: string): { connection: JsonObject } | undefined {
  if (!/^postgres(ql)?:\/\//.test(url)) return undefined;
  const { text, restore } = hideReferences(url);
  if ((/^[^?]*/.exec(text)?.[0] ?? '').split('@').length > 2)
    throw wrongUrl('there is more than one @; one of the user or the password is written %40');
  const match = URL_SHAPE.exec(text);
  if (match === null) throw wrongUrl('it is not of the form postgresql://user:password@host:port/database');
  const [, login, host = '', port, database, query] = match;
  const fields = new Map<string, JsonValue>();
  const set = (name: string, raw: string | undefined): void => {
    if (raw === undefined || raw === '') return;
    const value = restore(decode(raw, name));
    fields.set(name, NUMBERS.has(name) ? numberOf(value, name) : value);
  };
  const colon = login?.indexOf(':') ?? -1;
  set('user', colon < 0 ? login : login?.slice(0, colon));
  set('password', colon < 0 ? undefined : login?.slice(colon + 1));
  set('host', host.replace(/^\[|\]$/g, ''));
  set('port', port);
  set('database', database);
  for (const parameter of (query ?? '').split('&').filter((part) => part !== '')) {
    const equals = parameter.indexOf('=');
    if (equals < 0) throw wrongUrl('a parameter behind the ? has no value');
    const given = parameter.slice(0, equals);
    const name = PARAMETER_NAMES.get(given) ?? given;
    set(name, parameter.slice(equals + 1));
    const value = fields.get(name);
    if (FILES.has(name) && typeof value === 'string' && !value.startsWith('${'))
      fields.set(name, `\${file:${value}}`);
  }
  const connection = Object.fromEntries(fields);
  const checked = postgresConnectionSchema.safeParse(connection);
  if (!checked.success) {
    const problems = checked.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim());
    throw wrongUrl(problems.join('; '));
  }
  return { connection };
}

/** Takes references out of the way of the URL's own characters; literal `${` in what is decoded is escaped on the way back. */
function hideReferences(url: string): { text: string; restore: (decoded: string) => string } {
  const references: string[] = [];
  const { parts, problems } = parseSecretText(url);
  if (problems.length > 0) throw wrongUrl(problems.join('; '));
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

function decode(raw: string, name: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw wrongUrl(
      `the percent signs in ${name} are not followed by two hexadecimal digits (a percent sign itself is %25)`,
    );
  }
}

function numberOf(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw wrongUrl(`${name} is not a number`);
  return value;
}

function wrongUrl(why: string): BeamliftError {
  return new BeamliftError('USAGE', {
    what: 'The PostgreSQL URL cannot be read',
    why,
    hint: 'Write postgresql://user:password@host:port/database?sslmode=…; characters such as @, :, / and # in a password are written %40, %3A, %2F, %23.',
  });
}
