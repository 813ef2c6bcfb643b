import { lookup } from 'node:dns/promises';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import type { ReadPlace } from './socket-taps';

/** A host with several addresses: how long one may take before the next is tried beside it. Node's own 250 ms is less than a far round trip. */
const NEXT_ADDRESS_AFTER_MS = 1_500;

/** First probe of a silent connection: NAT tables forget a connection after minutes, and a connection may be silent for hours. */
const KEEP_ALIVE_MS = 30_000;

/** Told as a name was resolved and as the connection was made. */
export type TcpListener = (step: 'dns' | 'connect', detail: string) => void;

interface Address {
  readonly address: string;
  readonly family: number;
}

/**
 * Resolves the name and connects. The socket is destroyed when that fails or the signal aborts. Rejects with the system's error;
 * with one of no meaning on abort. `place`: where it reads to.
 */
export async function openTcpSocket(
  host: string,
  port: number,
  listener: TcpListener,
  signal: AbortSignal,
  place?: ReadPlace,
): Promise<Socket> {
  const addresses = await resolveHost(host, signal);
  if (isIP(host) === 0) {
    listener('dns', `${host} is ${addresses.map(({ address }) => address).join(', ')}`);
  }
  const known: LookupFunction = (_name, options, callback) => {
    const [first] = addresses;
    if (options.all === true || first === undefined) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
  const socket = connect({
    ...{ host, port, lookup: known, noDelay: true },
    ...{ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
    ...{ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS },
    ...(place === undefined ? {} : { onread: place.options }),
  });
  place?.belongsTo(socket, 'tcp');
  await whenConnected(socket, signal);
  listener('connect', `${socket.remoteAddress ?? host}:${port}`);
  return socket;
}

/** The same for a unix socket. */
export async function openUnixSocket(
  path: string,
  listener: TcpListener,
  signal: AbortSignal,
  place?: ReadPlace,
): Promise<Socket> {
  const socket = connect({ path, ...(place === undefined ? {} : { onread: place.options }) });
  place?.belongsTo(socket, 'unix');
  await whenConnected(socket, signal);
  listener('connect', path);
  return socket;
}

async function whenConnected(socket: Socket, signal: AbortSignal): Promise<void> {
  const onAbort = (): void => void socket.destroy(new Error('aborted'));
  // stays until somebody else listens, too: without a listener an error would end the process
  socket.on('error', () => undefined);
  try {
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed')));
    });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function resolveHost(host: string, signal: AbortSignal): Promise<Address[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new Error('aborted'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([lookup(host, { all: true }), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
