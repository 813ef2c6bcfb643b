import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { access, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Connection } from 'mysql2';
import { createConnection } from 'mysql2';
import { freePort } from './free-port';

const run = promisify(execFile);

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const PASSWORD = "Sup€r secret:\\p'w@/#";

export interface MysqlServerOptions {
  /** Further parameters of mariadbd: `--sql-mode=ANSI_QUOTES`. */
  readonly parameters?: readonly string[];
  /** A certificate authority and a server certificate for `localhost`, made by openssl. */
  readonly tls?: boolean;
}

/** A private MariaDB server in a temporary folder, with durability off; `shop` is its database. */
export interface MysqlServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Path of the unix socket. */
  readonly socketPath: string;
  /** PEM text of the authority that signed the server's certificate. */
  readonly authority: string | undefined;
  /** A connected client of the driver's, which the caller ends. */
  connect(): Promise<Connection>;
  /** Runs statements as root, one after another, on a connection of their own. */
  execute(...statements: readonly string[]): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a server for a `before` hook; call `stop` in `after`.
 * Throws, naming what is missing, when this machine has no MariaDB: a test that cannot run has failed.
 */
export async function startMysql(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  const program = await findProgram();
  const owner = await serverAccount();
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-mysql-'));
  let server: ChildProcess | undefined;
  try {
    if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
    const data = path.join(folder, 'data');
    const socketPath = path.join(folder, 'mysqld.sock');
    await run(
      'mariadb-install-db',
      ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
      { ...owner, cwd: folder },
    );
    const certificates = options.tls === true ? await createCertificates(folder, owner) : undefined;
    const port = await freePort();
    server = spawn(
      program,
      [
        ...['--no-defaults', `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1'],
        ...[`--socket=${socketPath}`, `--pid-file=${path.join(folder, 'pid')}`, '--skip-log-bin'],
        ...[
          '--innodb-flush-log-at-trx-commit=0',
          '--innodb-flush-method=nosync',
          '--innodb-buffer-pool-size=64M',
        ],
        ...['--skip-name-resolve', '--character-set-server=utf8mb4', '--default-time-zone=+03:00'],
        ...(certificates?.parameters ?? []),
        ...(options.parameters ?? []),
      ],
      { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const log = collectTail(server);
    const running = server;
    const killNow = (): void => void running.kill('SIGKILL');
    process.once('exit', killNow);
    await waitUntilReady(socketPath, running, log);
    const quoted = `'${PASSWORD.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
    await rootStatements(socketPath, '', [
      // whatever habits the server was given
      "SET SESSION sql_mode = '', autocommit = 1",
      'SET NAMES utf8mb4',
      `ALTER USER root@localhost IDENTIFIED BY ${quoted}`,
      `CREATE USER loader@'%' IDENTIFIED BY ${quoted}`,
      "GRANT ALL PRIVILEGES ON *.* TO loader@'%'",
      'CREATE DATABASE shop',
    ]);
    const connect = async (): Promise<Connection> =>
      await connectAs({ socketPath, password: PASSWORD, database: 'shop' });
    const kill = async (): Promise<void> => {
      if (running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      killNow();
      await ended;
    };
    return {
      host: '127.0.0.1',
      port,
      user: 'loader',
      password: PASSWORD,
      database: 'shop',
      socketPath,
      authority: certificates?.authority,
      connect,
      execute: (...statements) => rootStatements(socketPath, PASSWORD, statements, 'shop'),
      kill,
      stop: async () => {
        process.removeListener('exit', killNow);
        await kill();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    server?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function findProgram(): Promise<string> {
  for (const candidate of ['/usr/sbin/mariadbd', '/usr/local/sbin/mariadbd', '/usr/libexec/mariadbd']) {
    const found = await access(candidate).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  throw new Error(
    'MariaDB’s server program mariadbd was not found; these tests need it: .ci/install-mariadb',
  );
}

type Account = { uid: number; gid: number } | undefined;

/** The server refuses to run as root; then it runs as `mysql`. */
async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string): Promise<number> =>
    Number((await run('id', [flag, 'mysql'])).stdout.trim());
  return { uid: await id('-u'), gid: await id('-g') };
}

async function connectAs(login: {
  socketPath: string;
  password: string;
  database?: string;
}): Promise<Connection> {
  const connection = createConnection({ ...login, user: 'root', charset: 'utf8mb4' });
  // a test that stops the server is not interested in the client's opinion
  connection.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  return connection;
}

async function rootStatements(
  socketPath: string,
  password: string,
  statements: readonly string[],
  database?: string,
): Promise<void> {
  const connection = await connectAs({
    socketPath,
    password,
    ...(database === undefined ? {} : { database }),
  });
  try {
    for (const statement of statements) {
      await new Promise<void>((resolve, reject) => {
        connection.query(statement, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    }
  } finally {
    connection.destroy();
  }
}

async function waitUntilReady(socketPath: string, server: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (server.exitCode !== null || server.signalCode !== null)
      throw new Error(`MariaDB did not start:\n${log()}`);
    const ready = await rootStatements(socketPath, '', ['SELECT 1']).then(
      () => true,
      () => false,
    );
    if (ready) return;
    if (Date.now() > deadline) throw new Error(`MariaDB did not answer in time:\n${log()}`);
    await sleep(POLL_MS);
  }
}

/** The end of what the server writes, for the error when it does not start. */
function collectTail(server: ChildProcess): () => string {
  let tail = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4000);
  });
  return () => tail;
}

/** The server's certificate is for `localhost` alone. */
async function createCertificates(
  folder: string,
  owner: Account,
): Promise<{ authority: string; parameters: readonly string[] }> {
  const file = (name: string): string => path.join(folder, name);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await run('openssl', [
    ...['req', '-x509', ...curve, '-subj', '/CN=beamlift test authority'],
    ...['-keyout', file('ca.key'), '-out', file('ca.crt')],
  ]);
  await run('openssl', [
    ...['req', '-x509', ...curve, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-CA', file('ca.crt'), '-CAkey', file('ca.key')],
    ...['-keyout', file('server.key'), '-out', file('server.crt')],
  ]);
  if (owner !== undefined) {
    await chown(file('server.key'), owner.uid, owner.gid);
    await chown(file('server.crt'), owner.uid, owner.gid);
  }
  return {
    authority: await readFile(file('ca.crt'), 'utf8'),
    parameters: [
      `--ssl-cert=${file('server.crt')}`,
      `--ssl-key=${file('server.key')}`,
      `--ssl-ca=${file('ca.crt')}`,
    ],
  };
}
