import assert from 'node:assert/strict';
import { openBigQueryApi } from '../../core/clients/bigquery';
import type { BigQueryApi, JobReference } from '../../core/clients/bigquery-api';
import { SYSTEM_CLOCK } from '../../core/clients/system-clock';
import type { JsonObject } from '../../core/plan';
import { jobLabels } from '../../loaders/bigquery/job-ids';
import { burnJob, runJob, type JobDesk, type JobOutcome } from '../../loaders/bigquery/load-jobs';
import { quietServices } from '../contract/quiet-services';
import { hasCode } from '../has-code';
import { NEVER } from '../unit/bigquery/staged-run';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

describe('jobs on the stand-in for BigQuery', function () {
  this.timeout(90_000);
  let gcs: GcsServer;
  let bigquery: BigQueryServer;
  let desk: JobDesk;
  before(async () => {
    gcs = await startGcsServer();
    bigquery = await startBigQueryServer({ storage: gcs.endpoint });
    const { log } = quietServices('/');
    const { project, endpoint } = bigquery;
    const api = await openBigQueryApi({ project, endpoint, credentials: 'anonymous', log, environment: {} });
    desk = { api, clock: SYSTEM_CLOCK, log };
    await gcs.write('rows.json', '{"id":1}\n{"id":2}\n');
    await gcs.write('words.json', '{"id":1}\n{"id":"two"}\n');
  });
  after(async () => {
    await bigquery.stop();
    await gcs.stop();
  });

  const reference = (jobId: string): JobReference => ({
    projectId: bigquery.project,
    jobId,
    location: 'US',
  });
  const load = (file: string, tableId: string, more: JsonObject = {}): JsonObject => ({
    load: {
      sourceUris: [`gs://${gcs.bucket}/${file}`],
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
      schema: { fields: [{ name: 'id', type: 'INTEGER' }] },
      destinationTable: { projectId: bigquery.project, datasetId: bigquery.dataset, tableId },
      writeDisposition: 'WRITE_APPEND',
      ...more,
    },
  });
  const run = async (
    jobId: string,
    configuration: JsonObject,
    mayInsert = true,
    api = desk.api,
  ): Promise<JobOutcome> =>
    await runJob(
      { ...desk, api },
      { reference: reference(jobId), configuration, labels: jobLabels('orders', 'run-1') },
      { mayInsert },
      NEVER,
    );
  const count = async (table: string): Promise<unknown> =>
    (await bigquery.query(`SELECT count(*) AS n FROM ${table}`))[0]?.['n'];

  it('run once, however often they are asked for', async () => {
    // The stand-in has no lock on ids, and fails ("write-write conflict on create") where BigQuery takes one of two requests: they queue here.
    let door: Promise<unknown> = Promise.resolve();
    const api: BigQueryApi = Object.assign(Object.create(desk.api) as BigQueryApi, {
      insertJob: async (...request: Parameters<BigQueryApi['insertJob']>) => {
        const outcome = door.then(async () => await desk.api.insertJob(...request));
        door = outcome;
        return await outcome;
      },
    });
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, async () => await run('once', load('rows.json', 'once'), true, api)),
    );
    outcomes.push(await run('once', load('rows.json', 'once'), false));
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      Array.from({ length: 5 }, () => 'done'),
    );
    assert.equal(String(await count('once')), '2');
    await assert.rejects(
      run('once', load('words.json', 'once')),
      hasCode('DESTINATION_FAILED', /would not have sent/),
    );
  });

  it('that are not there are absent', async () => {
    assert.deepEqual(await run('never', load('rows.json', 'never'), false), { kind: 'absent' });
  });

  it('fail in the words of the server, and stay failed', async () => {
    for (const again of [false, true]) {
      const missing = await run(
        'missing',
        load('rows.json', 'missing', { createDisposition: 'CREATE_NEVER' }),
      );
      assert.ok(missing.kind === 'failed' && !missing.retry, `again: ${again}`);
      assert.match(missing.error.what, /^The load job .*missing into .*\.missing failed: .*Not found: Table/);
      assert.equal(missing.error.code, 'DESTINATION_NOT_FOUND');
      const words = await run('words', load('words.json', 'words'));
      assert.ok(words.kind === 'failed' && !words.retry, `again: ${again}`);
      assert.equal(words.error.where.object, `gs://${gcs.bucket}/words.json`);
    }
  });

  it('never run under an id that was burnt', async () => {
    const id = reference('burnt');
    assert.deepEqual(await burnJob(desk, id, NEVER), { kind: 'burnt' });
    assert.deepEqual(await run('burnt', load('rows.json', 'burnt')), { kind: 'burnt' });
    assert.deepEqual(await burnJob(desk, id, NEVER), { kind: 'burnt' });
    assert.ok(!(await bigquery.tables()).includes('burnt'));
  });

  it('that ran are told by who would burn them', async () => {
    await run('ran', load('rows.json', 'ran'));
    assert.equal((await burnJob(desk, reference('ran'), NEVER)).kind, 'done');
    await run('broke', load('rows.json', 'broke', { createDisposition: 'CREATE_NEVER' }));
    assert.equal((await burnJob(desk, reference('broke'), NEVER)).kind, 'failed');
  });
});
