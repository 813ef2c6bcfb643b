import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isMutation } from '../../fault-proxy/effects';
import { startBigQueryServer, type BigQueryServer } from '../../services/bigquery-server';
import { startGcsServer, type GcsServer } from '../../services/gcs-server';
import { CrashMatrix, pointsOf, type MatrixCase } from './crash-matrix';
import { CrashScene } from './crash-scene';
import { LauncherPool } from './launcher-pool';
import { LOAD_CASES, STRICT_CASE, type LoadCase } from './load-cases';
import { assertExact, assertOldOrNew, assertSuccess } from './oracle';

const PHASES = ['kill-before', 'kill-after'] as const;
type Phase = (typeof PHASES)[number];
/** Cases at a time: as many as the smallest machine has cores. */
const WIDTH = 2;

const { BEAMLIFT_CRASH_FULL: full } = process.env;
const loads = full === '1' ? [...LOAD_CASES, STRICT_CASE] : LOAD_CASES;

describe('a launcher that is killed (kill -9) before and after every effect on BigQuery and its bucket', function () {
  this.timeout(600_000);
  const matrix = new CrashMatrix<Phase>('kill -9');
  let gcs: GcsServer;
  let bigquery: BigQueryServer;
  let folder: string;
  let pool: LauncherPool;
  let scenes = 0;
  before(async () => {
    gcs = await startGcsServer();
    bigquery = await startBigQueryServer({ storage: gcs.endpoint });
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-launchers-'));
    pool = new LauncherPool(folder, WIDTH);
  });
  after(async () => {
    await pool.stop();
    await bigquery.stop();
    await gcs.stop();
    await rm(folder, { recursive: true, force: true });
    process.stdout.write(matrix.toString());
  });

  async function withScene(load: LoadCase, work: (scene: CrashScene) => Promise<void>): Promise<void> {
    scenes += 1;
    const scene = await CrashScene.create({ gcs, bigquery }, load, `kill_${scenes}`);
    try {
      await work(scene);
    } finally {
      await scene.remove();
    }
  }

  /** Changes that a run makes where nothing is in its way. */
  async function cleanEffects(load: LoadCase): Promise<string[]> {
    let effects: string[] = [];
    await withScene(load, async (scene) => {
      assertSuccess(await scene.run());
      effects = scene.faults.requests.map(({ effect }) => effect).filter(isMutation);
      await assertExact(scene);
    });
    assert.deepEqual(
      load.effects.filter((effect) => !effects.includes(effect)),
      [],
      `among ${effects.join(', ')}`,
    );
    return effects;
  }

  async function killAndRecover(load: LoadCase, { point, phase }: MatrixCase<Phase>): Promise<void> {
    await withScene(load, async (scene) => {
      const { faults } = scene;
      let launched: Awaited<ReturnType<LauncherPool['run']>> | undefined;
      faults.kill = async () => {
        launched?.kill('SIGKILL');
        await launched?.end();
      };
      faults.set({ on: point.effect, nth: point.nth, action: phase });
      launched = await pool.run(['run', '--log-format', 'json', '-f', scene.configurationFile]);
      const ended = await launched.end();
      assert.equal(ended.signal, 'SIGKILL', `it was not killed, but ended with ${ended.code}: ${ended.err}`);
      faults.set(undefined);
      await assertOldOrNew(scene);
      // The next run adopts what was left, by itself.
      assertSuccess(await scene.run());
      await assertExact(scene);
    });
  }

  for (const load of loads) {
    it(`${load.name}: every row once, by the next run`, async () => {
      const points = pointsOf(await cleanEffects(load));
      const cases = points.flatMap((point) => PHASES.map((phase) => ({ load: load.name, point, phase })));
      const known = matrix.failures.length;
      await matrix.run(cases, WIDTH, (one) => killAndRecover(load, one));
      assert.deepEqual(matrix.failures.slice(known), []);
    });
  }
});
