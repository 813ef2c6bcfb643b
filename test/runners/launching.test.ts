import assert from 'node:assert/strict';
import type { CommandResult } from '../pipelines/workspace';
import { BigQueryServices, BigQueryWorkspace } from '../services/bigquery-workspace';
import type { JobServiceProcess } from './job-service-process';
import { startPrism } from './prism-server';

describe('the launcher, with a portable runner', function () {
  this.timeout(120_000);
  let services: BigQueryServices;
  let prism: JobServiceProcess;
  let workspace: BigQueryWorkspace;
  before(async () => {
    services = await BigQueryServices.start();
    prism = await startPrism();
  });
  after(async () => {
    await prism.stop();
    await services.stop();
  });
  beforeEach(async () => {
    workspace = await BigQueryWorkspace.create(services);
  });
  afterEach(async () => {
    await workspace.remove();
  });

  /** Files of two rows each. */
  const FILES = 5;

  async function run(
    runners: Readonly<Record<string, unknown>> | undefined,
    ...flags: string[]
  ): Promise<CommandResult> {
    for (let file = 0; file < FILES; file++) {
      await workspace.file(`${file}.csv`, 'id,note', `${file + 1}1,first`, `${file + 1}2,`);
    }
    await workspace.configure({}, {}, runners);
    return await workspace.run(...flags);
  }

  const expected = Array.from({ length: FILES }, (_, file) => [
    `${file + 1}1|first`,
    `${file + 1}2|null`,
  ]).flat();

  const loopback = (endpoint: string) => ({ portable: { endpoint, environment: 'loopback' } });

  it('gives it the pipeline, which publishes, and tells what it did', async () => {
    const { code, reports, err } = await run(loopback(prism.endpoint), '--runner', 'portable');
    const [report] = reports;
    assert.equal(code, 0, err);
    assert.deepEqual(await workspace.rows('id, note'), expected);
    assert.equal(report?.runner, 'portable');
    assert.equal(report.rows_loaded, 10);
    assert.equal(report.rows_staged, 10);
    assert.equal(report.runner_job?.runner, 'portable');
    assert.match(report.runner_reason ?? '', /--runner portable was given/);
    const left = (await workspace.staged()).filter((name) => !/^(state|tables)\//.test(name));
    assert.deepEqual(left, [], 'nothing but what the job remembers');

    const again = await workspace.run('--runner', 'portable');
    assert.equal(again.reports[0]?.rows_loaded, 0, 'no file is new');
    assert.deepEqual(await workspace.rows('id, note'), expected);
  });

  it('chooses it by itself for a large job, and says why', async () => {
    const { reports, err } = await run({
      ...loopback(prism.endpoint),
      large: 'portable',
      threshold_rows: 5,
    });
    assert.equal(reports[0]?.runner, 'portable', err);
    assert.match(reports[0].runner_reason ?? '', /at or over the threshold of 5$/);
    assert.deepEqual(await workspace.rows('id, note'), expected);
  });

  it('runs a large job in process where the runner does not answer, and says so', async () => {
    const { code, reports } = await run({
      ...loopback('localhost:1'),
      large: 'portable',
      threshold_rows: 5,
    });
    assert.equal(code, 0);
    assert.equal(reports[0]?.runner, 'in-process');
    assert.match(reports[0].runner_reason ?? '', /but portable cannot run it: .*localhost:1/);
    assert.deepEqual(await workspace.rows('id, note'), expected);
  });

  it('refuses a runner that was asked for and cannot do it, or is not described', async () => {
    const dead = await run(loopback('localhost:1'), '--runner', 'portable');
    assert.equal(dead.reports[0]?.error?.code, 'PLAN_REFUSED');
    assert.match(dead.reports[0].error.what, /The runner portable cannot run job .*localhost:1/);
    const absent = await run(undefined, '--runner', 'dataflow');
    assert.equal(absent.code, 2);
    assert.match(absent.reports[0]?.error?.what ?? '', /The runner dataflow is not configured/);
    assert.equal(await workspace.rows('id'), undefined);
  });

  it('runs on the direct runner, too', async () => {
    const { code, reports, err } = await run(undefined, '--runner', 'direct');
    assert.equal(code, 0, err);
    assert.equal(reports[0]?.runner, 'direct');
    assert.deepEqual(await workspace.rows('id, note'), expected);
  });

  it('ends with the error of the worker, and leaves the table as it was', async () => {
    await workspace.file('0.csv', 'id,note', '1,a', 'x,b');
    await workspace.configure({}, {}, loopback(prism.endpoint));
    await workspace.execute(`CREATE TABLE \`${workspace.name}\` (id INT64, note STRING)`);
    const { code, reports } = await workspace.run('--runner', 'portable');
    assert.equal(code, 1);
    assert.equal(reports[0]?.error?.code, 'REJECTS_EXCEEDED');
    assert.deepEqual(await workspace.rows('id'), []);
  });
});
