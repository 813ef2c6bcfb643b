import assert from 'node:assert/strict';
import path from 'node:path';
import { lazyModules, useBundle } from '../../../core/lazy-modules';

const FILE = path.join(__dirname, '..', '..', '..', 'loaders', 'duckdb', 'duckdb-loader.ts');

describe('lazyModules', () => {
  afterEach(() => useBundle(() => ({})));

  it('loads modules beside the file, and packages', () => {
    const load = lazyModules(FILE);
    assert.equal(typeof (load('./rules') as { DUCKDB_RULES: unknown }).DUCKDB_RULES, 'object');
    assert.equal(load('node:path'), path);
    assert.throws(() => load('./nothing'), { code: 'MODULE_NOT_FOUND' });
  });

  it('takes what a bundle has from there, and all else from its file', () => {
    const load = lazyModules(FILE);
    const modules = {
      'loaders/duckdb/rules': () => 'rules',
      'loaders/index': () => 'all',
      'a-package': () => 'package',
    };
    useBundle(() => modules);
    assert.deepEqual([load('./rules'), load('../index'), load('a-package')], ['rules', 'all', 'package']);
    assert.equal(load('node:path'), path);
    assert.equal(typeof load('./sql-text'), 'object');
  });

  it('reads no bundle before something is loaded', () => {
    let reads = 0;
    useBundle(() => {
      reads++;
      return {};
    });
    const load = lazyModules(FILE);
    assert.equal(reads, 0);
    load('./rules');
    assert.equal(reads, 1);
  });
});
