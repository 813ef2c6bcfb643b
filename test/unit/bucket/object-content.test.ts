import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { ObjectClient, ObjectRange } from '../../../core/clients/object-client';
import { ObjectContent } from '../../../extractors/files/bucket/object-content';
import { hasCode } from '../../has-code';
import { MemoryClient } from './memory-client';

const FAST = { retry: { attempts: 3, minDelayMs: 0, maxDelayMs: 1, factor: 1 }, stallMs: 50 };
const entry = (uri: string, bytes: number, version = `v-exports/${uri}`) => ({
  uri,
  bytes,
  version,
  lastModified: '2024-01-01T00:00:00.000Z',
});

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) {
    assert.ok(piece.length > 0);
    all.push(piece);
  }
  return Buffer.concat(all);
}

describe('ObjectContent', () => {
  const { signal } = new AbortController();
  const body = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
  const contentOf = (client: ObjectClient, bytes = body.length): ObjectContent =>
    new ObjectContent(client, 'exports/', entry('a', bytes), FAST);

  it('goes on from the byte reached, wherever a connection breaks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(100),
        fc.nat(100),
        async (breaks, pieceBytes, a, b) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          const client = new MemoryClient({ 'exports/a': body }, 3, pieceBytes);
          client.breaks = [...breaks];
          assert.deepEqual(await bytesOf(contentOf(client).stream(signal)), body);
          client.breaks = [...breaks];
          assert.deepEqual(
            Buffer.from(await contentOf(client).slice(start, end, signal)),
            body.subarray(start, end),
          );
          assert.ok(client.reads.every((range) => range.version === 'v-exports/a'));
        },
      ),
    );
  });

  it('asks again only for what is missing', async () => {
    const client = new MemoryClient({ 'exports/a': body }, 3, 10);
    client.breaks = [30];
    await bytesOf(contentOf(client).stream(signal));
    assert.deepEqual(
      client.reads.map(({ start, end }) => [start, end]),
      [
        [0, 100],
        [30, 100],
      ],
    );
  });

  it('gives up after the tries of the policy, counted anew with every byte', async () => {
    const client = new MemoryClient({ 'exports/a': body });
    client.breaks = [10, 0, 10, 0, 10, 0, 0, 10];
    await assert.rejects(bytesOf(contentOf(client).stream(signal)), hasCode('CONNECTION_LOST'));
    assert.equal(client.reads.length, 7);
  });

  it('does not try again what cannot pass, nor another version', async () => {
    for (const code of ['RIGHTS_MISSING', 'SOURCE_CHANGED', 'LOGIN_FAILED'] as const) {
      const client = new MemoryClient({ 'exports/a': body });
      client.failures = [new BeamliftError(code, { what: 'no' })];
      await assert.rejects(bytesOf(contentOf(client).stream(signal)), hasCode(code));
      assert.equal(client.reads.length, 1);
    }
  });

  it('fails where the object was replaced in the middle of it', async () => {
    const client = new MemoryClient({ 'exports/a': body });
    client.breaks = [20];
    const pieces = contentOf(client).stream(signal);
    await assert.rejects(async () => {
      client.put('exports/a', body, 'another');
      await bytesOf(pieces);
    }, hasCode('SOURCE_CHANGED'));
  });

  it('proves the length: neither less nor more', async () => {
    class Lying extends MemoryClient {
      constructor(private readonly lie: readonly Uint8Array[]) {
        super();
      }
      override async *read(): AsyncGenerator<Uint8Array> {
        await Promise.resolve();
        yield* this.lie;
      }
    }
    const rejects = (lie: readonly Uint8Array[]): Promise<void> =>
      assert.rejects(bytesOf(contentOf(new Lying(lie), 100).stream(signal)), hasCode('SOURCE_INCOMPLETE'));
    await rejects([]);
    await rejects([body, body.subarray(0, 1)]);
    await rejects([Buffer.concat([body, body])]);
  });

  it('gives up a request that stalls, and asks again', async () => {
    let requests = 0;
    class Stalling extends MemoryClient {
      override async *read(range: ObjectRange, requestSignal: AbortSignal): AsyncGenerator<Uint8Array> {
        if (++requests === 1) {
          yield body.subarray(0, 40);
          // never heeds its signal
          await new Promise(() => undefined);
        }
        yield* super.read(range, requestSignal);
      }
    }
    const client = new Stalling({ 'exports/a': body });
    assert.deepEqual(await bytesOf(contentOf(client).stream(signal)), body);
    assert.deepEqual(
      client.reads.map(({ start }) => start),
      [40],
    );
  });

  it('ends with the reason of the signal, also while it waits', async () => {
    class Silent extends MemoryClient {
      override async *read(): AsyncGenerator<Uint8Array> {
        await new Promise(() => undefined);
        yield body;
      }
    }
    const stop = new AbortController();
    const pending = bytesOf(contentOf(new Silent()).stream(stop.signal));
    const reason = new Error('enough');
    setTimeout(() => {
      stop.abort(reason);
    }, 5);
    await assert.rejects(pending, reason);
  });

  it('reads nothing of an empty object or range', async () => {
    const client = new MemoryClient({ 'exports/a': '' });
    assert.equal((await bytesOf(contentOf(client, 0).stream(signal))).length, 0);
    assert.equal((await contentOf(client, 10).slice(5, 5, signal)).length, 0);
    assert.deepEqual(client.reads, []);
  });
});
