import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../launcher/runs/run-store';
import { startLauncher } from '../crash/launcher-process';
import { BigQueryServices, BigQueryWorkspace } from '../services/bigquery-workspace';
import { makeImageTree, type ImageTree } from './image-tree';
import type { JobServiceProcess } from './job-service-process';
import { startPrism } from './prism-server';

const FILES = 12;
const ROWS_OF_A_FILE = 50;
/** Within which a pipeline without a launcher has to publish, in milliseconds. */
const PUBLISHES_MS = 60_000;

describe('a pipeline whose launcher is gone', function () {
  this.timeout(180_000);
  let services: BigQueryServices;
  let prism: JobServiceProcess;
  let tree: ImageTree;
  let workspace: BigQueryWorkspace;
  before(async function () {
    this.timeout(300_000);
    tree = await makeImageTree();
    [services, prism] = await Promise.all([BigQueryServices.start(), startPrism()]);
  });
  after(async () => {
    await Promise.all([prism.stop(), services.stop()]);
  });
  beforeEach(async () => {
    workspace = await BigQueryWorkspace.create(services);
    for (let file = 0; file < FILES; file++) {
      const ids = Array.from({ length: ROWS_OF_A_FILE }, (_, row) => 1000 + file * ROWS_OF_A_FILE + row);
      // Large enough to be a unit each.
      await workspace.file(`${file}.csv`, 'id,note', ...ids.map((id) => `${id},${'x'.repeat(25_000)}`));
    }
    await workspace.configure(
      {},
      {},
      {
        large: 'portable',
        threshold_rows: 1,
        portable: { endpoint: prism.endpoint, environment: `process:${tree.boot}` },
      },
    );
  });
  afterEach(async () => {
    services.faults.set(undefined);
    await workspace.remove();
  });

  const expected = Array.from({ length: FILES * ROWS_OF_A_FILE }, (_, row) => String(1000 + row));

  /** The launcher, killed when the first units have been staged. */
  async function killed(): Promise<void> {
    const launcher: ChildProcess = startLauncher(workspace.workspace);
    let log = '';
    launcher.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const ended = new Promise<NodeJS.Signals | null>((resolve) => {
      launcher.once('close', (_code, signal) => resolve(signal));
    });
    services.faults.set({
      on: 'manifest.write',
      nth: 2,
      action: {
        meanwhile: async () => {
          launcher.kill('SIGKILL');
          await ended;
        },
      },
    });
    assert.equal(await ended, 'SIGKILL', log);
    assert.match(log, /etl\.runner\.submitted/);
  }

  async function published(): Promise<void> {
    const until = Date.now() + PUBLISHES_MS;
    while ((await workspace.rows('id'))?.length !== expected.length) {
      assert.ok(Date.now() < until, 'the pipeline does not publish by itself');
      await sleep(200);
    }
  }

  async function records(): Promise<RunRecord[]> {
    const { out } = await workspace.workspace.beamlift(['runs', 'list', '--json']);
    return out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RunRecord);
  }

  async function theRun(): Promise<RunRecord> {
    const [run, ...others] = await records();
    assert.ok(run !== undefined && others.length === 0);
    return run;
  }

  it('is found, watched and finished by the next run, with every row once', async () => {
    await killed();
    const { code, err, reports } = await workspace.run();
    assert.equal(code, 0, err);
    const submitted = err.split('\n').filter((line) => line.includes('etl.runner.submitted'));
    assert.equal(submitted.length, 1, 'found again, and not submitted again');
    assert.match(reports[0]?.notices.join(' ') ?? '', /went on with|was finished first/);
    assert.deepEqual(await workspace.rows('id'), expected);
    const again = await workspace.run();
    assert.equal(again.reports[0]?.rows_loaded, 0);
    assert.deepEqual(await workspace.rows('id'), expected);
  });

  it('publishes by itself; its end is written down by runs resume', async () => {
    await killed();
    await published();
    assert.deepEqual(await workspace.rows('id'), expected);
    const { id } = await theRun();
    const shown = await workspace.workspace.beamlift(['runs', 'show', id]);
    assert.match(shown.out, /running \(detached\)/);
    assert.match(shown.out, /units done +12/);
    const resumed = await workspace.workspace.beamlift(['runs', 'resume', id]);
    assert.equal(resumed.code, 0, resumed.err);
    assert.equal((await theRun()).status, 'success');
    assert.deepEqual(await workspace.rows('id'), expected);
  });

  it('is stopped by runs cancel, and publishes nothing', async () => {
    await killed();
    const { id } = await theRun();
    const cancelled = await workspace.workspace.beamlift(['runs', 'cancel', id, '--yes']);
    assert.equal(cancelled.code, 0, cancelled.err);
    assert.equal((await theRun()).status, 'cancelled');
    await sleep(2_000);
    assert.equal(await workspace.rows('id'), undefined, 'the table was never made');
    const { code, err } = await workspace.run();
    assert.equal(code, 0, err);
    assert.deepEqual(await workspace.rows('id'), expected);
  });

  it('is left on purpose with --detach, and goes on', async () => {
    const { code, err, reports } = await workspace.run('--detach');
    assert.equal(code, 0, err);
    const [report] = reports;
    assert.equal(report?.status, 'running');
    assert.match(report.notices.join(' '), /goes on by itself/);
    await published();
    const { code: resumed } = await workspace.workspace.beamlift(['runs', 'resume', report.run_id]);
    assert.equal(resumed, 0);
    assert.equal((await theRun()).status, 'success');
    assert.deepEqual(await workspace.rows('id'), expected);
    assert.equal((await workspace.run()).reports[0]?.rows_loaded, 0);
  });
});
