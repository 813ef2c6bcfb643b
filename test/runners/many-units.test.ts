import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Manifest } from '../../core/manifest';
import type { WorkUnit } from '../../core/plan';
import { openPortableRunner } from '../../pipelines/beam/portable/open-portable-runner';
import { runInProcess } from '../../pipelines/in-process';
import type { UnitEquipment } from '../../pipelines/run-unit';
import { startGcsServer, type GcsServer } from '../services/gcs-server';
import { FakeEquipment, fakeContext } from '../unit/pipelines/fake-equipment';
import type { JobServiceProcess } from './job-service-process';
import { startPrism } from './prism-server';
import { Started } from './started';

const UNITS = 20_000;
const ROWS_OF_A_UNIT = 2;
const CONCURRENCY = 8;
/** A unit as a plan has it, in bytes: the bounds of a range of texts. */
const UNIT_BYTES = 300;

describe(`${UNITS} units`, function () {
  this.timeout(300_000);
  let folder: string;
  const started = new Started();
  let gcs: GcsServer;
  let prism: JobServiceProcess;
  const { signal } = new AbortController();
  const units = Array.from({ length: UNITS }, (_, index): WorkUnit => {
    const value = `${index} `.padEnd(UNIT_BYTES / 2, 'x');
    return {
      id: `u${index}`,
      estimatedRows: ROWS_OF_A_UNIT,
      kind: 'range',
      column: 'n',
      lower: { value, inclusive: true },
      upper: { value, inclusive: false },
    };
  });

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-many-'));
    gcs = await started.with(startGcsServer('staging', folder), async (server) => await server.stop());
    prism = await started.with(startPrism(), async (server) => await server.stop());
  });
  after(async () => {
    await started.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const counting = (): FakeEquipment =>
    new FakeEquipment(async function* ({ unit: { id } }) {
      await Promise.resolve();
      yield Array.from({ length: ROWS_OF_A_UNIT }, (_, row) => String(Number(id.slice(1)) * 10 + row));
    });

  /** Makes an object of each unit, too. */
  const staging = ({ loader, ...others }: UnitEquipment, agent: Agent): UnitEquipment => ({
    ...others,
    loader: {
      ...loader,
      stage: async (context, staged, rows, stopped): Promise<Manifest> => {
        const manifest = await loader.stage(context, staged, rows, stopped);
        await put(`${gcs.endpoint}/upload/storage/v1/b/staging/o?uploadType=media&name=${staged.id}`, agent);
        return manifest;
      },
    },
  });

  /** Each unit was staged, and none twice. */
  const assertAll = ({ staged }: FakeEquipment): void => {
    assert.equal(staged.length, UNITS * ROWS_OF_A_UNIT);
    assert.equal(new Set(staged).size, UNITS * ROWS_OF_A_UNIT);
  };

  it('are staged in process', async () => {
    const fake = counting();
    const options = { concurrency: CONCURRENCY, listener: () => undefined, signal };
    const manifests = await runInProcess(fakeContext(folder), units, fake.equipment, options);
    assert.equal(manifests.length, UNITS);
    assertAll(fake);
  });

  it('are staged and published by Prism', async () => {
    const fake = counting();
    const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
    const equipment = staging(fake.equipment, agent);
    const context = fakeContext(folder);
    const runner = await openPortableRunner(
      { endpoint: prism.endpoint },
      {
        codeVersion: context.codeVersion,
        equipmentFor: async () => await Promise.resolve(equipment),
        listener: () => undefined,
      },
    );
    try {
      assert.deepEqual(await runner.preflight(context, signal), []);
      const request = { plan: { context, units }, commits: true, concurrency: CONCURRENCY };
      const run = await runner.submit(request, runner.handleFor(context), signal);
      const { state, error, counters } = await run.follow(() => undefined, signal);
      assert.equal(error, undefined);
      assert.equal(state, 'done');
      assert.equal(counters.get('units_done'), UNITS);
      assert.equal(counters.get('rows_loaded'), UNITS * ROWS_OF_A_UNIT);
      assert.equal(fake.published.length, UNITS);
      assertAll(fake);
      assert.deepEqual(await gcs.list(), units.map(({ id }) => id).sort());
    } finally {
      await runner.close();
      agent.destroy();
    }
  });
});

async function put(url: string, agent: Agent): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${response.statusCode ?? 'no'} answer`));
      });
    });
    sent.once('error', reject);
    sent.end('staged');
  });
}
