import { BeamliftError, messageOf, showValue, systemCode } from '../errors';
import type { ErrorCode } from '../error-codes';
import { fingerprintOf, keyTypeOf, knownHostsLine, type HostKeyVerdict } from './ssh-known-hosts';
import type { SshSettings } from './ssh-settings';

/** How a person names the server. */
export function sshServerName({ host, port }: Pick<SshSettings, 'host' | 'port'>): string {
  return `${host}:${port}`;
}

const CODES_BY_ERRNO: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ...['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'].map(
    (name) => [name, 'CONNECTION_DNS'] as const,
  ),
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL'].map(
    (name) => [name, 'CONNECTION_REFUSED'] as const,
  ),
  ['ETIMEDOUT', 'CONNECTION_TIMEOUT'],
]);

/** What the library calls the parts in which something failed. */
const CODES_BY_LEVEL: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['client-authentication', 'LOGIN_FAILED'],
  ['agent', 'LOGIN_FAILED'],
  ['client-timeout', 'CONNECTION_TIMEOUT'],
]);

const HINTS: Partial<Record<ErrorCode, string>> = {
  CONNECTION_DNS: 'Check the spelling of `host` in `ssh`, and whether a VPN is needed.',
  CONNECTION_REFUSED: 'Check `host` and `port` in `ssh`, and that an SSH server listens there.',
  CONNECTION_TIMEOUT: 'Often a firewall that drops packets. `connect_timeout` sets how long to wait.',
  LOGIN_FAILED:
    "Check `user` in `ssh`, and that the key is in authorized_keys of that user; the server's log says more.",
};

/** What a failure while the SSH connection is opened means. `isOpen`: the server had been reached. */
export function sshConnectError(thrown: unknown, settings: SshSettings, isOpen: boolean): BeamliftError {
  if (thrown instanceof BeamliftError) return thrown;
  const server = sshServerName(settings);
  const level = thrown instanceof Error && 'level' in thrown ? String(thrown.level) : '';
  const code =
    CODES_BY_LEVEL.get(level) ??
    CODES_BY_ERRNO.get(systemCode(thrown) ?? '') ??
    (isOpen ? 'CONNECTION_LOST' : 'CONNECTION_REFUSED');
  const what: Partial<Record<ErrorCode, string>> = {
    CONNECTION_DNS: `The host name ${settings.host} of the SSH server does not resolve`,
    CONNECTION_REFUSED: `The SSH server at ${server} does not accept the connection`,
    CONNECTION_TIMEOUT: `The SSH server at ${server} did not answer in time`,
    LOGIN_FAILED: `The SSH server at ${server} refused the login of ${settings.user}`,
  };
  const hint = HINTS[code];
  return new BeamliftError(code, {
    what: what[code] ?? `The connection to the SSH server at ${server} broke while it was opened`,
    why: code === 'LOGIN_FAILED' ? `Tried: ${methodsOf(settings)}.` : showValue(messageOf(thrown)),
    ...(hint === undefined ? {} : { hint }),
    cause: thrown,
  });
}

function methodsOf({ privateKey, agent, password }: SshSettings): string {
  return [
    ...(privateKey === undefined ? [] : ['the private key']),
    ...(agent === undefined ? [] : ['the keys of the agent']),
    ...(password === undefined ? [] : ['the password']),
  ].join(', ');
}

/** The server showed a host key that is not the expected one. */
export function hostKeyError(settings: SshSettings, key: Buffer, verdict: HostKeyVerdict): BeamliftError {
  const { host, port, hostKeys } = settings;
  const server = sshServerName(settings);
  const shown = `${keyTypeOf(key)} ${fingerprintOf(key)}`;
  const source = hostKeys.kind === 'given' ? '`host_key`' : hostKeys.shown;
  if (verdict === 'unknown') {
    return new BeamliftError('SSH_HOST_KEY', {
      what: `The host key of the SSH server ${server} is not known`,
      why: `It is ${shown}, and ${source} has no key of this server.`,
      hint: `Have that fingerprint confirmed by whoever runs the server; then add \`host_key: "${fingerprintOf(key)}"\` to \`ssh\` of the connection, or this line to known_hosts: ${knownHostsLine(host, port, key)}`,
    });
  }
  return new BeamliftError('SSH_HOST_KEY', {
    what:
      verdict === 'revoked'
        ? `The host key of the SSH server ${server} was revoked`
        : `The host key of the SSH server ${server} is not the expected one`,
    why: `It is ${shown}, ${verdict === 'revoked' ? `which ${source} revokes` : `which is not in ${source}`}.`,
    hint: `Either the server was installed anew, or something else answers in its place. Nothing was sent. When whoever runs it confirms the fingerprint, replace the old key by \`host_key: "${fingerprintOf(key)}"\`.`,
  });
}

/** Reasons of RFC 4254, section 5.1. */
const PROHIBITED = 1;
const UNRESOLVED =
  /name or service not known|name resolution|unknown host|nodename nor servname|no address associated/i;

/** What it means that the SSH server does not forward to the database. */
export function forwardError(thrown: unknown, settings: SshSettings, target: string): BeamliftError {
  const server = sshServerName(settings);
  const reason = thrown instanceof Error && 'reason' in thrown ? thrown.reason : undefined;
  const why = showValue(messageOf(thrown).replace(/^\(SSH\) /, ''));
  if (reason === PROHIBITED) {
    return new BeamliftError('RIGHTS_MISSING', {
      what: `The SSH server ${server} does not forward connections to ${target} for ${settings.user}`,
      why,
      hint: 'On the SSH server: AllowTcpForwarding and PermitOpen in sshd_config, no `restrict` or `permitopen` for the key in authorized_keys.',
      cause: thrown,
    });
  }
  if (reason === undefined) return tunnelLost(settings, why);
  if (UNRESOLVED.test(why)) {
    return new BeamliftError('CONNECTION_DNS', {
      what: `The host name of ${target} does not resolve on the SSH server ${server}`,
      why,
      hint: '`host` of the connection is looked up by the SSH server: write the name or address under which it knows the database.',
      cause: thrown,
    });
  }
  return new BeamliftError('CONNECTION_REFUSED', {
    what: `The SSH server ${server} cannot connect to ${target}`,
    why,
    hint: 'Check `host` and `port` of the connection as the SSH server sees them, and that the database runs.',
    cause: thrown,
  });
}

/** The SSH connection broke, and every connection in it. */
export function tunnelLost(settings: SshSettings, why: string | undefined): BeamliftError {
  return new BeamliftError('CONNECTION_LOST', {
    what: `The SSH connection to ${sshServerName(settings)} broke`,
    ...(why === undefined ? {} : { why }),
    hint: 'The work unit is read again. If it happens again, look in the log of the SSH server.',
  });
}
