import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { main } from '../../../launcher/main';
import { MemoryRunStore } from '../../../launcher/runs/memory-run-store';
import type { RunRecord } from '../../../launcher/runs/run-store';
import { runRecord } from '../../contract/run-store';
import { fakeEngine, fakeReport, type FakeEngineOptions } from './fake-engine';
import { fakeHost, type FakeHostOptions } from './fake-host';

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
  return { code, out: host.out.text(), err: host.err.text(), engine };
}

const sqlite = (path: string) => ({ type: 'sqlite', config: { path } });
const report = (changes: Parameters<typeof fakeReport>[1] = {}) =>
  JSON.parse(JSON.stringify(fakeReport('orders', changes))) as RunRecord['report'];
const error = new BeamliftError('LOGIN_FAILED', {
  what: 'The server refused the login',
  where: { job: 'orders', connection: 'shop' },
  why: 'password authentication failed',
  hint: 'Check `password`.',
}).toReport();

const GOOD = runRecord('20250301T100000Z-aaaa1111', {
  report: report({
    losses: { amount: { nan: 1200 } },
    rows_rejected: 3,
    reject_files: ['/r/1.jsonl'],
    notices: ['late rows'],
  }),
});
const BAD = runRecord('20250302T100000Z-bbbb2222', {
  started_at: '2025-03-02T10:00:00.000Z',
  status: 'failure',
  rows_processed: 0,
  rows_rejected: 0,
  error_message: error.what,
  report: report({ status: 'failure', error }),
});
const running = (id: string, pid: number, host = 'testhost') =>
  runRecord(id, {
    started_at: '2025-03-03T10:00:00.000Z',
    completed_at: null,
    status: 'running',
    duration_seconds: null,
    rows_processed: null,
    rows_rejected: null,
    report: { process: { host, pid, started: null } },
  });

describe('runs list', () => {
  it('shows a line for each run, the newest first', async () => {
    for (const line of [['runs'], ['runs', 'list']]) {
      const { code, out } = await call(line, [GOOD, BAD]);
      assert.equal(code, 0);
      assert.equal(
        out,
        `run                        job     status   started (UTC)        duration       rows  rejected  triggered by
20250302T100000Z-bbbb2222  orders  failure  2025-03-02 10:00:00    12.3 s          0         0  cron
20250301T100000Z-aaaa1111  orders  success  2025-03-01 10:00:00    12.3 s  1,000,000         3  cron
`,
      );
    }
  });

  it('says honestly which running runs are lost', async () => {
    const records = [running('r1', 7), running('r2', 8), running('r3', 8, 'elsewhere')];
    const { out } = await call(['runs'], records, {}, { alive: [7] });
    assert.match(out, /^r1 +orders +running  +2025/m);
    assert.match(out, /^r2 +orders +running \(lost\) /m);
    assert.match(out, /^r3 +orders +running on elsewhere /m);
  });

  it('filters by job, status and number', async () => {
    const other = runRecord('x', { job: 'sales' });
    const ids = async (...flags: string[]): Promise<string[]> =>
      (await call(['runs', 'list', '--json', ...flags], [GOOD, BAD, other])).out
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { id: string }).id);
    assert.deepEqual(await ids('--job', 'sales'), ['x']);
    assert.deepEqual(await ids('--status', 'failure'), [BAD.id]);
    assert.deepEqual(await ids('--limit', '1'), [BAD.id]);
    assert.equal((await call(['runs', 'list', '--status', 'broken'], [])).code, 2);
    assert.equal((await call(['runs', 'list', '--limit', '0'], [])).code, 2);
  });

  it('prints whole records with --json, one a line', async () => {
    const { out } = await call(['runs', '--json'], [GOOD]);
    assert.deepEqual(JSON.parse(out), GOOD);
  });

  it('says so when there is nothing, on stderr', async () => {
    const none = await call(['runs'], []);
    assert.deepEqual([none.code, none.out], [0, '']);
    assert.match(none.err, /There are no runs yet/);
    assert.match((await call(['runs', 'list', '--job', 'x'], [])).err, /No run is like that/);
    assert.equal((await call(['runs', '--json'], [])).out, '');
  });
});

describe('runs show', () => {
  it('shows counts, losses, rejects and notes of a run', async () => {
    const { code, out } = await call(['runs', 'show', GOOD.id], [GOOD, BAD]);
    assert.equal(code, 0);
    assert.equal(
      out,
      `Run 20250301T100000Z-aaaa1111
  job           orders
  status        success
  table         main.orders
  load type     transactional
  started       2025-03-01 10:00:00 UTC, by cron
  completed     2025-03-01 10:00:12 UTC
  duration      12.3 s
  runner        in-process: below the threshold
  units         2
  extracted     1,234,567
  rejected      3
  loaded        1,234,567
  staged        45.2 MB
  watermark     2025-03-01T09:59:58.000000Z
  losses        amount: nan 1,200
  reject files  /r/1.jsonl
  notes         late rows
`,
    );
  });

  it('names the job that published the rows, and no counts that nobody kept', async () => {
    const report = {
      rows_loaded: 20,
      rows_extracted: 0,
      bytes_staged: 0,
      work_units: 0,
      rows_rejected: 0,
      published_by: 'p:EU.j1',
    };
    const { out } = await call(['runs', 'show', 'r'], [runRecord('r', { report })]);
    assert.match(out, /published by +p:EU\.j1\n/);
    assert.match(out, /loaded +20\n/);
    assert.doesNotMatch(out, /extracted|staged|units/);
  });

  it('shows the error with its hint and what its code means', async () => {
    const { out } = await call(['runs', 'show', '20250302'], [GOOD, BAD]);
    assert.ok(
      out.includes(`
error LOGIN_FAILED: The server refused the login
  where    job orders, connection shop
  why      password authentication failed
  hint     Check \`password\`.
  meaning  User, password or the method of authentication is wrong`),
      out,
    );
  });

  it('takes the beginning of an id where it is the only one', async () => {
    assert.equal((await call(['runs', 'show', '202503'], [GOOD])).code, 0);
    const several = await call(['runs', 'show', '202503'], [GOOD, BAD]);
    assert.equal(several.code, 1);
    assert.match(several.err, /RUN_NOT_FOUND: Several runs begin with 202503/);
    assert.match(several.err, /20250302T100000Z-bbbb2222, 20250301T100000Z-aaaa1111/);
    const none = await call(['runs', 'show', '1999', '--json'], [GOOD]);
    assert.equal(none.code, 1);
    assert.equal((JSON.parse(none.out) as { error: { code: string } }).error.code, 'RUN_NOT_FOUND');
  });

  it('prefers the exact id to longer ones', async () => {
    const { out } = await call(['runs', 'show', 'a', '--json'], [runRecord('a'), runRecord('ab')]);
    assert.equal((JSON.parse(out) as { id: string }).id, 'a');
  });

  it('shows a running run, one without a report, and one of another version', async () => {
    for (const record of [
      running('r', 8),
      runRecord('r', { report: null, status: 'failure', error_message: 'it broke' }),
      runRecord('r', {
        report: { losses: [1], notices: 'x', error: { code: 'FROM_TOMORROW', what: 5 }, rows_loaded: '3' },
      }),
    ]) {
      const { code, out } = await call(['runs', 'show', 'r'], [record]);
      assert.equal(code, 0);
      assert.match(out, /^Run r$/m);
      assert.doesNotMatch(out, /undefined|\[object/);
    }
  });
});

describe('where runs are looked for', () => {
  const missing = new BeamliftError('CONFIG_NOT_FOUND', { what: 'none' });

  it('is the run store of the configuration', async () => {
    const { engine } = await call(['runs', '-f', 'x.yaml'], []);
    assert.deepEqual(engine.calls.runStores, [sqlite('/project/.beamlift/runs.db')]);
    assert.equal(engine.calls.configurations[0]?.file, 'x.yaml');
  });

  it('is .beamlift here where there is no configuration, unless one was named', async () => {
    const { code, engine } = await call(['runs'], [], { configurationError: missing }, { cwd: '/elsewhere' });
    assert.equal(code, 0);
    assert.deepEqual(engine.calls.runStores, [sqlite('/elsewhere/.beamlift/runs.db')]);
    assert.equal((await call(['runs', '-f', 'gone.yaml'], [], { configurationError: missing })).code, 2);
    const environment = { BEAMLIFT_CONFIG: 'gone.yaml' };
    assert.equal((await call(['runs'], [], { configurationError: missing }, { environment })).code, 2);
  });
});
