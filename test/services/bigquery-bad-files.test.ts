import assert from 'node:assert/strict';
import type { FileRecord } from '../../launcher/runs/file-record';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';

describe('files that are left out, into BigQuery', function () {
  this.timeout(120_000);
  let services: BigQueryServices;
  let place: BigQueryWorkspace;

  before(async () => {
    services = await BigQueryServices.start();
  });
  after(async () => {
    await services.stop();
  });
  beforeEach(async () => {
    place = await BigQueryWorkspace.create(services);
  });
  afterEach(async () => {
    await place.remove();
  });

  const put = async (name: string, content: string): Promise<string> =>
    await place.workspace.write(`data/${name}`, content);

  it('are no part of what is staged and published, and are loaded once when they are right', async () => {
    await place.configure({ on_bad_file: 'skip' });
    for (let index = 0; index < 40; index++) await put(`${10 + index}.csv`, `id,name\n${index},n\n`);
    await put('15.csv', 'id,name\n5,n\n1,2,3\n');
    await put('16.csv', 'id,name\n6,"never closes\n');
    const first = await place.run();
    assert.equal(first.code, 3, first.err);
    const [report] = first.reports;
    assert.ok(report);
    assert.ok(report.work_units < 40, `${report.work_units} units`);
    assert.deepEqual(report.files, { loaded: 38, failed: 2 });
    assert.deepEqual([report.rows_extracted, report.rows_staged, report.rows_loaded], [38, 38, 38]);
    assert.deepEqual(await place.rows('count(*), count(DISTINCT id), sum(id)'), [`38|38|${780 - 11}`]);
    assert.deepEqual(report.reject_files, []);

    const second = await place.run();
    assert.equal(second.code, 3, second.err);
    assert.deepEqual(second.reports[0]?.files, { loaded: 0, failed: 2 });
    await put('15.csv', 'id,name\n5,n\n');
    await put('16.csv', 'id,name\n6,n\n');
    const third = await place.run();
    assert.equal(third.code, 0, third.err);
    assert.deepEqual(await place.rows('count(*), count(DISTINCT id), sum(id)'), ['40|40|780']);

    const { out } = await place.workspace.beamlift(['runs', 'files', '--status', 'failed', '--json']);
    const failed = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FileRecord);
    assert.deepEqual(
      failed.map(({ uri, error_code: code }) => `${uri} ${code ?? ''}`),
      [
        '15.csv REJECTS_EXCEEDED',
        '16.csv FORMAT_INVALID',
        '15.csv REJECTS_EXCEEDED',
        '16.csv FORMAT_INVALID',
      ],
    );
  });
});
