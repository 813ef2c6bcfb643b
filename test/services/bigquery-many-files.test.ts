import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';

/** More than a load job of one part a file would like. */
const FILES = 9_000;

describe('many small files into BigQuery', function () {
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
    mkdirSync(place.workspace.path('data'));
  });
  afterEach(async () => {
    await place.remove();
  });

  const write = (index: number, rows: string): void => {
    const name = `${String(index).padStart(5, '0')}.csv`;
    writeFileSync(place.workspace.path('data', name), `id,name\n${rows}\n`);
  };

  it('are a few hundred parts and one load job, and each file is loaded once', async () => {
    for (let index = 0; index < FILES; index++) write(index, `${index},n`);
    write(4_321, '4321,n\n1,2,3');
    await place.configure({ rejects: { max: 1 } });
    const { code, err, reports } = await place.run();
    assert.equal(code, 3, err);
    const [report] = reports;
    assert.ok(report);
    assert.deepEqual([report.rows_loaded, report.rows_rejected], [FILES, 1]);
    assert.ok(report.work_units < 500, `${report.work_units} units`);

    const effects = services.faults.requests.map(({ effect }) => effect);
    const count = (effect: RegExp): number => effects.filter((name) => effect.test(name)).length;
    assert.equal(count(/^part\.upload/), report.work_units);
    assert.equal(count(/^manifest\.write/), report.work_units);
    assert.equal(count(/^job\.insert/), 1);
    assert.equal(count(/^temporaryTable\./), 0);

    const totals = await place.rows('count(*), count(DISTINCT id), sum(id)');
    assert.deepEqual(totals, [`${FILES}|${FILES}|${(FILES * (FILES - 1)) / 2}`]);
    const name = (report.reject_files[0] ?? '').replace(`gs://${services.gcs.bucket}/`, '');
    const reject = JSON.parse(String(await services.gcs.read(name))) as Record<string, string>;
    assert.deepEqual([reject['file'], reject['row']], ['04321.csv', '04321.csv line 3']);

    write(FILES, '1000000,new');
    const second = await place.run();
    assert.equal(second.code, 0, second.err);
    assert.deepEqual([second.reports[0]?.rows_loaded, second.reports[0]?.work_units], [1, 1]);
  });
});
