import assert from 'node:assert/strict';
import type { RunReport } from '../../../launcher/report';
import type { EndedLauncher } from '../warm-launcher';
import type { CrashScene } from './crash-scene';
import { CrashSuite, PATIENCE_MS } from './crash-suite';
import { LOAD_CASES, tableText, type LoadCase } from './load-cases';
import { assertExact, assertSuccess } from './oracle';

function reportOf({ out, err }: EndedLauncher): RunReport {
  const [line] = out.trim().split('\n').filter(Boolean);
  assert.ok(line !== undefined, err);
  return JSON.parse(line) as RunReport;
}

describe('two launchers at once', function () {
  this.timeout(PATIENCE_MS);
  let suite: CrashSuite;
  before(async () => {
    suite = await CrashSuite.start();
  });
  after(async () => {
    await suite.stop();
  });

  async function race(scene: CrashScene, jobs: readonly string[]): Promise<EndedLauncher[]> {
    const launchers = jobs.map((job) => ({ job, launcher: suite.pool.take() }));
    await Promise.all(launchers.map(({ job, launcher }) => launcher.run(scene.command(job))));
    return await Promise.all(launchers.map(({ launcher }) => launcher.end()));
  }

  for (const load of LOAD_CASES.filter(({ own }) => own === undefined)) {
    it(`of one job: ${load.name}, once`, async () => {
      await suite.withScene(load, async (scene) => {
        const reports = (await race(scene, ['rows', 'rows'])).map(reportOf);
        const statuses = reports.map(({ status }) => status);
        // One after the other is possible, too: then the second has nothing to do, or replaces the rows by the same ones.
        for (const status of statuses) assert.match(status, /^(?:success|skipped)$/);
        assert.ok(statuses.includes('success'), String(statuses));
        await assertExact(scene);
      });
    });
  }

  const [append] = LOAD_CASES;
  assert.ok(append !== undefined);
  const twice: LoadCase = {
    ...append,
    otherJob: 'load_type: append',
    after: [...append.after, ...Object.values(append.files).flat()],
  };

  it('of two jobs into one table: the rows of both', async () => {
    await suite.withScene(twice, async (scene) => {
      const reports = (await race(scene, ['rows', 'other'])).map(reportOf);
      assert.deepEqual(
        reports.map(({ status }) => status),
        ['success', 'success'],
      );
      await assertExact(scene);
    });
  });

  for (const nth of [1, 2]) {
    it(`of two jobs into one table, one killed ${nth === 1 ? 'holding' : 'giving back'} the table: the other does not wait for it`, async () => {
      await suite.withScene(twice, async (scene) => {
        const launcher = suite.pool.take();
        scene.faults.kill = async () => {
          launcher.kill('SIGKILL');
          await launcher.end();
        };
        scene.faults.set({ on: 'tableLease.write', nth, action: 'kill-after' });
        await launcher.run(scene.command('other'));
        assert.equal((await launcher.end()).signal, 'SIGKILL');
        assertSuccess(await scene.run());
        assertSuccess(await scene.run('other'));
        assert.equal(await scene.table(), tableText(twice.after));
        await assertExact(scene);
      });
    });
  }
});
