import assert from 'node:assert/strict';
import { CrashMatrix, type CrashPoint, type MatrixCase } from './crash-matrix';
import type { CrashScene } from './crash-scene';
import { CrashSuite, isFullForm, PATIENCE_MS, wholeLoads, WIDTH } from './crash-suite';
import { JoinedCommitter, type CommitterEnd } from './joined-committer';
import type { LoadCase } from './load-cases';
import { assertExact, assertSuccess } from './oracle';
import { TableReader } from './table-reader';

/**
 * When a worker of a pipeline commits the run of a launcher that commits it as well: while a request of the launcher is on its way; from the
 * same moment on as the launcher, which is killed after a request; or when the launcher has been killed.
 */
const PHASES = ['during', 'racing, kill-after', 'when killed after'] as const;
type Phase = (typeof PHASES)[number];

/** A race may end before its moment: the worker has made the request that the launcher was to die after, so the launcher need not. It is run again. */
const MAX_RACES = 5;

/** The first request of a commit that changes something: all manifests are there. */
const FIRST: CrashPoint = { effect: 'tableLease.write', nth: 1 };

function isFirst({ effect, nth }: CrashPoint): boolean {
  return effect === FIRST.effect && nth === FIRST.nth;
}

describe('a worker that commits under the fence of the launcher, which commits as well', function () {
  this.timeout(PATIENCE_MS);
  const matrix = new CrashMatrix<Phase>('two committers of one run');
  let suite: CrashSuite;
  before(async () => {
    suite = await CrashSuite.start();
  });
  after(async () => {
    await suite.stop();
    process.stdout.write(matrix.toString());
  });

  /** Effects of a launcher's commit, from the one that it begins with. */
  async function commitPoints(load: LoadCase): Promise<CrashPoint[]> {
    const points = await suite.cleanPoints(load);
    return points.slice(points.findIndex(isFirst));
  }

  /**
   * Runs a launcher and, when the case says so, a worker beside it. Returns how the worker ended, and whether the launcher was harmed: in a
   * race it may have ended well before it came to it.
   */
  async function commitTwice(
    scene: CrashScene,
    { point, phase }: MatrixCase<Phase>,
  ): Promise<{ end: CommitterEnd; harmed: boolean }> {
    const { faults } = scene;
    const launcher = suite.pool.take();
    faults.kill = async () => {
      launcher.kill('SIGKILL');
      await launcher.end();
    };
    let committer: JoinedCommitter | undefined;
    let committed: Promise<CommitterEnd> | undefined;
    const commit = async (): Promise<void> => {
      committed ??= committer?.commit();
      // Told in the end, too.
      await committed?.catch(() => undefined);
    };
    const meanwhile = async (): Promise<void> => {
      committer = await JoinedCommitter.open(scene);
      if (phase === 'during' && isFirst(point)) {
        await commit();
        return;
      }
      if (phase === 'racing, kill-after') void commit();
      // Counted from the next request on.
      const nth = point.effect === FIRST.effect ? point.nth - 1 : point.nth;
      faults.set({
        on: point.effect,
        nth,
        action: phase === 'during' ? { meanwhile: commit } : 'kill-after',
      });
    };
    faults.set({ on: FIRST.effect, nth: FIRST.nth, action: { meanwhile } });
    await launcher.run(scene.command());
    const { code, signal, err } = await launcher.end();
    const { struck: harmed } = faults;
    if (phase !== 'racing, kill-after') assert.ok(harmed, `it did not come to it: ${err}`);
    faults.set(undefined);
    if (phase === 'during' || !harmed) assert.equal(code, 0, err);
    else assert.equal(signal, 'SIGKILL', err);
    try {
      await commit();
      assert.ok(committed !== undefined);
      return { end: await committed, harmed };
    } finally {
      await committer?.close();
    }
  }

  async function disturb(load: LoadCase, one: MatrixCase<Phase>): Promise<void> {
    for (let race = 1; race <= MAX_RACES; race++) if (await isDisturbed(load, one)) return;
    assert.fail(`in ${MAX_RACES} races it did not come to it`);
  }

  /** Every row is there once, whether it came to it or not. */
  async function isDisturbed(load: LoadCase, one: MatrixCase<Phase>): Promise<boolean> {
    let harmed = false;
    await suite.withScene(load, async (scene) => {
      matrix.reads += await TableReader.during(scene, async () => {
        const { end, ...told } = await commitTwice(scene, one);
        ({ harmed } = told);
        // Who comes when the lease was given back finds no run to take part in.
        if (one.point.effect !== 'state.write release') assert.equal(end, 'published');
        if (one.phase !== 'during') assertSuccess(await scene.run());
      });
      await assertExact(scene);
    });
    return harmed;
  }

  /** In the bounded form the race, of which no two are alike, at every second moment. */
  function isTried({ point, phase }: MatrixCase<Phase>, index: number): boolean {
    if (phase === 'during') return true;
    return !isFirst(point) && (isFullForm() || (phase === 'racing, kill-after') === (index % 2 === 0));
  }

  for (const load of wholeLoads()) {
    it(`${load.name}: every row once`, async () => {
      const cases = (await commitPoints(load)).flatMap((point, index) =>
        PHASES.map((phase) => ({ load: load.name, point, phase })).filter((one) => isTried(one, index)),
      );
      const known = matrix.failures.length;
      await matrix.run(cases, WIDTH, (one) => disturb(load, one));
      assert.deepEqual(matrix.failures.slice(known), []);
    });
  }
});
