import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { main } from '../../../launcher/main';
import { paletteFor } from '../../../launcher/output/palette';
import { renderPlan } from '../../../launcher/output/plan-text';
import { fakeEngine, fakeJob, fakePlan, type FakeEngineOptions } from './fake-engine';
import { fakeHost } from './fake-host';

async function call(line: string[], options: FakeEngineOptions = {}) {
  const host = fakeHost();
  const code = await main(line, host, { engine: fakeEngine(options) });
  return { code, out: host.out.text(), err: host.err.text() };
}

const refused = (job: string) => {
  if (job === 'bad')
    throw new BeamliftError('TYPE_UNSUPPORTED', { what: 'no rule', where: { column: 'shape' } });
  return fakePlan(job);
};

describe('plan', () => {
  it('shows a plan for people', async () => {
    const { code, out } = await call(['plan']);
    assert.equal(code, 0);
    assert.equal(
      out,
      `Plan of orders
  source       shop (postgresql), table public.orders
  destination  local (duckdb), table main.orders, created by this run
  load         append
  window       created_at from 2025-01-01T00:00:00Z up to but not 2025-02-01T00:00:00Z
  watermark    becomes 2025-02-01T00:00:00Z
  estimate     1,000 rows, 100 kB (by statistics)
  runner       in-process: 1,000 rows are below the threshold
  units        2: ranges of id
    unit  rows  what it reads
    0001  ~500  id before 500
    0002  ~500  id from 500

  column  type           in the table  type           conversion
  id      int64          id            int64
  amount  decimal(12,2)  amount        decimal(12,2)  digits

  note  Window: since the last run.
`,
    );
  });

  it('leaves no line of progress below an error', async () => {
    const host = fakeHost({ terminal: true, colour: false });
    await main(['plan', 'bad'], host, { engine: fakeEngine({ jobs: ['bad'], plan: refused }) });
    const screen = host.err.screen();
    assert.match(screen[0] ?? '', /TYPE_UNSUPPORTED/);
    assert.equal(screen.at(-1)?.trim(), '');
  });

  it('shows the first and the last of many units', () => {
    const units = Array.from({ length: 1200 }, (_, index) => ({
      id: String(index + 1).padStart(4, '0'),
      kind: 'file' as const,
      uri: `part-${index}.csv`,
      bytes: 1_500_000,
      version: 'v',
    }));
    const text = renderPlan(
      fakePlan('orders', { units }),
      paletteFor({ colour: false }),
      () => undefined,
    ).join('\n');
    assert.match(text, /units +1,200: /);
    assert.match(text, /0004 +part-3\.csv \(1\.5 MB\)\n {4}… 1,195 more units …\n {4}1200 +part-1199\.csv/);
    assert.doesNotMatch(text, /part-4\.csv|conversion/);
  });

  it('shows other sources, loads and units', () => {
    const { context } = fakePlan('orders');
    const show = (
      changes: Partial<typeof context>,
      units: ReturnType<typeof fakePlan>['units'] = [],
    ): string =>
      renderPlan(
        fakePlan('orders', {
          context: { ...context, ...changes },
          units,
          estimate: { rows: null, bytes: null, quality: 'unknown' },
        }),
        paletteFor({ colour: false }),
        () => undefined,
      ).join('\n');
    const source = fakeJob('orders').source;
    const query = show({
      source: {
        ...source,
        object: { kind: 'query', sql: `SELECT *\n  FROM t ${'x'.repeat(200)}` },
        filter: 'a > 1',
      },
      disposition: 'merge',
      keyColumns: ['id', 'region'],
      limit: 10,
      window: null,
      nextWatermark: null,
    });
    assert.match(query, /source +shop \(postgresql\), query SELECT \* FROM t x+… where a > 1$/m);
    assert.match(query, /load +merge by id, region, at most 10 rows$/m);
    assert.match(query, /window +everything$/m);
    assert.match(query, /watermark +stays as it is$/m);
    assert.match(query, /estimate +unknown$/m);
    const files = show(
      {
        source: { ...source, object: { kind: 'files', pattern: '**/*.csv', format: 'csv', options: {} } },
        disposition: 'replace',
        createTable: false,
        newColumns: [{ name: 'x', type: { kind: 'bool' }, nullable: true }],
      },
      [
        { id: 'a', kind: 'all' },
        { id: 'n', kind: 'is-null', column: 'id' },
        { id: 'h', kind: 'hash', column: 'id', modulus: 8, remainder: 3 },
        { id: 'f', kind: 'file', uri: 'x.csv', bytes: 10, version: 'v' },
        {
          id: 'g',
          kind: 'files',
          files: ['a', 'b', 'c'].map((name) => ({ uri: `${name}.csv`, bytes: 500, version: 'v' })),
        },
        {
          id: 'r',
          kind: 'range',
          column: 'id',
          lower: { value: '5', inclusive: false },
          upper: { value: '9', inclusive: true },
        },
      ],
    );
    assert.match(files, /files \*\*\/\*\.csv \(csv\)$/m);
    assert.match(files, /load +replace the table$/m);
    assert.match(files, /table main\.orders, which gets 1 new column$/m);
    for (const unit of [
      'the whole window',
      'id is null',
      'hash of id, 3 of 8',
      '3 files, a.csv … c.csv (1.5 kB)',
      'x.csv (10 B)',
      'id after 5 up to 9',
    ]) {
      assert.ok(files.includes(unit), unit);
    }
  });

  it('prints the plan with --json, one line a job', async () => {
    const { out } = await call(['plan', '--json'], { jobs: ['a', 'b'] });
    const lines = out.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      [fakePlan('a'), fakePlan('b')],
    );
  });

  it('goes on after a job that cannot be planned, with its error and exit code', async () => {
    const { code, out, err } = await call(['plan'], { jobs: ['bad', 'good'], plan: refused });
    assert.equal(code, 2);
    assert.match(out, /^Plan of good$/m);
    assert.match(err, /TYPE_UNSUPPORTED/);
    const json = await call(['plan', '--json'], { jobs: ['bad', 'good'], plan: refused });
    const [first, second] = json.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(first, {
      job: 'bad',
      error: { code: 'TYPE_UNSUPPORTED', what: 'no rule', where: { job: 'bad', column: 'shape' } },
    });
    assert.ok(second !== undefined && 'units' in second);
  });

  it('stops at an interruption', async () => {
    const host = fakeHost();
    const engine = fakeEngine({
      jobs: ['a', 'b'],
      plan: (job) => {
        host.interrupt('SIGINT');
        return fakePlan(job);
      },
    });
    assert.equal(await main(['plan'], host, { engine }), 130);
    assert.equal(engine.calls.planned.length, 1);
  });

  it('tells errors of the configuration', async () => {
    const configurationError = new BeamliftError('CONFIG_INVALID', { what: '2 problems' });
    const { code, out, err } = await call(['plan', '--json'], { configurationError });
    assert.equal(code, 2);
    assert.equal((JSON.parse(out) as { error: { code: string } }).error.code, 'CONFIG_INVALID');
    assert.match(err, /error CONFIG_INVALID: 2 problems/);
  });
});
