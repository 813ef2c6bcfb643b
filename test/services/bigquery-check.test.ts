import assert from 'node:assert/strict';
import type { CheckFinding } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { bigquery } from '../../loaders/bigquery/bigquery-destination';
import { quietServices } from '../contract/quiet-services';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { freePort } from './free-port';
import { startGcsServer, type GcsServer } from './gcs-server';

describe('the check of a BigQuery destination, against servers', () => {
  let gcs: GcsServer;
  let server: BigQueryServer;

  before(async function () {
    this.timeout(60_000);
    gcs = await startGcsServer();
    server = await startBigQueryServer({ storage: gcs.endpoint });
  });
  after(async () => {
    await server.stop();
    await gcs.stop();
  });

  async function check(changes: JsonObject = {}): Promise<CheckFinding[]> {
    const config = {
      project: server.project,
      dataset: server.dataset,
      staging: `gs://${gcs.bucket}/beamlift`,
      credentials: 'anonymous',
      endpoint: server.endpoint,
      staging_endpoint: gcs.endpoint,
      ...changes,
    };
    return await bigquery.check(config, quietServices('/nowhere'), new AbortController().signal);
  }

  const failed = (findings: readonly CheckFinding[]): string[] =>
    findings.filter(({ ok }) => !ok).map(({ step }) => step);

  it('finds everything in order, and leaves nothing behind', async () => {
    const findings = await check();
    assert.deepEqual(failed(findings), [], JSON.stringify(findings, null, 1));
    assert.ok(['jobs', 'tables', 'objects'].every((step) => findings.some((found) => found.step === step)));
    assert.deepEqual(await gcs.list('beamlift/'), []);
    assert.deepEqual(await server.tables(), []);
  });

  it('finds a dataset, a bucket or a server that is not there', async () => {
    assert.deepEqual(failed(await check({ dataset: 'nowhere' })), ['dataset']);
    assert.deepEqual(failed(await check({ staging: 'gs://nowhere/x' })), ['bucket']);
    assert.deepEqual(failed(await check({ location: 'EU' })), ['location']);
    const nobody = `http://127.0.0.1:${await freePort()}`;
    assert.deepEqual(failed(await check({ endpoint: nobody })), ['endpoint']);
    assert.deepEqual(failed(await check({ staging_endpoint: nobody })), ['staging_endpoint']);
  });
});
