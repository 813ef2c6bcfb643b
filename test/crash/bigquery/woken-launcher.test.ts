import assert from 'node:assert/strict';
import { CrashMatrix, type MatrixCase } from './crash-matrix';
import { CrashSuite, isFullForm, PATIENCE_MS, WIDTH } from './crash-suite';
import type { EndedRun } from './crash-scene';
import { LOAD_CASES, type LoadCase } from './load-cases';
import { assertExact, assertOldOrNew, assertSuccess } from './oracle';

/** Where a launcher is stopped in the bounded form: its request is on the way, and arrives when another launcher has done everything. */
const STOPS = [
  'state.write staging',
  'plan.write',
  'part.upload',
  'part.upload.start',
  'part.upload.chunk',
  'manifest.write',
  'tableLease.write',
  'commit.write',
  'temporaryTable.create',
  'job.insert load-0',
  'job.insert proof-0',
  'state.write committing',
  'job.insert publish',
  'state.write committed',
  'temporaryTable.delete',
  'part.delete',
  'plan.delete',
];

/**
 * Requests that make objects: one that arrives after the sweep makes an orphan, and what its launcher stages after it are more of them, up to
 * where it finds itself fenced. A sweep of a later run takes them a day later. Of everything else nothing may be left.
 */
const ORPHANING = /^(?:plan\.write|part\.upload.*|manifest\.write|commit\.write)$/;

type Phase = 'late';

describe('a launcher that is stopped, and wakes after another has taken its lease and finished', function () {
  this.timeout(PATIENCE_MS);
  const matrix = new CrashMatrix<Phase>('kill -STOP of the launcher, requests that arrive');
  let suite: CrashSuite;
  before(async () => {
    suite = await CrashSuite.start();
  });
  after(async () => {
    await suite.stop();
    process.stdout.write(matrix.toString());
  });

  async function stopAndWake(load: LoadCase, { point }: MatrixCase<Phase>): Promise<void> {
    await suite.withScene(load, async (scene) => {
      const launcher = suite.pool.take();
      try {
        let newer: EndedRun | undefined;
        const meanwhile = async (): Promise<void> => {
          launcher.kill('SIGSTOP');
          await scene.endLeases();
          newer = await scene.run();
          launcher.kill('SIGCONT');
        };
        scene.faults.set({ on: point.effect, nth: point.nth, action: { meanwhile } });
        await launcher.run(scene.command());
        const woken = await launcher.end();
        assert.ok(newer !== undefined, `it was not stopped, but ended with ${woken.code}: ${woken.err}`);
        assertSuccess(newer);
        // It may find out that all is done already, or that it is not its business any more.
        if (woken.code !== 0) assert.match(woken.err, /"code":"(?:FENCED|LEASE_LOST)"/);
        await assertOldOrNew(scene);
        await assertExact(scene, { orphans: ORPHANING.test(point.effect) });
      } finally {
        launcher.kill('SIGKILL');
      }
    });
  }

  const loads = LOAD_CASES.filter(({ name }) => isFullForm() || !name.startsWith('replace, created'));
  for (const load of loads) {
    it(`${load.name}: publishes nothing twice`, async () => {
      const points = await suite.cleanPoints(load);
      const cases = points
        .filter(({ effect }) => isFullForm() || STOPS.includes(effect))
        // Before it has the lease there is nothing to take from it, and after it has given it back it does nothing.
        .filter(({ effect }) => !/^state\.write (?:lease|release)$/.test(effect))
        .map((point) => ({ load: load.name, point, phase: 'late' as const }));
      const known = matrix.failures.length;
      await matrix.run(cases, WIDTH, (one) => stopAndWake(load, one));
      assert.deepEqual(matrix.failures.slice(known), []);
    });
  }
});
