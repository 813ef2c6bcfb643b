import assert from 'node:assert/strict';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';

describe('loading into BigQuery', function () {
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
  });
  afterEach(async () => {
    await place.remove();
  });

  /** What a job leaves when all its runs have ended. */
  const stateAlone = (): string[] => [
    `state/${place.name}.json`,
    `tables/${services.bigquery.project}.${services.bigquery.dataset}.${place.name}.json`,
  ];

  it('appends new files, each once', async () => {
    await place.configure({});
    await place.file('a.csv', 'id,name', '1,one', '2,two');
    const first = await place.run();
    assert.equal(first.code, 0, first.err);
    assert.equal(first.reports[0]?.rows_loaded, 2);
    await place.file('b.csv', 'id,name', '3,three');
    const second = await place.run();
    assert.equal(second.reports[0]?.rows_loaded, 1, second.err);
    const third = await place.run();
    assert.equal(third.reports[0]?.rows_loaded, 0);
    assert.deepEqual(await place.rows('id, name'), ['1|one', '2|two', '3|three']);
    assert.deepEqual(await place.staged(), stateAlone());
    assert.deepEqual(
      (await services.bigquery.tables()).filter((name) => name.includes('_tmp_')),
      [],
    );
  });

  for (const verify of ['counts', 'strict']) {
    it(`replaces a table and keeps its descriptions (verify: ${verify})`, async () => {
      await place.execute(
        `CREATE TABLE ${place.name} (id INT64, name STRING) OPTIONS (description = 'mine')`,
      );
      await place.execute(`INSERT INTO ${place.name} VALUES (7, 'old')`);
      await place.configure({ load_type: 'catalog', create_table: false, verify });
      await place.file('a.csv', 'id,name', '1,one', '2,two');
      const { code, err, reports } = await place.run();
      assert.equal(code, 0, err);
      assert.equal(reports[0]?.rows_loaded, 2);
      assert.deepEqual(await place.rows('id, name'), ['1|one', '2|two']);
      const { body } = await services.bigquery.request('GET', `datasets/warehouse/tables/${place.name}`);
      assert.equal(body['description'], 'mine');
      assert.deepEqual(await place.staged(), stateAlone());
    });

    it(`merges by key, the newest staged row wins (verify: ${verify})`, async () => {
      await place.configure({ load_type: 'merge', key_columns: ['id'], verify });
      await place.file('a.csv', 'id,name', '1,one', '2,two');
      assert.equal((await place.run()).code, 0);
      await place.file('b.csv', 'id,name', '2,TWO', '3,three');
      const { code, err, reports } = await place.run();
      assert.equal(code, 0, err);
      assert.equal(reports[0]?.rows_loaded, 2);
      assert.deepEqual(await place.rows('id, name'), ['1|one', '2|TWO', '3|three']);
      assert.deepEqual(
        (await services.bigquery.tables()).filter((name) => name.includes('_tmp_')),
        [],
      );
    });
  }

  for (const load of ['transactional', 'catalog', 'merge']) {
    it(`adds a new column where the job says so, and leaves it out where not (${load})`, async () => {
      const keys = load === 'merge' ? { key_columns: ['id'] } : {};
      await place.configure({ load_type: load, ...keys });
      await place.file('a.csv', 'id,name', '1,one');
      assert.equal((await place.run()).code, 0);
      await place.file('a.csv', 'id,name,more', '1,one,x');
      const without = await place.run();
      assert.equal(without.code, 0, without.err);
      assert.match(without.reports[0]?.notices.join(' ') ?? '', /more/);
      await place.file('a.csv', 'id,name,more', '1,ONE,yy');
      await place.configure({ load_type: load, ...keys, schema_update: 'add_columns' });
      const added = await place.run();
      assert.equal(added.code, 0, added.err);
      const rows = (await place.rows('id, name, more')) ?? [];
      assert.ok(rows.includes('1|ONE|yy'), String(rows));
      assert.equal(rows.length, load === 'transactional' ? 3 : 1);
    });
  }

  it('loads a merge anew with one row for each key', async () => {
    await place.configure({ load_type: 'merge', key_columns: ['id'] });
    await place.file('a.csv', 'id,name', '1,one', '1,one', '2,two');
    const first = await place.run('--full-refresh');
    assert.equal(first.code, 0, first.err);
    assert.equal(first.reports[0]?.rows_loaded, 2);
    assert.deepEqual(await place.rows('id, name'), ['1|one', '2|two']);
    await place.file('a.csv', 'id,name', '3,three', '3,three');
    const again = await place.run('--full-refresh');
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(await place.rows('id, name'), ['3|three']);
  });

  it('makes the table with partitions, clusters and a description', async () => {
    await place.configure({
      table_options: {
        partition_by: { column: 'at', by: 'month' },
        cluster_by: ['id'],
        description: 'by beamlift',
      },
    });
    await place.file('a.csv', 'id,at', '1,2025-01-02T00:00:00Z', '2,2025-03-02T00:00:00Z');
    const { code, err } = await place.run();
    assert.equal(code, 0, err);
    const { body } = await services.bigquery.request('GET', `datasets/warehouse/tables/${place.name}`);
    assert.deepEqual(body['timePartitioning'], { type: 'MONTH', field: 'at' });
    assert.deepEqual(body['clustering'], { fields: ['id'] });
  });

  it('never empties a table unless the job allows it', async () => {
    await place.configure({ load_type: 'catalog' });
    await place.file('a.csv', 'id,name', '1,one');
    assert.equal((await place.run()).code, 0);
    await place.file('a.csv', 'id,name');
    const refused = await place.run();
    assert.equal(refused.reports[0]?.error?.code, 'EMPTY_REPLACE', refused.err);
    assert.deepEqual(await place.rows('id, name'), ['1|one']);
    assert.deepEqual(await place.staged(), stateAlone());
    await place.configure({ load_type: 'catalog', allow_empty: true });
    const allowed = await place.run();
    assert.equal(allowed.code, 0, allowed.err);
    assert.deepEqual(await place.rows('id, name'), []);
  });

  it('makes the table of a first run without rows', async () => {
    await place.configure({ load_type: 'catalog' });
    await place.file('a.csv', 'id,name');
    const { code, err } = await place.run();
    assert.equal(code, 0, err);
    assert.deepEqual(await place.rows('id, name'), []);
  });

  it('stages as NDJSON where the job asks for it, with the same rows', async () => {
    await place.configure({ staging_format: 'ndjson' });
    await place.file('a.csv', 'id,name,amount,at', '1,"q""uote, 📦",1.50,2025-01-02T03:04:05.000006Z');
    const { code, err } = await place.run();
    assert.equal(code, 0, err);
    assert.deepEqual(await place.rows('id, name, amount'), ['1|q"uote, 📦|1.5']);
  });

  it('makes no request that a run of four units does not need', async () => {
    await place.configure({});
    for (const name of ['a', 'b', 'c', 'd'])
      await place.file(`${name}.csv`, 'id', name.charCodeAt(0).toString());
    assert.equal((await place.run()).code, 0);
    for (const name of ['e', 'f', 'g', 'h'])
      await place.file(`${name}.csv`, 'id', name.charCodeAt(0).toString());
    services.faults.requests.length = 0;
    assert.equal((await place.run('--concurrency', '1')).code, 0);
    const effects = services.faults.requests.map(({ effect }) => effect);
    assert.deepEqual(effects.slice(0, 5), [
      'state.read',
      'state.write committed',
      'table.get',
      'state.write staging',
      'plan.write',
    ]);
    const count = (effect: RegExp): number => effects.filter((name) => effect.test(name)).length;
    assert.equal(count(/^part\.upload/), 4);
    assert.equal(count(/^manifest\.write/), 4);
    assert.equal(count(/^manifest\.read/), 0);
    assert.equal(count(/^job\.insert/), 1);
    assert.equal(count(/^state\.write/), 5, effects.join('\n'));
    assert.equal(count(/\.delete/), 10, effects.join('\n'));
    assert.ok(effects.length <= 36, effects.join('\n'));
  });
});
