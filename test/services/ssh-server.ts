import { execFile } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port';
import { startServer } from './server-process';

const run = promisify(execFile);

/** Where distributions put the program, which is in no user's PATH. */
const PROGRAMS = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'];

export interface SshServerOptions {
  /** Lines for sshd_config. */
  readonly config?: readonly string[];
}

/** A private OpenSSH server on 127.0.0.1 that lets the user of the tests in with the keys in `folder`. */
export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** Path of a private key, and of the same key under `passphrase`. */
  readonly key: string;
  readonly encryptedKey: string;
  readonly passphrase: string;
  /** Path of a private key that the server does not let in. */
  readonly otherKey: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** The server's line of a known_hosts file. */
  readonly knownHosts: string;
  /** The line's key alone: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
  readonly folder: string;
  log(): string;
  /** Ends the connections that are open, as a server that is restarted does. */
  dropConnections(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a server for a `before` hook; call `stop` in `after`.
 * Throws, naming what is missing, when this machine has no OpenSSH server: a test that cannot run has failed.
 */
export async function startSsh(options: SshServerOptions = {}): Promise<SshServer> {
  const program = await findProgram();
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-ssh-'));
  const file = (name: string): string => path.join(folder, name);
  try {
    const passphrase = 'Sup€r p@ss phrase';
    const keygen = async (name: string, secret: string): Promise<void> => {
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', secret, '-C', 'test', '-f', file(name)]);
    };
    await keygen('host', '');
    await keygen('key', '');
    await keygen('encrypted', passphrase);
    await keygen('other', '');
    const authorized = await Promise.all(
      ['key.pub', 'encrypted.pub'].map((name) => readFile(file(name), 'utf8')),
    );
    await writeFile(file('authorized_keys'), authorized.join(''));
    await chmod(folder, 0o755);
    const port = await freePort();
    const lines = [
      ...(options.config ?? []),
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${file('host')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      `PidFile ${file('pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'AllowTcpForwarding yes',
      'LogLevel VERBOSE',
    ];
    await writeFile(file('sshd_config'), `${lines.join('\n')}\n`);
    // OpenSSH refuses to start without the folder in which it locks its processes in
    if (process.getuid?.() === 0) await run('mkdir', ['-p', '/run/sshd']);
    const server = await startServer(program, ['-D', '-e', '-f', file('sshd_config')], {}, () =>
      answers(port),
    );
    const [type = '', key = ''] = (await readFile(file('host.pub'), 'utf8')).split(' ');
    const { stdout } = await run('ssh-keygen', ['-lf', file('host.pub')]);
    const dropConnections = async (): Promise<void> => {
      const master = (await readFile(file('pid'), 'utf8')).trim();
      for (const child of await childrenOf(master)) {
        try {
          process.kill(child, 'SIGKILL');
        } catch {
          // ended with the one above it
        }
      }
    };
    return {
      port,
      user: userInfo().username,
      key: file('key'),
      encryptedKey: file('encrypted'),
      passphrase,
      otherKey: file('other'),
      fingerprint: stdout.split(' ')[1] ?? '',
      publicKey: `${type} ${key}`,
      knownHosts: `[127.0.0.1]:${port} ${type} ${key}`,
      folder,
      log: () => server.log(),
      dropConnections,
      stop: async () => {
        await dropConnections().catch(() => undefined);
        await server.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Each connection is a process of its own, with one more of the user below it. */
async function childrenOf(parent: string): Promise<number[]> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  const own = children.split(' ').filter((child) => child !== '');
  const below = await Promise.all(own.map((child) => childrenOf(child).catch(() => [])));
  return [...own.map(Number), ...below.flat()];
}

async function findProgram(): Promise<string> {
  for (const candidate of PROGRAMS) {
    const found = await access(candidate).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  throw new Error('OpenSSH’s server program sshd was not found; these tests need it: .ci/install-sshd');
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false)).once('close', () => resolve(false));
  });
}
