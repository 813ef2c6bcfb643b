import assert from 'node:assert/strict';
import type { Clock } from '../../../core/clock';
import { BeamliftError } from '../../../core/errors';
import { manifestSchema, type Manifest } from '../../../core/manifest';
import { checkParts, findStagedUnit, listManifests, stageUnit } from '../../../loaders/bigquery/staging';
import { hasCode } from '../../has-code';
import { MemoryBucket } from './memory-bucket';
import { CONTEXT, LAYOUT, NEVER, stream, unit } from './staged-run';

const FOLDER = 'beamlift/runs/orders/run-1/';

describe('staging in a bucket', () => {
  let bucket: MemoryBucket;
  let place: { bucket: MemoryBucket; layout: typeof LAYOUT };
  beforeEach(() => {
    bucket = new MemoryBucket();
    place = { bucket, layout: LAYOUT };
  });
  const stage = async (
    texts: Parameters<typeof stream>[0],
    { id = 'u', signal = NEVER, maxPartBytes = 1_000, more = {} }: StageSettings = {},
  ): Promise<Manifest> =>
    await stageUnit(place, CONTEXT, unit(id), stream(texts, more), signal, { maxPartBytes });

  it('writes parts that begin with the header, and a manifest that names them', async () => {
    const manifest = await stage(['one', 'two'], {
      more: {
        rejectFile: () => '/nowhere/rejects/run-1/u.jsonl',
        digests: () => ({ id: { values: 2, sums: { sum: '3' } } }),
        partitions: () => ['20260101'],
      },
    });
    const name = `${FOLDER}parts/u.${manifest.attempt}.0.avro`;
    assert.match(manifest.attempt, /^[0-9a-f]{16}$/);
    assert.deepEqual(bucket.names, [name, `${FOLDER}units/u.json`]);
    assert.equal(bucket.text(name), 'HEADonetwo');
    assert.deepEqual(manifest.parts, [
      { uri: `gs://staging/${name}`, rows: 2, bytes: 10, crc32c: bucket.objects.get(name)?.object.crc32c },
    ]);
    assert.deepEqual([manifest.bytesStaged, manifest.counts.rowsStaged], [10, 2]);
    assert.equal(manifest.rejectFile, '/nowhere/rejects/run-1/u.jsonl');
    assert.deepEqual(manifest.digests?.['id']?.sums['sum'], '3');
    assert.deepEqual(manifest.partitions, ['20260101']);
    const kept = manifestSchema.parse(JSON.parse(bucket.text(`${FOLDER}units/u.json`)));
    assert.deepEqual(JSON.parse(JSON.stringify(kept)), JSON.parse(JSON.stringify(manifest)));
    assert.deepEqual((await findStagedUnit(place, CONTEXT, unit('u'), NEVER))?.attempt, manifest.attempt);
    assert.equal(await findStagedUnit(place, CONTEXT, unit('v'), NEVER), undefined);
  });

  it('ends a part with the block that fills it, exactly at, below and above the limit', async () => {
    const rowsOf = async (id: string, maxPartBytes: number): Promise<number[]> =>
      (await stage(['aaa', 'bbb', 'ccc', 'ddd', 'eee'], { id, maxPartBytes })).parts.map(({ rows }) => rows);
    // a header of 4 bytes and 3 bytes a block
    assert.deepEqual(await rowsOf('below', 9), [2, 2, 1]);
    assert.deepEqual(await rowsOf('at', 10), [2, 2, 1]);
    assert.deepEqual(await rowsOf('above', 11), [3, 2]);
    assert.deepEqual(await rowsOf('whole', 19), [5]);
  });

  it('a unit without rows has a manifest without parts, and makes no upload', async () => {
    const manifest = await stage(['', '']);
    assert.deepEqual([manifest.parts, manifest.bytesStaged], [[], 0]);
    assert.deepEqual(bucket.names, [`${FOLDER}units/u.json`]);
    assert.equal(bucket.count('upload'), 0);
  });

  it('the first to finish a unit wins, and the others leave nothing', async () => {
    const attempts = await Promise.all(Array.from({ length: 8 }, async () => await stage(['one', 'two'])));
    assert.equal(new Set(attempts.map(({ attempt }) => attempt)).size, 1);
    assert.equal(bucket.names.length, 2);
    const again = await stage(['nine']);
    assert.equal(again.attempt, attempts[0]?.attempt);
    assert.equal(bucket.names.length, 2);
    await checkParts(place, CONTEXT, [again], NEVER);
  });

  it('a stream that fails in the middle of a part leaves nothing', async () => {
    const texts = async function* (): AsyncGenerator<string> {
      yield await Promise.resolve('aaa');
      yield 'bbb';
      yield 'ccc';
      throw new BeamliftError('SOURCE_INCOMPLETE', { what: 'the connection broke' });
    };
    await assert.rejects(stage(texts(), { maxPartBytes: 10 }), hasCode('SOURCE_INCOMPLETE'));
    assert.deepEqual(bucket.names, []);
    assert.equal(bucket.count('abort'), 1);
  });

  it('an abort leaves nothing, and is thrown as it is', async () => {
    const stop = new AbortController();
    const reason = new BeamliftError('CANCELLED', { what: 'enough' });
    const texts = async function* (): AsyncGenerator<string> {
      yield await Promise.resolve('aaa');
      yield 'bbb';
      stop.abort(reason);
      yield 'ccc';
    };
    await assert.rejects(stage(texts(), { maxPartBytes: 10, signal: stop.signal }), reason);
    assert.deepEqual(bucket.names, []);
  });

  it('a part that was finished without an answer is removed with the others', async () => {
    bucket.done = (call) => {
      if (call.verb === 'finish') throw new BeamliftError('DESTINATION_UNAVAILABLE', { what: 'no answer' });
    };
    await assert.rejects(stage(['aaa']), hasCode('DESTINATION_UNAVAILABLE'));
    assert.deepEqual(bucket.names, []);
  });

  it('what cannot be removed does not hide why the unit failed', async () => {
    bucket.before = (call) => {
      if (call.verb === 'delete') throw new BeamliftError('RIGHTS_MISSING', { what: 'no delete' });
      if (call.verb === 'write') return;
      if (call.verb === 'finish' && bucket.count('finish') === 2) throw new Error('disk on fire');
    };
    await assert.rejects(stage(['aaaaaaa', 'bbbbbbb'], { maxPartBytes: 10 }), /disk on fire/);
    assert.equal(bucket.names.length, 1);
  });

  it('parts stay where the manifest may have been written although the write failed', async () => {
    bucket.done = (call) => {
      if (call.verb === 'write') throw new BeamliftError('DESTINATION_UNAVAILABLE', { what: 'no answer' });
    };
    await assert.rejects(stage(['aaa']), hasCode('DESTINATION_UNAVAILABLE'));
    bucket.done = () => undefined;
    const found = await findStagedUnit(place, CONTEXT, unit('u'), NEVER);
    assert.ok(found);
    await checkParts(place, CONTEXT, [found], NEVER);
    assert.equal((await stage(['other'])).attempt, found.attempt);
    assert.equal(bucket.names.length, 2);
  });

  it('says so where the run was swept while it staged', async () => {
    bucket.before = (call) => {
      if (call.verb === 'write') bucket.put(call.name, '{}');
      if (call.verb === 'read') bucket.objects.clear();
    };
    await assert.rejects(stage(['aaa']), hasCode('FENCED', /ended elsewhere/));
    assert.deepEqual(bucket.names, []);
  });

  describe('listManifests', () => {
    it('reads every manifest of the run, a few at a time', async () => {
      const ids = Array.from({ length: 40 }, (_, index) => `r${index}`);
      for (const id of ids) await stage(['x'], { id });
      bucket.put('beamlift/runs/orders/run-10/units/r1.json', '{}');
      let reading = 0;
      let most = 0;
      bucket.before = async (call) => {
        if (call.verb !== 'read') return;
        most = Math.max(most, ++reading);
        await new Promise(setImmediate);
        reading--;
      };
      const manifests = await listManifests(place, CONTEXT, NEVER);
      assert.deepEqual(manifests.map((manifest) => manifest.unit).sort(), [...ids].sort());
      assert.ok(most > 1 && most <= 8, `${most} at a time`);
    });

    it('finds none where none is', async () => {
      assert.deepEqual(await listManifests(place, CONTEXT, NEVER), []);
    });

    it('refuses what is damaged, of another run, or under another name', async () => {
      const manifest = await stage(['x']);
      const refused = async (body: string, pattern: RegExp): Promise<void> => {
        bucket.put(`${FOLDER}units/u.json`, body);
        await assert.rejects(listManifests(place, CONTEXT, NEVER), hasCode('DESTINATION_FAILED', pattern));
      };
      await refused('{"unit":', /damaged/);
      await refused(JSON.stringify({ ...manifest, more: 1 }), /another version/);
      await refused(JSON.stringify({ ...manifest, runId: 'run-2' }), /of run run-2/);
      await refused(JSON.stringify({ ...manifest, unit: 'v' }), /unit v/);
    });

    it('ends with the first failure, and with an abort', async () => {
      for (const id of ['a', 'b', 'c']) await stage(['x'], { id });
      bucket.before = (call) => {
        if (call.verb === 'read') throw new BeamliftError('RIGHTS_MISSING', { what: 'no' });
      };
      await assert.rejects(listManifests(place, CONTEXT, NEVER), hasCode('RIGHTS_MISSING'));
      const reason = new Error('stop');
      await assert.rejects(listManifests(place, CONTEXT, AbortSignal.abort(reason)), reason);
    });
  });

  describe('checkParts', () => {
    it('makes one listing, and does not mind orphans', async () => {
      const manifests = [
        await stage(['a', 'b'], { id: 'a', maxPartBytes: 5 }),
        await stage(['c'], { id: 'b' }),
        await stage([], { id: 'c' }),
      ];
      bucket.put(`${FOLDER}parts/a.0000000000000000.0.avro`, 'of a zombie');
      bucket.calls.length = 0;
      await checkParts(place, CONTEXT, manifests, NEVER);
      assert.deepEqual(bucket.calls, [{ verb: 'list', name: `${FOLDER}parts/` }]);
    });

    it('needs no request where there are no parts', async () => {
      const manifests = [await stage([])];
      bucket.calls.length = 0;
      await checkParts(place, CONTEXT, manifests, NEVER);
      assert.deepEqual(bucket.calls, []);
    });

    it('refuses a part that is gone, longer, changed, named twice, or elsewhere', async () => {
      const manifest = await stage(['abc']);
      const [part] = manifest.parts;
      assert.ok(part);
      const name = part.uri.replace('gs://staging/', '');
      const refused = async (manifests: Manifest[], pattern: RegExp): Promise<void> => {
        await assert.rejects(
          checkParts(place, CONTEXT, manifests, NEVER),
          hasCode('COUNT_MISMATCH', pattern),
        );
      };
      await refused([manifest, manifest], /named twice/);
      await refused([{ ...manifest, parts: [{ ...part, uri: 'gs://other/x' }] }], /not in the folder/);
      await refused([{ ...manifest, parts: [{ uri: part.uri, rows: 1, bytes: 7 }] }], /and not \(none\)/);
      bucket.put(name, 'HEADabcd');
      await refused([manifest], /has 8 bytes and not 7/);
      bucket.put(name, 'HEADabd');
      await refused([manifest], /has the checksum .* and not /);
      bucket.objects.delete(name);
      await refused([manifest], /1 staged file is not as staged .*is gone/);
    });

    it('names the first few of many', async () => {
      const manifest = await stage(['a', 'b', 'c', 'd', 'e'], { maxPartBytes: 1 });
      for (const name of bucket.names) bucket.objects.delete(name);
      await assert.rejects(
        checkParts(place, CONTEXT, [manifest], NEVER),
        hasCode('COUNT_MISMATCH', /^5 staged files .*0\.avro is gone.*2\.avro is gone; and 2 more$/),
      );
    });
  });

  it('waits a little for the write of a manifest when the run is stopped, so that a sweep comes after it', async () => {
    const stop = new AbortController();
    bucket.before = async ({ name }) => {
      if (!name.includes('/units/')) return;
      stop.abort(new Error('the run is stopped'));
      await new Promise((resolve) => setImmediate(resolve));
    };
    const waits: number[] = [];
    const patient: Clock = {
      now: () => 0,
      sleep: async (milliseconds, signal) => {
        waits.push(milliseconds);
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
        );
      },
    };
    const manifest = await stageUnit(place, CONTEXT, unit('u'), stream(['one']), stop.signal, {
      clock: patient,
    });
    assert.deepEqual(waits, [5_000]);
    assert.equal((await findStagedUnit(place, CONTEXT, unit('u'), NEVER))?.attempt, manifest.attempt);
    const hasty: Clock = { now: () => 0, sleep: async () => await Promise.resolve() };
    const seen: boolean[] = [];
    bucket.write = async (_name, _body, _generation, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(signal.aborted);
      signal.throwIfAborted();
      return 'conflict';
    };
    await assert.rejects(
      stageUnit(place, CONTEXT, unit('v'), stream(['one']), abortedLater(), { clock: hasty }),
      /stopped later/,
    );
    assert.deepEqual(seen, [true], 'but not for ever');
  });
});

/** Aborts as soon as a unit's rows are staged. */
function abortedLater(): AbortSignal {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('stopped later')));
  return stop.signal;
}

interface StageSettings {
  readonly id?: string;
  readonly signal?: AbortSignal;
  readonly maxPartBytes?: number;
  readonly more?: Parameters<typeof stream>[1];
}
