import assert from 'node:assert/strict';
import { CrashMatrix, type MatrixCase } from './crash-matrix';
import { CrashSuite, isFullForm, PATIENCE_MS, WIDTH } from './crash-suite';
import { INCREMENTAL_CASE, LOAD_CASES, type LoadCase } from './load-cases';
import { assertExact, assertGoesOn, assertSuccess } from './oracle';
import { TableReader } from './table-reader';

const PHASES = ['kill-before', 'kill-after'] as const;
type Phase = (typeof PHASES)[number];

/** In the bounded form, some loads are killed at each moment once: what comes after one effect comes before the next. */
function phasesOf({ name }: LoadCase): readonly Phase[] {
  const isWhole = name === 'append' || name === 'merge' || name === 'append, strict';
  return isFullForm() || isWhole ? PHASES : ['kill-after'];
}

describe('a launcher that is killed (kill -9) before and after every effect on BigQuery and its bucket', function () {
  this.timeout(PATIENCE_MS);
  const matrix = new CrashMatrix<Phase>('kill -9 of the launcher');
  let suite: CrashSuite;
  before(async () => {
    suite = await CrashSuite.start({ postgres: true });
  });
  after(async () => {
    await suite.stop();
    process.stdout.write(matrix.toString());
  });

  async function killAndRecover(load: LoadCase, { point, phase }: MatrixCase<Phase>): Promise<void> {
    await suite.withScene(load, async (scene) => {
      matrix.reads += await TableReader.during(scene, async () => {
        const { faults } = scene;
        const launcher = suite.pool.take();
        faults.kill = async () => {
          launcher.kill('SIGKILL');
          await launcher.end();
        };
        faults.set({ on: point.effect, nth: point.nth, action: phase });
        await launcher.run(scene.command());
        const ended = await launcher.end();
        assert.equal(
          ended.signal,
          'SIGKILL',
          `it was not killed, but ended with ${ended.code}: ${ended.err}`,
        );
        faults.set(undefined);
        // The next run adopts what was left, by itself.
        assertSuccess(await scene.run());
      });
      await assertExact(scene);
      if (load === INCREMENTAL_CASE) await assertGoesOn(scene);
    });
  }

  for (const load of [...LOAD_CASES, INCREMENTAL_CASE]) {
    it(`${load.name}: every row once, by the next run`, async () => {
      const points = await suite.cleanPoints(load);
      const cases = points.flatMap((point) =>
        phasesOf(load).map((phase) => ({ load: load.name, point, phase })),
      );
      const known = matrix.failures.length;
      await matrix.run(cases, WIDTH, (one) => killAndRecover(load, one));
      assert.deepEqual(matrix.failures.slice(known), []);
    });
  }
});
