import assert from 'node:assert/strict';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

describe('the servers that stand in for BigQuery and Cloud Storage', function () {
  this.timeout(90_000);
  let gcs: GcsServer;
  let bigquery: BigQueryServer;
  before(async () => {
    gcs = await startGcsServer();
    bigquery = await startBigQueryServer({ storage: gcs.endpoint });
  });
  after(async () => {
    await bigquery.stop();
    await gcs.stop();
  });

  it('keep objects, and load them', async () => {
    await gcs.write('in/rows.json', '{"id":1,"name":"a"}\n{"id":2,"name":null}\n');
    assert.deepEqual(await gcs.list('in/'), ['in/rows.json']);
    const fields = [
      { name: 'id', type: 'INTEGER' },
      { name: 'name', type: 'STRING' },
    ];
    const job = await bigquery.request('POST', 'jobs', {
      jobReference: { projectId: bigquery.project, jobId: 'first', location: 'US' },
      configuration: {
        load: {
          sourceUris: [`gs://${gcs.bucket}/in/rows.json`],
          sourceFormat: 'NEWLINE_DELIMITED_JSON',
          schema: { fields },
          destinationTable: { projectId: bigquery.project, datasetId: bigquery.dataset, tableId: 'rows' },
        },
      },
    });
    assert.equal(job.status, 200, JSON.stringify(job.body));
    assert.deepEqual(await bigquery.tables(), ['rows']);
    const rows = await bigquery.query('SELECT id, name FROM rows ORDER BY id');
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [
        { id: '1', name: 'a' },
        { id: '2', name: null },
      ],
    );
    await assert.rejects(bigquery.query('SELECT * FROM nothing'), /404 .*Not found: Table/);
  });
});
