import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease } from '../../../core/loader';
import type { RunContext } from '../../../core/plan';
import type { ColumnType } from '../../../core/schema';
import { DuckdbFixture, NEVER, stageRows } from './duckdb-fixture';
import { Oracle } from './oracle';
import { hasCode } from '../../has-code';

const COLUMNS = [['id', { kind: 'int', bits: 64 } as ColumnType]] as const;
const ORDERS = { job: 'orders', fingerprint: 'f1' };

describe("a job's state in DuckDB", () => {
  const oracle = new Oracle();
  const leases: Lease[] = [];
  let fixture: DuckdbFixture;
  after(() => oracle.close());
  beforeEach(async () => (fixture = await DuckdbFixture.make(oracle)));
  afterEach(async () => {
    for (const lease of leases.splice(0)) await lease.release();
    await fixture.remove();
  });

  async function take(runId: string, onConflict: 'fail' | 'adopt' | 'fresh' = 'fail', identity = ORDERS) {
    const lease = await fixture.loader().acquireLease(identity, runId, onConflict, NEVER);
    leases.push(lease);
    return lease;
  }

  /** Stages and commits one row under a lease. */
  async function publish(lease: Lease, runId: string, more: Partial<RunContext> = {}, files = {}) {
    const loader = fixture.loader();
    const context = fixture.context(COLUMNS, { runId, fence: lease.fence, ...more });
    const manifests = await stageRows(loader, context, [[[1n]]]);
    return { context, manifests, report: await loader.commit(context, manifests, files, NEVER) };
  }

  it('is nothing, and no file, until a run takes a lease', async () => {
    const loader = fixture.loader();
    assert.equal(await loader.readState(ORDERS, NEVER), null);
    assert.equal(await loader.schema(NEVER), undefined);
    assert.equal(existsSync(fixture.file), false);
    const lease = await take('run-1');
    assert.deepEqual([lease.state, lease.fence], [null, 1]);
    assert.deepEqual(await loader.readState(ORDERS, NEVER), {
      fingerprint: 'f1',
      fence: 1,
      watermark: null,
      files: Object.create(null),
      intervals: [],
      lastCommit: null,
    });
    assert.equal(await loader.readState({ ...ORDERS, job: 'other' }, NEVER), null);
  });

  it('changes with the data: watermark, files, intervals, last commit', async () => {
    const window = { column: 'at', lower: null, upper: { value: '2024-02-01', inclusive: false } };
    const first = await take('run-1');
    const files = Object.fromEntries([
      ['__proto__', 'v0'],
      ['a.csv', 'v1'],
      ['it\'s "b"', 'v1'],
    ]);
    await publish(first, 'run-1', { nextWatermark: '2024-01-01' }, files);
    await first.release();
    const second = await take('run-2');
    assert.equal(second.fence, 2);
    assert.equal(second.state?.watermark, '2024-01-01');
    assert.equal(second.state.files['__proto__'], 'v0');
    assert.equal(second.state.lastCommit?.runId, 'run-1');
    await publish(
      second,
      'run-2',
      { createTable: false, backfill: true, window },
      { 'a.csv': 'v2', 'c.csv': 'v1' },
    );
    const state = await fixture.loader().readState(ORDERS, NEVER);
    assert.equal(state?.watermark, '2024-01-01');
    assert.deepEqual(Object.entries(state.files).sort(), [
      ['__proto__', 'v0'],
      ['a.csv', 'v2'],
      ['c.csv', 'v1'],
      ['it\'s "b"', 'v1'],
    ]);
    assert.deepEqual(state.intervals, [window]);
    assert.equal(state.lastCommit?.rows, 1);
  });

  it('begins again where the table was made anew or replaced', async () => {
    for (const more of [{ createTable: true }, { createTable: false, disposition: 'replace' as const }]) {
      const lease = await take('run-1');
      await publish(lease, 'run-1', { nextWatermark: '7', createTable: true }, { old: 'v' });
      await lease.release();
      if (more.createTable) await fixture.change('DROP TABLE t');
      const next = await take('run-2');
      await publish(next, 'run-2', more, { new: 'v' });
      await next.release();
      const state = await fixture.loader().readState(ORDERS, NEVER);
      assert.deepEqual([state?.watermark, Object.keys(state?.files ?? {})], [null, ['new']]);
      await fixture.change('DROP TABLE t', 'DROP TABLE _beamlift_state');
    }
  });

  it('a repeated commit is recognised, also when its files are gone', async () => {
    const lease = await take('run-1');
    const { context, manifests, report } = await publish(lease, 'run-1');
    const loader = fixture.loader();
    assert.equal(report.alreadyCommitted, false);
    await loader.sweep(context);
    assert.equal(existsSync(context.stagingFolder), false);
    assert.deepEqual(await loader.commit(context, [...manifests].reverse(), {}, NEVER), {
      rowsLoaded: 1,
      alreadyCommitted: true,
      table: 't',
    });
    await assert.rejects(loader.commit(context, [], {}, NEVER), hasCode('DESTINATION_FAILED', /other rows/));
    assert.deepEqual(await fixture.ask('SELECT count(*) FROM t'), [['1']]);
  });

  it('one run at a time, which is named', async () => {
    const first = await take('run-1');
    await assert.rejects(
      take('run-2'),
      hasCode('LEASE_HELD', new RegExp(`run-1.*Process ${process.pid} on`)),
    );
    await take('of another job', 'fail', { job: 'other', fingerprint: 'x' });
    await first.release();
    await first.release();
    assert.equal((await take('run-2')).fence, 2);
  });

  it('a dead run is taken over at once, and cannot publish any more', async () => {
    const dead = await take('run-1');
    // The same process id, but of a process that began at another time.
    await fixture.change(`UPDATE _beamlift_state SET run_process_started = '1'`);
    const lease = await take('run-2');
    assert.equal(lease.fence, 2);
    assert.deepEqual(
      fixture.logged.filter(([, event]) => event === 'state.lease.taken_over').map(([, , fields]) => fields),
      [{ job: 'orders', run_id: 'run-2', dead_run: 'run-1' }],
    );
    await assert.rejects(publish(dead, 'run-1'), hasCode('FENCED', /run-2 \(fence 2, ours 1\)/));
    assert.equal(await fixture.loader().schema(NEVER), undefined);
    await publish(lease, 'run-2');
  });

  it('a run on another machine is dead when its lease has ended, and not before', async () => {
    await take('run-1');
    await fixture.change(`UPDATE _beamlift_state SET run_host = 'elsewhere', run_pid = 1`);
    await assert.rejects(take('run-2'), hasCode('LEASE_HELD', /on elsewhere/));
    await fixture.change(`UPDATE _beamlift_state SET run_lease_until = now() - INTERVAL 1 SECOND`);
    assert.equal((await take('run-2')).fence, 2);
  });

  it('a process that is gone is dead, whatever its lease says', async () => {
    await take('run-1');
    const gone = 4_194_304 + 5;
    await fixture.change(`UPDATE _beamlift_state SET run_host = '${hostname()}', run_pid = ${gone}`);
    assert.equal((await take('run-2')).fence, 2);
  });

  it('a commit is refused when the state is gone, older, or the lease given up', async () => {
    const lease = await take('run-1');
    await fixture.change('UPDATE _beamlift_state SET fence = 0');
    await assert.rejects(publish(lease, 'run-1'), hasCode('FENCED', /older copy/));
    await fixture.change('UPDATE _beamlift_state SET fence = 1, run_id = NULL');
    await assert.rejects(publish(lease, 'run-1'), hasCode('FENCED', /given up/));
    await fixture.change('DELETE FROM _beamlift_state');
    await assert.rejects(publish(lease, 'run-1'), hasCode('FENCED', /is gone/));
  });

  it('of another source or destination is a question', async () => {
    const first = await take('run-1');
    await publish(first, 'run-1', { nextWatermark: '7' }, { a: 'v' });
    await first.release();
    const other = { ...ORDERS, fingerprint: 'f2', description: 'shop public.orders' };
    await assert.rejects(
      take('run-2', 'fail', other),
      hasCode(
        'STATE_CONFLICT',
        /It was: fingerprint f1 \(watermark 7, 1 file\)\. It is: shop public\.orders/,
      ),
    );
    const adopted = await take('run-3', 'adopt', other);
    assert.deepEqual([adopted.state?.watermark, adopted.state?.fingerprint, adopted.fence], ['7', 'f2', 2]);
    await adopted.release();
    await assert.rejects(take('run-4'), hasCode('STATE_CONFLICT', /It was: shop public\.orders/));
    const fresh = await take('run-5', 'fresh');
    assert.deepEqual(
      [fresh.state?.watermark, fresh.state?.files, fresh.fence],
      [null, Object.create(null), 3],
    );
  });

  it('of a job that has published nothing is no question', async () => {
    const first = await take('run-1');
    await first.release();
    const second = await take('run-2', 'fail', { ...ORDERS, fingerprint: 'f2' });
    assert.deepEqual([second.state?.fingerprint, second.fence], ['f2', 2]);
    await publish(second, 'run-2', { nextWatermark: '7', fingerprint: 'f2' });
    await second.release();
    await assert.rejects(take('run-3'), hasCode('STATE_CONFLICT'));
  });

  it('a lease is renewed, and the run hears when it was lost', async () => {
    const loader = fixture.loader({ renewLeaseEveryMs: 100 });
    const lease = await loader.acquireLease(ORDERS, 'run-1', 'fail', NEVER);
    leases.push(lease);
    const until = async () =>
      (await fixture.ask('SELECT epoch_us(run_lease_until) FROM _beamlift_state'))[0]?.[0];
    const before = await until();
    // Up to the timeout of the test: whoever looks keeps the file from the one who renews.
    while (BigInt((await until()) ?? 0) <= BigInt(before ?? 0)) await delay(50);
    const isLost = (): boolean => lease.lost.aborted;
    assert.equal(isLost(), false);
    await fixture.change(`UPDATE _beamlift_state SET run_id = 'run-2', fence = 2`);
    if (!isLost()) await new Promise((resolve) => lease.lost.addEventListener('abort', resolve));
    assert.ok(hasCode('FENCED')(lease.lost.reason));
    await lease.release();
    assert.deepEqual(await fixture.ask('SELECT run_id FROM _beamlift_state'), [['run-2']]);
  });

  it('that somebody wrote over is said to be unreadable', async () => {
    const lease = await take('run-1');
    await lease.release();
    await fixture.change(`UPDATE _beamlift_state SET files = '[1]'`);
    await assert.rejects(fixture.loader().readState(ORDERS, NEVER), hasCode('DESTINATION_FAILED', /orders/));
  });
});
