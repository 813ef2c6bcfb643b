import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import { BeamliftError } from '../../../core/errors';
import { fingerprintOf } from '../../../core/clients/ssh-known-hosts';
import type { SshSettings } from '../../../core/clients/ssh-settings';
import { SshTunnel } from '../../../core/clients/ssh-tunnel';

const PASSWORD = 'c4nary-s3cret';
const never = new AbortController().signal;

/** How the server of a test behaves. */
interface Behaviour {
  readonly accepts: 'password' | 'keyboard-interactive' | 'none of them';
  /** Connections that are forwarded answer with what they are sent. */
  readonly forwards?: boolean;
}

describe('SSH tunnel', () => {
  const hostKey = ssh2.utils.generateKeyPairSync('ed25519');
  const parsed = ssh2.utils.parseKey(hostKey.public);
  assert.ok(!(parsed instanceof Error));
  const fingerprint = fingerprintOf(parsed.getPublicSSH());
  const servers: TcpServer[] = [];
  const connections = new Set<Connection>();
  afterEach(async () => {
    for (const connection of connections) connection.end();
    connections.clear();
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  const serve = async ({ accepts, forwards = true }: Behaviour): Promise<SshSettings> => {
    const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
      connections.add(connection);
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => {
        if (context.method !== accepts) {
          context.reject(accepts === 'none of them' ? ['publickey'] : [accepts]);
        } else if (context.method === 'password') {
          if (context.password === PASSWORD) context.accept();
          else context.reject();
        } else {
          context.prompt([{ prompt: 'Password:', echo: false }], (answers) => {
            if (answers[0] === PASSWORD) context.accept();
            else context.reject();
          });
        }
      });
      connection.on('tcpip', (accept, reject) => {
        if (!forwards) reject();
        else
          accept().on('data', function (this: NodeJS.WritableStream, chunk: Buffer) {
            this.write(chunk);
          });
      });
    });
    const tcp = server as unknown as TcpServer;
    servers.push(tcp);
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    return settingsOf((tcp.address() as AddressInfo).port);
  };
  const settingsOf = (port: number): SshSettings => ({
    ...{ host: '127.0.0.1', port, user: 'etl', privateKey: undefined, passphrase: undefined },
    ...{ password: PASSWORD, agent: undefined, hostKeys: { kind: 'given', keys: [fingerprint] } },
    ...{ keepAliveMs: 0, connectTimeoutMs: 5_000 },
  });
  const failure = async (work: Promise<unknown>): Promise<BeamliftError> => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof BeamliftError, String(error));
    assert.ok(!JSON.stringify(error.toReport()).includes(PASSWORD));
    return error;
  };

  for (const accepts of ['password', 'keyboard-interactive'] as const) {
    it(`logs in by ${accepts}, and forwards in both directions`, async () => {
      const tunnel = new SshTunnel(await serve({ accepts }));
      try {
        const [one, two] = await Promise.all([
          tunnel.connect('db.internal', 5432, never),
          tunnel.connect('db.internal', 5432, never),
        ]);
        assert.equal(connections.size, 1);
        const sent = Buffer.alloc(3_000_000, 'abcdefg');
        one.write(sent);
        const got: Buffer[] = [];
        let bytes = 0;
        for await (const chunk of one) {
          got.push(chunk as Buffer);
          bytes += (chunk as Buffer).length;
          if (bytes >= sent.length) break;
        }
        assert.ok(Buffer.concat(got).equals(sent));
        assert.ok(one.destroyed && !two.destroyed);
      } finally {
        await tunnel.close();
      }
      await assert.rejects(tunnel.connect('db.internal', 5432, never), { code: 'CONNECTION_LOST' });
    });
  }

  it('says what was tried when the login is refused', async () => {
    const error = await failure(new SshTunnel(await serve({ accepts: 'none of them' })).ready(never));
    assert.equal(error.code, 'LOGIN_FAILED');
    assert.equal(error.why, 'Tried: the password.');
  });

  it('sends no password to a server with another host key', async () => {
    const settings = await serve({ accepts: 'password' });
    let asked = 0;
    const other = `SHA256:${'A'.repeat(43)}`;
    const tunnel = new SshTunnel({ ...settings, hostKeys: { kind: 'given', keys: [other] } });
    const opening = tunnel.ready(never);
    for (const connection of connections) connection.on('authentication', () => asked++);
    const error = await failure(opening);
    assert.equal(error.code, 'SSH_HOST_KEY');
    assert.ok(error.hint?.includes(fingerprint));
    assert.equal(asked, 0);
    const unknown = { kind: 'known-hosts', text: '', shown: '~/.ssh/known_hosts' } as const;
    const first = await failure(new SshTunnel({ ...settings, hostKeys: unknown }).ready(never));
    assert.match(first.what, /is not known/);
    assert.ok(first.hint?.includes(`[127.0.0.1]:${settings.port} ssh-ed25519 AAAA`));
  });

  it('tells a server that does not forward from one that cannot be reached', async () => {
    const tunnel = new SshTunnel(await serve({ accepts: 'password', forwards: false }));
    try {
      const error = await failure(tunnel.connect('db.internal', 5432, never));
      assert.ok(['RIGHTS_MISSING', 'CONNECTION_REFUSED'].includes(error.code), error.code);
      assert.match(error.what, /db\.internal:5432/);
    } finally {
      await tunnel.close();
    }
  });

  it('ends every forwarded connection with an error when the server goes away, and opens another one when asked', async () => {
    const tunnel = new SshTunnel(await serve({ accepts: 'password' }));
    try {
      const socket = await tunnel.connect('db.internal', 5432, never);
      const broken = new Promise<Error>((resolve) => socket.once('error', resolve));
      for (const connection of connections) connection.end();
      const reason = await broken;
      assert.ok(reason instanceof BeamliftError && reason.code === 'CONNECTION_LOST');
      await assert.rejects(
        new Promise((_resolve, reject) =>
          socket.write('x', (error) => reject(error ?? new Error('written'))),
        ),
        /destroyed/,
      );
      const again = await tunnel.connect('db.internal', 5432, never);
      assert.ok(!again.destroyed);
    } finally {
      await tunnel.close();
    }
  });

  it('gives up on a server that says nothing, and on what is no SSH server', async () => {
    const listen = async (greeting: string): Promise<number> => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.resume();
        if (greeting !== '') socket.end(greeting);
        else setTimeout(() => socket.destroy(), 1_000);
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    };
    const silent = { ...settingsOf(await listen('')), connectTimeoutMs: 200 };
    const late = await failure(new SshTunnel(silent).ready(never));
    assert.equal(late.code, 'CONNECTION_TIMEOUT');
    assert.match(late.what, /SSH server at 127\.0\.0\.1:\d+ did not answer within 0\.2 s/);
    const web = await failure(
      new SshTunnel(settingsOf(await listen('HTTP/1.1 400 Bad\r\n\r\n'))).ready(never),
    );
    assert.match(web.code, /^CONNECTION_(LOST|REFUSED)$/);
  });

  it('lets one caller leave and the others go on; closing ends an attempt that is under way', async () => {
    const tunnel = new SshTunnel(await serve({ accepts: 'password' }));
    const leaving = new AbortController();
    const left = tunnel.connect('db.internal', 5432, leaving.signal);
    const staying = tunnel.connect('db.internal', 5432, never);
    leaving.abort(new Error('I have to go'));
    await assert.rejects(left, /I have to go/);
    assert.ok(!(await staying).destroyed);
    await tunnel.close();
    assert.ok((await staying).destroyed);
    const other = new SshTunnel(await serve({ accepts: 'password' }));
    const attempt = failure(other.ready(never));
    await other.close();
    assert.equal((await attempt).code, 'CONNECTION_LOST');
  });
});
