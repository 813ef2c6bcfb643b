import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { readBundle } from '../../core/clients/bundle-file';
import { makeImageTree, type ImageTree } from './image-tree';
import type { JobServiceProcess } from './job-service-process';
import { startPrism } from './prism-server';
import { Shop } from './shop';

/** Files that begin their program when they are loaded. */
const PROGRAMS = [
  'dist/launcher/cli.js',
  'dist/pipelines/beam/worker/boot-process.js',
  'dist/pipelines/beam/worker/worker-process.js',
];
/** Node.js's warning about `require` of a module that is one of `import` alone. */
const REQUIRED_MODULE = /ExperimentalWarning: CommonJS module .* is loading ES Module/;

/** Prints the files that were loaded, or read at once, from the image's folder, as the last line. */
const TELL_LOADED = `const fs = require('node:fs');
const { readFileSync } = fs;
const read = [];
fs.readFileSync = (...args) => {
  const content = readFileSync(...args);
  read.push(String(args[0]));
  return content;
};
process.on('exit', () => {
  const files = [...Object.keys(require.cache), ...read];
  const names = files.map((file) => require('node:path').relative(process.cwd(), file));
  process.stderr.write('\\n' + JSON.stringify(names) + '\\n');
});`;
const BUNDLE = ['dist/bundle.js', 'dist/bundle.js.compiled'];

const packageSchema = z.object({ version: z.string(), devDependencies: z.record(z.string(), z.string()) });
const lockSchema = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) });

describe('the image of beamlift', function () {
  this.timeout(300_000);
  let image: ImageTree;

  before(async () => {
    image = await makeImageTree();
  });

  describe('as a folder', () => {
    it('has programs that start: a worker for a runner, the launcher for all others', async () => {
      const { version } = packageSchema.parse(await image.json('package.json'));
      const entry = 'deploy/image-entry.js';
      for (const program of [entry, 'bin/beamlift.js', 'bin/beamlift-boot.js']) {
        const { code, out } = await image.node(program, '--version');
        assert.equal(code, 0, program);
        assert.ok(out.includes(version), `${program}: ${out}`);
      }
      assert.match((await image.node(entry, '--help')).out, /beamlift/);

      const unflagged = await image.node('bin/beamlift-boot.js');
      assert.equal(unflagged.code, 2);
      assert.match(unflagged.err, /"code":"USAGE".*--id/);
      const asWorker = await image.node(entry, '--id=1', '--logging_endpoint=localhost:1');
      assert.equal(asWorker.code, 2);
      assert.match(asWorker.err, /boot\.failed.*--provision_endpoint/);
    });

    it('misses no module, neither of its own nor of others', async () => {
      const files = await image.files();
      assert.ok(files.length > 300, `${files.length}`);
      const own = files.filter((file) => !PROGRAMS.includes(file)).map((file) => `./${file}`);
      assert.equal(own.length, files.length - PROGRAMS.length);
      const all = await image.node('-e', `for (const file of ${JSON.stringify(own)}) require(file)`);
      assert.equal(all.code, 0, all.err);
      assert.equal(
        all.err
          .replace(/^\(.*\)$/gm, '')
          .replace(REQUIRED_MODULE, '')
          .trim(),
        '',
      );

      const used = new Set<string>();
      for (const file of files) {
        const text = await readFile(path.join(image.folder, file), 'utf8');
        for (const [, name = ''] of text.matchAll(/\b(?:require|import|load)\("([^".][^"]*)"\)/g))
          used.add(name);
        for (const [, name = ''] of text.matchAll(/\b(?:require|import|load)\('([^'.][^']*)'\)/g))
          used.add(name);
      }
      assert.ok(
        used.has('pg') && used.has('apache-beam') && used.has('google-auth-library'),
        [...used].join(),
      );
      // The Beam SDK survives its own circles only where its entry point comes first.
      const names = ['apache-beam', ...used];
      const script = `for (const name of ${JSON.stringify(names)}) await import(name)`;
      const others = await image.node('--input-type=module', '-e', script);
      assert.equal(others.code, 0, others.err);
    });

    it('takes what a job needs from one file of modules, and loads none of them beside it', async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-bundle-'));
      try {
        await writeFile(path.join(folder, 'rows.csv'), 'id,day\n1,2024-01-01\n2,2024-01-02\n');
        await writeFile(path.join(folder, 'tell-loaded.cjs'), TELL_LOADED);
        const beamlift = async (...args: string[]) => {
          const hook = ['--require', path.join(folder, 'tell-loaded.cjs')];
          const ended = await image.node(...hook, 'bin/beamlift.js', ...args);
          const told: unknown = JSON.parse(ended.err.trim().split('\n').at(-1) ?? '');
          return { ...ended, loaded: z.array(z.string()).parse(told) };
        };
        const ends = ['--from', folder, '--to', `duckdb:${folder}/warehouse.duckdb`];
        const before = await beamlift('--version');
        const run = await beamlift('run', ...ends, '--files', 'rows.csv');
        assert.equal(run.code, 0, run.err);
        const beside = run.loaded.filter((file) => !before.loaded.includes(file));
        assert.deepEqual(
          beside.filter((file) => file.startsWith('dist/')),
          BUNDLE,
        );
        assert.ok(readBundle(path.join(image.folder, 'dist', 'bundle.js')).wasCompiled);
        assert.deepEqual(
          beside.filter((file) => /node_modules\/(?:zod|@duckdb\/node-api)\//.test(file)),
          [],
        );

        // Modules that were compiled later than the bundle.
        const compiled = path.join(image.folder, 'dist', '.tsbuildinfo');
        await writeFile(compiled, '');
        const stale = await beamlift('run', ...ends, '--files', 'rows.csv');
        await rm(compiled);
        assert.equal(stale.code, 0, stale.err);
        assert.ok(!stale.loaded.some((file) => BUNDLE.includes(file)));
        assert.ok(stale.loaded.includes('dist/launcher/launch.js'));

        // An error of the bundle is one to what was loaded before it.
        const missing = await beamlift('run', ...ends, '--files', 'nothing.csv');
        assert.equal(missing.code, 1);
        assert.match(missing.err, /"code":"SOURCE_NOT_FOUND"/);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it('has nothing that only development needs', async () => {
      const { devDependencies } = JSON.parse(await readFile(path.join(image.folder, 'package.json'), 'utf8'));
      const lock = lockSchema.parse(await image.json('node_modules/.package-lock.json'));
      const installed = Object.entries(lock.packages);
      assert.deepEqual(
        installed.filter(([, { dev }]) => dev === true),
        [],
      );
      assert.ok(!installed.some(([name]) => name === 'node_modules/mocha'));
      assert.ok('mocha' in devDependencies);
    });
  });

  describe('as the workers of a runner', () => {
    let shop: Shop;
    let prism: JobServiceProcess;

    before(async () => {
      shop = await Shop.open(10);
      prism = await startPrism(shop.secrets);
    });
    after(async () => {
      await Promise.all([prism.stop(), shop.close()]);
    });

    it('refuses a run that another version has planned', async () => {
      const file = path.join(image.folder, 'package.json');
      const original = await readFile(file, 'utf8');
      await writeFile(file, JSON.stringify({ ...JSON.parse(original), version: '999.0.0' }));
      try {
        const environment = `process:${image.boot}`;
        await shop.configure(
          'other_version',
          {},
          { endpoint: prism.endpoint, environment, workers_have_secrets: true },
        );
        const { reports } = await shop.run('--runner', 'portable');
        assert.equal(reports[0]?.error?.code, 'RUNNER_UNUSABLE');
        assert.match(reports[0].error.what, /planned by beamlift .*999\.0\.0/);
      } finally {
        await writeFile(file, original);
      }
    });
  });
});
