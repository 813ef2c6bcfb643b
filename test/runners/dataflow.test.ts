import assert from 'node:assert/strict';
import { DataflowWorkspace } from '../dataflow-stand-in/dataflow-workspace';
import { RunsOnPrism } from '../dataflow-stand-in/run-on-prism';
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

  it('ends with the error of a worker', async () => {
    const workspace = await open({ file_format: 'csv', rejects: { max: 0 } });
    await workspace.file('f5.csv', 'id,name', '1,"never closed');
    const { code, err, reports } = await workspace.run('--runner', 'dataflow');
    assert.equal(code, 1, err);
    assert.equal(reports[0]?.error?.code, 'FORMAT_INVALID', err);
    assert.equal(await workspace.rows('id'), undefined);
  });
});
