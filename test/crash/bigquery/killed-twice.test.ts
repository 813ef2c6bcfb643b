import assert from 'node:assert/strict';
import { isMutation } from '../../fault-proxy/effects';
import type { FaultRule } from '../../fault-proxy/faults';
import { CrashMatrix, distinctPoints, pointsOf, type CrashPoint, type MatrixCase } from './crash-matrix';
import type { CrashScene } from './crash-scene';
import { CrashSuite, isFullForm, PATIENCE_MS, wholeLoads, WIDTH } from './crash-suite';
import type { LoadCase } from './load-cases';
import { assertExact, assertOldOrNew, assertSuccess } from './oracle';

type Phase = 'kill-before' | 'kill-after';

/** Where the first launcher is killed: rows are staged; rows are published, and nobody has heard of it. */
const FIRST_KILLS = ['commit.write', 'job.insert publish'] as const;

describe('a launcher that is killed while it finishes the run of a killed one', function () {
  this.timeout(PATIENCE_MS);
  const matrix = new CrashMatrix<Phase>('kill -9 of the second launcher');
  let suite: CrashSuite;
  before(async () => {
    suite = await CrashSuite.start();
  });
  after(async () => {
    await suite.stop();
    process.stdout.write(matrix.toString());
  });

  async function killAt(scene: CrashScene, rule: FaultRule): Promise<void> {
    const launcher = suite.pool.take();
    scene.faults.kill = async () => {
      launcher.kill('SIGKILL');
      await launcher.end();
    };
    scene.faults.set(rule);
    await launcher.run(scene.command());
    const ended = await launcher.end();
    scene.faults.set(undefined);
    assert.equal(ended.signal, 'SIGKILL', `it was not killed, but ended with ${ended.code}: ${ended.err}`);
    await assertOldOrNew(scene);
  }

  /** What the second launcher changes where nothing is in its way. */
  async function recoveryPoints(load: LoadCase, first: FaultRule): Promise<CrashPoint[]> {
    return await suite.withScene(load, async (scene) => {
      await killAt(scene, first);
      const before = scene.faults.requests.length;
      assertSuccess(await scene.run());
      const effects = scene.faults.requests.slice(before).map(({ effect }) => effect);
      const points = pointsOf(effects.filter(isMutation));
      assert.ok(points.length > 0);
      return isFullForm() ? points : distinctPoints(points);
    });
  }

  async function killTwice(load: LoadCase, first: FaultRule, one: MatrixCase<Phase>): Promise<void> {
    await suite.withScene(load, async (scene) => {
      await killAt(scene, first);
      await killAt(scene, { on: one.point.effect, nth: one.point.nth, action: one.phase });
      assertSuccess(await scene.run());
      await assertExact(scene);
    });
  }

  // In the bounded form one load, and each moment once: what comes after one effect comes before the next.
  const loads = wholeLoads().filter(({ name }) => isFullForm() || name === 'append');
  const phases: readonly Phase[] = isFullForm() ? ['kill-before', 'kill-after'] : ['kill-after'];
  for (const load of loads) {
    for (const effect of FIRST_KILLS) {
      it(`${load.name}, the first after ${effect}: every row once, by the third`, async () => {
        const first: FaultRule = { on: effect, nth: 1, action: 'kill-after' };
        const points = await recoveryPoints(load, first);
        const name = `${load.name}, ${effect}`;
        const cases = points.flatMap((point) => phases.map((phase) => ({ load: name, point, phase })));
        const known = matrix.failures.length;
        await matrix.run(cases, WIDTH, (one) => killTwice(load, first, one));
        assert.deepEqual(matrix.failures.slice(known), []);
      });
    }
  }
});
