import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, Client, ClientChannel, ParsedKey, ServerHostKeyAlgorithm } from 'ssh2';
import { BeamliftError, messageOf } from '../errors';
import { SshChannelSocket } from './ssh-channel-socket';
import { forwardError, hostKeyError, sshConnectError, sshServerName, tunnelLost } from './ssh-errors';
import { fingerprintOf, judgeHostKey, keyTypeOf, knownKeyTypes } from './ssh-known-hosts';
import type { SshSettings } from './ssh-settings';
import { openTcpSocket } from './tcp-socket';

/** Signs of life without an answer after which the connection counts as broken. */
const KEEP_ALIVES_UNANSWERED = 3;
/** How long `close` waits for what is still in use: requests to the server to stop a statement. */
const CLOSE_TIMEOUT_MS = 2_500;

/** RSA keys sign with better hashes than their type says; the type of their key stays ssh-rsa. */
const ALGORITHMS_OF_TYPE: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
};

/** What an open SSH connection is told of. */
interface OpenSsh {
  readonly client: Client;
  /** `etl@bastion:22, host key SHA256:… (ssh-ed25519)` */
  readonly detail: string;
}

/**
 * One SSH connection through which any number of connections to servers behind it go. It is opened at first use, and again after it
 * broke; every host key is checked. Ports of this machine are not opened: other users of it could go through them.
 */
export class SshTunnel {
  private opening: Promise<OpenSsh> | undefined;
  private readonly sockets = new Set<SshChannelSocket>();
  private readonly inUse = new Set<Promise<unknown>>();
  private readonly ending = new AbortController();

  constructor(private readonly settings: SshSettings) {}

  /**
   * Opens the SSH connection where there is none, and says what it is. Throws CONNECTION_… codes, LOGIN_FAILED, SSH_HOST_KEY,
   * SECRET_UNRESOLVED for a key that cannot be read.
   */
  async ready(signal: AbortSignal): Promise<string> {
    return (await this.opened(signal)).detail;
  }

  /** A connection from the SSH server to a host and port, or to a unix socket there. Throws what `ready` throws, and RIGHTS_MISSING. */
  async connect(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
    const { client } = await this.opened(signal);
    const isPath = host.startsWith('/');
    const target = isPath ? host : `${host}:${port}`;
    const opening = new Promise<ClientChannel>((resolve, reject) => {
      const onOpen = (error: Error | undefined, channel: ClientChannel): void => {
        if (error === undefined) resolve(channel);
        else reject(forwardError(error, this.settings, target));
      };
      try {
        if (isPath) client.openssh_forwardOutStreamLocal(host, onOpen);
        else client.forwardOut('127.0.0.1', 0, host, port, onOpen);
      } catch (error) {
        reject(tunnelLost(this.settings, messageOf(error)));
      }
    });
    const socket = opening.then((channel) => this.keep(new SshChannelSocket(channel)));
    return await unlessAborted(socket, signal, (late) => late.destroy());
  }

  /** Keeps the SSH connection open for that work, also when `close` is called meanwhile (for two seconds). */
  async keepFor(work: Promise<void>): Promise<void> {
    this.inUse.add(work);
    try {
      await work;
    } finally {
      this.inUse.delete(work);
    }
  }

  /** Ends the SSH connection and all that goes through it. Safe to call twice. */
  async close(): Promise<void> {
    if (this.inUse.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)));
      await Promise.race([Promise.allSettled([...this.inUse]), late]);
      clearTimeout(timer);
    }
    for (const socket of this.sockets) socket.destroy();
    this.ending.abort(tunnelLost(this.settings, 'It was closed here.'));
    const opened = await this.opening?.catch(() => undefined);
    if (opened === undefined) return;
    const closed = new Promise<void>((resolve) => opened.client.once('close', () => resolve()));
    opened.client.end();
    const giveUp = setTimeout(() => opened.client.destroy(), CLOSE_TIMEOUT_MS);
    if (this.opening !== undefined) await closed;
    clearTimeout(giveUp);
  }

  private keep(socket: SshChannelSocket): SshChannelSocket {
    this.sockets.add(socket);
    // until the driver listens; without a listener an error would end the process
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  }

  private async opened(signal: AbortSignal): Promise<OpenSsh> {
    signal.throwIfAborted();
    this.ending.signal.throwIfAborted();
    if (this.opening === undefined) {
      const opening = this.open();
      this.opening = opening;
      opening.catch(() => this.forget(opening));
    }
    return await unlessAborted(this.opening, signal);
  }

  private forget(opening: Promise<OpenSsh>): void {
    if (this.opening === opening) this.opening = undefined;
  }

  /** For all who wait: ended by its own timeout and by `close` alone. */
  private async open(): Promise<OpenSsh> {
    const { settings } = this;
    const timeout = AbortSignal.timeout(settings.connectTimeoutMs);
    const signal = AbortSignal.any([timeout, this.ending.signal]);
    let isReached = false;
    try {
      // its names are not visible to imports from CommonJS
      const { Client, utils } = (await import('ssh2')).default;
      const login = methodsOf(settings, utils.parseKey);
      const socket = await openTcpSocket(settings.host, settings.port, () => undefined, signal);
      isReached = true;
      const client = new Client();
      const onAbort = (): void => void socket.destroy();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const hostKey = await logIn(client, settings, socket, login);
        signal.throwIfAborted();
        this.watch(client);
        return { client, detail: `${settings.user}@${sshServerName(settings)}, host key ${hostKey}` };
      } catch (error) {
        socket.destroy();
        throw error;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    } catch (error) {
      this.ending.signal.throwIfAborted();
      if (timeout.aborted) throw timedOut(settings);
      throw sshConnectError(error, settings, isReached);
    }
  }

  /** When the SSH connection is gone, so is everything in it, with an error each: nothing may look as if it had ended. */
  private watch(client: Client): void {
    const opening = this.opening;
    let why: string | undefined;
    client.on('error', (error: Error) => (why ??= error.message));
    client.once('close', () => {
      if (opening !== undefined) this.forget(opening);
      const reason = tunnelLost(this.settings, why);
      for (const socket of this.sockets) socket.destroy(reason);
    });
  }
}

/** Logs in over the socket, and gives what it says of the host key. */
async function logIn(
  client: Client,
  settings: SshSettings,
  sock: Duplex,
  authHandler: AnyAuthMethod[],
): Promise<string> {
  let hostKey = '';
  let refused: BeamliftError | undefined;
  const types = knownKeyTypes(settings.hostKeys, settings.host, settings.port);
  const algorithms = types.flatMap((type) => ALGORITHMS_OF_TYPE[type] ?? []);
  return await new Promise<string>((resolve, reject) => {
    // stays: what fails after the first failure must not end the process
    client.on('error', (error: Error) => reject(refused ?? error));
    client.once('close', () => reject(refused ?? new Error('the server closed the connection')));
    client.once('ready', () => resolve(hostKey));
    client.connect({
      sock,
      username: settings.user,
      authHandler,
      readyTimeout: 0,
      keepaliveInterval: settings.keepAliveMs,
      keepaliveCountMax: KEEP_ALIVES_UNANSWERED,
      ...(algorithms.length === 0 ? {} : { algorithms: { serverHostKey: algorithms } }),
      hostVerifier: (key: Buffer): boolean => {
        const verdict = judgeHostKey(settings.hostKeys, settings.host, settings.port, key);
        hostKey = `${fingerprintOf(key)} (${keyTypeOf(key)})`;
        if (verdict !== 'known') refused = hostKeyError(settings, key, verdict);
        return verdict === 'known';
      },
    });
  });
}

type ParseKey = (text: string, passphrase?: string) => ParsedKey | Error;

/** What is tried to log in, in order. */
function methodsOf(settings: SshSettings, parseKey: ParseKey): AnyAuthMethod[] {
  const { user: username, agent, password } = settings;
  const key = privateKeyOf(settings, parseKey);
  return [
    ...(key === undefined ? [] : [{ type: 'publickey' as const, username, key }]),
    ...(agent === undefined ? [] : [{ type: 'agent' as const, username, agent }]),
    ...(password === undefined
      ? []
      : [
          { type: 'password' as const, username, password },
          {
            type: 'keyboard-interactive' as const,
            username,
            prompt: (
              _name: string,
              _instructions: string,
              _language: string,
              prompts: readonly unknown[],
              finish: (answers: string[]) => void,
            ): void => finish(prompts.map(() => password)),
          },
        ]),
  ];
}

function privateKeyOf({ privateKey, passphrase }: SshSettings, parseKey: ParseKey): ParsedKey | undefined {
  if (privateKey === undefined) return undefined;
  const parsed = parseKey(privateKey, passphrase);
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!(key instanceof Error) && isPrivateKey(key)) return key;
  const isEncrypted = key instanceof Error && /passphrase|integrity|decrypt|cipher/i.test(key.message);
  throw new BeamliftError('SECRET_UNRESOLVED', {
    what: '`private_key` of `ssh` cannot be read',
    why: key instanceof Error ? key.message : 'It is a public key.',
    hint: isEncrypted
      ? passphrase === undefined
        ? 'The key is encrypted: add `passphrase: "${env:NAME}"` to `ssh`.'
        : 'Check `passphrase` of `ssh`.'
      : 'Give the file that `ssh -i` takes (~/.ssh/id_ed25519), not the one that ends in .pub.',
  });
}

function isPrivateKey(key: unknown): key is ParsedKey {
  return (
    typeof key === 'object' && key !== null && 'isPrivateKey' in key && (key as ParsedKey).isPrivateKey()
  );
}

function timedOut(settings: SshSettings): BeamliftError {
  return new BeamliftError('CONNECTION_TIMEOUT', {
    what: `The SSH server at ${sshServerName(settings)} did not answer within ${settings.connectTimeoutMs / 1000} s`,
    hint: 'Often a firewall that drops packets, or a wrong host in `ssh`. `connect_timeout` sets how long to wait.',
  });
}

/** The promise's outcome, or the signal's reason as soon as it aborts; what comes later is given to `discard`. */
async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => void = () => undefined,
): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } catch (error) {
    if (signal.aborted) promise.then(discard, () => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
