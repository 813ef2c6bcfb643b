import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { Workspace } from './workspace';

interface Written {
  readonly jobs: Readonly<Record<string, { readonly dest_table_name: string }>>;
}

describe('init with flags', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
    await workspace.write('data/sales/2025.csv', 'id,total\n1,2\n');
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const flags = (...more: string[]): string[] => [
    ...['init', '--yes', '--from', './data', '--to', 'duckdb:w.duckdb', '--load-type', 'catalog'],
    ...more,
  ];

  for (const [pattern, name] of [
    ['sales/*.csv', 'sales'],
    ['sales/2025.csv', '2025'],
    ['**/*.csv', 'files'],
  ] as const) {
    it(`calls the job of ${pattern} ${name}, as run --from does`, async () => {
      const { code, out, err } = await workspace.beamlift(flags('--files', pattern));
      assert.equal(code, 0, err);
      assert.match(out, new RegExp(`^Next: \\./bin/beamlift\\.js plan ${name}$`, 'm'));
      const written = parse(await readFile(workspace.path('beamlift.yaml'), 'utf8')) as Written;
      assert.deepEqual(Object.keys(written.jobs), [name]);
      assert.equal(written.jobs[name]?.dest_table_name, name);
      const run = await workspace.beamlift(['run']);
      assert.deepEqual([run.code, run.reports[0]?.rows_loaded], [0, 1], run.err);
    });
  }

  it('takes the bare name of a folder', async () => {
    const { code, err } = await workspace.beamlift([
      ...['init', '--yes', '--from', 'data', '--files', 'sales/*.csv'],
      ...['--to', 'duckdb:w.duckdb', '--load-type', 'catalog'],
    ]);
    assert.equal(code, 0, err);
    assert.match(await readFile(workspace.path('beamlift.yaml'), 'utf8'), /^ {4}path: data$/m);
  });

  it('writes no key of a service account into the file', async () => {
    const key = '{"type":"service_account","private_key":"canary-key"}';
    const url = `bigquery://my-project/raw?staging=gs://my-bucket/x&endpoint=http://127.0.0.1:9&credentials=${encodeURIComponent(key)}`;
    const { code, out, err } = await workspace.beamlift([
      ...['init', '--yes', '--from', './data', '--files', 'sales/*.csv'],
      ...['--to', url, '--load-type', 'catalog'],
    ]);
    // The table is looked for before the file is written, and keys are not sent over http.
    assert.notEqual(code, 0);
    assert.ok(!`${out}${err}`.includes('canary-key'), `${out}${err}`);
    await assert.rejects(readFile(workspace.path('beamlift.yaml')), { code: 'ENOENT' });
  });

  for (const flag of ['--columns', '--key-columns', '--timestamp-column']) {
    it(`refuses columns of ${flag} that the source does not have, and writes nothing`, async () => {
      const { code, err } = await workspace.beamlift(flags('--files', 'sales/*.csv', flag, 'totl'));
      assert.equal(code, 2);
      assert.match(err, new RegExp(`COLUMN_NOT_FOUND: ${flag}: "totl"`));
      assert.match(err, /The source has: id, total\./);
      await assert.rejects(readFile(workspace.path('beamlift.yaml')), { code: 'ENOENT' });
    });
  }
});
