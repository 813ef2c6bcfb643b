import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { BeamliftError } from '../errors';
import { startTls, tlsError, verification } from './database-tls';
import { connectError } from './postgres-errors';
import type { PostgresSettings } from './postgres-settings';
import type { Encryption } from './postgres-tls';
import { ReadPlace } from './socket-taps';
import { openTcpSocket, openUnixSocket } from './tcp-socket';

/** Told as each step of connecting has succeeded: `beamlift check` prints them. */
export type ConnectListener = (step: 'ssh' | 'dns' | 'connect' | 'tls' | 'login', detail: string) => void;

/** A socket that is ready for PostgreSQL's startup message. */
export interface PostgresSocket {
  readonly socket: Duplex;
  /** `TLSv1.3`, … ; undefined where the connection is not encrypted. */
  readonly protocol: string | undefined;
  /** Where the socket reads to, if that can be said. */
  readonly place?: ReadPlace;
}

/** The message that asks for TLS: its length, and the code 1234.5679. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const SSL_OFFERED = 0x53;
const SSL_NOT_OFFERED = 0x4e;

/** How a person names the server. */
export function serverName({ host, port }: PostgresSettings): string {
  return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`;
}

/** Resolves the name, connects (or has the SSH server do so) and negotiates TLS. The socket is destroyed when any of it fails or the signal aborts. */
export async function openPostgresSocket(
  settings: PostgresSettings,
  encryption: Encryption,
  listener: ConnectListener,
  signal: AbortSignal,
): Promise<PostgresSocket> {
  const opened = await openPlain(settings, listener, signal);
  const plain = opened.socket;
  try {
    if (encryption === 'none') return opened;
    if (!(await offersTls(plain, settings, signal))) {
      if (encryption === 'if-offered') return opened;
      throw new BeamliftError('CONNECTION_TLS', {
        what: `PostgreSQL at ${serverName(settings)} does not offer TLS`,
        why: `sslmode is ${settings.sslMode}.`,
        hint: 'Switch `ssl` on at the server, or use sslmode prefer or disable where the network itself is trusted.',
      });
    }
    return await secure(plain, settings, listener, signal);
  } catch (error) {
    plain.destroy();
    throw error;
  }
}

async function openPlain(
  settings: PostgresSettings,
  listener: ConnectListener,
  signal: AbortSignal,
): Promise<PostgresSocket> {
  const { host, port, tunnel } = settings;
  const path = host.startsWith('/') ? serverName(settings) : undefined;
  try {
    if (tunnel !== undefined) {
      const socket = await tunnel.connect(path ?? host, port, signal);
      listener('connect', `${serverName(settings)}, through the SSH server`);
      return { socket, protocol: undefined };
    }
    const place = settings.copyReader === 'plain' ? undefined : new ReadPlace();
    const socket =
      path === undefined
        ? await openTcpSocket(host, port, listener, signal, place)
        : await openUnixSocket(path, listener, signal, place);
    return { socket, protocol: undefined, ...(place === undefined ? {} : { place }) };
  } catch (error) {
    signal.throwIfAborted();
    throw connectError(error, serverName(settings), false);
  }
}

async function offersTls(socket: Duplex, settings: PostgresSettings, signal: AbortSignal): Promise<boolean> {
  let answer: Buffer;
  try {
    socket.write(SSL_REQUEST);
    answer = await waitFor(socket, 'data', signal);
  } catch (error) {
    signal.throwIfAborted();
    throw connectError(error, serverName(settings), false);
  }
  // more than one byte may have been put there by somebody in between, to be taken for encrypted data (CVE-2021-23222)
  if (answer.length === 1 && answer[0] === SSL_OFFERED) return true;
  if (answer.length === 1 && answer[0] === SSL_NOT_OFFERED) return false;
  throw new BeamliftError('CONNECTION_REFUSED', {
    what: `What listens at ${serverName(settings)} does not answer as PostgreSQL does`,
    why: "Its answer to a request for TLS is not PostgreSQL's.",
    hint: 'Check `host` and `port`.',
  });
}

async function secure(
  plain: Duplex,
  settings: PostgresSettings,
  listener: ConnectListener,
  signal: AbortSignal,
): Promise<PostgresSocket> {
  let socket: TLSSocket;
  try {
    // errors of the socket below are reported by the one above it; without a listener they would end the process
    plain.on('error', () => undefined);
    socket = startTls(plain, settings);
    await waitFor(socket, 'secureConnect', signal);
  } catch (error) {
    signal.throwIfAborted();
    throw tlsError(error, serverName(settings));
  }
  const protocol = socket.getProtocol() ?? 'TLS';
  listener('tls', `${protocol}, ${verification(settings)} of the certificate checked`);
  return { socket, protocol };
}

/** What the next event of that name brings. Rejects with the socket's error, when the other side closes, and on abort. */
function waitFor(socket: Duplex, event: 'secureConnect', signal: AbortSignal): Promise<void>;
function waitFor(socket: Duplex, event: 'data', signal: AbortSignal): Promise<Buffer>;
function waitFor(socket: Duplex, event: string, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onEvent = (value: unknown): void => settle(() => resolve(value));
    const onError = (error: Error): void => settle(() => reject(error));
    const onClose = (): void =>
      onError(Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' }));
    const onAbort = (): void => onError(new Error('aborted'));
    const settle = (finish: () => void): void => {
      socket.off(event, onEvent).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    socket.once(event, onEvent).once('error', onError).once('close', onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
