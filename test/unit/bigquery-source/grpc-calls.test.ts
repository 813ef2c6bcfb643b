import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import { SilentStream, streamGrpc } from '../../../core/clients/grpc-calls';

const MESSAGE_BYTES = 1024 * 1024;
const MESSAGES = 60;
const PATH = '/test.Service/Stream';

/** Sends messages as fast as they are taken from it. */
class FastServer {
  sent = 0;
  cancelled = 0;
  private readonly server = new grpc.Server();
  private constructor(private readonly silent: boolean) {}

  static async start(silent = false): Promise<{ server: FastServer; client: grpc.Client }> {
    const fast = new FastServer(silent);
    const same = (bytes: Buffer): Buffer => bytes;
    const method = {
      path: PATH,
      requestStream: false,
      responseStream: true,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    fast.server.addService(
      { Stream: method },
      { Stream: (call: grpc.ServerWritableStream<Buffer, Buffer>) => void fast.stream(call) },
    );
    const port = await new Promise<number>((resolve, reject) => {
      fast.server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': 2 * MESSAGE_BYTES,
    });
    return { server: fast, client };
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private readonly stream = async (call: grpc.ServerWritableStream<Buffer, Buffer>): Promise<void> => {
    call.on('cancelled', () => this.cancelled++);
    while (!this.silent && this.sent < MESSAGES && !call.cancelled) {
      this.sent++;
      if (!call.write(Buffer.alloc(MESSAGE_BYTES, this.sent))) {
        await Promise.race([new Promise((resolve) => call.once('drain', resolve)), sleep(2_000)]);
      }
    }
    if (!this.silent) call.end();
  };
}

describe('streams of gRPC', () => {
  const open = (client: grpc.Client, silenceMs: number, signal: AbortSignal) =>
    streamGrpc(
      grpc,
      { client, path: PATH, request: new Uint8Array(), metadata: new grpc.Metadata() },
      silenceMs,
      signal,
    );
  const { signal } = new AbortController();

  it('hold a fast server back, and give every message in order', async () => {
    const { server, client } = await FastServer.start();
    try {
      const seen: (number | undefined)[] = [];
      let ahead = 0;
      for await (const message of open(client, 5_000, signal)) {
        assert.equal(message.length, MESSAGE_BYTES);
        seen.push(message[0]);
        if (seen.length === 1 || seen.length === 20) await sleep(150);
        if (seen.length <= 20) ahead = Math.max(ahead, server.sent - seen.length);
      }
      assert.deepEqual(
        seen,
        Array.from({ length: MESSAGES }, (_, index) => index + 1),
      );
      // The server itself keeps 16 that it has not sent; without the gate, as many are here.
      assert.ok(ahead <= 20, `the server was ${ahead} messages ahead`);
    } finally {
      client.close();
      server.stop();
    }
  });

  it('end at the server when they are left', async () => {
    const { server, client } = await FastServer.start();
    try {
      for await (const message of open(client, 5_000, signal)) {
        assert.ok(message.length > 0);
        break;
      }
      for (let tries = 0; server.cancelled === 0 && tries < 100; tries++) await sleep(20);
      assert.equal(server.cancelled, 1);
    } finally {
      client.close();
      server.stop();
    }
  });

  it('end when nothing comes, and when the signal aborts', async () => {
    const { server, client } = await FastServer.start(true);
    try {
      await assert.rejects(open(client, 50, signal).next(), SilentStream);
      const stop = new AbortController();
      const next = open(client, 5_000, stop.signal).next();
      setTimeout(() => stop.abort(new Error('enough')), 30);
      await assert.rejects(next, /enough/);
    } finally {
      client.close();
      server.stop();
    }
  });
});
