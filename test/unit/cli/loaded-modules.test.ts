import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.join(__dirname, '..', '..', '..');
const CLI = path.join(ROOT, 'launcher', 'cli.ts');
const LIST_MODULES = path.join(__dirname, 'list-modules.cjs');

/** What loads the sources of tests. */
const LOADER = /^(?:tsx|esbuild|@esbuild|get-tsconfig|resolve-pkg-maps)\b/;

/** What a run has no use for unless it reads or writes there; each of them takes long to load. */
const OF_OTHERS =
  /^(?:@aws-sdk|@azure|@google-cloud|@grpc|@smithy|apache-arrow|apache-beam|google-auth-library|mysql2|parquet-wasm|pg|pg-copy-streams|protobufjs|ssh2|yaml)(?:\/|$)/;
const OWN_OF_OTHERS =
  /^(?:extractors\/(?:postgres\/postgres|mysql|bigquery)|loaders\/bigquery\/bigquery-|pipelines\/beam\/(?:direct|graph|portable|dataflow)|pipelines\/threads\/unit-|launcher\/(?:init\/(?:interview|draft|write)|commands\/(?:connections|runs|init|check)))/;

interface Loaded {
  readonly packages: readonly string[];
  /** As paths in the repository. */
  readonly own: readonly string[];
}

describe('the modules that a command loads', function () {
  this.timeout(30_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-modules-'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function loadedBy(...args: string[]): Promise<Loaded> {
    const list = path.join(folder, 'modules.json');
    const env = { ...process.env, LOADED_MODULES: list };
    const argv = ['--require', require.resolve('tsx/cjs'), '--require', LIST_MODULES, CLI, ...args];
    await promisify(execFile)(process.execPath, argv, { cwd: folder, env });
    const files = JSON.parse(await readFile(list, 'utf8')) as string[];
    const packages = files
      .map((file) => file.split('/node_modules/').at(-1) ?? '')
      .filter((name, index) => name !== files[index] && !LOADER.test(name));
    const own = files
      .map((file) => path.relative(ROOT, file))
      .filter(
        (file) => !file.startsWith('..') && !file.startsWith('node_modules') && !file.startsWith('test'),
      );
    return { packages, own };
  }
  const names = (files: readonly string[]): string[] =>
    [...new Set(files.map((file) => /^(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? file))].sort();

  it('are few for help', async () => {
    const { packages, own } = await loadedBy('--help');
    assert.deepEqual(names(packages), ['commander', 'picocolors']);
    assert.ok(own.length < 45, `${own.length} modules`);
    assert.deepEqual(
      own.filter((file) => file.startsWith('launcher/commands/')),
      [],
    );
  });

  it('are those of one command for its help', async () => {
    const { packages, own } = await loadedBy('schema', '--help');
    assert.deepEqual(names(packages), ['commander', 'picocolors']);
    assert.deepEqual(
      own.filter((file) => file.startsWith('launcher/commands/')),
      ['launcher/commands/schema.ts'],
    );
  });

  it('are those of its source, its format and its destination for a run', async () => {
    await writeFile(path.join(folder, 'rows.csv'), 'id,name\n1,one\n2,two\n');
    const { packages, own } = await loadedBy(
      'run',
      '--from',
      '.',
      '--files',
      'rows.csv',
      '--to',
      'duckdb:w.duckdb',
    );
    assert.deepEqual(
      names(packages).filter((name) => OF_OTHERS.test(name)),
      [],
    );
    assert.deepEqual(
      own.filter((file) => OWN_OF_OTHERS.test(file)),
      [],
    );
    // A list that is empty because nothing was found would say nothing.
    assert.ok(names(packages).includes('@duckdb/node-api') && own.includes('extractors/formats/csv.ts'));
  });
});
