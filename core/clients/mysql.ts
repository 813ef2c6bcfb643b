import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { lazyModules } from '../lazy-modules';
import type * as Driver from 'mysql2';
import type { Connection } from 'mysql2';
import { BeamliftError } from '../errors';
import { startTls, tlsError, verification } from './database-tls';
import { MysqlClient } from './mysql-client';
import { connectError, mysqlReport } from './mysql-errors';
import type { MysqlSettings } from './mysql-settings';
import { openMysqlSocket, serverName, type ConnectListener } from './mysql-socket';

const load = lazyModules(__filename);

const IGNORE_STEPS: ConnectListener = () => undefined;

/** How long the request to end a connection may take. It is a courtesy: the connection is gone here in any case. */
const KILL_TIMEOUT_MS = 2_000;

/**
 * What the driver offers to the server unless told not to. LOCAL_FILES would let the server ask for files of this machine;
 * IGNORE_SPACE and ODBC change how statements are read; MULTI_RESULTS is for procedures.
 */
const REFUSED_FLAGS = [
  '-LOCAL_FILES',
  '-MULTI_STATEMENTS',
  '-MULTI_RESULTS',
  '-PS_MULTI_RESULTS',
  '-IGNORE_SPACE',
  '-ODBC',
];

/** The parts of the driver's connection that its type declarations leave out. */
interface DriverConnection {
  startTLS: (onSecure: (error?: Error) => void) => void;
  stream: Duplex;
  packetParser: { execute(chunk: Buffer): void };
}

/** Opens a connection and logs in, within `connect_timeout`, trying the encryptions of `sslmode` in turn. */
export async function connectMysql(
  settings: MysqlSettings,
  signal: AbortSignal,
  listener: ConnectListener = IGNORE_STEPS,
): Promise<MysqlClient> {
  // within a time of its own
  if (settings.tunnel !== undefined) listener('ssh', await settings.tunnel.ready(signal));
  let refused: unknown;
  for (const encrypted of encryptionAttempts(settings)) {
    try {
      return await withTimeout(settings, signal, (limited) =>
        attempt(settings, encrypted, limited, listener),
      );
    } catch (error) {
      if (!mayDependOnEncryption(error, encrypted)) throw error;
      if (refused === undefined || isTlsFailure(refused)) refused = error;
    }
  }
  throw refused;
}

/** As for PostgreSQL; a unix socket is never encrypted, whatever the mode says. */
function encryptionAttempts({ sslMode, host }: MysqlSettings): readonly boolean[] {
  if (host.startsWith('/')) return [false];
  switch (sslMode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, true];
    case 'prefer':
      return [true, false];
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return [true];
  }
}

/** A failed handshake; or a login without TLS by a user who must have it: the server says no more than that it was refused. */
function mayDependOnEncryption(error: unknown, encrypted: boolean): boolean {
  if (isTlsFailure(error)) return true;
  return !encrypted && error instanceof BeamliftError && mysqlReport(error.cause)?.number === ACCESS_DENIED;
}
const ACCESS_DENIED = 1045;

function isTlsFailure(error: unknown): boolean {
  return error instanceof BeamliftError && error.code === 'CONNECTION_TLS';
}

async function attempt(
  settings: MysqlSettings,
  encrypted: boolean,
  signal: AbortSignal,
  listener: ConnectListener,
): Promise<MysqlClient> {
  const { socket, place } = await openMysqlSocket(settings, listener, signal);
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  const tls: Encryption = { isSecure: false };
  try {
    const { createConnection, authPlugins } = load('mysql2') as typeof Driver;
    if (socket.destroyed) throw new Error('the connection broke before the server was greeted');
    const connection = createConnection({
      stream: socket,
      host: settings.host,
      user: settings.user,
      ...(settings.password === undefined ? {} : { password: settings.password }),
      ...(settings.database === undefined ? {} : { database: settings.database }),
      charset: 'utf8mb4_general_ci',
      flags: [...REFUSED_FLAGS],
      multipleStatements: false,
      // the driver would put values in place of question marks; there are none, and users' texts have such marks
      queryFormat: (text: string) => text,
      disableEval: true,
      connectTimeout: 0,
      connectAttributes: { program_name: 'beamlift' },
      // the server takes a unix socket for safe, and what comes through it for the password; the driver would ask for a key first
      ...(settings.host.startsWith('/')
        ? {
            authPlugins: {
              caching_sha2_password: authPlugins.caching_sha2_password({ overrideIsSecure: true }),
            },
          }
        : {}),
      ...(encrypted ? { ssl: {} } : {}),
    });
    const driver = connection as unknown as DriverConnection;
    driver.startTLS = (onSecure) => {
      encrypt(driver, socket, settings, listener, tls, onSecure);
    };
    await loggedIn(connection);
    signal.throwIfAborted();
    const of = settings.database === undefined ? '' : `, database ${settings.database}`;
    listener('login', `${settings.user}${of}`);
    const { threadId } = connection;
    const kill = (): void => {
      const request = requestKill(settings, threadId);
      void settings.tunnel?.keepFor(request);
    };
    return new MysqlClient(
      connection,
      tls.socket?.getProtocol() ?? undefined,
      kill,
      encrypted ? undefined : place,
    );
  } catch (error) {
    // through a tunnel, the driver hears of the closed connection first
    const refused = tls.isSecure ? undefined : tls.socket?.errored;
    socket.destroy();
    signal.throwIfAborted();
    throw connectError(
      refused === undefined || refused === null ? error : tlsError(refused, serverName(settings)),
      serverName(settings),
    );
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The TLS of a connection, as far as it has come. */
interface Encryption {
  socket?: TLSSocket;
  isSecure: boolean;
}

function loggedIn(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    // stays: what fails after the first failure must not end the process
    connection.on('error', reject);
    connection.once('end', () => reject(new Error('the server closed the connection')));
    connection.once('connect', () => resolve());
  });
}

/**
 * Instead of the driver's own TLS, which checks a host that is an address against the name `localhost`, and takes up old sessions
 * without checking again.
 */
function encrypt(
  driver: DriverConnection,
  plain: Duplex,
  settings: MysqlSettings,
  listener: ConnectListener,
  tls: Encryption,
  onSecure: (error?: Error) => void,
): void {
  plain.removeAllListeners('data');
  let secure: TLSSocket;
  try {
    secure = startTls(plain, settings);
  } catch (error) {
    onSecure(forDriver(error, settings));
    return;
  }
  tls.socket = secure;
  secure.once('secureConnect', () => {
    tls.isSecure = true;
    listener('tls', `${secure.getProtocol() ?? 'TLS'}, ${verification(settings)} of the certificate checked`);
    onSecure();
  });
  secure.on('error', (error: NodeJS.ErrnoException) => {
    if (tls.isSecure) plain.destroy(error);
    else onSecure(forDriver(error, settings));
  });
  secure.on('data', (chunk: Buffer) => driver.packetParser.execute(chunk));
  driver.stream = secure;
}

/** The driver writes its own code over that of an error which it is given. */
function forDriver(error: unknown, settings: MysqlSettings): Error {
  const explained = tlsError(error, serverName(settings));
  return Object.assign(new Error(explained.message), { explained });
}

/** Ends a connection over another one: a server that is busy with a statement does not notice that nobody listens. Never rejects. */
async function requestKill(settings: MysqlSettings, threadId: number): Promise<void> {
  const signal = AbortSignal.timeout(KILL_TIMEOUT_MS);
  try {
    const client = await connectMysql(settings, signal);
    try {
      await client.query(`KILL CONNECTION ${threadId}`, signal, { what: 'KILL was refused', place: {} });
    } finally {
      await client.close();
    }
  } catch {
    // it has ended already, or the server is out of reach
  }
}

async function withTimeout<T>(
  settings: MysqlSettings,
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
        what: `MySQL at ${serverName(settings)} did not answer within ${seconds} s`,
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
