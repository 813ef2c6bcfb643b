import assert from 'node:assert/strict';
import type { FaultAction } from '../fault-proxy/faults';
import { startFlink } from './flink-server';
import type { JobServiceProcess } from './job-service-process';
import { startPrism } from './prism-server';
import { Shop } from './shop';
import { Started } from './started';

const ROWS = 800;
const UNITS = 8;
/** Within which a launcher whose runner is gone has to give up, in milliseconds. */
const GIVES_UP_MS = 60_000;

const REFUSED: FaultAction = {
  refuse: { status: 403, reason: 'forbidden', message: 'made by a test' },
};

describe('a pipeline that goes wrong', function () {
  this.timeout(120_000);
  const started = new Started();
  let shop: Shop;
  let prism: JobServiceProcess;
  let flink: JobServiceProcess;

  before(async () => {
    shop = await started.with(Shop.open(ROWS), async (opened) => await opened.close());
    prism = await started.with(startPrism(), async (server) => await server.stop());
    flink = await started.with(startFlink({ restarts: 2 }), async (server) => await server.stop());
  });
  after(async () => {
    await started.stop();
  });
  afterEach(() => {
    shop.services.faults.set(undefined);
  });

  const split = { rows_per_unit: ROWS / UNITS };

  for (const [name, service] of [
    ['Prism', () => prism],
    ['Flink', () => flink],
  ] as const) {
    it(`has the error of the unit in the report, as in process (${name})`, async () => {
      const target = `broken_${name}`;
      await shop.configure(target, { source_table_name: 'broken' }, { endpoint: service().endpoint });
      const inProcess = await shop.run('--runner', 'in-process');
      const { code, err, reports } = await shop.run('--runner', 'portable');
      assert.equal(code, 1, err);
      const { error } = reports[0] ?? {};
      assert.match(error?.why ?? '', /division by zero/);
      assert.equal(error?.where.unit, 'all');
      assert.deepEqual(error, inProcess.reports[0]?.error);
      assert.deepEqual(await shop.rows(target), []);
    });

    it(`tells counters that are those of the table (${name})`, async () => {
      const target = `counted_${name}`;
      await shop.configure(target, { split }, { endpoint: service().endpoint });
      const { code, err, reports } = await shop.run('--runner', 'portable', '--log-level', 'debug');
      assert.equal(code, 0, err);
      const rows = (await shop.rows(target)).length;
      assert.equal(rows, ROWS);
      const counters = lastCounters(err);
      assert.equal(counters['units_done'], UNITS);
      assert.equal(counters['rows_read'], rows);
      assert.equal(counters['rows_staged'], rows);
      assert.equal(counters['rows_rejected'], 0);
      assert.equal(counters['bytes_staged'], reports[0]?.bytes_staged);
    });

    it(`is cancelled with the launcher, and publishes nothing (${name})`, async () => {
      const target = `cancelled_${name}`;
      await shop.configure(target, { split }, { endpoint: service().endpoint });
      const host = shop.workspace.host(shop.secrets);
      shop.services.faults.set({
        on: 'manifest.write',
        nth: 3,
        action: {
          meanwhile: async () => {
            host.interrupt('SIGINT');
            await Promise.resolve();
          },
        },
      });
      const { code, err, reports } = await shop.workspace.beamlift(['run', '--runner', 'portable'], host);
      assert.equal(code, 130, err);
      assert.equal(reports[0]?.status, 'cancelled');
      assert.deepEqual(await shop.rows(target), []);
      assert.deepEqual(await shop.staged(target), []);
    });
  }

  it('loads a unit once that Flink has to do again', async () => {
    const target = 'retried';
    await shop.configure(target, { split }, { endpoint: flink.endpoint });
    shop.services.faults.set({ on: 'manifest.write', nth: 3, action: REFUSED });
    const { code, err, reports } = await shop.run('--runner', 'portable', '--log-level', 'debug');
    assert.equal(code, 0, err);
    assert.ok(shop.services.faults.struck);
    assert.equal(reports[0]?.rows_loaded, ROWS);
    assert.equal((await shop.rows(target)).length, ROWS);
    assert.equal(lastCounters(err)['rows_read'], ROWS);
  });

  it('ends with a clear error when its runner is killed, and leaves no worker', async () => {
    const target = 'killed';
    const doomed = await startPrism();
    try {
      await shop.configure(target, { split }, { endpoint: doomed.endpoint });
      let killed = 0;
      shop.services.faults.set({
        on: 'manifest.write',
        nth: 3,
        action: {
          meanwhile: async () => {
            await doomed.stop();
            killed = performance.now();
          },
        },
      });
      const { code, err, reports } = await shop.run('--runner', 'portable');
      const took = performance.now() - killed;
      assert.notEqual(killed, 0);
      assert.ok(took < GIVES_UP_MS, `${took} ms`);
      assert.equal(code, 2, err);
      const { error } = reports[0] ?? {};
      assert.equal(error?.code, 'RUNNER_UNUSABLE');
      assert.match(error.what, /job service at localhost:\d+ does not answer/);
      assert.deepEqual(await shop.rows(target), []);
    } finally {
      await doomed.stop();
    }
    await shop.configure(target, { split });
    assert.equal((await shop.run()).code, 0);
    assert.equal((await shop.rows(target)).length, ROWS);
  });

  it('is not begun where no job service answers', async () => {
    await shop.configure('unreachable', { split }, { endpoint: 'localhost:9' });
    const { code, err, reports } = await shop.run('--runner', 'portable');
    assert.equal(code, 2, err);
    assert.match(reports[0]?.error?.what ?? '', /job service at localhost:9 does not answer/);
  });
});

/** Of the log that a run wrote to stderr at level debug. */
function lastCounters(log: string): Readonly<Record<string, number>> {
  const entries = log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((entry) => JSON.stringify(entry).includes('etl.runner.counters'));
  return (entries.at(-1) ?? {}) as Record<string, number>;
}
