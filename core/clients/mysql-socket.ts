import type { Duplex } from 'node:stream';
import { connectError } from './mysql-errors';
import type { MysqlSettings } from './mysql-settings';
import { openTcpSocket, openUnixSocket } from './tcp-socket';

/** Told as each step of connecting has succeeded: `beamlift check` prints them. */
export type ConnectListener = (step: 'ssh' | 'dns' | 'connect' | 'tls' | 'login', detail: string) => void;

/** How a person names the server. */
export function serverName({ host, port }: MysqlSettings): string {
  return host.startsWith('/') ? host : `${host}:${port}`;
}

/**
 * Resolves the name and connects, or has the SSH server do so. The socket is destroyed when that fails or the signal aborts. Throws
 * CONNECTION_… codes.
 */
export async function openMysqlSocket(
  settings: MysqlSettings,
  listener: ConnectListener,
  signal: AbortSignal,
): Promise<Duplex> {
  const { host, port, tunnel } = settings;
  try {
    if (tunnel !== undefined) {
      const socket = await tunnel.connect(host, port, signal);
      listener('connect', `${serverName(settings)}, through the SSH server`);
      return socket;
    }
    return host.startsWith('/')
      ? await openUnixSocket(host, listener, signal)
      : await openTcpSocket(host, port, listener, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw connectError(error, serverName(settings));
  }
}
