import type { Duplex } from 'node:stream';
import { lazyModules } from '../lazy-modules';
import type * as Driver from 'pg';
import { BeamliftError } from '../errors';
import { PostgresClient } from './postgres-client';
import { connectError, serverReport } from './postgres-errors';
import type { PostgresSettings } from './postgres-settings';
import { openPostgresSocket, serverName, type ConnectListener } from './postgres-socket';
import { encryptionAttempts, type Encryption } from './postgres-tls';

const load = lazyModules(__filename);

const IGNORE_STEPS: ConnectListener = () => undefined;

/** Opens a connection and logs in, within `connect_timeout`, trying the encryptions of `sslmode` in turn. */
export async function connectPostgres(
  settings: PostgresSettings,
  signal: AbortSignal,
  listener: ConnectListener = IGNORE_STEPS,
): Promise<PostgresClient> {
  // within a time of its own
  if (settings.tunnel !== undefined) listener('ssh', await settings.tunnel.ready(signal));
  let refused: unknown;
  for (const encryption of encryptionAttempts(settings)) {
    try {
      return await withTimeout(settings, signal, (limited) =>
        attempt(settings, encryption, limited, listener),
      );
    } catch (error) {
      if (!refusesEncryption(error)) throw error;
      refused = error;
    }
  }
  throw refused;
}

/** Whether another kind of encryption may get in: a failed handshake, or a login that pg_hba.conf has no line for. */
function refusesEncryption(error: unknown): boolean {
  if (!(error instanceof BeamliftError)) return false;
  return error.code === 'CONNECTION_TLS' || serverReport(error.cause)?.sqlState === '28000';
}

async function attempt(
  settings: PostgresSettings,
  encryption: Encryption,
  signal: AbortSignal,
  listener: ConnectListener,
): Promise<PostgresClient> {
  const opened = await openPostgresSocket(settings, encryption, listener, signal);
  const onAbort = (): void => void opened.socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const { Client } = load('pg') as typeof Driver;
    const client = new Client({
      host: settings.host,
      port: settings.port,
      user: settings.user,
      database: settings.database,
      password: () => passwordOf(settings),
      ssl: false,
      stream: () => asUnconnected(opened.socket),
      application_name: settings.applicationName,
      ...(settings.options === undefined ? {} : { options: settings.options }),
      types: { getTypeParser: () => (text: string) => text },
    });
    const connection = new PostgresClient(client, settings, opened);
    await client.connect();
    signal.throwIfAborted();
    listener('login', `${settings.user}, database ${settings.database}`);
    return connection;
  } catch (error) {
    const alive = !opened.socket.destroyed;
    opened.socket.destroy();
    signal.throwIfAborted();
    throw connectError(error, serverName(settings), alive);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Asked for only when the server wants a password. */
function passwordOf({ password, passwordFileIgnored, user }: PostgresSettings): string {
  if (password !== undefined) return password;
  throw new BeamliftError('LOGIN_FAILED', {
    what: `The server asks for the password of ${user}, and none is configured`,
    ...(passwordFileIgnored === undefined ? {} : { why: passwordFileIgnored }),
    hint: 'Add `password: "${env:NAME}"` to the connection, set PGPASSWORD, or write a line for it to ~/.pgpass.',
  });
}

/** pg connects its stream itself; this one is connected (and encrypted) already, and only says so when it is asked to. */
function asUnconnected(socket: Duplex): Duplex {
  const connect = (): Duplex => {
    process.nextTick(() => socket.emit('connect'));
    return socket;
  };
  return Object.defineProperty(socket, 'connect', { value: connect });
}

async function withTimeout<T>(
  settings: PostgresSettings,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const limited = new AbortController();
  const onAbort = (): void => limited.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const seconds = settings.connectTimeoutMs / 1000;
  const timer = setTimeout(() => {
    limited.abort(
      new BeamliftError('CONNECTION_TIMEOUT', {
        what: `PostgreSQL at ${serverName(settings)} did not answer within ${seconds} s`,
        hint: 'Often a firewall that drops packets, or a wrong host. `connect_timeout` sets how long to wait.',
      }),
    );
  }, settings.connectTimeoutMs);
  try {
    return await work(limited.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
