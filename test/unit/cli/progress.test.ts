import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SecretRedactor } from '../../../core/secret-redactor';
import { CommandOutput } from '../../../launcher/output/command-output';
import { paletteFor } from '../../../launcher/output/palette';
import { displayWidth } from '../../../launcher/output/printable';
import { ProgressTracker, type Progress } from '../../../launcher/output/progress';
import { renderProgress } from '../../../launcher/output/progress-line';
import { createRunListener, type ProgressClock } from '../../../launcher/output/run-listener';
import type { RunEvent } from '../../../pipelines/run-events';
import { fakePlan, fakeReport } from './fake-engine';
import { fakeHost } from './fake-host';

const plain = paletteFor({ colour: false });
const progress = (unit: string, rows: number): RunEvent => ({
  kind: 'unit.progress',
  unit,
  rows,
  sourceBytes: rows * 10,
  stagedBytes: rows * 8,
});

function tracked(events: readonly RunEvent[], now = 1_000): Progress {
  const tracker = new ProgressTracker('orders', 0);
  for (const event of events) tracker.take(event);
  return tracker.snapshot(now);
}

describe('progress of a run', () => {
  it('sums rows and bytes of all units against the estimate', () => {
    const state = tracked([
      { kind: 'planned', plan: fakePlan('orders') },
      { kind: 'phase.started', phase: 'stage' },
      progress('0001', 100),
      progress('0002', 150),
      progress('0001', 50),
    ]);
    assert.equal(state.rows, 300);
    assert.equal(state.bytes, 2400);
    assert.equal(state.share, 0.3);
    assert.deepEqual([state.unitsDone, state.units], [0, 2]);
  });

  it('takes what a runner counts, unless workers of this process tell of their units', () => {
    const counted: RunEvent = {
      kind: 'runner.counters',
      counters: new Map([
        ['units_done', 1],
        ['rows_read', 700],
        ['bytes_staged', 5_000],
      ]),
    };
    const planned: RunEvent = { kind: 'planned', plan: fakePlan('orders') };
    const state = tracked([planned, counted]);
    assert.deepEqual([state.rows, state.bytes, state.unitsDone, state.share], [700, 5_000, 1, 0.7]);
    const own = tracked([
      planned,
      { kind: 'unit.started', unit: '0001', attempt: 1 },
      progress('0001', 100),
      counted,
    ]);
    assert.deepEqual([own.rows, own.unitsDone], [100, 0]);
  });

  it('takes back what a failed attempt had read', () => {
    const state = tracked([
      { kind: 'unit.started', unit: '0001', attempt: 1 },
      progress('0001', 100),
      progress('0002', 5),
      { kind: 'unit.retried', unit: '0001', attempt: 2, error: 'lost' },
      { kind: 'unit.started', unit: '0001', attempt: 2 },
      progress('0001', 20),
    ]);
    assert.equal(state.rows, 25);
  });

  it('is never complete before the last unit is, however wrong the estimate', () => {
    const plan = fakePlan('orders', { estimate: { rows: 10, bytes: null, quality: 'statistics' } });
    const events: RunEvent[] = [{ kind: 'planned', plan }, progress('0001', 500)];
    assert.equal(tracked(events).share, 0.99);
    const completed = (unit: string): RunEvent => ({
      kind: 'unit.completed',
      unit,
      rows: 1,
      rejected: 0,
      stagedBytes: 1,
    });
    assert.equal(tracked([...events, completed('0001')]).share, 0.99);
    assert.equal(tracked([...events, completed('0001'), completed('0002')]).share, 1);
  });

  it('measures by bytes where rows are unknown, by units where both are, and not at all without either', () => {
    const share = (rows: number | null, bytes: number | null, units = 2): number | undefined => {
      const all = fakePlan('orders');
      const plan = {
        ...all,
        units: all.units.slice(0, units),
        estimate: { rows, bytes, quality: 'unknown' },
      } as const;
      return tracked(
        [
          { kind: 'planned', plan },
          progress('0001', 20),
          { kind: 'unit.completed', unit: '0001', rows: 20, rejected: 0, stagedBytes: 0 },
        ].slice(0, units === 1 ? 2 : 3) as RunEvent[],
      ).share;
    };
    assert.equal(share(40, null), 0.5);
    assert.equal(share(null, 800), 0.25);
    assert.equal(share(null, null), 0.5);
    assert.equal(share(null, null, 1), undefined);
  });

  it('knows that a limit ends it sooner', () => {
    const all = fakePlan('orders');
    const plan = { ...all, context: { ...all.context, limit: 200 } };
    assert.equal(tracked([{ kind: 'planned', plan }, progress('0001', 100)]).share, 0.5);
  });

  it('shows the rate of the last seconds, so that a stall shows', () => {
    const tracker = new ProgressTracker('orders', 0);
    tracker.take({ kind: 'phase.started', phase: 'stage' });
    tracker.snapshot(0);
    for (let second = 1; second <= 10; second++) {
      tracker.take(progress('0001', 1_000));
      assert.equal(tracker.snapshot(second * 1_000).rowsPerSecond, 1_000);
    }
    for (let second = 11; second <= 20; second++) tracker.snapshot(second * 1_000);
    assert.equal(tracker.snapshot(20_500).rowsPerSecond, 0);
  });
});

describe('the line of progress', () => {
  const state: Progress = {
    job: 'flights',
    phase: 'stage',
    rows: 1_560_000,
    bytes: 22_100_000,
    share: 0.52,
    rowsPerSecond: 310_000,
    unitsDone: 10,
    units: 20,
    elapsedSeconds: 5.04,
  };

  it('says all of it on a wide terminal', () => {
    assert.equal(
      renderProgress(state, 140, plain),
      'flights  ████████████░░░░░░░░░░░░   52%  1,560,000 rows  310,000/s  22.1 MB  10/20 units  5.0 s',
    );
  });

  it('says what it does where nothing can be measured', () => {
    assert.equal(
      renderProgress({ ...state, phase: 'plan', rows: 0, bytes: 0, units: undefined }, 100, plain),
      'flights  planning  5.0 s',
    );
    assert.match(
      renderProgress({ ...state, share: undefined }, 100, plain),
      /^flights {2}loading {2}1,560,000 rows/,
    );
    assert.match(renderProgress({ ...state, phase: 'commit' }, 100, plain), /^flights {2}publishing/);
    assert.match(renderProgress({ ...state, phase: undefined, rows: 0 }, 100, plain), /^flights {2}starting/);
  });

  it('leaves the bar out first and the name to the last, and never gets wider than asked for', () => {
    assert.equal(renderProgress(state, 50, plain), 'flights   52%  1,560,000 rows  310,000/s  5.0 s');
    assert.equal(renderProgress(state, 8, plain), 'flights');
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.integer({ min: 30, max: 200 }), (job, rows, width) => {
        assert.ok(displayWidth(renderProgress({ ...state, job, rows }, width, plain)) <= width);
      }),
    );
  });
});

describe('the run listener', () => {
  function watched(terminal: boolean) {
    const host = fakeHost({ terminal, colour: false, columns: 140 });
    let now = 0;
    const calls: { every: number; call: () => void; stopped: boolean }[] = [];
    const clock: ProgressClock = {
      now: () => now,
      every: (every, call) => {
        const entry = { every, call, stopped: false };
        calls.push(entry);
        return () => void (entry.stopped = true);
      },
    };
    const output = new CommandOutput(host, new SecretRedactor(), {});
    return {
      host,
      output,
      calls,
      at: (milliseconds: number) => {
        now = milliseconds;
        for (const { call, stopped } of calls) if (!stopped) call();
      },
      create: async () => createRunListener('orders', output, await output.log(), host.err, clock),
    };
  }

  it('draws and redraws one line, then one about the end', async () => {
    const { host, at, create, calls } = watched(true);
    const watch = await create();
    assert.deepEqual(host.err.screen(), ['orders  starting  0.0 s']);
    watch.services.listener({ kind: 'phase.started', phase: 'stage' });
    watch.services.listener({ kind: 'planned', plan: fakePlan('orders') });
    watch.services.listener(progress('0001', 500));
    at(2_000);
    assert.deepEqual(host.err.screen(), [
      'orders  ████████████░░░░░░░░░░░░   50%  500 rows  4.0 kB  0/2 units  2.0 s',
    ]);
    watch.finish(fakeReport('orders', { rows_rejected: 2 }));
    at(3_000);
    assert.deepEqual(host.err.screen(), [
      '✓ orders  1,234,567 rows  45.2 MB  2 rejects  12.3 s  -> main.orders',
      '',
    ]);
    assert.ok(calls.every((call) => call.stopped));
  });

  it('shows that the destination works, and names a job that takes long', async () => {
    const { host, at, create } = watched(true);
    const watch = await create();
    const { services } = watch;
    services.listener({ kind: 'phase.started', phase: 'commit' });
    const job = { job_id: 'j1', bigquery_job: 'p:EU.j1', kind: 'load' };
    services.log.info('bigquery.job.inserted', job);
    at(1_000);
    assert.deepEqual(host.err.screen(), ['orders  publishing  (BigQuery load job)  1.0 s']);
    services.log.info('bigquery.job.adopted', { ...job, job_id: 'j2' });
    services.log.info('bigquery.job.ended', { job_id: 'j2' });
    at(12_000);
    at(13_000);
    assert.deepEqual(host.err.screen(), [
      'orders  waits for BigQuery load job p:EU.j1',
      'orders  publishing  (BigQuery load job)  13.0 s',
    ]);
    services.log.info('bigquery.job.ended', { job_id: 'j1' });
    at(14_000);
    assert.equal(host.err.screen().at(-1)?.trimEnd(), 'orders  publishing  14.0 s');
    watch.close();
  });

  it('takes the line away when a run ends without a report', async () => {
    const { host, create, calls } = watched(true);
    const watch = await create();
    watch.close();
    watch.close();
    assert.deepEqual(host.err.screen(), ['']);
    assert.ok(calls.every((call) => call.stopped));
  });

  it('logs progress now and then where there is no line', async () => {
    const { host, at, create } = watched(false);
    const watch = await create();
    watch.services.log.info('etl.started', { run_id: 'run-of-orders' });
    watch.services.log.warn('run.adopted', { run_id: 'an earlier one' });
    watch.services.listener({ kind: 'phase.started', phase: 'stage' });
    watch.services.listener({ kind: 'planned', plan: fakePlan('orders') });
    watch.services.listener(progress('0001', 500));
    at(30_000);
    const last = JSON.parse(host.err.text().trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
    assert.equal(last['event'], 'etl.progress');
    assert.deepEqual(
      [last['run_id'], last['rows'], last['percent'], last['units_done'], last['units'], last['duration']],
      ['run-of-orders', 500, 50, 0, 2, 30],
    );
    watch.finish(fakeReport('orders'));
  });
});
