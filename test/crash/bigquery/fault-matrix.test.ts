import assert from 'node:assert/strict';
import { CrashMatrix, type MatrixCase } from './crash-matrix';
import { CrashSuite, isFullForm, PATIENCE_MS, WIDTH } from './crash-suite';
import { LOAD_CASES, type LoadCase } from './load-cases';
import { assertExact, assertOldOrNew, assertSuccess } from './oracle';

const PHASES = ['drop-answer', 'reset', 429, 500, 503] as const;
type Phase = (typeof PHASES)[number];

describe('answers that are lost, refused or broken', function () {
  this.timeout(PATIENCE_MS);
  const matrix = new CrashMatrix<Phase>('a request that goes wrong once');
  let suite: CrashSuite;
  before(async () => {
    suite = await CrashSuite.start();
  });
  after(async () => {
    await suite.stop();
    process.stdout.write(matrix.toString());
  });

  /** One failure is retried: the run itself has to succeed. */
  async function disturb(load: LoadCase, { point, phase }: MatrixCase<Phase>): Promise<void> {
    await suite.withScene(load, async (scene) => {
      scene.faults.set({ on: point.effect, nth: point.nth, action: phase });
      const ended = await scene.run();
      assert.ok(scene.faults.struck, 'nothing went wrong');
      scene.faults.set(undefined);
      await assertOldOrNew(scene);
      assertSuccess(ended);
      await assertExact(scene);
    });
  }

  /** All of them; or a lost answer everywhere, and at every second point one of the others, at other points for other loads. */
  function phasesAt(row: number, column: number): readonly Phase[] {
    if (isFullForm()) return PHASES;
    const [lost, ...others] = PHASES;
    const index = row + column;
    return index % 2 === 0 ? [lost] : [lost, ...others.slice(((index - 1) / 2) % others.length).slice(0, 1)];
  }

  for (const [column, load] of LOAD_CASES.entries()) {
    it(`${load.name}: every row once, by the same run`, async () => {
      const points = await suite.cleanPoints(load, { reads: true });
      const cases = points.flatMap((point, row) =>
        phasesAt(row, column).map((phase) => ({ load: load.name, point, phase })),
      );
      const known = matrix.failures.length;
      await matrix.run(cases, WIDTH, (one) => disturb(load, one));
      assert.deepEqual(matrix.failures.slice(known), []);
    });
  }
});
