import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError, systemCode } from '../errors';
import type { SourceServices } from '../extractor';
import { operatingSystemUser } from './operating-system-user';
import { pathOf, pemText, type PathBase } from './pem-text';
import type { SshConnection } from './ssh-connection';
import type { HostKeyRule } from './ssh-known-hosts';

const DEFAULT_PORT = 22;
/** As long as the shortest idle timeouts of cloud load balancers and NATs allow, several times over. */
const DEFAULT_KEEP_ALIVE_SECONDS = 15;
const SYSTEM_KNOWN_HOSTS = '/etc/ssh/ssh_known_hosts';

/** An SSH server and how to log in there, with every default and secret filled in. Never logged, never part of a plan. */
export interface SshSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Text of the key, as it may be encrypted. */
  readonly privateKey: string | undefined;
  readonly passphrase: string | undefined;
  readonly password: string | undefined;
  /** Path of the agent's socket. */
  readonly agent: string | undefined;
  readonly hostKeys: HostKeyRule;
  /** 0: none. */
  readonly keepAliveMs: number;
  readonly connectTimeoutMs: number;
}

/**
 * Fills in what `ssh` of a connection leaves out. Throws SECRET_UNRESOLVED, and CONFIG_INVALID where there is nothing to log in with.
 * @param connectTimeoutMs until the SSH connection must be open and logged in.
 */
export async function resolveSshSettings(
  connection: SshConnection,
  services: SourceServices,
  base: PathBase,
  connectTimeoutMs: number,
  signal: AbortSignal,
): Promise<SshSettings> {
  const resolve = async (text: string | undefined): Promise<string | undefined> =>
    text === undefined ? undefined : await services.secrets.resolve(text, signal);
  const key = await resolve(connection.private_key);
  const password = await resolve(connection.password);
  const settings: SshSettings = {
    host: (await resolve(connection.host)) ?? connection.host,
    port: connection.port ?? DEFAULT_PORT,
    user: (await resolve(connection.user)) ?? operatingSystemUser('Add `user` to `ssh` of the connection.'),
    privateKey: key === undefined ? undefined : await pemText('ssh.private_key', key, base),
    passphrase: await resolve(connection.passphrase),
    password,
    agent: agentOf(connection, services.environment['SSH_AUTH_SOCK'] || undefined, base),
    hostKeys: await hostKeysOf(
      await resolve(connection.host_key),
      await resolve(connection.known_hosts),
      base,
    ),
    keepAliveMs: 1000 * (connection.keepalive ?? DEFAULT_KEEP_ALIVE_SECONDS),
    connectTimeoutMs,
  };
  if (settings.privateKey === undefined && password === undefined && settings.agent === undefined) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: `There is nothing to log in to the SSH server ${settings.host} with`,
      why: 'Neither private_key nor password is given, and SSH_AUTH_SOCK names no agent.',
      hint: 'Add `private_key: "${file:/path/to/key}"` to `ssh` of the connection.',
    });
  }
  return settings;
}

function agentOf(
  connection: SshConnection,
  variable: string | undefined,
  base: PathBase,
): string | undefined {
  const { agent, private_key: key, password } = connection;
  if (typeof agent === 'string') return pathOf(agent, base);
  const isWanted = agent ?? (key === undefined && password === undefined);
  if (!isWanted) return undefined;
  if (agent === true && variable === undefined) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: '`agent` of `ssh` is true, and the environment variable SSH_AUTH_SOCK is not set',
      hint: 'Start the agent (eval "$(ssh-agent)"; ssh-add), or give `private_key`.',
    });
  }
  return variable;
}

const GIVEN_KEY = /^(?:SHA256:[A-Za-z0-9+/]{43}=?|(?:ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/=]+(?:\s.*)?)$/;
/** What only lines of such a file have, and no path. */
const KNOWN_HOSTS_TEXT = /\s(?:ssh|ecdsa|sk)-\S+\s+AAAA/;

async function hostKeysOf(
  given: string | undefined,
  knownHosts: string | undefined,
  base: PathBase,
): Promise<HostKeyRule> {
  if (given !== undefined) {
    const keys = given
      .split(/[,\n]/)
      .map((key) => key.trim())
      .filter((key) => key !== '');
    const wrong = keys.find((key) => !GIVEN_KEY.test(key));
    if (wrong === undefined && keys.length > 0) return { kind: 'given', keys };
    throw new BeamliftError('CONFIG_INVALID', {
      what: '`host_key` of `ssh` is neither a fingerprint nor a public key',
      hint: 'Write SHA256: with 43 characters behind it, or `ssh-ed25519 AAAA…`; on the server: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
    });
  }
  if (knownHosts === undefined) {
    const own = path.join(base.home, '.ssh', 'known_hosts');
    const texts = await Promise.all(
      [own, SYSTEM_KNOWN_HOSTS].map((file) => readFile(file, 'utf8').catch(() => '')),
    );
    return { kind: 'known-hosts', text: texts.join('\n'), shown: '~/.ssh/known_hosts' };
  }
  if (KNOWN_HOSTS_TEXT.test(knownHosts)) {
    return { kind: 'known-hosts', text: knownHosts, shown: '`known_hosts` of the connection' };
  }
  const file = pathOf(knownHosts, base);
  try {
    return { kind: 'known-hosts', text: await readFile(file, 'utf8'), shown: file };
  } catch (error) {
    throw new BeamliftError('SECRET_UNRESOLVED', {
      what: `\`known_hosts\` of \`ssh\` cannot be read: ${file}`,
      why: systemCode(error) ?? 'unknown',
      hint: 'Write the path of a file as OpenSSH keeps it, or `host_key: "SHA256:…"`.',
    });
  }
}
