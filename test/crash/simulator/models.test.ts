import assert from 'node:assert/strict';
import { SeededRandom } from '../seeded-random';
import { FaultPlan } from './fault-plan';
import { ModelStore } from './model-store';
import { keyOf, ModelTable, shownRows, type ModelRow } from './model-table';
import { ModelWarehouse } from './model-warehouse';
import { SimulatedProcess } from './simulated-process';
import { Wire } from './wire';
import { BEGINNING, World } from './world';

const TARGET = { projectId: 'lab', datasetId: 'd', tableId: 't' };
const NEVER = new AbortController().signal;
const HOUR = 3_600_000;

/** Models without faults, and a table with one row. */
class Bench {
  readonly world = new World(false, () => undefined);
  readonly faults = new FaultPlan(new SeededRandom(1), BEGINNING);
  readonly store = new ModelStore('staging', () => this.world.now);
  readonly warehouse = new ModelWarehouse(this.world, this.store, this.faults);

  constructor() {
    this.faults.healed = true;
    const table = new ModelTable(TARGET, {}, [], undefined);
    table.replaceRows([row('old', 1)]);
    this.warehouse.tables.set(keyOf(TARGET), table);
  }

  stage(name: string, rows: readonly ModelRow[]): string {
    this.store.insert(name, Buffer.from(rows.map((each) => `${JSON.stringify(each)}\n`).join('')), '0');
    return `gs://staging/${name}`;
  }

  async job(jobId: string, configuration: Parameters<ModelWarehouse['insertJob']>[1]) {
    const reference = { projectId: 'lab', jobId, location: 'EU' };
    const outcome = this.warehouse.insertJob(reference, configuration);
    await this.world.runUntil(() => false, this.world.now + HOUR);
    return { outcome, job: this.warehouse.getJob(reference) };
  }

  load(sourceUris: string[], writeDisposition: string) {
    return {
      load: {
        sourceUris,
        destinationTable: { ...TARGET },
        writeDisposition,
        createDisposition: 'CREATE_NEVER',
      },
    };
  }

  get rows(): string {
    return shownRows(this.warehouse.table(TARGET)?.rows ?? []);
  }
}

describe('the models of the simulator', () => {
  it('write an object only over the generation that was named', () => {
    const { store } = new Bench();
    const first = store.insert('a', Buffer.from('1'), '0');
    assert.ok(first !== 'conflict');
    assert.equal(store.insert('a', Buffer.from('2'), '0'), 'conflict');
    assert.notEqual(store.insert('a', Buffer.from('3'), first.generation), 'conflict');
    assert.equal(store.insert('a', Buffer.from('4'), first.generation), 'conflict');
    assert.equal(store.text('a'), '3');
  });

  it('list pages in the order of names', () => {
    const { store } = new Bench();
    for (const name of ['x/b', 'x/a', 'y', 'x/c']) store.insert(name, Buffer.from(''), '0');
    const first = store.page('x/', '', 2).map(({ name }) => name);
    assert.deepEqual(
      [...first, ...store.page('x/', 'x/b', 2).map(({ name }) => name)],
      ['x/a', 'x/b', 'x/c'],
    );
  });

  it('load what the objects hold when the job runs, as the disposition says', async () => {
    const bench = new Bench();
    const uri = bench.stage('p', [row('new', 1)]);
    await bench.job('one', bench.load([uri], 'WRITE_APPEND'));
    assert.equal(bench.rows, 'new:1 old:1');
    const { job: refused } = await bench.job('two', bench.load([uri], 'WRITE_EMPTY'));
    assert.equal(refused?.status.errorResult?.reason, 'duplicate');
    await bench.job('three', bench.load([uri], 'WRITE_TRUNCATE_DATA'));
    assert.equal(bench.rows, 'new:1');
    bench.store.delete('p');
    const { job: missing } = await bench.job('four', bench.load([uri], 'WRITE_APPEND'));
    assert.equal(missing?.status.errorResult?.reason, 'notFound');
    assert.equal(bench.rows, 'new:1');
  });

  it('take an id for ever, also after a failure, and in one location only', async () => {
    const bench = new Bench();
    const { job } = await bench.job('one', bench.load(['gs://staging/none'], 'WRITE_APPEND'));
    assert.equal(job?.status.errorResult?.reason, 'notFound');
    const { outcome } = await bench.job('one', bench.load([], 'WRITE_APPEND'));
    assert.equal(outcome.kind, 'exists');
    assert.equal(bench.warehouse.getJob({ projectId: 'lab', jobId: 'one', location: 'US' }), undefined);
  });

  it('merge the newest row of a key, and leave newer ones', async () => {
    const bench = new Bench();
    const staged = { ...TARGET, tableId: 's' };
    bench.warehouse.createTable(staged, {});
    bench.warehouse.table(staged)?.replaceRows([row('old', 2), row('old', 3), row('new', 4)]);
    const sql = 'MERGE INTO `lab`.`d`.`t` AS target\nUSING (SELECT * FROM `lab`.`d`.`s`) AS staged\nON …';
    const { job } = await bench.job('one', { query: { query: sql } });
    assert.equal(bench.rows, 'new:4 old:3');
    assert.deepEqual(job?.statistics?.['query'], {
      numDmlAffectedRows: '2',
      dmlStats: { insertedRowCount: '1', updatedRowCount: '1', deletedRowCount: '0' },
    });
  });

  it('forget a temporary table when it expires', async () => {
    const { warehouse, world } = new Bench();
    const staged = { ...TARGET, tableId: 's' };
    warehouse.createTable(staged, { expirationTime: String(world.now + HOUR) });
    assert.equal(warehouse.createTable(staged, {}), 'exists');
    await world.runUntil(() => false, world.now + HOUR);
    assert.equal(warehouse.getTable(staged), undefined);
  });

  it('serve a request of a process that was killed, which hears nothing of it', async () => {
    const { world, faults } = new Bench();
    faults.healed = false;
    const process = new SimulatedProcess(world, 'p', 'host', 1, 0);
    const crash = { operation: 'jobs.get', countdown: 1, effect: { kind: 'crash', phase: 'late' } } as const;
    const wire = new Wire(process, faults, [crash], () => undefined);
    const heard: string[] = [];
    void wire
      .send('jobs.get', 'x', NEVER, () => heard.push('by the server'))
      .then(() => heard.push('by the process'));
    assert.ok(process.isDead);
    await world.runUntil(() => false, world.now + 2 * HOUR);
    assert.deepEqual(heard, ['by the server']);
  });

  it('stop a process: what would happen in it happens when it wakes, by a clock that went on', async () => {
    const { world } = new Bench();
    const process = new SimulatedProcess(world, 'p', 'host', 1, 5_000);
    const woken: number[] = [];
    void process.clock.sleep(1_000, NEVER).then(() => woken.push(process.clock.now() - BEGINNING));
    process.pause(60_000);
    await world.runUntil(() => false, BEGINNING + HOUR);
    assert.deepEqual(woken, [65_000]);
  });

  it('end a sleep when its signal aborts', async () => {
    const { world } = new Bench();
    const process = new SimulatedProcess(world, 'p', 'host', 1, 0);
    const stop = new AbortController();
    const slept = process.clock.sleep(HOUR, stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(slept, /enough/);
    await assert.rejects(process.clock.sleep(1, stop.signal), /enough/);
  });
});

function row(k: string, v: number): ModelRow {
  return { k, v, ts: v };
}
