import type { Duplex } from 'node:stream';
import { connectError } from './mysql-errors';
import type { MysqlSettings } from './mysql-settings';
import { ReadPlace } from './socket-taps';
import { openTcpSocket, openUnixSocket } from './tcp-socket';

/** Told as each step of connecting has succeeded: `beamlift check` prints them. */
export type ConnectListener = (step: 'ssh' | 'dns' | 'connect' | 'tls' | 'login', detail: string) => void;

/** How a person names the server. */
export function serverName({ host, port }: MysqlSettings): string {
  return host.startsWith('/') ? host : `${host}:${port}`;
}

export interface MysqlSocket {
  readonly socket: Duplex;
  /** Where it reads to, if that can be said. */
  readonly place: ReadPlace | undefined;
}

/**
 * Resolves the name and connects, or has the SSH server do so. The socket is destroyed when that fails or the signal aborts. Throws
 * CONNECTION_… codes.
 */
export async function openMysqlSocket(
  settings: MysqlSettings,
  listener: ConnectListener,
  signal: AbortSignal,
): Promise<MysqlSocket> {
  const { host, port, tunnel } = settings;
  try {
    if (tunnel !== undefined) {
      const socket = await tunnel.connect(host, port, signal);
      listener('connect', `${serverName(settings)}, through the SSH server`);
      return { socket, place: undefined };
    }
    const place = new ReadPlace();
    const socket = host.startsWith('/')
      ? await openUnixSocket(host, listener, signal, place)
      : await openTcpSocket(host, port, listener, signal, place);
    return { socket, place };
  } catch (error) {
    signal.throwIfAborted();
    throw connectError(error, serverName(settings));
  }
}
