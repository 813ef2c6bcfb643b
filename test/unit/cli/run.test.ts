import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import type { LaunchServices } from '../../../launcher/launch-options';
import { main } from '../../../launcher/main';
import { fakeEngine, fakePlan, fakeReport, type FakeEngineOptions, type FakeLaunch } from './fake-engine';
import { fakeHost, type FakeHost, type FakeHostOptions } from './fake-host';

async function call(line: string[], engineOptions: FakeEngineOptions = {}, options: FakeHostOptions = {}) {
  const host = fakeHost(options);
  const engine = fakeEngine(engineOptions);
  const code = await main(line, host, { engine });
  return { code, out: host.out.text(), err: host.err.text(), engine, host };
}

const LOGIN_FAILED = new BeamliftError('LOGIN_FAILED', {
  what: 'The server refused the login of user etl',
  where: { job: 'orders', connection: 'shop' },
  why: 'password authentication failed for user "etl"',
  hint: 'Check `password` of connection shop.',
});
const failed = (job: string) =>
  fakeReport(job, { status: 'failure', rows_loaded: 0, error: LOGIN_FAILED.toReport() });

/** What a run says while it goes on, as launch.ts does. */
function tell({ listener, log }: LaunchServices, job: string): void {
  log.info('etl.started', { run_id: `run-of-${job}` });
  listener({ kind: 'phase.started', phase: 'plan' });
  listener({ kind: 'phase.completed', phase: 'plan', durationSeconds: 0.1 });
  listener({ kind: 'planned', plan: fakePlan(job) });
  listener({ kind: 'phase.started', phase: 'stage' });
  listener({ kind: 'unit.started', unit: '0001', attempt: 1 });
  listener({ kind: 'unit.progress', unit: '0001', rows: 250, sourceBytes: 2_000, stagedBytes: 1_500 });
  listener({ kind: 'unit.retried', unit: '0001', attempt: 2, error: 'connection lost' });
  listener({ kind: 'unit.completed', unit: '0001', rows: 500, rejected: 0, stagedBytes: 3_000 });
  listener({ kind: 'phase.completed', phase: 'stage', rows: 500, durationSeconds: 1.500000000000003 });
  log.info('etl.completed', { run_id: `run-of-${job}`, status: 'success', rows: 500, duration: 1.6 });
}

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('run', () => {
  it('runs all jobs in order, ends with a table and the line to type next', async () => {
    const { code, out, engine } = await call(['run'], { jobs: ['zipcodes', 'flights'] });
    assert.equal(code, 0);
    assert.deepEqual(
      engine.calls.launched.map((launch) => launch.job),
      ['zipcodes', 'flights'],
    );
    assert.equal(
      out,
      [
        'job       status        rows    bytes  seconds  table',
        'zipcodes  success  1,234,567  45.2 MB     12.3  main.zipcodes',
        'flights   success  1,234,567  45.2 MB     12.3  main.flights',
        '',
        'Next: ./bin/beamlift.js preview flights',
        '',
      ].join('\n'),
    );
  });

  it('repeats -f in the line to type next, quoted for the shell', async () => {
    const { out } = await call(['run', '-f', 'my etl/beamlift.yaml', 'orders']);
    assert.match(out, /^Next: \.\/bin\/beamlift\.js preview orders -f 'my etl\/beamlift\.yaml'$/m);
  });

  it('runs the named jobs only', async () => {
    const { engine } = await call(['run', 'b'], { jobs: ['a', 'b', 'c'] });
    assert.deepEqual(
      engine.calls.launched.map((launch) => launch.job),
      ['b'],
    );
  });

  it('passes the flags on, with defaults for the rest', async () => {
    const { engine } = await call(['run', '-f', 'x.yaml']);
    assert.deepEqual(engine.calls.configurations[0]?.file, 'x.yaml');
    const [plain] = engine.calls.launched;
    assert.ok(plain !== undefined && plain.options.concurrency >= 1 && plain.options.concurrency <= 4);
    assert.deepEqual(
      { ...plain.options, concurrency: 0 },
      {
        runner: 'auto',
        limit: undefined,
        fullRefresh: false,
        startDate: undefined,
        endDate: undefined,
        concurrency: 0,
        triggeredBy: 'manual',
        timeoutSeconds: undefined,
        onStateConflict: 'fail',
        detach: false,
        onInterrupt: 'ask',
      },
    );
    const line =
      'run --runner in-process --limit 10 --start-date 2025-01-01T10:00:00+02:00 --end-date 2025-02-01 --concurrency 7 ' +
      '--triggered-by cron --timeout 1.5 --adopt-state --detach --on-interrupt leave';
    const asked = (await call(line.split(' '))).engine.calls.launched[0]?.options;
    assert.deepEqual(asked, {
      runner: 'in-process',
      limit: 10,
      fullRefresh: false,
      startDate: '2025-01-01T10:00:00+02:00',
      endDate: '2025-02-01',
      concurrency: 7,
      triggeredBy: 'cron',
      timeoutSeconds: 1.5,
      onStateConflict: 'adopt',
      detach: true,
      onInterrupt: 'leave',
    });
    const fresh = (await call(['run', '--full-refresh', '--fresh-state'])).engine.calls.launched[0]?.options;
    assert.equal(fresh?.fullRefresh, true);
    assert.equal(fresh.onStateConflict, 'fresh');
  });

  it('makes a job of --from and --to, and then suggests what works without a configuration', async () => {
    const line = [
      'run',
      '--from',
      'postgresql://etl@db/shop',
      '--table=public.orders',
      '--to',
      'duckdb:w.duckdb',
      '--load_type=merge',
      '--key-columns=id, region',
      '--no-create-table',
    ];
    const { code, out, engine } = await call(line);
    assert.equal(code, 0);
    assert.deepEqual(engine.calls.urls, [
      {
        from: 'postgresql://etl@db/shop',
        to: 'duckdb:w.duckdb',
        table: 'public.orders',
        loadType: 'merge',
        keyColumns: ['id', 'region'],
        createTable: false,
        cwd: '/project',
        environment: {},
      },
    ]);
    assert.match(out, /^Next: \.\/bin\/beamlift\.js runs show run-of-orders$/m);
  });

  it('goes on after a failed job, and exits with the worst code', async () => {
    const { code, out, err, engine } = await call(['run', '--log-format', 'text'], {
      jobs: ['a', 'b', 'c'],
      launch: ({ name }) => (name === 'b' ? failed(name) : fakeReport(name)),
    });
    assert.equal(code, 1);
    assert.equal(engine.calls.launched.length, 3);
    assert.match(out, /^b {4}failure +0 /m);
    assert.match(out, /^Next: \.\/bin\/beamlift\.js runs show run-of-b$/m);
    assert.ok(
      err.includes(
        [
          'error LOGIN_FAILED: The server refused the login of user etl',
          '  where  job orders, connection shop',
          '  why    password authentication failed for user "etl"',
          '  hint   Check `password` of connection shop.',
          '',
        ].join('\n'),
      ),
      err,
    );
  });

  const codes: [string, Partial<ReturnType<typeof fakeReport>>, number][] = [
    ['loaded', {}, 0],
    ['loaded with rejects', { rows_rejected: 2 }, 3],
    ['skipped because another run has the lease', { status: 'skipped' }, 0],
    ['failed', { status: 'failure', error: LOGIN_FAILED.toReport() }, 1],
    [
      'refused by its plan',
      { status: 'failure', error: new BeamliftError('PLAN_REFUSED', { what: 'no' }).toReport() },
      2,
    ],
    [
      'timed out',
      { status: 'timed_out', error: new BeamliftError('TIMED_OUT', { what: 'x' }).toReport() },
      124,
    ],
    ['in need of a look', { status: 'needs_attention' }, 1],
    [
      'cancelled',
      { status: 'cancelled', error: new BeamliftError('CANCELLED', { what: 'x' }).toReport() },
      130,
    ],
  ];
  for (const [name, changes, expected] of codes) {
    it(`exits with ${expected} for a job that was ${name}`, async () => {
      const { code } = await call(['run'], { launch: (job) => fakeReport(job.name, changes) });
      assert.equal(code, expected);
    });
  }

  it('takes the worst of several codes: 0, 3, 124, 1, 2, 130', async () => {
    const order = [0, 3, 124, 1, 2, 130];
    const byCode = new Map(codes.map(([, changes, code]) => [code, changes]));
    for (const [rank, worst] of order.entries()) {
      for (const other of order.slice(0, rank)) {
        for (const pair of [
          [worst, other],
          [other, worst],
        ]) {
          const { code } = await call(['run'], {
            jobs: ['0', '1'],
            launch: (job) => fakeReport(job.name, byCode.get(pair[Number(job.name)] ?? 0)),
          });
          assert.equal(code, worst, pair.join(' and '));
        }
      }
    }
  });

  describe('--json', () => {
    it('prints exactly one object a job on stdout, failed ones included', async () => {
      const { code, out } = await call(['run', '--json'], {
        jobs: ['a', 'b'],
        launch: ({ name }) => (name === 'a' ? failed(name) : fakeReport(name)),
      });
      assert.equal(code, 1);
      const reports = jsonLines(out);
      assert.deepEqual(reports, JSON.parse(JSON.stringify([failed('a'), fakeReport('b')])));
      assert.equal(out.split('\n').length, 3);
    });

    it('keeps stdout clean on a terminal, with bars on stderr', async () => {
      const { out, err } = await call(
        ['run', '--json'],
        { launch: ({ name }, _options, services) => (tell(services, name), fakeReport(name)) },
        { terminal: true },
      );
      assert.equal(jsonLines(out).length, 1);
      assert.ok(err.includes('orders'));
    });

    it('keeps losses of columns with any name', async () => {
      const losses = JSON.parse('{"__proto__": {"nan": 1}, "constructor": {"inexact": 2}}');
      const { out } = await call(['run', '--json'], { launch: ({ name }) => fakeReport(name, { losses }) });
      assert.ok(out.includes('"losses":{"__proto__":{"nan":1},"constructor":{"inexact":2}}'), out);
    });

    it('prints one object after a configuration error, one for each job that was named', async () => {
      const configurationError = new BeamliftError('CONFIG_INVALID', { what: '2 problems' });
      const all = await call(['run', '--json'], { configurationError });
      assert.equal(all.code, 2);
      assert.deepEqual(
        jsonLines(all.out).map(({ job, status, error }) => [job, status, (error as { code: string }).code]),
        [[null, 'failure', 'CONFIG_INVALID']],
      );
      const named = await call(['run', '--json', 'a', 'b'], { configurationError });
      assert.deepEqual(
        jsonLines(named.out).map(({ job }) => job),
        ['a', 'b'],
      );
    });

    it('prints one object for a job that does not exist', async () => {
      const { code, out } = await call(['run', '--json', 'oders']);
      assert.equal(code, 2);
      assert.deepEqual((jsonLines(out)[0]?.['error'] as { hint: string }).hint, 'Did you mean "orders"?');
    });
  });

  it('goes on when starting a job fails in a way it never should, with an object for it', async () => {
    const { code, out, err } = await call(['run', '--json'], {
      jobs: ['a', 'b'],
      launch: ({ name }) => {
        if (name === 'a') throw new TypeError('x is not a function');
        return fakeReport(name);
      },
    });
    assert.equal(code, 1);
    assert.deepEqual(
      jsonLines(out).map(({ job, status }) => [job, status]),
      [
        ['a', 'failure'],
        ['b', 'success'],
      ],
    );
    assert.match(err, /INTERNAL/);
  });

  describe('interrupted', () => {
    const interruptIn =
      (host: () => FakeHost, signal: 'SIGINT' | 'SIGTERM'): FakeLaunch =>
      ({ name }) => {
        host().interrupt(signal);
        return fakeReport(name, {
          status: 'cancelled',
          error: new BeamliftError('CANCELLED', { what: 'interrupted' }).toReport(),
        });
      };
    for (const [signal, expected] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      it(`starts no further job after ${signal} and exits with ${expected}`, async () => {
        const host = fakeHost();
        const engine = fakeEngine({ jobs: ['a', 'b', 'c'], launch: interruptIn(() => host, signal) });
        const code = await main(['run', '--json'], host, { engine });
        assert.equal(code, expected);
        assert.equal(engine.calls.launched.length, 1);
        assert.deepEqual(
          jsonLines(host.out.text()).map(({ job, status }) => [job, status]),
          [
            ['a', 'cancelled'],
            ['b', 'cancelled'],
            ['c', 'cancelled'],
          ],
        );
        assert.ok(jsonLines(host.err.text()).some((entry) => entry['event'] === 'command.interrupted'));
      });
    }

    it('tells a person that it is cleaning up', async () => {
      const host = fakeHost({ terminal: true });
      const engine = fakeEngine({ launch: interruptIn(() => host, 'SIGINT') });
      await main(['run'], host, { engine });
      assert.match(host.err.text(), /Interrupted \(SIGINT\): cleaning up\. Press Ctrl-C again/);
    });

    it('counts as interrupted what failed before a job, too', async () => {
      const host = fakeHost();
      const engine = fakeEngine();
      engine.expandJobs = () => {
        host.interrupt('SIGTERM');
        throw new Error('socket closed');
      };
      assert.equal(await main(['run'], host, { engine }), 143);
      assert.match(host.err.text(), /CANCELLED/);
    });
  });

  describe('--dry-run', () => {
    it('plans and runs nothing, and opens no history', async () => {
      const { code, out, engine } = await call(['run', '--dry-run']);
      assert.equal(code, 0);
      assert.match(out, /^Plan of orders$/m);
      assert.equal(engine.calls.launched.length, 0);
      assert.deepEqual(engine.calls.runStores, []);
    });

    it('prints the plan with --json', async () => {
      const { out } = await call(['run', '--dry-run', '--json']);
      assert.deepEqual(jsonLines(out), [JSON.parse(JSON.stringify(fakePlan('orders')))]);
    });
  });

  describe('messages', () => {
    const launch: FakeLaunch = ({ name }, _options, services) => {
      tell(services, name);
      return fakeReport(name);
    };

    it('are JSON lines without a terminal: events with run id, rows, duration and status', async () => {
      const { err } = await call(['run'], { launch });
      const entries = jsonLines(err);
      assert.deepEqual(
        entries.map((entry) => entry['event']),
        [
          'etl.started',
          'etl.phase.plan.started',
          'etl.phase.plan.completed',
          'etl.planned',
          'etl.notice',
          'etl.phase.stage.started',
          'etl.unit.retried',
          'etl.phase.stage.completed',
          'etl.completed',
        ],
      );
      for (const entry of entries) {
        assert.equal(entry['run_id'], 'run-of-orders');
        assert.equal(entry['job'], 'orders');
        assert.match(String(entry['time']), /^\d{4}-\d\d-\d\dT.*Z$/);
        assert.match(String(entry['level']), /^(info|warn)$/);
      }
      const stage = entries.find((entry) => entry['event'] === 'etl.phase.stage.completed');
      assert.deepEqual([stage?.['rows'], stage?.['duration'], stage?.['status']], [500, 1.5, 'success']);
    });

    it('say more with --log-level debug and with LOG_LEVEL, in any case', async () => {
      for (const [flags, environment] of [
        [['--log-level', 'debug'], {}],
        [['--log_level=DEBUG'], { LOG_LEVEL: 'error' }],
        [[], { LOG_LEVEL: 'Debug' }],
      ] as [string[], Record<string, string>][]) {
        const { err } = await call(['run', ...flags], { launch }, { environment });
        assert.ok(jsonLines(err).some((entry) => entry['event'] === 'etl.unit.completed'));
      }
    });

    it('leave out what is below the level', async () => {
      const { err } = await call(['run', '--log-level', 'warn'], { launch });
      assert.deepEqual(
        jsonLines(err).map((entry) => entry['event']),
        ['etl.unit.retried'],
      );
    });

    it('are plain lines with --log-format text, with the date, and no bar', async () => {
      const { err } = await call(['run', '--log-format', 'text'], { launch });
      const lines = err.trimEnd().split('\n');
      assert.match(
        lines[0] ?? '',
        /^\d{4}-\d\d-\d\dT\S+Z info {2}etl\.started run_id=run-of-orders job=orders$/,
      );
      assert.ok(
        lines.some(
          (line) => line.includes('warn  etl.unit.retried') && line.includes('error="connection lost"'),
        ),
      );
      assert.ok(!err.includes('\r') && !err.includes('\u001b'));
    });

    it('are JSON lines on a terminal too where that was asked for', async () => {
      const { err } = await call(['run', '--log-format', 'json'], { launch }, { terminal: true });
      assert.ok(jsonLines(err).length > 5);
    });

    it('are one line of JSON for a failed job', async () => {
      const { err } = await call(['run'], { launch: ({ name }) => failed(name) });
      assert.deepEqual(
        jsonLines(err).map(({ level, event, code, what, hint }) => ({ level, event, code, what, hint })),
        [
          {
            level: 'error',
            event: 'etl.failed',
            code: 'LOGIN_FAILED',
            what: LOGIN_FAILED.what,
            hint: LOGIN_FAILED.hint,
          },
        ],
      );
    });

    it('are nothing but errors with --quiet', async () => {
      const good = await call(['run', '--quiet'], { launch }, { terminal: true });
      assert.equal(good.out + good.err, '');
      const bad = await call(['run', '-q'], { launch: ({ name }) => failed(name) }, { terminal: true });
      assert.match(bad.err, /LOGIN_FAILED/);
      assert.equal(bad.out, '');
      const json = await call(['run', '-q', '--json'], { launch });
      assert.equal(jsonLines(json.out).length, 1);
      assert.equal(json.err, '');
    });

    it('tell warnings of the configuration', async () => {
      const { err } = await call(['run'], { warnings: ['jobs.orders.foo is ignored'] });
      assert.ok(jsonLines(err).some((entry) => entry['message'] === 'jobs.orders.foo is ignored'));
    });

    it('show a skipped job without an error', async () => {
      const error = new BeamliftError('LEASE_HELD', { what: 'run X is active' }).toReport();
      const { code, out, err } = await call(['run', '--log-format', 'text'], {
        launch: ({ name }) => fakeReport(name, { status: 'skipped', rows_loaded: 0, error }),
      });
      assert.equal(code, 0);
      assert.match(out, /skipped/);
      assert.match(out, /^orders: run X is active$/m);
      assert.doesNotMatch(err, /^error/m);
    });
  });

  describe('on a terminal', () => {
    const launch: FakeLaunch = ({ name }, _options, services) => {
      tell(services, name);
      services.log.warn('server.slow', { what: 'The server is slow' });
      return name === 'bad' ? failed(name) : fakeReport(name);
    };

    it('leaves one line a job, warnings above it, and errors below', async () => {
      const { host } = await call(['run'], { jobs: ['good', 'bad'], launch }, { terminal: true });
      const screen = host.err.screen().map((line) => line.replace(/^\d\d:\d\d:\d\d/, 'TIME'));
      assert.deepEqual(screen, [
        'TIME warn  etl.unit.retried run_id=run-of-good job=good unit=0001 attempt=2 error="connection lost"',
        'TIME warn  server.slow: The server is slow run_id=run-of-good job=good',
        '✓ good  1,234,567 rows  45.2 MB  12.3 s  -> main.good',
        'TIME warn  etl.unit.retried run_id=run-of-bad job=bad unit=0001 attempt=2 error="connection lost"',
        'TIME warn  server.slow: The server is slow run_id=run-of-bad job=bad',
        '✗ bad  failure  12.3 s',
        'error LOGIN_FAILED: The server refused the login of user etl',
        '  where  job orders, connection shop',
        '  why    password authentication failed for user "etl"',
        '  hint   Check `password` of connection shop.',
        '',
      ]);
    });

    it('colours the word error and no more than statuses', async () => {
      const { err, out } = await call(['run'], { launch: ({ name }) => failed(name) }, { terminal: true });
      assert.ok(err.includes('\u001b[31merror\u001b[39m LOGIN_FAILED: The'), JSON.stringify(err));
      assert.ok(out.includes('\u001b[31mfailure\u001b[39m'), JSON.stringify(out));
    });

    it('draws bars but no colours where colours are not welcome', async () => {
      const { err, out } = await call(['run'], { launch }, { terminal: true, colour: false });
      assert.ok(err.includes('\r'));
      assert.ok(!(err + out).includes('\u001b'));
    });

    it('draws no bars on a dumb terminal', async () => {
      const { err } = await call(
        ['run'],
        { launch },
        { terminal: true, colour: false, environment: { TERM: 'dumb' } },
      );
      assert.ok(!err.includes('\r'));
      assert.match(err, /etl\.started/);
    });

    it('keeps no escape sequence that came from elsewhere', async () => {
      const evil = 'x\u001b]0;owned\u0007\u009b2J\u202etxt';
      const error = new BeamliftError('QUERY_REFUSED', {
        what: evil,
        why: evil,
        hint: evil,
        where: { object: evil },
      });
      const { err, out } = await call(
        ['run'],
        {
          jobs: [evil],
          launch: ({ name }, _options, services) => {
            services.log.warn('server.notice', { what: evil, [evil]: evil, list: [evil] });
            return fakeReport(name, { status: 'failure', error: error.toReport(), destination: evil });
          },
        },
        { terminal: true },
      );
      const rest = (err + out).replace(/\u001b\[\d+m/g, '').replace(/[\r\n]/g, '');
      assert.doesNotMatch(rest, /[\u0000-\u001f\u007f-\u009f\u202e]/);
    });
  });

  it('lets no secret out: not in errors, logs, reports, plans, tables', async () => {
    const secret = 'hunter2"\n\\canary';
    const error = new BeamliftError('INTERNAL', {
      what: `cannot use ${secret}`,
      why: secret,
      hint: secret,
      where: { value: secret },
    });
    const launch: FakeLaunch = (_job, _options, services) => {
      services.log.warn('driver.said', {
        what: secret,
        nested: [{ deep: secret }],
        error: new Error(secret),
      });
      return fakeReport('orders', {
        status: 'failure',
        error: error.toReport(),
        notices: [secret],
        destination: secret,
        runner_reason: secret,
        reject_files: [secret],
        rows_rejected: 1,
      });
    };
    const plan = () => fakePlan('orders', { notices: [secret], runnerReason: secret });
    for (const line of [
      ['run'],
      ['run', '--json'],
      ['run', '--log-format', 'text'],
      ['plan'],
      ['plan', '--json'],
    ]) {
      for (const terminal of [true, false]) {
        const { err, out } = await call(line, { launch, plan, secrets: [secret] }, { terminal });
        assert.doesNotMatch(err + out, /hunter2|canary/, `${line.join(' ')}, terminal ${terminal}`);
        if (line.includes('--json')) jsonLines(out);
      }
    }
  });

  it('tells rejects and losses below the table', async () => {
    const { code, out } = await call(['run'], {
      launch: ({ name }) =>
        fakeReport(name, {
          rows_rejected: 1,
          reject_files: ['/project/.beamlift/rejects/r/0001.jsonl'],
          losses: { amount: { nan: 1, inexact: 1200 } },
        }),
    });
    assert.equal(code, 3);
    assert.match(out, /^orders: 1 row was rejected: \/project\/\.beamlift\/rejects\/r\/0001\.jsonl$/m);
    assert.match(out, /^orders: amount: nan applied to 1 value$/m);
    assert.match(out, /^orders: amount: inexact applied to 1,200 values$/m);
  });
});
