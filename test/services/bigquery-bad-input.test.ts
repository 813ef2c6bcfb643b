import assert from 'node:assert/strict';
import type { CommandResult } from '../pipelines/workspace';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';

describe('what BigQuery and Cloud Storage refuse', function () {
  this.timeout(60_000);
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
    await place.file('a.csv', 'id,name', '1,one', '2,two');
  });
  afterEach(async () => {
    await place.remove();
  });

  interface Expected {
    readonly code: string;
    /** Of the whole error. */
    readonly says: RegExp;
    readonly exit?: number;
    readonly status?: string;
  }

  /** A failure that is told, recorded, and has left nothing. */
  const assertFailed = async (
    result: CommandResult,
    { code, says, exit = 1, status = 'failure' }: Expected,
  ) => {
    const [report] = result.reports;
    assert.equal(report?.error?.code, code, JSON.stringify(report?.error ?? result.err));
    assert.match(JSON.stringify(report.error), says);
    assert.equal(result.code, exit);
    assert.equal(report.status, status);
    assert.equal(report.rows_loaded, 0);
    const { out } = await place.workspace.beamlift(['runs', 'show', report.run_id, '--json']);
    assert.equal((JSON.parse(out) as { status: string }).status, status);
    const staged = await place.staged();
    assert.deepEqual(
      staged.filter((name) => name.startsWith('runs/')),
      [],
    );
  };

  const refuse = (status: number, reason: string, message: string) => ({
    refuse: { status, reason, message },
  });

  it('a missing dataset', async () => {
    await place.configure({}, { dataset: 'nowhere' });
    await assertFailed(await place.run(), { code: 'DATASET_NOT_FOUND', says: /nowhere.*bq mk/s });
  });

  it('a missing table, with create_table false, in plan and in run', async () => {
    await place.configure({ create_table: false });
    await assertFailed(await place.run(), {
      code: 'DESTINATION_NOT_FOUND',
      says: /create_table: true/,
      exit: 2,
    });
    const plan = await place.workspace.beamlift(['plan']);
    assert.equal(plan.code, 2);
    assert.match(plan.err, /create_table: true/);
  });

  it('a missing bucket', async () => {
    await place.configure({}, { staging: 'gs://no-such-bucket/x' });
    await assertFailed(await place.run(), { code: 'BUCKET_NOT_FOUND', says: /no-such-bucket/ });
  });

  for (const [what, on] of [
    ['the state', 'state.read'],
    ['the table', 'table.get'],
    ['the staged files', 'part.upload'],
    ['load jobs', 'job.insert publish'],
  ] as const) {
    it(`no rights on ${what}`, async () => {
      await place.configure({});
      place.break({
        on,
        nth: 1,
        times: 1_000,
        action: refuse(403, 'accessDenied', 'Access Denied: the permission x.y.z is missing'),
      });
      const result = await place.run();
      place.break(undefined);
      await assertFailed(result, { code: 'RIGHTS_MISSING', says: /x\.y\.z/ });
      assert.equal(await place.rows('id'), undefined);
      const again = await place.run();
      assert.equal(again.code, 0, again.err);
      assert.deepEqual(await place.rows('id'), ['1', '2']);
    });
  }

  it('credentials that expire while rows are staged', async () => {
    await place.configure({});
    place.break({
      on: 'manifest.write',
      nth: 1,
      times: 1_000,
      action: refuse(401, 'authError', 'Invalid Credentials'),
    });
    const result = await place.run();
    place.break(undefined);
    const [report] = result.reports;
    assert.equal(report?.error?.code, 'LOGIN_FAILED', JSON.stringify(report?.error));
    const again = await place.run();
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(await place.rows('id'), ['1', '2']);
  });

  it('a permanent 400 to the load job', async () => {
    await place.configure({});
    place.break({
      on: 'job.insert publish',
      nth: 1,
      action: refuse(400, 'invalid', 'Schema has no fields.'),
    });
    await assertFailed(await place.run(), { code: 'DESTINATION_FAILED', says: /Schema has no fields/ });
    assert.equal(await place.rows('id'), undefined);
  });

  it('a quota that is used up is named', async () => {
    await place.configure({});
    place.break({
      on: 'job.insert publish',
      nth: 1,
      times: 1_000,
      action: refuse(
        403,
        'quotaExceeded',
        'Quota exceeded: Your table exceeded quota for imports or query appends per table',
      ),
    });
    const result = await place.run();
    place.break(undefined);
    await assertFailed(result, { code: 'QUOTA_EXCEEDED', says: /imports or query appends per table/ });
  });

  it('a table with other types, and values that do not fit', async () => {
    await place.execute(`CREATE TABLE ${place.name} (id INT64, name NUMERIC(5,2))`);
    await place.configure({ create_table: false });
    await assertFailed(await place.run(), { code: 'REJECTS_EXCEEDED', says: /not a number/ });
    await place.file('a.csv', 'id,name', '1,99999.5', '2,1.25');
    await assertFailed(await place.run(), { code: 'REJECTS_EXCEEDED', says: /99999\.5/ });
    await place.configure({ create_table: false, rejects: { max: 1 } });
    const loaded = await place.run();
    assert.equal(loaded.code, 3, loaded.err);
    assert.deepEqual(await place.rows('id, name'), ['2|1.25']);
  });

  it('a table that is dropped while the run goes on', async () => {
    await place.execute(`CREATE TABLE ${place.name} (id INT64, name STRING)`);
    await place.configure({ create_table: false });
    place.break({
      on: 'part.upload',
      nth: 1,
      action: {
        meanwhile: async () => {
          await place.execute(`DROP TABLE ${place.name}`);
        },
      },
    });
    await assertFailed(await place.run(), {
      code: 'DESTINATION_NOT_FOUND',
      says: /not there any more/,
      exit: 2,
    });
  });

  it('a row that is longer than BigQuery takes', async () => {
    await place.configure({ rejects: { max: 1 } });
    await place.file('a.csv', 'id,name', `1,${'x'.repeat(16 * 1024 * 1024)}`, '2,two');
    const result = await place.run();
    assert.equal(result.code, 3, result.err);
    assert.deepEqual(await place.rows('id, name'), ['2|two']);
    const [file = ''] = result.reports[0]?.reject_files ?? [];
    assert.notEqual(file, '');
  });

  it('names of columns that BigQuery refuses are made into others, and told', async () => {
    await place.file('a.csv', '_TABLE_x,Discount (%),2nd,😀', '1,2,3,4');
    await place.configure({});
    const result = await place.run();
    assert.equal(result.code, 0, result.err);
    const { body } = await services.bigquery.request('GET', `datasets/warehouse/tables/${place.name}`);
    const { fields } = body['schema'] as { fields: { name: string }[] };
    for (const { name } of fields) assert.match(name, /^(?!_TABLE_)[A-Za-z_][A-Za-z0-9_]*$/);
    assert.match(result.reports[0]?.notices.join('\n') ?? '', /Discount/);
  });

  it('names of tables that BigQuery refuses', async () => {
    await place.configure({ dest_table_name: 'bad/name' });
    const result = await place.run();
    assert.equal(result.code, 2, result.err);
    assert.match(result.err, /dest_table_name: \\"bad\/name\\" cannot be the name of a table/);
  });

  it('a file that is no longer as it was staged', async () => {
    await place.configure({});
    place.break({
      on: 'part.list',
      nth: 1,
      action: {
        meanwhile: async () => {
          const [part = ''] = (await place.staged()).filter((name) => name.includes('/parts/'));
          await services.gcs.write(`${place.prefix}/${part}`, 'something else');
        },
      },
    });
    await assertFailed(await place.run(), { code: 'COUNT_MISMATCH', says: /bytes and not/ });
    assert.equal(await place.rows('id'), undefined);
  });
});
