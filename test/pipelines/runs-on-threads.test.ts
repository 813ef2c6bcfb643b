import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeHost } from '../unit/cli/fake-host';
import { localConfiguration, Workspace, type CommandResult } from './workspace';

/** Of each file; together they are more than what is worth threads. */
const ROWS = 60_000;
const FILES = ['a', 'b', 'c'];

function csvOf(file: string, last = ''): string {
  const lines = Array.from(
    { length: ROWS },
    (_, id) => `${id},${file} ${'text '.repeat(10)}${id},${id}.25\n`,
  );
  return `id,text,price\n${lines.join('')}${last}`;
}

/** Threads of this process, as Node.js counts them. */
function threadsAlive(): number {
  const report = process.report.getReport() as { readonly workers?: readonly unknown[] };
  return report.workers?.length ?? 0;
}

describe('runs on threads', function () {
  this.timeout(120_000);
  let workspace: Workspace;
  let others: number;
  beforeEach(async () => {
    // Those of suites before this one may end at any time.
    others = threadsAlive();
    workspace = await Workspace.create();
    for (const file of FILES) await workspace.write(`data/${file}.csv`, csvOf(file));
    await workspace.write(
      'beamlift.yaml',
      localConfiguration('  rows: { file_pattern: "*.csv", split: { rows_per_unit: 1000000 } }'),
    );
  });
  afterEach(async () => {
    assert.ok(threadsAlive() <= others, `${threadsAlive()} threads, ${others} before`);
    await workspace.remove();
  });

  const run = async (concurrency: number, host: FakeHost = workspace.host()): Promise<CommandResult> =>
    await workspace.beamlift(
      ['run', 'rows', '--concurrency', String(concurrency), '--log-level', 'debug', '--log-format', 'json'],
      host,
    );
  const threadsOf = ({ err }: CommandResult): number | undefined => {
    const line = err.split('\n').find((text) => text.includes('"threads.chosen"'));
    return line === undefined ? undefined : (JSON.parse(line) as { threads: number }).threads;
  };
  const warehouseIsEmpty = async (): Promise<boolean> =>
    await access(workspace.path('warehouse.duckdb')).then(
      async () => (await workspace.query('FROM rows')) === undefined,
      () => true,
    );

  it('load what one thread loads', async () => {
    const one = await run(1);
    assert.equal(one.code, 0, one.err);
    assert.equal(threadsOf(one), undefined);
    await workspace.execute('ALTER TABLE rows RENAME TO expected');
    const two = await run(2);
    assert.equal(two.code, 0, two.err);
    assert.equal(threadsOf(two), 2);
    assert.equal(two.reports[0]?.rows_loaded, FILES.length * ROWS);
    assert.deepEqual(await workspace.query('FROM rows EXCEPT ALL FROM expected'), []);
    assert.deepEqual(await workspace.query('FROM expected EXCEPT ALL FROM rows'), []);
  });

  it('fail with the place of what went wrong, and publish nothing', async () => {
    await workspace.write('data/c.csv', csvOf('c', 'no number,x,1\n'));
    await workspace.write(
      'beamlift.yaml',
      localConfiguration(
        '  rows: { file_pattern: "*.csv", split: { rows_per_unit: 1000000 }, dest_table_name: numbers, create_table: false }',
      ),
    );
    await workspace.execute('CREATE TABLE numbers (id BIGINT, text VARCHAR, price DOUBLE)');
    const failed = await run(2);
    assert.equal(failed.code, 1, failed.err);
    assert.equal(threadsOf(failed), 2);
    const [report] = failed.reports;
    assert.equal(report?.error?.code, 'REJECTS_EXCEEDED');
    const { where } = report.error;
    assert.deepEqual(
      { job: where.job, column: where.column, value: where.value },
      { job: 'rows', column: 'id', value: 'no number' },
    );
    assert.match(where.row ?? '', /c\.csv/);
    assert.deepEqual(await workspace.query('SELECT count(*) FROM numbers'), [['0']]);
  });

  it('stop at once when they are interrupted', async () => {
    const host = workspace.host();
    const running = run(2, host);
    const over = running.then(() => 'over');
    while (threadsAlive() <= others && (await Promise.race([over, sleep(5)])) !== 'over');
    host.interrupt('SIGINT');
    const { code, reports } = await running;
    assert.equal(code, 130);
    assert.equal(reports[0]?.error?.code, 'CANCELLED');
    assert.ok(await warehouseIsEmpty());
  });
});
