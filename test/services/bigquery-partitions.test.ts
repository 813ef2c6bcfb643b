import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MAX_PARTITIONS_PER_JOB } from '../../loaders/bigquery/job-limits';
import { CrashScene } from '../crash/bigquery/crash-scene';
import { LauncherPool } from '../crash/bigquery/launcher-pool';
import type { CrashRow, LoadCase } from '../crash/bigquery/load-cases';
import { assertExact, assertOldOrNew, assertSuccess } from '../crash/bigquery/oracle';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';

/** More than a job may change, by a day each: twelve years. */
const DAYS = 4_400;

describe('an append to more partitions than one job may change', function () {
  this.timeout(60_000);
  let services: BigQueryServices;
  let home: string;
  let pool: LauncherPool;
  let place: BigQueryWorkspace;
  let scenes = 0;

  before(async () => {
    services = await BigQueryServices.start();
    home = await mkdtemp(path.join(tmpdir(), 'beamlift-launchers-'));
    pool = new LauncherPool(home, 1);
  });
  after(async () => {
    await pool.stop();
    await services.stop();
    await rm(home, { recursive: true, force: true });
  });

  const dayOf = (index: number): string => new Date(Date.UTC(2012, 0, 1 + index)).toISOString().slice(0, 10);
  const days = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `${from + index},${dayOf(from + index)}`);
  const inOrder = (rows: readonly string[]): string[] => [...rows].sort((a, b) => parseInt(a) - parseInt(b));
  const rows = async (): Promise<string[]> =>
    inOrder((await place.rows('id, CAST(`on` AS STRING)')) ?? assert.fail('there is no table'));
  const shown = (lines: readonly string[]): string[] =>
    inOrder(lines.map((line) => line.replace(/,$/, ',null').replace(',', '|')));
  /** Kinds of the jobs that were sent, in order. */
  const jobs = (): string[] =>
    services.faults.requests
      .filter(({ effect }) => effect.startsWith('job.insert'))
      .map(({ effect }) => effect.slice('job.insert '.length));

  describe('by the day', () => {
    beforeEach(async () => {
      place = await BigQueryWorkspace.create(services);
    });
    afterEach(async () => {
      await place.remove();
    });
    const configure = async (job: Readonly<Record<string, unknown>> = {}): Promise<void> => {
      await place.configure({ table_options: { partition_by: 'on' }, ...job });
    };
    /** Before the publishing job is sent. */
    const meanwhile = (work: () => Promise<void>): void => {
      place.break({ on: 'job.insert publish', nth: 1, action: { meanwhile: work } });
    };
    const temporaryTables = async (): Promise<string[]> =>
      (await services.bigquery.tables()).filter((table) => table.startsWith('beamlift_tmp_'));

    for (const verify of ['counts', 'strict']) {
      it(`is one transaction, all of it (verify: ${verify})`, async () => {
        // Beyond what a table is divided by, and without a day: first and last, so that neither is of the other window.
        const odd = ['900001,', '900002,1950-06-01', '900003,2170-06-01', '900004,'];
        const lines = [...days(0, DAYS), ...odd];
        await place.file('a.csv', 'id,on', ...lines.slice(0, 3_000));
        await place.file('b.csv', 'id,on', ...lines.slice(3_000));
        await configure({ verify });
        const first = await place.run();
        assert.equal(first.code, 0, first.err);
        assert.equal(first.reports[0]?.rows_loaded, lines.length);
        assert.deepEqual(await rows(), shown(lines));
        assert.deepEqual(jobs(), ['load-0', ...(verify === 'strict' ? ['proof-0'] : []), 'publish']);
        assert.equal(first.reports[0].published_by?.includes('_publish_0'), true);

        const again = await place.run();
        assert.equal(again.reports[0]?.rows_loaded, 0, again.err);
        assert.deepEqual(await rows(), shown(lines));
        assert.deepEqual(await temporaryTables(), []);
      });
    }

    it('is a direct load up to the limit, and the transaction from the next on', async () => {
      await place.file('a.csv', 'id,on', ...days(0, MAX_PARTITIONS_PER_JOB));
      await configure();
      assert.equal((await place.run()).code, 0);
      assert.deepEqual(jobs(), ['publish']);
      await place.file('b.csv', 'id,on', ...days(0, MAX_PARTITIONS_PER_JOB + 1));
      assert.equal((await place.run()).code, 0);
      assert.deepEqual(jobs(), ['publish', 'load-0', 'publish']);
      assert.equal((await rows()).length, 2 * MAX_PARTITIONS_PER_JOB + 1);
    });

    it('is refused beyond what a table can have, before any job', async () => {
      await place.file('a.csv', 'id,on', ...days(0, 10_001));
      await configure();
      const { code, reports } = await place.run();
      assert.equal(code, 1);
      assert.match(reports[0]?.error?.why ?? '', /at most 10000/);
      assert.deepEqual(jobs(), []);
      assert.equal(await place.rows('id'), undefined);
    });

    it('a job that failed after it had published is a success', async () => {
      await place.file('a.csv', 'id,on', ...days(0, DAYS));
      await configure();
      // What a script does that is told as failed after its COMMIT: the same statements, under another id.
      meanwhile(async () => {
        const name = (await place.staged()).find((staged) => staged.endsWith('/commit.json')) ?? '';
        const text = (await services.gcs.read(`${place.prefix}/${name}`))?.toString() ?? '';
        const { plan } = JSON.parse(text) as {
          plan: { publish: { configuration: { query: { query: string } } } };
        };
        await services.bigquery.query(plan.publish.configuration.query.query);
      });
      const { code, reports, err } = await place.run();
      assert.equal(code, 0, err);
      assert.equal(reports[0]?.rows_loaded, DAYS);
      assert.deepEqual(jobs(), ['load-0', 'publish', 'fence']);
      assert.deepEqual(await rows(), shown(days(0, DAYS)));
      assert.equal((await place.run()).reports[0]?.rows_loaded, 0);
      assert.deepEqual(await rows(), shown(days(0, DAYS)));
    });

    it('a job that failed has published nothing: the run ends, and the next one loads all', async () => {
      await place.file('a.csv', 'id,on', ...days(0, DAYS));
      await configure();
      meanwhile(async () => await place.execute(`INSERT INTO \`${place.name}\` (id) VALUES (-1)`));
      const failed = await place.run();
      assert.equal(failed.code, 1);
      assert.equal(failed.reports[0]?.error?.code, 'DESTINATION_FAILED');
      assert.match(failed.reports[0].error.what, /the new table has rows already/);
      assert.deepEqual(jobs(), ['load-0', 'publish', 'fence']);
      assert.deepEqual(await rows(), ['-1|null']);
      assert.deepEqual(await temporaryTables(), []);
      const next = await place.run();
      assert.equal(next.code, 0, next.err);
      assert.deepEqual(await rows(), ['-1|null', ...shown(days(0, DAYS))]);
    });

    it('a temporary table that somebody else changed needs a person', async () => {
      await place.file('a.csv', 'id,on', ...days(0, DAYS));
      await configure();
      meanwhile(async () => {
        await place.execute(`INSERT INTO \`${(await temporaryTables())[0]}\` (id) VALUES (-1)`);
      });
      const failed = await place.run();
      assert.equal(failed.reports[0]?.error?.code, 'NEEDS_ATTENTION');
      assert.match(failed.reports[0].error.what, /had 4401 rows, and 4400 were loaded into it/);
      assert.deepEqual(await rows(), []);
    });
  });

  describe('whose launcher is killed', () => {
    const range = (from: number, to: number): CrashRow[] =>
      Array.from({ length: to - from }, (_, index) => ({ id: from + index, name: `row ${from + index}` }));
    const load: LoadCase = {
      name: 'append to many partitions',
      source: 'files',
      keys: 'load_type: append, create_table: true, table_options: { partition_by: { column: id, start: 0, end: 10000, interval: 1 } }',
      before: undefined,
      files: { 'a.csv': range(0, 3_000), 'b.csv': range(3_000, DAYS) },
      after: range(0, DAYS),
      effects: [],
    };

    for (const [effect, action] of [
      ['job.insert publish', 'kill-before'],
      ['job.insert publish', 'kill-after'],
      ['state.write committed', 'kill-before'],
    ] as const) {
      it(`${action} ${effect}: the next one finishes it, once`, async () => {
        const { gcs, bigquery } = services;
        scenes += 1;
        const scene = await CrashScene.create(
          { gcs, bigquery, postgres: undefined },
          load,
          `partitions_${scenes}`,
        );
        try {
          const launcher = pool.take();
          scene.faults.kill = async () => {
            launcher.kill('SIGKILL');
            await launcher.end();
          };
          scene.faults.set({ on: effect, nth: 1, action });
          await launcher.run(scene.command());
          const { signal, err } = await launcher.end();
          assert.equal(signal, 'SIGKILL', err);
          scene.faults.set(undefined);
          // A table that is created is there, and empty, before the transaction.
          if ((await scene.table()) !== '') await assertOldOrNew(scene);
          assertSuccess(await scene.run());
          await assertExact(scene);
        } finally {
          await scene.remove();
        }
      });
    }
  });
});
