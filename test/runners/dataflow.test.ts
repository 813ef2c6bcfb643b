import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataflowWorkspace } from '../dataflow-stand-in/dataflow-workspace';
import { RunsOnPrism } from '../beam/run-on-prism';
import { BigQueryServices, BigQueryWorkspace } from '../services/bigquery-workspace';
import type { JobServiceProcess } from './job-service-process';
import { startPrism } from './prism-server';

const FILES = 12;
const ROWS_OF_FILE = 50;

describe('a job that a stand-in of Dataflow runs', function () {
  this.timeout(120_000);
  let services: BigQueryServices;
  let dataflow: DataflowWorkspace;
  let prism: JobServiceProcess;
  let prismJobs: RunsOnPrism;
  const opened: BigQueryWorkspace[] = [];

  before(async () => {
    [services, dataflow, prism] = await Promise.all([
      BigQueryServices.start(),
      DataflowWorkspace.start(),
      startPrism(),
    ]);
    prismJobs = await RunsOnPrism.start(prism.endpoint);
    dataflow.server.execute = prismJobs.execute;
  });
  after(async () => {
    await prismJobs.stop();
    for (const workspace of opened) await workspace.remove();
    await Promise.all([prism.stop(), services.stop(), dataflow.stop()]);
  });

  afterEach(() => services.faults.set(undefined));

  const open = async (job: Readonly<Record<string, unknown>> = {}): Promise<BigQueryWorkspace> => {
    const workspace = await BigQueryWorkspace.create(services);
    opened.push(workspace);
    for (let file = 0; file < FILES; file++) {
      const lines = Array.from({ length: ROWS_OF_FILE }, (_, row) => `${file * ROWS_OF_FILE + row},n${row}`);
      await workspace.file(`f${file}.csv`, 'id,name', ...lines);
    }
    await workspace.configure({ load_type: 'catalog', ...job }, {}, { dataflow: dataflow.options() });
    return workspace;
  };

  it('loads every row, and says what Dataflow counted', async () => {
    const workspace = await open();
    const { code, err, reports } = await workspace.run('--runner', 'dataflow');
    assert.equal(code, 0, err);
    const [report] = reports;
    assert.equal(report?.runner, 'dataflow');
    assert.equal(report.rows_loaded, FILES * ROWS_OF_FILE);
    const rows = (await workspace.rows('id')) ?? [];
    assert.deepEqual(
      rows.map(Number).sort((a, b) => a - b),
      Array.from({ length: FILES * ROWS_OF_FILE }, (_, id) => id),
    );
    assert.match(err, /console\.cloud\.google\.com\/dataflow\/jobs\/us-central1/);
  });

  it('goes on by itself when it is detached, and publishes what it staged', async () => {
    const workspace = await open();
    const detached = await workspace.run('--runner', 'dataflow', '--detach');
    assert.equal(detached.code, 0, detached.err);
    const job = dataflow.server.jobs.at(-1);
    while (job?.isActive === true) await sleep(100);
    assert.equal(job?.state, 'JOB_STATE_DONE');
    assert.equal((await workspace.rows('id'))?.length, FILES * ROWS_OF_FILE);
  });

  it('ends with the error of a worker', async () => {
    const workspace = await open();
    const message = 'etl@my-project does not have storage.objects.create access to the bucket.';
    const refuse = { status: 403, reason: 'forbidden', message };
    services.faults.set({ on: 'part.upload', nth: 1, times: 1_000, action: { refuse } });
    const { code, err, reports } = await workspace.run('--runner', 'dataflow');
    assert.equal(code, 1, err);
    assert.equal(reports[0]?.error?.code, 'RIGHTS_MISSING', err);
    assert.match(reports[0].error.why ?? '', /storage\.objects\.create/);
    assert.ok(reports[0].error.where.unit);
    assert.equal(dataflow.server.jobs.at(-1)?.state, 'JOB_STATE_FAILED');
    assert.equal(await workspace.rows('id'), undefined);
  });
});
