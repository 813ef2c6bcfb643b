import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';

/** What MySQL 8 says and understands while somebody logs in; no query is answered. */
export interface Mysql8StandIn {
  readonly port: number;
  /** How passwords arrived: `cleartext: …` and `RSA: …`, in order. */
  readonly passwords: readonly string[];
  /** What clients said they are capable of. */
  readonly capabilities: readonly number[];
  stop(): Promise<void>;
}

export interface Mysql8Options {
  /** PEM texts; without, the server has no TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Where it listens instead of a port: a unix socket, which the server takes for safe. */
  readonly path?: string;
  /** Whether it knows the scrambled password from an earlier login. */
  readonly isCached?: boolean;
  /** Asks for another plugin instead. */
  readonly plugin?: string;
}

// https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
const CAPABILITIES = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000 | 0x200000;
const TLS_CAPABILITY = 0x800;
/** utf8mb4_0900_ai_ci, the default of MySQL 8. */
const CHARACTER_SET = 255;
const SCRAMBLE = Buffer.from('abcdefghijklmnopqrst');
const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0]);
const ASK_FULL = Buffer.from([1, 4]);
const FAST_SUCCESS = Buffer.from([1, 3]);
const KEY_REQUEST = 2;

/** Starts a server that lets everybody in whose password arrives as caching_sha2_password has it. */
export async function startMysql8StandIn(options: Mysql8Options = {}): Promise<Mysql8StandIn> {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = Buffer.from(keys.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const passwords: string[] = [];
  const capabilities: number[] = [];
  const sockets = new Set<Socket>();
  const isSafe = options.path !== undefined;

  const converse = async (socket: Socket): Promise<void> => {
    let line = new PacketLine(socket);
    line.send(greeting(options), 0);
    let first = await line.next();
    let sequence = 2;
    let isEncrypted = false;
    if ((first.readUInt32LE(0) & TLS_CAPABILITY) !== 0 && options.tls !== undefined) {
      line.stop();
      line = new PacketLine(
        new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(options.tls) }),
      );
      first = await line.next();
      sequence = 3;
      isEncrypted = true;
    }
    capabilities.push(first.readUInt32LE(0));
    const knowsPlugin = first.includes('caching_sha2_password');
    if (options.plugin !== undefined || !knowsPlugin) {
      const plugin = Buffer.from(`${options.plugin ?? 'caching_sha2_password'}\0`);
      line.send(Buffer.concat([Buffer.from([0xfe]), plugin, SCRAMBLE, Buffer.from([0])]), sequence);
      const answer = await line.next();
      if (options.plugin !== undefined) {
        passwords.push(`sent: ${answer.toString()}`);
        return;
      }
      sequence += 2;
    }
    if (options.isCached === true) {
      line.send(FAST_SUCCESS, sequence);
      line.send(OK, sequence + 1);
      return;
    }
    line.send(ASK_FULL, sequence);
    const answer = await line.next();
    if (isEncrypted || isSafe) {
      passwords.push(`cleartext: ${answer.toString().replace(/\0$/, '')}`);
      line.send(OK, sequence + 2);
      return;
    }
    if (answer.length !== 1 || answer[0] !== KEY_REQUEST) throw new Error('a password without encryption');
    line.send(Buffer.concat([Buffer.from([1]), publicKey]), sequence + 2);
    const decrypted = privateDecrypt(
      { key: keys.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
      await line.next(),
    );
    const password = decrypted.map((byte, index) => byte ^ (SCRAMBLE[index % SCRAMBLE.length] ?? 0));
    passwords.push(`RSA: ${Buffer.from(password).toString().replace(/\0$/, '')}`);
    line.send(OK, sequence + 4);
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    converse(socket).catch((error: unknown) => {
      passwords.push(String(error));
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    if (options.path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(options.path, resolve);
  });
  const address = server.address() as AddressInfo | string;
  return {
    port: typeof address === 'string' ? 0 : address.port,
    passwords,
    capabilities,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function greeting({ tls }: Mysql8Options): Buffer {
  const capabilities = CAPABILITIES | (tls === undefined ? 0 : TLS_CAPABILITY);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(7);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(capabilities);
  return Buffer.concat([
    ...[Buffer.from('\x0a8.4.3\0'), head, SCRAMBLE.subarray(0, 8), Buffer.from([0])],
    ...[flags.subarray(0, 2), Buffer.from([CHARACTER_SET, 2, 0]), flags.subarray(2)],
    ...[Buffer.from([SCRAMBLE.length + 1]), Buffer.alloc(10), SCRAMBLE.subarray(8), Buffer.from([0])],
    Buffer.from('caching_sha2_password\0'),
  ]);
}

/** The packets of one connection: three bytes of length, one of sequence. */
class PacketLine {
  private bytes = Buffer.alloc(0);
  private wake: () => void = () => undefined;
  private readonly onData = (chunk: Buffer): void => {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    this.wake();
  };

  constructor(private readonly stream: Duplex) {
    stream.on('data', this.onData);
    stream.on('error', () => undefined);
  }

  /** Leaves what has come already to the next reader. */
  stop(): void {
    this.stream.removeListener('data', this.onData);
    this.stream.pause();
    if (this.bytes.length > 0) this.stream.unshift(this.bytes);
  }

  send(payload: Buffer, sequence: number): void {
    const head = Buffer.alloc(4);
    head.writeUIntLE(payload.length, 0, 3);
    head[3] = sequence;
    this.stream.write(Buffer.concat([head, payload]));
  }

  async next(): Promise<Buffer> {
    for (;;) {
      const length = this.bytes.length < 4 ? Number.POSITIVE_INFINITY : this.bytes.readUIntLE(0, 3);
      if (this.bytes.length >= 4 + length) {
        const payload = this.bytes.subarray(4, 4 + length);
        this.bytes = this.bytes.subarray(4 + length);
        return payload;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
