import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { Connection } from 'pg';
import { unframed, type CopyPiece } from '../../../core/clients/copy-frames';
import { CopyReader } from '../../../core/clients/postgres-copy-reader';
import { ReadPlace, tappable, type SocketTap, type TappableSocket } from '../../../core/clients/socket-taps';
import { openTcpSocket, openUnixSocket } from '../../../core/clients/tcp-socket';

const MAX_MESSAGE_BYTES = 2_000_000;

function message(kind: string, content: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(content);
  const head = Buffer.alloc(5);
  head.write(kind, 'latin1');
  head.writeUInt32BE(4 + bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const BEGIN = message('H', Buffer.from([1, 0, 1, 0, 0]));
const END = [message('c'), message('C', 'COPY 3\0'), message('Z', 'I')];

/** pg's connection and parser, as far as they matter here: whatever it is told, and what it tells the query. */
class Driver {
  readonly told: Buffer[] = [];
  readonly stream = new PassThrough();
  constructor() {
    this.stream.on('data', (bytes: Buffer) => this.told.push(Buffer.from(bytes)));
  }
  query(): void {
    // the server answers
  }
  get text(): string {
    return Buffer.concat(this.told).toString('latin1');
  }
}

/** Gives bytes to the tap as a socket of the operating system does: into the room that it asks for. */
class Wire {
  isOpen = true;
  resumed = 0;
  readonly socket: TappableSocket;
  private tap: SocketTap | undefined;
  private readonly queue: Buffer[] = [];
  private room: Uint8Array = Buffer.alloc(10);

  constructor(
    private readonly driver: Driver,
    mayRest = false,
  ) {
    this.socket = {
      mayRest,
      socket: driver.stream,
      listeners: driver.stream.listeners('data') as ((bytes: Buffer) => void)[],
      attach: (tap) => (this.tap = tap),
      detach: () => (this.tap = undefined),
      resume: () => {
        this.isOpen = true;
        this.resumed++;
        setImmediate(() => this.flow());
      },
    };
  }

  send(chunks: readonly Buffer[]): void {
    this.queue.push(...chunks);
    setImmediate(() => this.flow());
  }

  private flow(): void {
    while (this.isOpen) {
      const next = this.queue.shift();
      if (next === undefined) return;
      const { tap } = this;
      if (tap === undefined) {
        this.driver.stream.write(next);
        continue;
      }
      const length = Math.min(next.length, this.room.length);
      this.room.set(next.subarray(0, length));
      if (length < next.length) this.queue.unshift(next.subarray(length));
      this.isOpen = tap.received(this.room.subarray(0, length));
      this.room = tap.room();
      assert.ok(this.room.length > 0);
    }
  }
}

function cutUp(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
  return ends
    .map((end, index) => Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end)))
    .filter(({ length }) => length > 0);
}

const contentOf = (piece: CopyPiece): Buffer =>
  Buffer.isBuffer(piece) ? Buffer.from(piece) : unframed(piece);

async function read(
  chunks: readonly Buffer[],
  slowly = 0,
  mayRest = false,
): Promise<{ content: Buffer; pieces: number; driver: Driver; reader: CopyReader }> {
  const driver = new Driver();
  const wire = new Wire(driver, mayRest);
  const reader = new CopyReader('COPY', wire.socket, MAX_MESSAGE_BYTES);
  reader.submit(driver as unknown as Connection);
  wire.send(chunks);
  const contents: Buffer[] = [];
  for await (const piece of reader.pieces()) {
    const before = contentOf(piece);
    for (let turn = 0; turn < slowly; turn++) await new Promise((resolve) => setImmediate(resolve));
    // what was given out stays as it is until the next one is pulled
    const content = contentOf(piece);
    assert.ok(content.equals(before));
    contents.push(content);
  }
  return { content: Buffer.concat(contents), pieces: contents.length, driver, reader };
}

describe('postgres: CopyReader', () => {
  it('gives small messages out together, and those after which nothing comes', async () => {
    const driver = new Driver();
    const wire = new Wire(driver);
    const reader = new CopyReader('COPY', wire.socket, MAX_MESSAGE_BYTES);
    reader.submit(driver as unknown as Connection);
    const pieces = reader.pieces();
    const small = message('d', Buffer.alloc(8_000, 1));
    wire.send([BEGIN, small]);
    const first = await pieces.next();
    assert.equal(contentOf(first.value as CopyPiece).length, 8_000);

    let rest = 100;
    const trickle = (): void => {
      wire.send(rest > 0 ? [small] : END);
      if (rest-- > 0) setImmediate(trickle);
    };
    trickle();
    const lengths: number[] = [];
    for await (const piece of pieces) lengths.push(contentOf(piece).length);
    assert.equal(
      lengths.reduce((sum, length) => sum + length, 0),
      800_000,
    );
    // a busy machine makes more of them
    assert.ok(lengths.length < 30, `${lengths.length} pieces`);
  });

  const sizes = fc.array(
    fc.oneof(fc.nat(40), fc.nat(3_000), fc.constantFrom(0, 70_000, 600_000, MAX_MESSAGE_BYTES + 7)),
    { maxLength: 8 },
  );

  it('gives out what messages hold, wherever they are cut, and the rest to the driver', async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.array(fc.nat(8), { maxLength: 2 }),
        fc.nat(3),
        fc.boolean(),
        async (lengths, cuts, notices, slowly, mayRest) => {
          const data = lengths.map((length, index) => Buffer.alloc(length, index + 1));
          const messages = data.map((content) => message('d', content));
          for (const place of notices)
            messages.splice(place, 0, message('N', 'a notice'), message('S', 'a\0b\0'));
          const bytes = Buffer.concat([BEGIN, ...messages, ...END]);
          const { content, driver } = await read(cutUp(bytes, cuts), slowly, mayRest);
          assert.ok(content.equals(Buffer.concat(data)));
          const others = notices.flatMap(() => [message('N', 'a notice'), message('S', 'a\0b\0')]);
          await new Promise((resolve) => setImmediate(resolve));
          assert.equal(driver.text.length, Buffer.concat([...others, ...END]).length);
          assert.ok(driver.text.endsWith(Buffer.concat(END).toString('latin1')));
        },
      ),
      { numRuns: 150 },
    );
  }).timeout(20_000);

  it('gives out many messages at once, and a long one whole', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => message('d', `row ${index}`));
    const { pieces, content } = await read(
      cutUp(Buffer.concat([BEGIN, ...rows, ...END]), [100_000, 200_000]),
    );
    assert.ok(pieces < 10, `${pieces} pieces`);
    assert.equal(content.toString().match(/row/g)?.length, 20_000);
    const long = message('d', Buffer.alloc(1_900_000, 1));
    const chunks = cutUp(
      Buffer.concat([BEGIN, message('d', 'a'), long, message('d', 'b'), ...END]),
      Array.from({ length: 40 }, (_, index) => index * 48_000),
    );
    assert.ok((await read(chunks)).pieces <= 3);
  });

  it('has the server wait for a slow reader', async () => {
    const driver = new Driver();
    const wire = new Wire(driver);
    const reader = new CopyReader('COPY', wire.socket, MAX_MESSAGE_BYTES);
    reader.submit(driver as unknown as Connection);
    const row = message('d', Buffer.alloc(1_000));
    wire.send([BEGIN, ...Array.from({ length: 5_000 }, () => row), ...END]);
    const pieces = reader.pieces();
    await pieces.next();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(wire.isOpen, false);
    assert.equal(driver.text, '');
    let bytes = 0;
    for await (const piece of pieces) bytes += contentOf(piece).length;
    assert.ok(bytes > 3_900_000);
  });

  it('leaves a socket of the system that was read empty alone for a moment', async () => {
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const small = message('d', Buffer.alloc(8_000, 1));
    const large = message('d', Buffer.alloc(64 * 1024));
    for (const [mayRest, sent, rests] of [
      [true, small, true],
      [true, large, false],
      [false, small, false],
    ] as const) {
      const driver = new Driver();
      const wire = new Wire(driver, mayRest);
      const reader = new CopyReader('COPY', wire.socket, MAX_MESSAGE_BYTES);
      reader.submit(driver as unknown as Connection);
      wire.send([BEGIN]);
      do await turn();
      while (!wire.isOpen);
      wire.send([sent]);
      await turn();
      assert.equal(wire.isOpen, !rests);
      const pieces = reader.pieces();
      const first = pieces.next();
      // whoever waits does not wake it
      assert.equal(wire.isOpen, !rests);
      wire.send([small, small]);
      let read = contentOf((await first).value as CopyPiece).length;
      wire.send(END);
      for await (const piece of pieces) read += contentOf(piece).length;
      assert.equal(read, sent.length - 5 + 16_000);
    }
  });

  it('gives a socket back at once that is left alone', async () => {
    const driver = new Driver();
    const wire = new Wire(driver, true);
    const reader = new CopyReader('COPY', wire.socket, MAX_MESSAGE_BYTES);
    reader.submit(driver as unknown as Connection);
    wire.send([BEGIN]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(wire.isOpen, false);
    reader.handleError(new Error('broken'));
    assert.equal(wire.resumed, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(wire.resumed, 1);
  });

  it("counts what the server counted, and fails with the driver's error", async () => {
    const { reader } = await read([Buffer.concat([BEGIN, ...END])]);
    reader.handleCommandComplete({ text: 'COPY 3' });
    reader.handleReadyForQuery();
    assert.equal(await reader.completed(), 3);
    const failed = await read([Buffer.concat([BEGIN, message('d', 'x'), message('E', 'SFATAL\0\0')])]);
    assert.match(failed.driver.text, /^E.*FATAL/s);
    failed.reader.handleError(new Error('as the driver says'));
    await assert.rejects(failed.reader.completed(), /as the driver says/);
  });

  it('throws while it waits when the connection breaks', async () => {
    const driver = new Driver();
    const wire = new Wire(driver);
    const reader = new CopyReader('COPY', wire.socket, MAX_MESSAGE_BYTES);
    reader.submit(driver as unknown as Connection);
    wire.send([BEGIN, message('d', 'x').subarray(0, 3)]);
    setTimeout(() => reader.handleError(new Error('broken')), 5);
    await assert.rejects(async () => {
      for await (const piece of reader.pieces()) assert.fail(`${contentOf(piece).length} bytes came`);
    }, /broken/);
  });
});

describe('postgres: sockets that are taken over', () => {
  it('may rest where the system reads to a place from TCP', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-sockets-'));
    const server = createServer((socket) => socket.end());
    const stream = new PassThrough();
    stream.on('data', () => undefined);
    assert.equal(tappable(stream, undefined)?.mayRest, false);
    const rests = (place: ReadPlace): boolean | undefined => tappable(stream, place)?.mayRest;
    const ignored = (): void => undefined;
    const signal = AbortSignal.timeout(10_000);
    try {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const tcp = new ReadPlace();
      const { port } = server.address() as AddressInfo;
      (await openTcpSocket('127.0.0.1', port, ignored, signal, tcp)).destroy();
      assert.equal(rests(tcp), true);
      await promisify(server.close.bind(server))();
      const file = path.join(folder, 'socket');
      await once(server.listen(file), 'listening');
      const unix = new ReadPlace();
      (await openUnixSocket(file, ignored, signal, unix)).destroy();
      assert.equal(rests(unix), false);
    } finally {
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('are streams again when they are given back', async () => {
    const stream = new PassThrough();
    const heard: string[] = [];
    stream.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
    const socket = tappable(stream, undefined);
    assert.ok(socket !== undefined);
    const seen: string[] = [];
    const tap = {
      room: () => Buffer.alloc(1),
      received: (bytes: Uint8Array) => {
        seen.push(Buffer.from(bytes).toString());
        return seen.length < 2;
      },
    };
    socket.attach(tap);
    for (const text of ['a', 'b', 'c']) stream.write(text);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(seen.join(''), 'ab');
    socket.detach();
    socket.detach();
    socket.resume();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard, ['c']);
  });

  it('are left alone where more than the driver listens', () => {
    const stream = new PassThrough();
    assert.equal(tappable(stream, new ReadPlace()), undefined);
    stream.on('data', () => undefined).on('data', () => undefined);
    assert.equal(tappable(stream, undefined), undefined);
  });
});
