import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { BeamliftError } from '../../../core/errors';
import { main } from '../../../launcher/main';
import { MemoryRunStore } from '../../../launcher/runs/memory-run-store';
import type { RunRecord, RunStore } from '../../../launcher/runs/run-store';
import { runRecord } from '../../contract/run-store';
import { fakeEngine, fakeReport, type FakeEngineOptions } from './fake-engine';
import { fakeHost, type FakeHostOptions } from './fake-host';

const ID = '20250301T100000Z-aaaa1111';

const DEAD = runRecord(ID, {
  completed_at: null,
  status: 'running',
  duration_seconds: null,
  rows_processed: null,
  rows_processed_base: null,
  rows_rejected: null,
  watermark: null,
  report: { process: { host: 'testhost', pid: 8, started: null } },
});

async function call(
  line: string[],
  records: RunRecord[],
  engineOptions: FakeEngineOptions = {},
  options: FakeHostOptions = {},
) {
  const runStore = new MemoryRunStore();
  for (const record of records) await runStore.put(record);
  const host = fakeHost(options);
  const engine = fakeEngine({ runStore, ...engineOptions });
  const code = await main(line, host, { engine });
  return { code, out: host.out.text(), err: host.err.text(), engine, record: await runStore.get(ID) };
}

const failing = (code: 'NEEDS_ATTENTION' | 'COMMIT_UNSETTLED' | 'LEASE_HELD' | 'RUN_ENDED' | 'CANCELLED') =>
  new BeamliftError(code, { what: `told ${code}`, hint: 'do this' });

describe('runs resume', () => {
  it('finishes a run, and writes down when and by whom it was begun, and how it ended', async () => {
    const { code, out, engine, record } = await call(['runs', 'resume', '20250301T10'], [DEAD]);
    assert.equal(code, 0);
    assert.deepEqual(engine.calls.resumed, [{ job: 'orders', runId: ID, accept: false }]);
    assert.match(out, /^orders +success +1,234,567 /m);
    assert.equal(record?.status, 'success');
    assert.equal(record.started_at, DEAD.started_at);
    assert.equal(record.triggered_by, 'cron');
    assert.equal(record.rows_processed, 1_234_567);
    assert.equal(record.watermark, '2025-02-01T00:00:00Z');
    assert.equal(record.report?.['run_id'], ID);
    const seconds = (Date.parse(record.completed_at ?? '') - Date.parse(DEAD.started_at)) / 1000;
    assert.equal(record.duration_seconds, seconds);
  });

  it('passes on that a person accepts what is there', async () => {
    const attention = { ...DEAD, status: 'needs_attention' } as const;
    const { code, engine, record } = await call(['runs', 'resume', ID, '--accept'], [attention]);
    assert.equal(code, 0);
    assert.equal(engine.calls.resumed[0]?.accept, true);
    assert.equal(record?.status, 'success');
  });

  it('prints the report alone with --json', async () => {
    const { out } = await call(['runs', 'resume', ID, '--json'], [DEAD]);
    assert.equal((JSON.parse(out) as { run_id: string }).run_id, ID);
    assert.equal(out.trim().split('\n').length, 1);
  });

  it('tells a failure, with its exit code', async () => {
    const error = failing('COMMIT_UNSETTLED');
    const { code, err, out, record } = await call(['runs', 'resume', ID], [DEAD], {
      recovery: ({ name }, id) =>
        fakeReport(name, { run_id: id, status: 'failure', error: error.toReport() }),
    });
    assert.equal(code, 1);
    assert.match(err, /told COMMIT_UNSETTLED/);
    assert.match(out, new RegExp(`finish this run alone +./bin/beamlift.js runs resume ${ID}`));
    assert.equal(record?.status, 'failure');
    assert.equal(record.error_message, 'told COMMIT_UNSETTLED');
  });

  it('says what a person has to do where one is needed', async () => {
    const error = failing('NEEDS_ATTENTION');
    const { code, out, record } = await call(['runs', 'resume', ID, '-f', 'my etl.yaml'], [DEAD], {
      recovery: ({ name }, id) =>
        fakeReport(name, { run_id: id, status: 'needs_attention', error: error.toReport() }),
    });
    assert.equal(code, 1);
    assert.equal(record?.status, 'needs_attention');
    assert.ok(
      out.includes(`its rows are right  ./bin/beamlift.js runs resume ${ID} --accept -f 'my etl.yaml'`),
      out,
    );
    assert.ok(
      out.includes(`correct the table, then ./bin/beamlift.js runs cancel ${ID} -f 'my etl.yaml'`),
      out,
    );
  });

  it('leaves the record alone where another run is active, and where nothing came of it', async () => {
    const held = await call(['runs', 'resume', ID], [DEAD], {
      recovery: ({ name }, id) =>
        fakeReport(name, { run_id: id, status: 'skipped', error: failing('LEASE_HELD').toReport() }),
    });
    assert.equal(held.code, 0);
    assert.match(held.out, /told LEASE_HELD/);
    assert.deepEqual(held.record, DEAD);
    const ended = await call(['runs', 'resume', ID], [DEAD], {
      recovery: () => {
        throw failing('RUN_ENDED');
      },
    });
    assert.equal(ended.code, 1);
    assert.match(ended.err, /RUN_ENDED: told RUN_ENDED/);
    assert.deepEqual(ended.record, DEAD);
  });

  it('ends with the code of an interruption', async () => {
    const { code } = await call(['runs', 'resume', ID], [DEAD], {
      recovery: ({ name }, id) =>
        fakeReport(name, { run_id: id, status: 'cancelled', error: failing('CANCELLED').toReport() }),
    });
    assert.equal(code, 130);
  });
});

for (const verb of ['resume', 'cancel'] as const) {
  describe(`runs ${verb}: which run`, () => {
    const asked = ({ engine }: Awaited<ReturnType<typeof call>>) => [
      ...engine.calls.resumed,
      ...engine.calls.cancelled,
    ];

    it('is known to the history, or named with its job', async () => {
      const unknown = await call(['runs', verb, '1999'], [DEAD]);
      assert.equal(unknown.code, 1);
      assert.match(unknown.err, /RUN_NOT_FOUND: There is no run 1999/);
      assert.match(unknown.err, /--job NAME/);
      const several = await call(['runs', verb, '2025'], [DEAD, runRecord('20250301T100000Z-bbbb2222')]);
      assert.match(several.err, /Several runs begin with 2025/);
      assert.deepEqual([...asked(unknown), ...asked(several)], []);
      const named = await call(['runs', verb, ID, '--job', 'orders'], []);
      assert.equal(named.code, 0);
      assert.equal(asked(named)[0]?.runId, ID);
      assert.equal(named.record?.started_at, '2025-03-01T10:00:00.000Z');
      assert.equal(named.record.triggered_by, 'unknown');
    });

    it('can be told without a history that works', async () => {
      const broken: RunStore = {
        put: () => Promise.resolve(),
        get: () => Promise.reject(new BeamliftError('RUN_STORE_FAILED', { what: 'away' })),
        list: () => Promise.resolve([]),
        putFiles: () => Promise.resolve(),
        files: () => Promise.resolve([]),
        close: () => Promise.resolve(),
      };
      assert.equal((await call(['runs', verb, ID, '--job', 'orders'], [], { runStore: broken })).code, 0);
      const unnamed = await call(['runs', verb, ID], [], { runStore: broken });
      assert.equal(unnamed.code, 1);
      assert.match(unnamed.err, /RUN_STORE_FAILED: away/);
    });

    it('is of the job that is named', async () => {
      const other = await call(['runs', verb, ID, '--job', 'sales'], [DEAD], { jobs: ['orders', 'sales'] });
      assert.equal(other.code, 2);
      assert.match(other.err, new RegExp(`Run ${ID} is of job orders, and not of sales`));
      assert.deepEqual(asked(other), []);
    });

    it('has not ended', async () => {
      for (const status of ['success', 'skipped'] as const) {
        const ended = await call(['runs', verb, ID], [{ ...DEAD, status }]);
        assert.equal(ended.code, 1);
        assert.match(ended.err, new RegExp(`RUN_ENDED: Run ${ID} has ended already: ${status}`));
        assert.deepEqual(asked(ended), []);
      }
      // A run that failed may have left its commit open: the destination knows.
      assert.equal((await call(['runs', verb, ID], [{ ...DEAD, status: 'failure' }])).code, 0);
    });

    it('is of a job in the configuration, also one of many tables', async () => {
      const gone = await call(['runs', verb, ID], [DEAD], { jobs: ['sales'] });
      assert.equal(gone.code, 2);
      assert.match(gone.err, new RegExp(`Run ${ID} is of job "orders", which is not in the configuration`));
      const table = await call(['runs', verb, ID], [{ ...DEAD, job: 'shop.orders' }], {
        jobs: ['shop.orders'],
      });
      assert.equal(table.code, 0);
      assert.equal(asked(table)[0]?.job, 'shop.orders');
    });

    it('prints errors as JSON, too', async () => {
      const { code, out } = await call(['runs', verb, 'x', '--json'], []);
      assert.equal(code, 1);
      assert.equal((JSON.parse(out) as { error: { code: string } }).error.code, 'RUN_NOT_FOUND');
    });
  });
}

describe('runs cancel', () => {
  it('ends a dead run', async () => {
    const { code, out, err, engine, record } = await call(['runs', 'cancel', ID], [DEAD], {
      recovery: ({ name }, id) =>
        fakeReport(name, {
          run_id: id,
          status: 'cancelled',
          rows_loaded: 0,
          error: failing('CANCELLED').toReport(),
        }),
    });
    assert.equal(code, 0);
    assert.deepEqual(engine.calls.cancelled, [{ job: 'orders', runId: ID }]);
    assert.match(out, /^orders +cancelled +0 /m);
    assert.doesNotMatch(err, /CANCELLED/);
    assert.equal(record?.status, 'cancelled');
    assert.equal(record.rows_processed, 0);
  });

  it('asks a living one to stop, and leaves its record to it', async () => {
    const text = await call(['runs', 'cancel', ID], [DEAD], { recovery: () => 'asked' });
    assert.equal(text.code, 0);
    assert.match(text.out, new RegExp(`Run ${ID} of job orders is running, and was asked to stop`));
    assert.deepEqual(text.record, DEAD);
    const json = await call(['runs', 'cancel', ID, '--json'], [DEAD], { recovery: () => 'asked' });
    assert.deepEqual(JSON.parse(json.out), {
      run_id: ID,
      job: 'orders',
      status: 'running',
      cancel_requested: true,
    });
  });

  it('says that it is too late where the rows are published', async () => {
    const { code, err, record } = await call(['runs', 'cancel', ID], [DEAD], {
      recovery: ({ name }, id) => fakeReport(name, { run_id: id }),
    });
    assert.equal(code, 1);
    assert.match(err, /could not be cancelled: its rows are published/);
    assert.equal(record?.status, 'success');
  });

  const onTerminal = async (typed: string | undefined, ...flags: string[]) => {
    const runStore = new MemoryRunStore();
    await runStore.put(DEAD);
    const input = new PassThrough();
    const host = fakeHost({ terminal: true, colour: false });
    const engine = fakeEngine({ runStore });
    const running = main(['runs', 'cancel', ID, ...flags], { ...host, input }, { engine });
    const asks = (): boolean => host.err.text().includes(`Cancel run ${ID} of job orders?`);
    for (let turns = 0; turns < 500 && flags.length === 0 && !asks(); turns++) await delay(5);
    if (typed === undefined) host.interrupt('SIGINT');
    else input.write(typed);
    const code = await running;
    input.destroy();
    return { code, asked: asks(), err: host.err.text(), cancelled: engine.calls.cancelled.length };
  };

  it('asks a person on a terminal, unless told not to', async () => {
    const yes = await onTerminal('y\n');
    assert.deepEqual([yes.code, yes.asked, yes.cancelled], [0, true, 1]);
    const no = await onTerminal('n\n');
    assert.deepEqual([no.code, no.asked, no.cancelled], [0, true, 0]);
    assert.match(no.err, /Nothing was changed/);
    const interrupted = await onTerminal(undefined);
    assert.deepEqual([interrupted.code, interrupted.asked, interrupted.cancelled], [130, true, 0]);
    const told = await onTerminal('', '--yes');
    assert.deepEqual([told.code, told.asked, told.cancelled], [0, false, 1]);
  });
});

describe('what runs list and runs show say to do', () => {
  const attention = { ...DEAD, status: 'needs_attention', job: 'orders' } as const;

  it('list: which runs wait for a person', async () => {
    const { out } = await call(['runs'], [attention, runRecord('b')]);
    assert.match(out, new RegExp(`^${ID} +orders +needs_attention `, 'm'));
    assert.match(out, new RegExp(`\n\nRun ${ID} needs attention: ./bin/beamlift.js runs show ${ID}\n$`));
    assert.doesNotMatch((await call(['runs'], [runRecord('b')])).out, /attention/);
  });

  it('show: both ways out of needs_attention', async () => {
    const { out } = await call(['runs', 'show', ID], [attention]);
    assert.ok(
      out.endsWith(`
This run needs a person: look at the table. The job does not run until one of these is done:
  its rows are right  ./bin/beamlift.js runs resume ${ID} --accept
  they are not        correct the table, then ./bin/beamlift.js runs cancel ${ID}
`),
      out,
    );
  });

  it('show: what becomes of a lost run, and nothing for one that runs or has ended', async () => {
    const lost = await call(['runs', 'show', ID], [DEAD]);
    assert.match(lost.out, /Its process is gone/);
    assert.match(lost.out, /run the job +.\/bin\/beamlift.js run orders\n/);
    const alive = await call(['runs', 'show', ID], [DEAD], {}, { alive: [8] });
    const ended = await call(['runs', 'show', ID], [runRecord(ID)]);
    for (const { out } of [alive, ended]) assert.doesNotMatch(out, /beamlift.js/);
  });
});
