import assert from 'node:assert/strict';
import type { TableField } from '../../core/clients/bigquery-api';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';

/** The stand-in would take all of these rows: the refusals are the program's own. */
describe('tables that exist, with what their schemas demand', function () {
  this.timeout(60_000);
  let services: BigQueryServices;
  let place: BigQueryWorkspace;

  before(async () => {
    services = await BigQueryServices.start();
  });
  after(() => services.stop());
  beforeEach(async () => {
    place = await BigQueryWorkspace.create(services);
  });
  afterEach(() => place.remove());

  async function createTable(fields: readonly TableField[]): Promise<void> {
    const { bigquery } = services;
    const { status } = await bigquery.request('POST', `datasets/${bigquery.dataset}/tables`, {
      tableReference: { projectId: bigquery.project, datasetId: bigquery.dataset, tableId: place.name },
      schema: { fields: [{ name: 'id', type: 'INTEGER' }, ...fields] },
    });
    assert.equal(status, 200);
  }

  it('GEOGRAPHY takes texts, as NDJSON and never as Avro', async () => {
    await createTable([{ name: 'g', type: 'GEOGRAPHY' }]);
    await place.file('a.csv', 'id,g', '1,POINT(1 2)', '2,');
    await place.configure({ create_table: false, staging_format: 'avro' });
    const refused = await place.run();
    assert.equal(refused.reports[0]?.error?.code, 'PLAN_REFUSED', refused.err);
    await place.configure({ create_table: false });
    const loaded = await place.run();
    assert.equal(loaded.code, 0, loaded.err);
    assert.deepEqual(await place.rows('id, ST_ASTEXT(g)'), ['1|POINT(1 2)', '2|null']);
  });

  it('a REQUIRED column that nothing fills is refused by the plan', async () => {
    await createTable([{ name: 'must', type: 'STRING', mode: 'REQUIRED' }]);
    await place.file('a.csv', 'id,other', '1,x');
    await place.configure({ create_table: false });
    const { reports, err } = await place.run();
    assert.equal(reports[0]?.error?.code, 'PLAN_REFUSED', err);
    assert.match(reports[0].error.what, /"must"/);
  });

  for (const format of ['avro', 'ndjson']) {
    it(`REQUIRED and unknown fields of ARRAY<STRUCT> make rejects (${format})`, async () => {
      const fields: TableField[] = [
        { name: 'a', type: 'INTEGER', mode: 'REQUIRED' },
        { name: 'b', type: 'DATE' },
      ];
      await createTable([{ name: 's', type: 'RECORD', mode: 'REPEATED', fields }]);
      await place.file(
        'a.jsonl',
        '{"id":1,"s":[{"a":1,"b":"2024-01-01"},{"a":2}]}',
        '{"id":2,"s":[{"b":"2024-01-01"}]}',
        '{"id":3,"s":[{"a":1,"x":1}]}',
        '{"id":4,"s":null}',
        '{"id":5,"s":[null]}',
      );
      await place.configure({
        ...{ create_table: false, file_pattern: '*.jsonl', staging_format: format },
        ...{ rejects: { max: 2 }, verify: 'strict' },
      });
      const { code, reports, err } = await place.run();
      assert.equal(code, 3, err);
      const [report] = reports;
      assert.deepEqual(report?.losses, { s: { null_array: 1, null_in_array: 1 } });
      const [file = ''] = report.reject_files;
      const { gcs } = services;
      const kept = await gcs.read(file.replace(`gs://${gcs.bucket}/`, ''));
      const reasons = (kept?.toString('utf8') ?? '')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { reason: string }).reason);
      assert.deepEqual(reasons, ['null, and field a is NOT NULL', 'a field "x" that the column has not']);
      assert.deepEqual(await place.rows('id, ARRAY_LENGTH(s)'), ['1|2', '4|0', '5|0']);
    });
  }
});
