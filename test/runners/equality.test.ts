import assert from 'node:assert/strict';
import { startFlink } from './flink-server';
import type { JobServiceProcess } from './job-service-process';
import { startPrism } from './prism-server';
import { Shop } from './shop';
import { Started } from './started';

const ROWS = 6_400;

describe('the same job on every runner', function () {
  this.timeout(120_000);
  const started = new Started();
  let shop: Shop;
  let prism: JobServiceProcess;
  let flink: JobServiceProcess;
  const table: string[] = [];

  /** Who runs the units, and how the configuration describes that. */
  const runners: readonly {
    readonly name: string;
    readonly runner: 'in-process' | 'direct' | 'portable';
    readonly portable?: () => Readonly<Record<string, unknown>>;
  }[] = [
    { name: 'in process', runner: 'in-process' },
    { name: 'on the direct runner', runner: 'direct' },
    { name: 'on Prism, loopback', runner: 'portable', portable: () => ({ endpoint: prism.endpoint }) },
    {
      name: 'on Flink, loopback',
      runner: 'portable',
      portable: () => ({ endpoint: flink.endpoint, pipeline_options: { parallelism: 2 } }),
    },
  ];

  before(async () => {
    shop = await started.with(Shop.open(ROWS), async (opened) => await opened.close());
    prism = await started.with(startPrism(), async (server) => await server.stop());
    flink = await started.with(startFlink(), async (server) => await server.stop());
  });
  after(async () => {
    await started.stop();
    process.stdout.write(`\n${table.join('\n')}\n`);
  });

  for (const units of [1, 64]) {
    let inProcess: readonly string[] = [];
    for (const [index, { name, runner, portable }] of runners.entries()) {
      it(`loads the same rows ${name} from ${units} unit(s)`, async () => {
        const target = `orders_${units}_${index}`;
        const split = units === 1 ? { by: 'none' } : { rows_per_unit: ROWS / units };
        await shop.configure(target, { split }, portable?.());
        const began = performance.now();
        const { code, err, reports } = await shop.run('--runner', runner);
        const seconds = (performance.now() - began) / 1000;
        assert.equal(code, 0, err);
        const [report] = reports;
        assert.equal(report?.runner, runner);
        assert.equal(report.work_units, units);
        assert.equal(report.rows_loaded, ROWS);

        const rows = await shop.rows(target);
        if (index === 0) inProcess = rows;
        assert.equal(rows.length, ROWS);
        assert.deepEqual(rows, inProcess);
        table.push(`${rows.length} rows of ${units} unit(s) ${name}: ${seconds.toFixed(1)} seconds`);
      });
    }
  }
});
