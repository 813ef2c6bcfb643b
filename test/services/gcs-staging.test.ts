import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openGcsBucket } from '../../core/clients/gcs';
import { checkParts, findStagedUnit, listManifests, stageUnit } from '../../loaders/bigquery/staging';
import { sweepAbandoned, sweepRun } from '../../loaders/bigquery/sweep';
import { quietServices } from '../contract/quiet-services';
import { hasCode } from '../has-code';
import { CONTEXT, LAYOUT, NEVER, stream, unit } from '../unit/bigquery/staged-run';
import { PART_BYTES } from './gcs-stager';
import { startGcsServer, type GcsServer } from './gcs-server';

const MIB = 1024 * 1024;
const FOLDER = LAYOUT.run(CONTEXT.job, CONTEXT.runId).folder;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of buffers that something still holds. */
function buffersInUse(): number {
  // the second waits for the first, which frees buffers at its leisure
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

describe('staging on an object store', function () {
  this.timeout(60_000);
  let gcs: GcsServer;
  let place: Parameters<typeof stageUnit>[0];
  before(async () => {
    gcs = await startGcsServer();
    const { bucket, endpoint } = gcs;
    const options = {
      bucket,
      endpoint,
      credentials: 'anonymous',
      log: quietServices('/').log,
      environment: {},
    };
    place = { bucket: await openGcsBucket(options), layout: LAYOUT };
  });
  after(async () => {
    await gcs.stop();
  });
  afterEach(async () => {
    await sweepRun(place, CONTEXT.job, CONTEXT.runId, NEVER);
    assert.deepEqual(await gcs.list(), []);
  });

  it('the first of many attempts at once wins, and the others leave nothing', async () => {
    const attempts = await Promise.all(
      Array.from({ length: 12 }, async (_, index) =>
        stageUnit(place, CONTEXT, unit('u'), stream([`of ${index}`, 'more']), NEVER, { maxPartBytes: 8 }),
      ),
    );
    const [first] = attempts;
    assert.ok(first);
    assert.equal(new Set(attempts.map(({ attempt }) => attempt)).size, 1);
    const names = first.parts.map(({ uri }) => uri.replace(`gs://${gcs.bucket}/`, ''));
    assert.equal(names.length, 2);
    assert.deepEqual(await gcs.list(), [...names, `${FOLDER}units/u.json`]);
    assert.match(String(await gcs.read(names[0] ?? '')), /^HEADof \d+$/);
    assert.equal(String(await gcs.read(names[1] ?? '')), 'HEADmore');
    await checkParts(place, CONTEXT, await listManifests(place, CONTEXT, NEVER), NEVER);
  });

  it('a process that is killed in the middle of a part leaves nothing that counts', async () => {
    const child = spawn(
      process.execPath,
      ['--require', 'tsx/cjs', path.join(__dirname, 'gcs-stager.ts'), gcs.endpoint, gcs.bucket],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const orphans = await gcs.list();
    assert.deepEqual(
      orphans.map((name) => name.replace(/\.[0-9a-f]{16}\./, '.')),
      [0, 1, 2].map((number) => `${FOLDER}parts/u.${number}.avro`),
    );
    assert.equal(await findStagedUnit(place, CONTEXT, unit('u'), NEVER), undefined);
    assert.deepEqual(await listManifests(place, CONTEXT, NEVER), []);

    const manifest = await stageUnit(place, CONTEXT, unit('u'), stream(['again']), NEVER);
    await checkParts(place, CONTEXT, [manifest], NEVER);
    assert.equal((await gcs.list()).length, orphans.length + 2);
    const { storeTimeMs } = (await place.bucket.read(`${FOLDER}units/u.json`, MIB, NEVER)) ?? {};
    assert.ok(storeTimeMs);
    assert.deepEqual(
      await sweepAbandoned(
        place,
        [LAYOUT.run(CONTEXT.job, CONTEXT.runId).folder],
        60_000,
        storeTimeMs,
        NEVER,
      ),
      [],
      'the folder is young',
    );
    assert.deepEqual(
      await sweepAbandoned(
        place,
        [LAYOUT.run(CONTEXT.job, CONTEXT.runId).folder],
        0,
        storeTimeMs + 5_000,
        NEVER,
      ),
      [FOLDER],
    );
  });

  it('a large unit becomes parts that are never in memory', async () => {
    const block = Buffer.alloc(PART_BYTES / 4);
    for (let index = 0; index < block.length; index++) block[index] = index % 251;
    let peak = 0;
    async function* blocks(): AsyncGenerator<{ bytes: Uint8Array; rows: number }> {
      for (let number = 0; number < 40 * 4; number++) {
        await Promise.resolve();
        yield { bytes: block, rows: 10 };
        if (number % 8 === 7) peak = Math.max(peak, buffersInUse());
      }
    }
    const before = buffersInUse();
    const manifest = await stageUnit(place, CONTEXT, unit('u'), stream([], { blocks: blocks() }), NEVER, {
      maxPartBytes: 20 * MIB,
    });
    assert.deepEqual(
      manifest.parts.map(({ rows, bytes }) => [rows, bytes]),
      [
        [800, 20 * MIB + 4],
        [800, 20 * MIB + 4],
      ],
    );
    await checkParts(place, CONTEXT, [manifest], NEVER);
    const body = await gcs.read(manifest.parts[1]?.uri.replace(`gs://${gcs.bucket}/`, '') ?? '');
    assert.ok(body);
    assert.equal(body.subarray(0, 4).toString(), 'HEAD');
    for (let from = 4; from < body.length; from += block.length) {
      assert.ok(body.subarray(from, from + block.length).equals(block), `bytes from ${from}`);
    }
    // a chunk of 8 MiB, and the copy of it that the last request was sent from
    assert.ok(peak - before < 20 * MIB, `${Math.round((peak - before) / MIB)} MiB of buffers`);
  });

  it('what is changed behind our back is found before it is loaded', async () => {
    const manifest = await stageUnit(place, CONTEXT, unit('u'), stream(['abc']), NEVER);
    const name = manifest.parts[0]?.uri.replace(`gs://${gcs.bucket}/`, '') ?? '';
    await gcs.write(name, 'HEADabd');
    await assert.rejects(
      checkParts(place, CONTEXT, [manifest], NEVER),
      hasCode('COUNT_MISMATCH', /checksum/),
    );
  });
});
