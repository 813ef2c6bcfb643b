import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { main } from '../../launcher/main';
import type { RunRecord } from '../../launcher/runs/run-store';
import { isRunning, ownIdentity } from '../../loaders/process-identity';
import { CrashScene } from '../crash/bigquery/crash-scene';
import { LauncherPool } from '../crash/bigquery/launcher-pool';
import { LOAD_CASES, tableText, type LoadCase } from '../crash/bigquery/load-cases';
import { assertExact, assertSuccess } from '../crash/bigquery/oracle';
import { fakeHost } from '../unit/cli/fake-host';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

/** A launcher looks at its lease three times a minute; the rest is for slow machines. */
const LEASE_RENEWED_MS = 26_000;

const APPEND = LOAD_CASES.find(({ name }) => name === 'append') ?? assert.fail();
const MERGE = LOAD_CASES.find(({ name }) => name === 'merge') ?? assert.fail();

describe('runs resume and runs cancel, after kill -9 of a launcher', function () {
  this.timeout(120_000);
  let gcs: GcsServer;
  let bigquery: BigQueryServer;
  let home: string;
  let pool: LauncherPool;
  let scenes = 0;
  before(async () => {
    gcs = await startGcsServer();
    bigquery = await startBigQueryServer({ storage: gcs.endpoint });
    home = await mkdtemp(path.join(tmpdir(), 'beamlift-launchers-'));
    pool = new LauncherPool(home, 1);
  });
  after(async () => {
    await pool.stop();
    await bigquery.stop();
    await gcs.stop();
    await rm(home, { recursive: true, force: true });
  });

  async function withScene(load: LoadCase, work: (scene: CrashScene) => Promise<void>): Promise<void> {
    scenes += 1;
    const servers = { gcs, bigquery, postgres: undefined };
    const scene = await CrashScene.create(servers, load, `unfinished_${scenes}`);
    try {
      await work(scene);
    } finally {
      await scene.remove();
    }
  }

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
    const launcher = pool.take();
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
      await withScene(load, async (scene) => {
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
    await withScene(APPEND, async (scene) => {
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
    await withScene(APPEND, async (scene) => {
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
      await withScene(APPEND, async (scene) => {
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
      await withScene(APPEND, async (scene) => {
        const id = await killedAt(scene, effect, 'kill-after');
        const late = await program(scene, 'runs', 'cancel', id);
        assert.equal(late.code, 1);
        assert.match(late.err, /could not be cancelled: its rows are published/);
        assert.equal((await recordOf(scene, id)).status, 'success');
        await assertExact(scene);
      });
    });
  }

  /** As when the job that publishes gave another number of rows than were staged. */
  async function needsAttention(scene: CrashScene): Promise<void> {
    const state = await scene.state();
    const changed = state
      .replace('"state":"committing"', '"state":"needs_attention"')
      .replace('"reason":null', '"reason":"5 rows were staged, the job loaded 6"');
    assert.notEqual(changed, state);
    await gcs.write(`${scene.name}/state/rows.json`, changed);
  }

  it('resume --accept takes what a run that needs attention has published; until then the job does not run', async () => {
    await withScene(APPEND, async (scene) => {
      const id = await killedAt(scene, 'state.write committed', 'kill-before');
      await needsAttention(scene);
      const refused = await scene.run();
      assert.equal(refused.code, 1);
      assert.equal(refused.report?.status, 'needs_attention');
      assert.match(refused.report.error?.hint ?? '', new RegExp(`runs resume ${id} --accept`));
      const unaccepted = await program(scene, 'runs', 'resume', id);
      assert.equal(unaccepted.code, 1);
      assert.equal((await recordOf(scene, id)).status, 'needs_attention');
      assert.match((await program(scene, 'runs', 'show', id)).out, /its rows are right .* --accept/);
      const listed = await program(scene, 'runs', 'list', '--status', 'needs_attention');
      assert.match(listed.out, new RegExp(`Run ${id} needs attention: .* runs show ${id}`));
      const accepted = await program(scene, 'runs', 'resume', id, '--accept');
      assert.equal(accepted.code, 0, accepted.err);
      assert.equal((await recordOf(scene, id)).status, 'success');
      await assertExact(scene);
    });
  });

  it('cancel ends a run that needs attention, and the next one loads its rows', async () => {
    await withScene(APPEND, async (scene) => {
      const id = await killedAt(scene, 'job.insert publish', 'kill-before');
      await needsAttention(scene);
      const cancelled = await program(scene, 'runs', 'cancel', id, '--yes');
      assert.equal(cancelled.code, 0, cancelled.err);
      assert.equal((await recordOf(scene, id)).status, 'cancelled');
      assertSuccess(await scene.run());
      await assertExact(scene);
    });
  });

  it('cancel asks a living run to stop, which publishes nothing', async () => {
    const load: LoadCase = APPEND;
    await withScene(load, async (scene) => {
      const launcher = pool.take();
      let asked: Awaited<ReturnType<typeof program>> | undefined;
      const meanwhile = async (): Promise<void> => {
        const [record] = (await program(scene, 'runs', 'list', '--json')).out.split('\n');
        const { id } = JSON.parse(record ?? '{}') as RunRecord;
        asked = await program(scene, 'runs', 'cancel', id);
        // Until the launcher has renewed its lease, and so heard of it.
        await delay(LEASE_RENEWED_MS);
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
