import { lookup } from 'node:dns/promises';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connectError } from './mysql-errors';
import type { MysqlSettings } from './mysql-settings';

/** Told as each step of connecting has succeeded: `beamlift check` prints them. */
export type ConnectListener = (step: 'dns' | 'connect' | 'tls' | 'login', detail: string) => void;

/** A host with several addresses: how long one may take before the next is tried beside it. Node's own 250 ms is less than a far round trip. */
const NEXT_ADDRESS_AFTER_MS = 1_500;

/** First probe of a silent connection: NAT tables forget a connection after minutes. */
const KEEP_ALIVE_MS = 30_000;

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
export function startTls(socket: Socket, settings: MysqlSettings): TLSSocket {
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

/** Resolves the name and connects. The socket is destroyed when that fails or the signal aborts. Throws CONNECTION_… codes. */
export async function openMysqlSocket(
  settings: MysqlSettings,
  listener: ConnectListener,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port } = settings;
  signal.throwIfAborted();
  let socket: Socket | undefined;
  const onAbort = (): void => void socket?.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const isPath = host.startsWith('/');
    const addresses = isPath ? [] : await resolveHost(host, signal);
    signal.throwIfAborted();
    if (!isPath && isIP(host) === 0) {
      listener('dns', `${host} is ${addresses.map(({ address }) => address).join(', ')}`);
    }
    socket = isPath ? connect({ path: host }) : connectTcp(host, port, addresses);
    await connected(socket);
    // until the driver listens; without a listener an error would end the process
    socket.on('error', () => undefined);
    signal.throwIfAborted();
    listener('connect', isPath ? host : `${socket.remoteAddress ?? host}:${port}`);
    return socket;
  } catch (error) {
    socket?.destroy();
    signal.throwIfAborted();
    throw connectError(error, serverName(settings));
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

interface Address {
  readonly address: string;
  readonly family: number;
}

function connectTcp(host: string, port: number, addresses: readonly Address[]): Socket {
  const known: LookupFunction = (_name, options, callback) => {
    const [first] = addresses;
    if (options.all === true || first === undefined) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
  return connect({
    host,
    port,
    lookup: known,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
  });
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('the connection was closed'));
    socket.once('close', onClose);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('close', onClose).off('error', reject);
      resolve();
    });
  });
}

async function resolveHost(host: string, signal: AbortSignal): Promise<Address[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([lookup(host, { all: true }), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
