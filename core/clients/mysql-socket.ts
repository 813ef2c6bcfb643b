import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connectError } from './mysql-errors';
import type { MysqlSettings } from './mysql-settings';
import { openTcpSocket, openUnixSocket } from './tcp-socket';

/** Told as each step of connecting has succeeded: `beamlift check` prints them. */
export type ConnectListener = (step: 'ssh' | 'dns' | 'connect' | 'tls' | 'login', detail: string) => void;

/** How a person names the server. */
export function serverName({ host, port }: MysqlSettings): string {
  return host.startsWith('/') ? host : `${host}:${port}`;
}

/** What is checked of the server's certificate; as for PostgreSQL, `require` with an authority given checks as much as `verify-ca`. */
export function verification({
  sslMode,
  tls,
}: MysqlSettings): 'nothing' | 'authority' | 'authority and name' {
  if (sslMode === 'verify-full') return 'authority and name';
  if (sslMode === 'verify-ca' || (sslMode === 'require' && tls.ca !== undefined)) return 'authority';
  return 'nothing';
}

/** Begins TLS on a connected socket. The result emits `secureConnect` or `error`. */
export function startTls(socket: Duplex, settings: MysqlSettings): TLSSocket {
  const checked = verification(settings);
  return connectTls({
    ...settings.tls,
    socket,
    host: settings.host,
    rejectUnauthorized: checked !== 'nothing',
    // RFC 6066: the name sent to the server is never an address; the identity check then looks at `host`
    ...(isIP(settings.host) === 0 ? { servername: settings.host } : {}),
    ...(checked === 'authority' ? { checkServerIdentity: () => undefined } : {}),
  });
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
