import { BeamliftError, type ErrorDetails, type ErrorPlace, messageOf, systemCode } from '../errors';
import type { ErrorCode } from '../error-codes';

/** What the server said about a failed statement or login. */
export interface ServerReport {
  readonly sqlState: string;
  readonly message: string;
  /** 1 for the first character of the statement. */
  readonly position: number | undefined;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

/** SQLSTATE to code, the longest prefix first; whatever is not listed is a statement that the server refuses. */
const CODES_BY_SQLSTATE: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  ['28', 'LOGIN_FAILED'],
  ['3D000', 'DATABASE_NOT_FOUND'],
  ['57P04', 'DATABASE_NOT_FOUND'],
  ['42501', 'RIGHTS_MISSING'],
  ['42P01', 'SOURCE_NOT_FOUND'],
  ['3F000', 'SOURCE_NOT_FOUND'],
  // starting up, shutting down: the next attempt may get in
  ['57P03', 'CONNECTION_REFUSED'],
  ['53300', 'CONNECTION_LIMIT'],
  ['57P', 'CONNECTION_LOST'],
  ['08', 'CONNECTION_LOST'],
  // cancelled by an administrator, a recovery conflict, a deadlock, a lock timeout, a full disk: not the statement's fault
  ['57014', 'SOURCE_INCOMPLETE'],
  ['40', 'SOURCE_INCOMPLETE'],
  ['55P03', 'SOURCE_INCOMPLETE'],
  ['53', 'SOURCE_INCOMPLETE'],
  ['72000', 'SNAPSHOT_LOST'],
];

/** errno (and Node's resolver codes) to code. */
const CODES_BY_ERRNO: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['ENOTFOUND', 'CONNECTION_DNS'],
  ['EAI_AGAIN', 'CONNECTION_DNS'],
  ['EAI_FAIL', 'CONNECTION_DNS'],
  ['EAI_NODATA', 'CONNECTION_DNS'],
  ['EAI_NONAME', 'CONNECTION_DNS'],
  ['ECONNREFUSED', 'CONNECTION_REFUSED'],
  ['EHOSTUNREACH', 'CONNECTION_REFUSED'],
  ['ENETUNREACH', 'CONNECTION_REFUSED'],
  ['EHOSTDOWN', 'CONNECTION_REFUSED'],
  ['EADDRNOTAVAIL', 'CONNECTION_REFUSED'],
  ['ENOENT', 'CONNECTION_REFUSED'],
  ['EACCES', 'CONNECTION_REFUSED'],
  ['ETIMEDOUT', 'CONNECTION_TIMEOUT'],
  ['ECONNRESET', 'CONNECTION_LOST'],
  ['ECONNABORTED', 'CONNECTION_LOST'],
  ['EPIPE', 'CONNECTION_LOST'],
]);

/** The server's own report, where the thrown value is one. */
export function serverReport(thrown: unknown): ServerReport | undefined {
  if (!(thrown instanceof Error) || !('severity' in thrown)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(thrown));
  const text = (name: string): string | undefined => {
    const value = fields.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const position = Number(text('position') ?? Number.NaN);
  return {
    sqlState: text('code') ?? 'XX000',
    message: thrown.message,
    position: Number.isInteger(position) ? position : undefined,
    detail: text('detail'),
    hint: text('hint'),
  };
}

/** The code of a SQLSTATE. */
export function codeOfSqlState(sqlState: string): ErrorCode {
  let best: readonly [string, ErrorCode] = ['', 'QUERY_REFUSED'];
  for (const entry of CODES_BY_SQLSTATE) {
    if (sqlState.startsWith(entry[0]) && entry[0].length > best[0].length) best = entry;
  }
  return best[1];
}

/** `message (SQLSTATE 42P01)` with the server's detail, on one line. */
function describeReport(report: ServerReport): string {
  const detail = report.detail === undefined ? '' : ` ${report.detail}`;
  return `${report.message}${detail} (SQLSTATE ${report.sqlState})`.replace(/\s+/g, ' ');
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  CONNECTION_DNS: 'Check the spelling of `host`, and whether a VPN is needed.',
  CONNECTION_REFUSED: 'Check `host` and `port`, and that the server runs.',
  CONNECTION_LIMIT:
    'Lower `max_source_connections` of the connection, or let the user have more: `ALTER ROLE … CONNECTION LIMIT`, `max_connections`.',
  CONNECTION_TIMEOUT:
    'Often a firewall that drops packets, or a wrong host. `connect_timeout` sets how long to wait.',
  CONNECTION_TLS: 'See `sslmode` and `ssl_ca` of the connection.',
  LOGIN_FAILED:
    'Check `user` and `password`, and that pg_hba.conf of the server lets this user in from here.',
  DATABASE_NOT_FOUND: 'Check the spelling of `database`.',
  SOURCE_NOT_FOUND: '`beamlift discover CONNECTION` lists what the connection can see.',
};

/**
 * What a failure while connecting or logging in means. Decided by SQLSTATE and errno; an error that has neither comes
 * from the exchange of passwords when the socket is alive, and from a closed socket when it is not.
 */
export function connectError(thrown: unknown, server: string, socketAlive: boolean): BeamliftError {
  if (thrown instanceof BeamliftError) return thrown;
  const report = serverReport(thrown);
  const code =
    report === undefined
      ? (codeOfErrno(thrown) ?? (socketAlive ? 'LOGIN_FAILED' : 'CONNECTION_LOST'))
      : codeOfSqlState(report.sqlState);
  const what: Partial<Record<ErrorCode, string>> = {
    CONNECTION_DNS: `The host name ${server.replace(/:\d+$/, '')} does not resolve`,
    CONNECTION_REFUSED: `PostgreSQL at ${server} does not accept the connection`,
    CONNECTION_LIMIT: `PostgreSQL at ${server} has no free connection`,
    CONNECTION_TIMEOUT: `PostgreSQL at ${server} did not answer in time`,
    CONNECTION_TLS: `The TLS handshake with ${server} failed`,
    LOGIN_FAILED: `PostgreSQL at ${server} refused the login`,
    DATABASE_NOT_FOUND: `PostgreSQL at ${server} has no such database`,
    RIGHTS_MISSING: `The login may not use the database at ${server}`,
  };
  return new BeamliftError(code, {
    what: what[code] ?? `The connection to PostgreSQL at ${server} broke while it was opened`,
    ...reasonAndHint(code, thrown, report),
  });
}

/** What a failure of an open connection means: the server's report decides, without one the connection broke. */
export function statementError(thrown: unknown, what: string, place: ErrorPlace): BeamliftError {
  if (thrown instanceof BeamliftError) return thrown.at(place);
  const report = serverReport(thrown);
  const code =
    report === undefined ? (codeOfErrno(thrown) ?? 'CONNECTION_LOST') : codeOfSqlState(report.sqlState);
  return new BeamliftError(code, { what, where: place, ...reasonAndHint(code, thrown, report) });
}

function reasonAndHint(
  code: ErrorCode,
  thrown: unknown,
  report: ServerReport | undefined,
): Pick<ErrorDetails, 'why' | 'hint' | 'cause'> {
  const hint = report?.hint ?? HINTS[code];
  return {
    why: report === undefined ? messageOf(thrown) : describeReport(report),
    ...(hint === undefined ? {} : { hint }),
    cause: thrown,
  };
}

function codeOfErrno(thrown: unknown): ErrorCode | undefined {
  const code = systemCode(thrown);
  if (code === undefined) return undefined;
  return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(code) ? 'CONNECTION_TLS' : CODES_BY_ERRNO.get(code);
}
