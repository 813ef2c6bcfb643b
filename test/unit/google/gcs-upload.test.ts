import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { crc32cText } from '../../../core/clients/gcs-objects';
import { openGcsBucket } from '../../../core/clients/gcs';
import type { GcsBucket, StoredObject } from '../../../core/clients/gcs-bucket';
import { crc32c } from '../../../core/crc32c';
import { BeamliftError } from '../../../core/errors';
import { hasCode } from '../../has-code';
import { SmallStore, type Fault } from './small-store';
import { calm, QUICK_RETRY, SILENT, type Asked } from './unruly-server';

/** The smallest that shows how much of a chunk a store kept. */
const CHUNK_BYTES = 4 * 256 * 1024;

async function bucketAt({ server }: SmallStore): Promise<GcsBucket> {
  return await openGcsBucket({
    bucket: 'b',
    endpoint: server.url,
    credentials: 'anonymous',
    environment: {},
    log: SILENT,
    retry: QUICK_RETRY,
    chunkBytes: CHUNK_BYTES,
  });
}

/** Bytes that differ at every place of every chunk. */
function content(bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let state = bytes | 1;
  for (let index = 0; index < bytes; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    buffer[index] = state >>> 24;
  }
  return buffer;
}

const LARGE = content(2 * CHUNK_BYTES + 34_567);

/** Gives the bytes in pieces and spoils each piece afterwards, as callers that use one buffer again do. */
async function upload(
  bucket: GcsBucket,
  name: string,
  bytes: Uint8Array,
  piece: number,
  beforeAbort = (): void => undefined,
): Promise<StoredObject> {
  const target = bucket.startUpload(name, 'application/octet-stream', calm());
  try {
    const scratch = Buffer.alloc(piece);
    for (let from = 0; from < bytes.byteLength; from += piece) {
      const part = bytes.subarray(from, from + piece);
      scratch.set(part);
      await target.write(scratch.subarray(0, part.byteLength));
      scratch.fill(0xee);
    }
    assert.equal(target.bytes, bytes.byteLength);
    return await target.finish();
  } catch (error) {
    beforeAbort();
    await target.abort();
    throw error;
  }
}

function assertStored(store: SmallStore, name: string, bytes: Uint8Array, object: StoredObject): void {
  const stored = store.objects.get(name);
  assert.ok(stored !== undefined && stored.bytes.equals(bytes));
  assert.equal(object.generation, stored.generation);
  assert.equal(object.bytes, bytes.byteLength);
  assert.equal(object.crc32c, crc32cText(crc32c(bytes)));
}

const isChunk = ({ method, path }: Asked): boolean => method === 'PUT' && path.startsWith('/session/');

describe('an upload', () => {
  it('is one request up to a chunk, and a session beyond', async () => {
    const sizes: [number, string[]][] = [
      [0, ['POST']],
      [1, ['POST']],
      [CHUNK_BYTES, ['POST']],
      [CHUNK_BYTES + 1, ['POST', 'PUT', 'PUT']],
      [2 * CHUNK_BYTES, ['POST', 'PUT', 'PUT']],
      [LARGE.byteLength, ['POST', 'PUT', 'PUT', 'PUT']],
    ];
    await using store = await SmallStore.start();
    const bucket = await bucketAt(store);
    for (const [size, methods] of sizes) {
      const before = store.server.asked.length;
      const bytes = LARGE.subarray(0, size);
      assertStored(store, `up/${size}`, bytes, await upload(bucket, `up/${size}`, bytes, 100_003));
      assert.deepEqual(
        store.server.asked.slice(before).map(({ method }) => method),
        methods,
        String(size),
      );
    }
    const chunks = store.server.asked.filter(isChunk).map(({ body }) => body.byteLength);
    assert.ok(chunks.every((bytes) => bytes <= CHUNK_BYTES));
  });

  it('shares no buffer with others at the same time, and leaves nothing in them for the next', async () => {
    await using store = await SmallStore.start();
    const bucket = await bucketAt(store);
    for (let round = 0; round < 3; round++) {
      const sizes = [LARGE.byteLength, 300_000, CHUNK_BYTES, 5, CHUNK_BYTES + 70_000, 200_000];
      await Promise.all(
        sizes.map(async (size, index) => {
          const bytes = content(size + index);
          const name = `at-once/${round}/${index}`;
          assertStored(store, name, bytes, await upload(bucket, name, bytes, 65_537));
        }),
      );
      // one that is given up meanwhile
      const lost = bucket.startUpload(`lost/${round}`, 'text/plain', calm());
      await lost.write(LARGE);
      await lost.abort();
    }
  });

  it('never writes over what is there', async () => {
    await using store = await SmallStore.start();
    const bucket = await bucketAt(store);
    store.put('mine', 'first');
    for (const size of [5, CHUNK_BYTES + 5]) {
      await assert.rejects(
        upload(bucket, 'mine', LARGE.subarray(0, size), CHUNK_BYTES),
        hasCode('DESTINATION_FAILED', /there already/),
      );
    }
    // Made by somebody else after the session began.
    store.faultOf = (asked) => {
      if (isChunk(asked)) store.put('late', 'theirs');
      return 'none';
    };
    await assert.rejects(
      upload(bucket, 'late', LARGE, CHUNK_BYTES),
      hasCode('DESTINATION_FAILED', /there already/),
    );
    assert.equal(store.objects.get('mine')?.bytes.toString(), 'first');
    assert.equal(store.objects.get('late')?.bytes.toString(), 'theirs');
  });

  it('goes on from what the store has after every kind of failure', async () => {
    const faults: Fault[] = ['drop-before', 'drop-after', 'fault-before', 'fault-after', 'partial', 'cut'];
    for (const fault of faults) {
      await using store = await SmallStore.start();
      const bucket = await bucketAt(store);
      const met = new Set<string>();
      // Each chunk, and the start of the session, fails the first time.
      store.faultOf = ({ method, headers }) => {
        const key = `${method} ${headers['content-range'] ?? ''}`;
        if (met.has(key) || headers['content-range']?.startsWith('bytes */') === true) return 'none';
        met.add(key);
        return fault;
      };
      assertStored(store, 'up', LARGE, await upload(bucket, 'up', LARGE, 300_000));
      assert.equal(store.objects.size, 1);
      assert.ok(met.size >= 4, fault);
    }
  });

  it('is whole, or is none and fails as unavailable, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: LARGE.byteLength }),
        fc.array(
          fc.constantFrom<Fault>(
            'none',
            'none',
            'drop-before',
            'drop-after',
            'fault-before',
            'fault-after',
            'partial',
            'cut',
          ),
          { maxLength: 14 },
        ),
        async (size, faults) => {
          await using store = await SmallStore.start();
          const bucket = await bucketAt(store);
          let left = faults.length;
          store.faultOf = () => (left > 0 ? (faults[faults.length - left--] ?? 'none') : 'none');
          const bytes = LARGE.subarray(0, size);
          try {
            assertStored(
              store,
              'up',
              bytes,
              await upload(bucket, 'up', bytes, 1_200_000, () => void (left = 0)),
            );
          } catch (error) {
            assert.ok(
              error instanceof BeamliftError && error.code === 'DESTINATION_UNAVAILABLE',
              String(error),
            );
            assert.equal(store.objects.size, 0);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('fails when its session is gone, for what was sent is not kept', async () => {
    await using store = await SmallStore.start();
    const bucket = await bucketAt(store);
    let chunks = 0;
    store.faultOf = (asked) => {
      if (isChunk(asked) && ++chunks === 2) store.sessions.clear();
      return 'none';
    };
    await assert.rejects(
      upload(bucket, 'up', LARGE, CHUNK_BYTES),
      hasCode('DESTINATION_UNAVAILABLE', /session.*gone/),
    );
    assert.equal(store.objects.size, 0);
  });

  it('is whole when the session is gone because it is done', async () => {
    await using store = await SmallStore.start();
    const bucket = await bucketAt(store);
    store.faultOf = (asked) => {
      if (store.objects.size > 0) store.sessions.clear();
      const last = isChunk(asked) && !/\/\*$/.test(asked.headers['content-range'] ?? '');
      return last && store.sessions.size > 0 ? 'drop-after' : 'none';
    };
    assertStored(store, 'up', LARGE, await upload(bucket, 'up', LARGE, CHUNK_BYTES));
  });

  it('takes away an object whose sum is not that of what was sent', async () => {
    for (const size of [1_000, CHUNK_BYTES + 1_000]) {
      await using store = await SmallStore.start();
      const bucket = await bucketAt(store);
      store.wrongSum = 'AAAAAA==';
      await assert.rejects(
        upload(bucket, 'up', LARGE.subarray(0, size), CHUNK_BYTES),
        hasCode('DESTINATION_UNAVAILABLE', /CRC-32C/),
      );
      assert.equal(store.objects.size, 0);
    }
  });

  it('gives up when the store takes nothing any more', async () => {
    await using store = await SmallStore.start();
    const bucket = await bucketAt(store);
    // It answers every chunk as if it had come without bytes.
    store.granule = CHUNK_BYTES * 4;
    store.faultOf = (asked) => (isChunk(asked) && asked.body.byteLength > 0 ? 'partial' : 'none');
    await assert.rejects(upload(bucket, 'up', LARGE, CHUNK_BYTES), hasCode('DESTINATION_UNAVAILABLE'));
    assert.ok(store.server.asked.filter(isChunk).length <= 2 * QUICK_RETRY.attempts);
  });

  it('leaves nothing when it is given up, at any stage', async () => {
    const stages: Record<string, [size: number, finish: boolean]> = {
      'before anything': [0, false],
      'with bytes in memory': [1_000, false],
      'within a session': [CHUNK_BYTES + 1_000, false],
      'when a small one ends': [1_000, true],
      'when a large one ends': [CHUNK_BYTES + 1_000, true],
    };
    for (const [stage, [size, finish]] of Object.entries(stages)) {
      await using store = await SmallStore.start();
      const bucket = await bucketAt(store);
      const target = bucket.startUpload('up', 'application/octet-stream', calm());
      await target.write(LARGE.subarray(0, size));
      if (finish) {
        // The store does what is asked, and its answer takes long.
        let slow = true;
        store.faultOf = () => {
          if (!slow) return 'none';
          slow = false;
          return 'hang-after';
        };
        const end = assert.rejects(target.finish(), /given up/);
        while (store.objects.size === 0) await sleep(5);
        await target.abort();
        await end;
      } else {
        await target.abort();
      }
      await target.abort();
      await assert.rejects(target.write(LARGE.subarray(0, 10)), /aborted/);
      await assert.rejects(target.finish(), /aborted/);
      const asked = store.server.asked.length;
      assert.equal(store.objects.size, 0, stage);
      assert.equal(store.sessions.size, 0, stage);
      await sleep(20);
      assert.equal(store.server.asked.length, asked, stage);
    }
  });

  it('ends with the signal’s reason, and abort() then removes the session', async () => {
    await using store = await SmallStore.start();
    const bucket = await bucketAt(store);
    const stop = new AbortController();
    store.faultOf = (asked) => {
      if (isChunk(asked)) setTimeout(() => stop.abort(new Error('enough')), 5);
      return isChunk(asked) ? 'hang-after' : 'none';
    };
    const target = bucket.startUpload('up', 'application/octet-stream', stop.signal);
    await assert.rejects(target.write(LARGE), /enough/);
    await assert.rejects(target.finish(), /enough/);
    await target.abort();
    assert.equal(store.sessions.size, 0);
    assert.equal(store.objects.size, 0);
  });

  it('that failed goes no further', async () => {
    await using store = await SmallStore.start();
    const bucket = await bucketAt(store);
    store.faultOf = (asked) => (isChunk(asked) ? 'fault-before' : 'none');
    const target = bucket.startUpload('up', 'application/octet-stream', calm());
    await assert.rejects(target.write(LARGE), hasCode('DESTINATION_UNAVAILABLE', /503/));
    await assert.rejects(target.write(LARGE), /failed/);
    await assert.rejects(target.finish(), /failed/);
    await target.abort();
    assert.equal(store.sessions.size, 0);
  });
});
