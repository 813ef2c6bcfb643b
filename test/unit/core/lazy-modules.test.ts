import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readBundle } from '../../../core/clients/bundle-file';
import { bundleInUse, lazyModules, useBundle } from '../../../core/lazy-modules';

const FILE = path.join(__dirname, '..', '..', '..', 'loaders', 'duckdb', 'duckdb-loader.ts');

describe('lazyModules', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-bundle-'));
  });
  afterEach(() => useBundle(undefined));
  after(() => rm(folder, { recursive: true }));

  it('loads modules beside the file, and packages', () => {
    const load = lazyModules(FILE);
    assert.equal(typeof (load('./rules') as { DUCKDB_RULES: unknown }).DUCKDB_RULES, 'object');
    assert.equal(load('node:path'), path);
    assert.throws(() => load('./nothing'), { code: 'MODULE_NOT_FOUND' });
  });

  it('takes what a bundle has from there, and all else from its file', async () => {
    const bundle = path.join(folder, 'bundle.cjs');
    await writeFile(
      bundle,
      `module.exports = { 'loaders/duckdb/rules': () => 'rules', 'loaders/index': () => 'all', 'a-package': () => 'package' }`,
    );
    const load = lazyModules(FILE);
    useBundle(bundle, readBundle);
    assert.deepEqual([load('./rules'), load('../index'), load('a-package')], ['rules', 'all', 'package']);
    assert.equal(load('node:path'), path);
    assert.equal(typeof load('./sql-text'), 'object');
    assert.equal(bundleInUse(), bundle);
  });

  it('reads no bundle before something is loaded', () => {
    useBundle(path.join(folder, 'none.cjs'), readBundle);
    const load = lazyModules(FILE);
    assert.throws(() => load('./rules'), { code: 'ENOENT' });
  });
});
