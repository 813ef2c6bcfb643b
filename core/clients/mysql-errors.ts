import { BeamliftError, messageOf, systemCode, type ErrorDetails, type ErrorPlace } from '../errors';
import type { ErrorCode } from '../error-codes';

/** What the server said about a failed statement or login. */
export interface MysqlReport {
  /** The server's own number: https://mariadb.com/kb/en/mariadb-error-code-reference/ */
  readonly number: number;
  readonly message: string;
}

/** Numbers of MySQL and MariaDB by what they mean; whatever is not listed is a statement that the server refuses. */
const NUMBERS_OF_CODES: readonly (readonly [code: ErrorCode, numbers: readonly number[]])[] = [
  // access denied, host not allowed, password expired, account locked, method of authentication not known
  ['LOGIN_FAILED', [1045, 1130, 1251, 1524, 1698, 1820, 1862, 2049, 3118, 3955, 4151]],
  ['CONNECTION_TLS', [3159]],
  ['DATABASE_NOT_FOUND', [1049]],
  ['RIGHTS_MISSING', [1044, 1142, 1143, 1227, 1356, 1370, 1410]],
  ['SOURCE_NOT_FOUND', [1051, 1109, 1146, 1932]],
  // blocked after many errors
  ['CONNECTION_REFUSED', [1129]],
  // no free connection, too many of this user
  ['CONNECTION_LIMIT', [1040, 1203, 1226]],
  // shut down, killed, a packet or write that failed
  ['CONNECTION_LOST', [1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 4031]],
  // interrupted, timeouts, deadlock, disk or memory full: not the statement's fault
  ['SOURCE_INCOMPLETE', [1021, 1028, 1030, 1037, 1038, 1041, 1114, 1205, 1213, 1317, 1969, 3024]],
  ['SOURCE_CHANGED', [1412]],
];

/** errno (and Node's resolver codes), and what the driver calls its own failures. */
const CODES_BY_NAME: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ...['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'].map(
    (name) => [name, 'CONNECTION_DNS'] as const,
  ),
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'ENOENT', 'EACCES'].map(
    (name) => [name, 'CONNECTION_REFUSED'] as const,
  ),
  ['ETIMEDOUT', 'CONNECTION_TIMEOUT'],
  ...['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'PROTOCOL_CONNECTION_LOST'].map(
    (name) => [name, 'CONNECTION_LOST'] as const,
  ),
  ['HANDSHAKE_NO_SSL_SUPPORT', 'CONNECTION_TLS'],
  ['HANDSHAKE_SSL_ERROR', 'CONNECTION_TLS'],
  ['AUTH_SWITCH_PLUGIN_ERROR', 'LOGIN_FAILED'],
  ['MYSQL_CLEAR_PASSWORD_NOT_ENABLED', 'LOGIN_FAILED'],
]);

const HINTS: Partial<Record<ErrorCode, string>> = {
  CONNECTION_DNS: 'Check the spelling of `host`, and whether a VPN is needed.',
  CONNECTION_REFUSED: 'Check `host` and `port`, and that the server runs.',
  CONNECTION_LIMIT:
    'Lower `max_source_connections` of the connection, or let the user have more: `max_user_connections`, `max_connections`.',
  CONNECTION_TIMEOUT:
    'Often a firewall that drops packets, or a wrong host. `connect_timeout` sets how long to wait.',
  CONNECTION_TLS: 'See `sslmode` and `ssl_ca` of the connection.',
  LOGIN_FAILED:
    'Check `user` and `password`, and that the server knows this user at the host that it sees you come from.',
  DATABASE_NOT_FOUND: 'Check the spelling of `database`; its case counts on most servers.',
  RIGHTS_MISSING: 'As an administrator: GRANT SELECT ON database.* TO the user;',
  SOURCE_NOT_FOUND: '`beamlift discover CONNECTION` lists what the connection can see.',
  SOURCE_CHANGED: 'Run the job again.',
};

/** The server's own report, where the thrown value is one. */
export function mysqlReport(thrown: unknown): MysqlReport | undefined {
  if (!(thrown instanceof Error) || !('errno' in thrown) || !('sqlMessage' in thrown)) return undefined;
  const { errno, sqlMessage } = thrown;
  if (typeof errno !== 'number' || errno < 1000) return undefined;
  return { number: errno, message: typeof sqlMessage === 'string' ? sqlMessage : thrown.message };
}

/** The code of a number of the server's. */
export function codeOfNumber(number: number): ErrorCode {
  return NUMBERS_OF_CODES.find(([, numbers]) => numbers.includes(number))?.[0] ?? 'QUERY_REFUSED';
}

/** What a failure while connecting or logging in means. */
export function connectError(thrown: unknown, server: string): BeamliftError {
  if (thrown instanceof BeamliftError) return thrown;
  if (thrown instanceof Error && 'explained' in thrown && thrown.explained instanceof BeamliftError) {
    return thrown.explained;
  }
  const plugin = REFUSED_PLUGIN.exec(messageOf(thrown))?.[1];
  if (plugin !== undefined) return pluginRefused(plugin, server, thrown);
  const report = mysqlReport(thrown);
  const code = codeOf(thrown, report);
  const what: Partial<Record<ErrorCode, string>> = {
    CONNECTION_DNS: `The host name ${server.replace(/:\d+$/, '')} does not resolve`,
    CONNECTION_REFUSED: `MySQL at ${server} does not accept the connection`,
    CONNECTION_LIMIT: `MySQL at ${server} has no free connection`,
    CONNECTION_TIMEOUT: `MySQL at ${server} did not answer in time`,
    CONNECTION_TLS: `The TLS handshake with ${server} failed`,
    LOGIN_FAILED: `MySQL at ${server} refused the login`,
    DATABASE_NOT_FOUND: `MySQL at ${server} has no such database`,
    RIGHTS_MISSING: `The login may not use the database at ${server}`,
  };
  return new BeamliftError(code, {
    what: what[code] ?? `The connection to MySQL at ${server} broke while it was opened`,
    ...reasonAndHint(code, thrown, report),
  });
}

/** How the driver says that it does not know a method of authentication, or that it would give the password away. */
const REFUSED_PLUGIN = /authentication using (?:unknown plugin )?(\w+)/;

function pluginRefused(plugin: string, server: string, cause: unknown): BeamliftError {
  return new BeamliftError('LOGIN_FAILED', {
    what: `MySQL at ${server} wants a method of authentication that is not used here`,
    why:
      plugin === 'mysql_clear_password'
        ? 'mysql_clear_password sends the password as it is.'
        : `It is ${plugin}.`,
    hint: 'As an administrator, have the user log in by caching_sha2_password or mysql_native_password: ALTER USER … IDENTIFIED WITH …;',
    cause,
  });
}

/** What a failure of an open connection means: the server's report decides, without one the connection broke. */
export function statementError(thrown: unknown, what: string, place: ErrorPlace): BeamliftError {
  if (thrown instanceof BeamliftError) return thrown.at(place);
  const report = mysqlReport(thrown);
  const code = codeOf(thrown, report);
  return new BeamliftError(code, { what, where: place, ...reasonAndHint(code, thrown, report) });
}

function codeOf(thrown: unknown, report: MysqlReport | undefined): ErrorCode {
  if (report !== undefined) return codeOfNumber(report.number);
  const name = systemCode(thrown) ?? '';
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(name)) return 'CONNECTION_TLS';
  return CODES_BY_NAME.get(name) ?? 'CONNECTION_LOST';
}

function reasonAndHint(
  code: ErrorCode,
  thrown: unknown,
  report: MysqlReport | undefined,
): Pick<ErrorDetails, 'why' | 'hint' | 'cause'> {
  const hint = HINTS[code];
  const why = report === undefined ? messageOf(thrown) : `${report.message} (error ${report.number})`;
  return { why: why.replace(/\s+/g, ' '), ...(hint === undefined ? {} : { hint }), cause: thrown };
}
