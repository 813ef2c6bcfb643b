import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../services/free-port';
import { startFlink } from './flink-server';
import { makeImageTree, type ImageTree } from './image-tree';
import type { JobServiceProcess } from './job-service-process';
import { startPrism } from './prism-server';
import { Shop } from './shop';
import { Started } from './started';

const ROWS = 6_400;
/** Until workers whose runner is gone must be gone, in milliseconds. */
const ORPHANS_END_MS = 20_000;

describe('workers in processes, from the files of the image', function () {
  this.timeout(120_000);
  const started = new Started();
  let shop: Shop;
  let tree: ImageTree;
  let prism: JobServiceProcess;
  let flink: JobServiceProcess;
  let inProcess: readonly string[];
  const table: string[] = [];

  before(async function () {
    this.timeout(300_000);
    tree = await makeImageTree();
    shop = await started.with(Shop.open(ROWS), async (opened) => await opened.close());
    const { secrets } = shop;
    prism = await started.with(startPrism(secrets), async (server) => await server.stop());
    flink = await started.with(startFlink({ environment: secrets }), async (server) => await server.stop());
    await shop.configure('expected', {});
    assert.equal((await shop.run()).code, 0);
    inProcess = await shop.rows('expected');
  });
  after(async () => {
    await started.stop();
    process.stdout.write(`\n${table.join('\n')}\n`);
  });
  afterEach(() => {
    shop.services.faults.set(undefined);
  });

  const workers = (service: JobServiceProcess): Readonly<Record<string, unknown>> => ({
    endpoint: service.endpoint,
    environment: `process:${tree.boot}`,
    workers_have_secrets: true,
  });

  /** Nothing of the tree runs any more. */
  const noneLeft = async (): Promise<void> => {
    const began = performance.now();
    let left = await tree.processes();
    while (left.length > 0 && performance.now() - began < ORPHANS_END_MS) {
      await sleep(200);
      left = await tree.processes();
    }
    assert.deepEqual(left, []);
  };

  for (const units of [1, 64]) {
    for (const [name, service] of [
      ['Prism', () => prism],
      ['Flink', () => flink],
    ] as const) {
      it(`load the rows that are loaded in process, from ${units} unit(s) on ${name}`, async () => {
        const target = `processes_${units}_${name}`;
        const split = units === 1 ? { by: 'none' } : { rows_per_unit: ROWS / units };
        await shop.configure(target, { split }, workers(service()));
        const began = performance.now();
        const { code, err, reports } = await shop.run('--runner', 'portable');
        const seconds = (performance.now() - began) / 1000;
        assert.equal(code, 0, err);
        assert.equal(reports[0]?.work_units, units);
        assert.deepEqual(await shop.rows(target), inProcess);
        table.push(`${ROWS} rows of ${units} unit(s) on ${name}, processes: ${seconds.toFixed(1)} seconds`);
        await noneLeft();
      });
    }
  }

  for (const [name, service] of [
    ['Prism', () => prism],
    ['Flink', () => flink],
  ] as const) {
    it(`tell the error of a unit (${name})`, async () => {
      const target = `refused_${name}`;
      await shop.configure(target, { source_table_name: 'broken' }, workers(service()));
      const { code, err, reports } = await shop.run('--runner', 'portable');
      assert.equal(code, 1, err);
      const { error } = reports[0] ?? {};
      assert.match(error?.why ?? '', /division by zero/, err);
      assert.equal(error?.where.unit, 'all');
      assert.deepEqual(await shop.rows(target), []);
      await noneLeft();
    });
  }

  it('are started in a pool that runs somewhere (Prism)', async () => {
    const port = await freePort();
    const pool = spawn(process.execPath, [tree.boot, `--worker_pool=127.0.0.1:${port}`], {
      env: { PATH: process.env['PATH'], ...shop.secrets },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      let log = '';
      pool.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
      while (!log.includes('pool.started')) await sleep(50);
      await shop.configure(
        'pooled',
        { split: { rows_per_unit: 400 } },
        { ...workers(prism), environment: `external:127.0.0.1:${port}` },
      );
      const { code, err, reports } = await shop.run('--runner', 'portable');
      assert.equal(code, 0, `${err}\n${log}`);
      assert.equal(reports[0]?.work_units, 16);
      assert.deepEqual(await shop.rows('pooled'), inProcess);
      assert.match(log, /pool\.worker-started/);
      pool.kill('SIGTERM');
      await once(pool, 'exit');
      await noneLeft();
    } finally {
      pool.kill('SIGKILL');
    }
  });

  it('are not left alone with units that read at a moment which the launcher holds', async () => {
    await shop.configure('held', { split: { rows_per_unit: 400 } }, workers(prism));
    const { code, reports } = await shop.run('--runner', 'portable', '--detach');
    assert.equal(reports[0]?.error?.code, 'PLAN_REFUSED');
    assert.equal(reports[0].error.what, 'This job cannot be detached');
    assert.notEqual(code, 0);
    assert.deepEqual(await shop.rows('held'), []);
    await noneLeft();
  });

  it('end when their runner is killed', async () => {
    const doomed = await startPrism(shop.secrets);
    try {
      await shop.configure('orphans', { split: { rows_per_unit: 100 } }, workers(doomed));
      let running: readonly string[] = [];
      shop.services.faults.set({
        on: 'manifest.write',
        nth: 3,
        action: {
          meanwhile: async () => {
            running = await tree.processes();
            await doomed.stop();
          },
        },
      });
      const { code, err, reports } = await shop.run('--runner', 'portable');
      assert.notDeepEqual(running, []);
      assert.equal(code, 2, err);
      assert.equal(reports[0]?.error?.code, 'RUNNER_UNUSABLE');
      await noneLeft();
      assert.deepEqual(await shop.rows('orphans'), []);
    } finally {
      await doomed.stop();
    }
  });

  it('say which secret they do not have', async () => {
    const bare = await startPrism();
    try {
      await shop.configure('secretless', {}, workers(bare));
      const { code, reports } = await shop.run('--runner', 'portable');
      const { error } = reports[0] ?? {};
      assert.equal(error?.code, 'SECRET_UNRESOLVED');
      assert.match(error.what, /SHOP_PASSWORD/);
      assert.equal(code, 2);
    } finally {
      await bare.stop();
    }
  });
});
