import assert from 'node:assert/strict';
import { main } from '../../../launcher/main';
import { fakeEngine } from './fake-engine';
import { fakeHost, type FakeHostOptions } from './fake-host';

async function call(line: string[], options: FakeHostOptions = {}) {
  const host = fakeHost(options);
  const engine = fakeEngine({ jobs: ['orders', 'sales'] });
  const code = await main(line, host, { engine });
  return { code, out: host.out.text(), err: host.err.text(), engine };
}

describe('the program', () => {
  it('shows help when it is called alone, on stdout, and succeeds', async () => {
    const { code, out, err } = await call([]);
    assert.equal(code, 0);
    assert.match(out, /^Usage: \.\/bin\/beamlift\.js <command>/);
    for (const command of ['run', 'plan', 'runs', 'completion'])
      assert.match(out, new RegExp(`^  ${command}\\b`, 'm'));
    assert.equal(err, '');
  });

  it('prints its version, and nothing else', async () => {
    for (const flag of ['--version', '-V']) {
      assert.deepEqual(await call([flag]).then(({ code, out, err }) => [code, out, err]), [0, '9.8.7\n', '']);
    }
  });

  it('shows help of a command, with groups and examples, in either spelling', async () => {
    for (const line of [
      ['run', '--help'],
      ['help', 'run'],
      ['run', '-h'],
    ]) {
      const { code, out } = await call(line);
      assert.equal(code, 0);
      for (const part of [
        'What to load:',
        'How to run:',
        'Messages (on stderr):',
        'Examples:',
        'Exit codes:',
      ]) {
        assert.ok(out.includes(part), `${line.join(' ')}: ${part}`);
      }
      assert.match(out, /\.\/bin\/beamlift\.js run --from postgresql:/);
    }
  });

  it('knows every flag of the contract', async () => {
    const { out } = await call(['run', '--help']);
    const flags =
      '--file --runner --limit --full-refresh --start-date --end-date --timeout --dry-run --concurrency --triggered-by --json ' +
      '--quiet --log-level --log-format --adopt-state --fresh-state --from --table --query --files --to --dest-table ' +
      '--load-type --timestamp-column --key-columns --create-table --no-create-table';
    for (const flag of flags.split(' ')) assert.match(out, new RegExp(`${flag}\\b`));
  });

  it('wraps help to the terminal', async () => {
    const { out } = await call(['run', '--help'], { columns: 70 });
    const flags = out.slice(0, out.indexOf('Examples:'));
    assert.ok(flags.split('\n').every((line) => line.length <= 70));
  });

  const wrong: [string, string[], RegExp][] = [
    [
      'an unknown command',
      ['rnu'],
      /unknown command 'rnu'[\s\S]*Did you mean run\?[\s\S]*beamlift\.js --help/,
    ],
    [
      'an unknown flag',
      ['run', '--lmit', '3'],
      /unknown option '--lmit'[\s\S]*Did you mean --limit\?[\s\S]*run --help/,
    ],
    [
      'an unknown flag in snake case',
      ['run', '--log_levle=debug'],
      /unknown option '--log_levle'[\s\S]*Did you mean --log-level\?/,
    ],
    ['a flag without its value', ['run', '--limit'], /--limit <rows>' argument missing/],
    ['a limit that is no number', ['run', '--limit', '3x'], /whole number from 1 on/],
    ['a limit of zero', ['run', '--limit', '0'], /whole number from 1 on/],
    ['a negative limit', ['run', '--limit=-3'], /whole number from 1 on/],
    ['a limit beyond exact numbers', ['run', '--limit', '9007199254740993'], /whole number/],
    ['a concurrency beyond its bound', ['run', '--concurrency', '65'], /from 1 to 64/],
    ['a timeout of zero', ['run', '--timeout', '0'], /seconds above 0/],
    ['a timeout that no timer holds', ['run', '--timeout', '99999999'], /seconds above 0/],
    ['a date that does not exist', ['run', '--start-date', '2025-02-30'], /date like 2025-03-01/],
    ['a date in another order', ['run', '--end-date', '01.03.2025'], /date like 2025-03-01/],
    ['an unknown level', ['run', '--log-level', 'loud'], /debug, info, warn, error/],
    ['an unknown format', ['run', '--log-format', 'xml'], /Allowed choices are text, json/],
    ['an unknown runner', ['run', '--runner', 'spark'], /auto, in-process/],
    ['an empty file name', ['run', '-f', ''], /must not be empty/],
    ['key columns with a hole', ['run', '--key-columns', 'id,,x'], /names with commas/],
    ['refresh and a start', ['run', '--full-refresh', '--start-date', '2025-01-01'], /cannot be used with/],
    ['both answers about state', ['run', '--adopt-state', '--fresh-state'], /cannot be used with/],
    [
      'dates the wrong way round',
      ['plan', '--start-date', '2025-02-01', '--end-date', '2025-02-01'],
      /is not after --start-date/,
    ],
    [
      'an end before the start, each in a zone of its own',
      ['plan', '--start-date', '2025-02-01T10:00Z', '--end-date', '2025-02-01T11:30+02:00'],
      /is not after --start-date/,
    ],
    [
      '--table without --from',
      ['plan', '--table', 'x'],
      /--table describes a job without a configuration, and needs --from/,
    ],
    ['--no-create-table without --from', ['plan', '--no-create-table'], /needs --from/],
    ['--from without --to', ['plan', '--from', './data'], /--from needs --to/],
    [
      '--from with --file',
      ['plan', '--from', './data', '--to', 'duckdb:x', '-f', 'y'],
      /--from and --file contradict/,
    ],
    [
      '--from with a job',
      ['plan', 'orders', '--from', './data', '--to', 'duckdb:x'],
      /"orders" cannot be named too/,
    ],
    [
      'two objects',
      ['plan', '--from', 'x', '--to', 'y', '--table', 'a', '--query', 'b'],
      /--table, --query and --files contradict/,
    ],
    ['an operand too many', ['runs', 'show', 'a', 'b'], /too many arguments/],
    [
      'an unknown subcommand',
      ['runs', 'shwo'],
      /runs has no command 'shwo'\n {2}hint {2}Did you mean runs show\?/,
    ],
    ['no operand', ['runs', 'show'], /missing required argument 'id'/],
    ['an unknown shell', ['completion', 'tcsh'], /bash, zsh, fish/],
  ];
  for (const [name, line, expected] of wrong) {
    it(`refuses ${name} with exit code 2 and nothing on stdout`, async () => {
      const { code, out, err } = await call(line);
      assert.equal(code, 2, err);
      assert.equal(out, '');
      assert.match(err, /^error USAGE: /);
      assert.match(err, expected);
      assert.doesNotMatch(err, /error: |\n {4}at /, "neither commander's words nor a stack");
    });
  }

  it('gives one JSON object for a usage error where JSON was asked for', async () => {
    const { code, out, err } = await call(['run', '--json', '--limit', 'many']);
    assert.equal(code, 2);
    assert.equal(out.trimEnd().split('\n').length, 1);
    const report = JSON.parse(out);
    assert.equal(report.status, 'failure');
    assert.equal(report.error.code, 'USAGE');
    assert.equal(report.rows_loaded, 0);
    assert.match(err, /USAGE/);
  });

  it('takes flags in snake case, with = and apart', async () => {
    const { code, engine } = await call([
      'run',
      '--start_date=2025-01-01',
      '--end_date',
      '2025-02-01',
      '--log_level=DEBUG',
      '--triggered_by',
      'my_cron_job',
    ]);
    assert.equal(code, 0);
    const options = engine.calls.launched[0]?.options;
    assert.equal(options?.startDate, '2025-01-01');
    assert.equal(options.endDate, '2025-02-01');
    assert.equal(options.triggeredBy, 'my_cron_job');
  });

  it('leaves arguments behind -- alone', async () => {
    const { code, err } = await call(['run', '--', '--log_level']);
    assert.equal(code, 2);
    assert.match(String(JSON.parse(err).what), /no job called "--log_level"/);
  });

  it('never repeats the password of a URL', async () => {
    const url = 'postgresql://etl:s3cr%2Ft!pw@db/shop';
    for (const line of [
      ['run', url],
      ['run', '--json', url],
      ['run', '--form', url],
      ['run', `--form=${url}`],
      ['plan', '--limit', url],
      [url],
    ]) {
      const { code, out, err } = await call(line);
      assert.equal(code, 2, line.join(' '));
      assert.doesNotMatch(out + err, /s3cr|t!pw/, line.join(' '));
    }
  });

  it('writes no escape sequence where there is no terminal', async () => {
    for (const line of [
      [],
      ['run', '--help'],
      ['rnu'],
      ['run'],
      ['plan'],
      ['runs'],
      ['run', '--log-format', 'text'],
    ]) {
      const { out, err } = await call(line);
      assert.ok(!(out + err).includes('\u001b'), line.join(' '));
      assert.ok(!(out + err).includes('\r'), line.join(' '));
    }
  });
});
