import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../launcher/main';
import type { RunRecord } from '../../launcher/runs/run-store';
import { isRunning, ownIdentity } from '../../loaders/process-identity';
import type { CrashScene } from '../crash/bigquery/crash-scene';
import { CrashSuite } from '../crash/bigquery/crash-suite';
import { LOAD_CASES, tableText, type LoadCase } from '../crash/bigquery/load-cases';
import { assertExact, assertSuccess } from '../crash/bigquery/oracle';
import { fakeHost } from '../unit/cli/fake-host';

const APPEND = LOAD_CASES.find(({ name }) => name === 'append') ?? assert.fail();
const MERGE = LOAD_CASES.find(({ name }) => name === 'merge') ?? assert.fail();

describe('runs resume and runs cancel, after kill -9 of a launcher', function () {
  this.timeout(120_000);
  let suite: CrashSuite;
  before(async () => {
    suite = await CrashSuite.start();
  });
  after(async () => {
    await suite.stop();
  });

  async function program(scene: CrashScene, ...line: string[]) {
    const host = fakeHost({ cwd: scene.folder, environment: { HOME: scene.folder } });
    const code = await main(line, { ...host, identity: ownIdentity(), isRunning });
    return { code, out: host.out.text(), err: host.err.text() };
  }

  async function recordOf(scene: CrashScene, id: string): Promise<RunRecord> {
    return JSON.parse((await program(scene, 'runs', 'show', id, '--json')).out) as RunRecord;
  }

  /** Runs the job in a process that is killed there; gives the id of its run. */
  async function killedAt(
    scene: CrashScene,
    effect: string,
    action: 'kill-before' | 'kill-after',
  ): Promise<string> {
    const launcher = suite.pool.take();
    scene.faults.kill = async () => {
      launcher.kill('SIGKILL');
      await launcher.end();
    };
    scene.faults.set({ on: effect, nth: 1, action });
    await launcher.run(scene.command());
    const { signal, code, err } = await launcher.end();
    assert.equal(signal, 'SIGKILL', `it was not killed, but ended with ${code}: ${err}`);
    scene.faults.set(undefined);
    const listed = await program(scene, 'runs', 'list');
    const [, id] = /^(\S+) +rows +running \(lost\) /m.exec(listed.out) ?? [];
    assert.ok(id !== undefined, listed.out);
    return id;
  }

  for (const [load, effect, action] of [
    [APPEND, 'commit.write', 'kill-before'],
    [APPEND, 'job.insert publish', 'kill-before'],
    [APPEND, 'job.insert publish', 'kill-after'],
    [MERGE, 'temporaryTable.delete', 'kill-before'],
  ] as const) {
    it(`resume finishes a run (${load.name}, ${action} ${effect}), once`, async () => {
      await suite.withScene(load, async (scene) => {
        const id = await killedAt(scene, effect, action);
        const begun = await recordOf(scene, id);
        const resumed = await program(scene, 'runs', 'resume', id);
        assert.equal(resumed.code, 0, resumed.err);
        const ended = await recordOf(scene, id);
        assert.equal(ended.status, 'success');
        assert.deepEqual([ended.started_at, ended.triggered_by], [begun.started_at, begun.triggered_by]);
        assert.equal(ended.rows_processed, 5);
        await assertExact(scene);
        const again = await program(scene, 'runs', 'resume', id);
        assert.equal(again.code, 1);
        assert.match(again.err, /RUN_ENDED/);
      });
    });
  }

  it('resume tells what became of a run that had not staged all', async () => {
    await suite.withScene(APPEND, async (scene) => {
      const id = await killedAt(scene, 'manifest.write', 'kill-before');
      await program(scene, 'runs', 'resume', id);
      const { status } = await recordOf(scene, id);
      assert.notEqual(status, 'running');
      const { before, after } = scene.load;
      assert.equal(await scene.table(), tableText(status === 'success' ? after : before));
      assertSuccess(await scene.run());
      await assertExact(scene);
    });
  });

  it('resume needs no history when the job is named', async () => {
    await suite.withScene(APPEND, async (scene) => {
      const id = await killedAt(scene, 'commit.write', 'kill-before');
      await rm(path.join(scene.folder, '.beamlift'), { recursive: true });
      const unnamed = await program(scene, 'runs', 'resume', id);
      assert.equal(unnamed.code, 1);
      assert.match(unnamed.err, /RUN_NOT_FOUND/);
      const named = await program(scene, 'runs', 'resume', id, '--job', 'rows', '--json');
      assert.equal(named.code, 0, named.err);
      assert.equal((JSON.parse(named.out) as { rows_loaded: number }).rows_loaded, 5);
      assert.equal((await recordOf(scene, id)).status, 'success');
      await assertExact(scene);
    });
  });

  for (const [effect, action] of [
    ['manifest.write', 'kill-before'],
    ['commit.write', 'kill-after'],
    ['job.insert publish', 'kill-before'],
  ] as const) {
    it(`cancel ends a run (${action} ${effect}) that has published nothing`, async () => {
      await suite.withScene(APPEND, async (scene) => {
        const id = await killedAt(scene, effect, action);
        const cancelled = await program(scene, 'runs', 'cancel', id);
        assert.equal(cancelled.code, 0, cancelled.err);
        assert.equal((await recordOf(scene, id)).status, 'cancelled');
        assert.equal(await scene.table(), tableText(scene.load.before));
        assert.deepEqual(await scene.leftovers(), []);
        assertSuccess(await scene.run());
        await assertExact(scene);
      });
    });
  }

  for (const effect of ['job.insert publish', 'state.write committed']) {
    it(`cancel says that a published run is published (kill-after ${effect})`, async () => {
      await suite.withScene(APPEND, async (scene) => {
        const id = await killedAt(scene, effect, 'kill-after');
        const late = await program(scene, 'runs', 'cancel', id);
        assert.equal(late.code, 1);
        assert.match(late.err, /could not be cancelled: its rows are published/);
        assert.equal((await recordOf(scene, id)).status, 'success');
        await assertExact(scene);
      });
    });
  }

  it('cancel asks a living run to stop, which publishes nothing', async () => {
    const load: LoadCase = APPEND;
    await suite.withScene(load, async (scene) => {
      const launcher = suite.pool.take();
      let asked: Awaited<ReturnType<typeof program>> | undefined;
      const meanwhile = async (): Promise<void> => {
        const [record] = (await program(scene, 'runs', 'list', '--json')).out.split('\n');
        const { id } = JSON.parse(record ?? '{}') as RunRecord;
        asked = await program(scene, 'runs', 'cancel', id);
        // Until the launcher has looked at its lease again.
        await new Promise((resolve) => setTimeout(resolve, 20_000));
      };
      scene.faults.set({ on: 'manifest.write', nth: 1, action: { meanwhile } });
      try {
        await launcher.run(scene.command());
        const { out, err } = await launcher.end();
        assert.equal(asked?.code, 0, asked?.err);
        assert.match(asked.out, /was asked to stop/);
        assert.equal((JSON.parse(out) as { status: string }).status, 'cancelled', err);
      } finally {
        launcher.kill('SIGKILL');
      }
      assert.equal(await scene.table(), tableText(load.before));
      assertSuccess(await scene.run());
      await assertExact(scene);
    });
  });
});
