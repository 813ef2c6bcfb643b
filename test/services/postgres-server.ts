import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';

const run = promisify(execFile);

/** Where Debian and the PGDG packages put a version's programs. */
const DEBIAN_ROOT = '/usr/lib/postgresql';
const NEEDED_PROGRAMS = ['initdb', 'postgres'];

export interface PostgresServerOptions {
  /** Lines for postgresql.conf. */
  readonly config?: readonly string[];
  /** Lines in front of the default pg_hba.conf. */
  readonly hba?: readonly string[];
  /** A certificate authority and a server certificate for `localhost`, made by openssl. */
  readonly tls?: boolean;
  /** Instead of a fresh cluster: a standby of this one. */
  readonly standbyOf?: PostgresServer;
}

/** A private server in a temporary folder, with durability off. Superuser `postgres`; passwords are checked over TCP. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Folder of the unix socket. */
  readonly socketFolder: string;
  /** PEM text of the authority that signed the server's certificate. */
  readonly authority: string | undefined;
  /** A connected client; `stop` does not close it. */
  connect(database?: string, user?: string, password?: string): Promise<Client>;
  /** Runs statements as the superuser on a connection of their own. */
  execute(sql: string, database?: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a server for a `before` hook; call `stop` in `after`.
 * Throws, naming what is missing, when this machine has no PostgreSQL: a test that cannot run has failed.
 */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const programs = await findPrograms();
  const owner = await serverAccount();
  const folder = await mkdtemp(join(tmpdir(), 'beamlift-postgres-'));
  let server: ChildProcess | undefined;
  try {
    if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
    const data = join(folder, 'data');
    const password = 'Sup€r secret:\\pw';
    const port = await freePort();
    if (options.standbyOf === undefined) await createCluster(programs, owner, folder, data, password);
    else await copyCluster(programs, owner, data, options.standbyOf, password);
    const authority = options.tls === true ? await createCertificates(folder, data, owner) : undefined;
    await configure(data, port, folder, options);
    server = spawn(join(programs, 'postgres'), ['-D', data], {
      ...owner,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const log = collectTail(server);
    await waitUntilReady(port, password, server, log);
    const running = server;
    const killNow = (): void => void running.kill('SIGQUIT');
    process.once('exit', killNow);
    const connect = async (database = 'postgres', user = 'postgres', secret = password): Promise<Client> => {
      const client = new Client({ host: '127.0.0.1', port, database, user, password: secret, ssl: false });
      // A test that stops the server, or kills this backend, is not interested in the client's opinion.
      client.on('error', () => undefined);
      await client.connect();
      return client;
    };
    return {
      host: '127.0.0.1',
      port,
      user: 'postgres',
      password,
      socketFolder: folder,
      authority,
      connect,
      execute: async (sql, database) => {
        const client = await connect(database);
        try {
          await client.query(sql);
        } finally {
          await client.end();
        }
      },
      stop: async () => {
        process.removeListener('exit', killNow);
        await stopServer(running);
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    if (server !== undefined) await stopServer(server);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The newest installed version's folder of programs. */
async function findPrograms(): Promise<string> {
  const versions = await readdir(DEBIAN_ROOT).catch(() => []);
  const candidates = versions
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join(DEBIAN_ROOT, version, 'bin'));
  const configured = await run('pg_config', ['--bindir']).then(
    (result) => [result.stdout.trim()],
    () => [],
  );
  for (const folder of [...candidates, ...configured]) {
    const present = new Set(await readdir(folder).catch(() => []));
    if (NEEDED_PROGRAMS.every((program) => present.has(program))) return folder;
  }
  throw new Error(
    `PostgreSQL's server programs (${NEEDED_PROGRAMS.join(', ')}) were found neither below ${DEBIAN_ROOT} nor by pg_config --bindir; ` +
      'these tests need them: apt-get install postgresql',
  );
}

type Account = { uid: number; gid: number } | undefined;

/** The server refuses to run as root; then it runs as `postgres`. */
async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string): Promise<number> =>
    Number((await run('id', [flag, 'postgres'])).stdout.trim());
  return { uid: await id('-u'), gid: await id('-g') };
}

async function createCluster(
  programs: string,
  owner: Account,
  folder: string,
  data: string,
  password: string,
): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password);
  if (owner !== undefined) await chown(passwordFile, owner.uid, owner.gid);
  await run(
    join(programs, 'initdb'),
    [
      ...['-D', data, '-U', 'postgres', '--pwfile', passwordFile, '-E', 'UTF8', '--locale', 'C', '--no-sync'],
      ...['--auth-host', 'scram-sha-256', '--auth-local', 'trust'],
    ],
    { ...owner, cwd: folder },
  );
}

async function copyCluster(
  programs: string,
  owner: Account,
  data: string,
  primary: PostgresServer,
  password: string,
): Promise<void> {
  await run(
    join(programs, 'pg_basebackup'),
    ['-D', data, '-h', primary.host, '-p', String(primary.port), '-U', 'postgres', '-R', '-c', 'fast'],
    { ...owner, env: { PGPASSWORD: password, PATH: '/usr/bin:/bin' } },
  );
}

async function configure(
  data: string,
  port: number,
  folder: string,
  options: PostgresServerOptions,
): Promise<void> {
  const settings = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    `unix_socket_directories = '${folder}'`,
    'fsync = off',
    'synchronous_commit = off',
    'full_page_writes = off',
    'max_prepared_transactions = 4',
    'max_connections = 60',
    'shared_buffers = 64MB',
    ...(options.tls === true ? ['ssl = on'] : []),
    ...(options.config ?? []),
  ];
  await writeFile(join(data, 'postgresql.auto.conf'), `${settings.join('\n')}\n`, { flag: 'a' });
  if (options.standbyOf === undefined) {
    const hba = [
      ...(options.hba ?? []),
      'local all all trust',
      'host all all 127.0.0.1/32 scram-sha-256',
      'host replication all 127.0.0.1/32 scram-sha-256',
    ];
    await writeFile(join(data, 'pg_hba.conf'), `${hba.join('\n')}\n`);
  }
}

/** Returns the authority's certificate. The server's is for `localhost` alone. */
async function createCertificates(folder: string, data: string, owner: Account): Promise<string> {
  const openssl = (...parameters: string[]): Promise<unknown> => run('openssl', parameters, { cwd: folder });
  const authorityKey = join(folder, 'ca.key');
  const authorityFile = join(folder, 'ca.crt');
  const key = join(data, 'server.key');
  const certificate = join(data, 'server.crt');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await openssl(
    ...['req', '-x509', ...curve, '-subj', '/CN=beamlift test authority'],
    ...['-keyout', authorityKey, '-out', authorityFile],
  );
  await openssl(
    ...['req', '-x509', ...curve, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-CA', authorityFile, '-CAkey', authorityKey],
    ...['-keyout', key, '-out', certificate],
  );
  await run('chmod', ['600', key]);
  if (owner !== undefined) {
    await chown(key, owner.uid, owner.gid);
    await chown(certificate, owner.uid, owner.gid);
  }
  return (await run('cat', [authorityFile])).stdout;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given to the probe');
  return address.port;
}

/** The end of what the server writes, for the error when it does not start. */
function collectTail(server: ChildProcess): () => string {
  let tail = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4000);
  });
  return () => tail;
}

async function waitUntilReady(
  port: number,
  password: string,
  server: ChildProcess,
  log: () => string,
): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${log()}`);
    if (await answers(port, password)) return;
    if (Date.now() > deadline) throw new Error(`PostgreSQL did not answer within 30 seconds:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function answers(port: number, password: string): Promise<boolean> {
  const open = await new Promise<boolean>((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  if (!open) return false;
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    password,
    ssl: false,
  });
  client.on('error', () => undefined);
  return client.connect().then(
    async () => {
      await client.end();
      return true;
    },
    () => false,
  );
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGQUIT');
  await ended;
}
