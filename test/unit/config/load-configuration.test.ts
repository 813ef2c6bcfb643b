import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError } from '../../../core/errors';
import { MAX_CONFIGURATION_BYTES } from '../../../launcher/config/configuration-file';
import { checkConfiguration, loadConfiguration } from '../../../launcher/config/load-configuration';
import { FAKE_MODULES } from './fake-modules';
import { withFolder } from './temporary-folder';

const TEXT = `connections: { here: { source_type: local, path: data } }
destinations: { warehouse: { type: duckdb, path: w.duckdb } }
jobs: { sales: { connection: here, file_pattern: "*.csv", load_type: catalog } }
`;

async function load(cwd: string, file?: string, environment: Record<string, string> = {}) {
  return await loadConfiguration({ file, cwd, environment, modules: FAKE_MODULES });
}

async function failure(work: Promise<unknown>): Promise<BeamliftError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof BeamliftError, String(error));
    return error;
  }
  assert.fail('it did not fail');
}

describe('configuration file', () => {
  it('is looked for in its order', async () => {
    await withFolder(async (folder) => {
      const expectFile = async (
        expected: string,
        ...given: [file?: string, environment?: Record<string, string>]
      ) => assert.equal((await load(folder, ...given)).file, path.join(folder, expected));
      await writeFile(path.join(folder, 'beamlift.json'), JSON.stringify({ jobs: {} }));
      assert.match((await failure(load(folder))).why ?? '', /^beamlift\.json:1:\d+ {2}jobs: there is no job/);
      await writeFile(path.join(folder, 'beamlift.yml'), TEXT);
      await expectFile('beamlift.yml');
      await writeFile(path.join(folder, 'beamlift.yaml'), TEXT);
      await expectFile('beamlift.yaml');
      await writeFile(path.join(folder, 'named.yaml'), TEXT);
      await expectFile('named.yaml', undefined, { BEAMLIFT_CONFIG: 'named.yaml' });
      await expectFile('beamlift.yaml', undefined, { BEAMLIFT_CONFIG: '' });
      await expectFile('beamlift.yml', 'beamlift.yml', { BEAMLIFT_CONFIG: 'named.yaml' });
    });
  });

  it('is missing with a text about where it was looked for', async () => {
    await withFolder(async (folder) => {
      const none = await failure(load(folder));
      assert.equal(none.code, 'CONFIG_NOT_FOUND');
      assert.ok(none.why?.includes(`./beamlift.yaml, ./beamlift.yml, ./beamlift.json in ${folder}`));
      assert.match(none.hint ?? '', /beamlift init/);
      const named = await failure(load(folder, 'x.yaml'));
      assert.equal(named.what, 'The configuration file x.yaml does not exist');
      assert.equal(named.why, 'It is named by -f.');
      const variable = await failure(load(folder, undefined, { BEAMLIFT_CONFIG: '/nowhere/x.yaml' }));
      assert.match(variable.why ?? '', /BEAMLIFT_CONFIG/);
      await mkdir(path.join(folder, 'beamlift.yaml'));
      assert.match((await failure(load(folder))).what, /is a folder/);
    });
  });

  it('is bounded, and text', async () => {
    await withFolder(async (folder) => {
      const file = path.join(folder, 'beamlift.yaml');
      await writeFile(file, Buffer.alloc(MAX_CONFIGURATION_BYTES + 1, '#'));
      assert.match((await failure(load(folder))).why ?? '', /larger than 1048576 bytes/);
      await writeFile(file, Buffer.from([0x61, 0x3a, 0xff]));
      assert.match((await failure(load(folder))).why ?? '', /not UTF-8/);
      await writeFile(file, `\uFEFF${TEXT}`);
      assert.equal((await load(folder)).jobs.length, 1);
      const endless = await failure(load(folder, '/dev/zero'));
      assert.equal(endless.code, 'CONFIG_INVALID');
    });
  });

  it('gives its own folder to relative paths, wherever the command is run', async () => {
    await withFolder(async (folder) => {
      await mkdir(path.join(folder, 'etl'));
      await writeFile(path.join(folder, 'etl', 'x.yaml'), TEXT);
      const configuration = await load(folder, 'etl/x.yaml');
      assert.equal(configuration.baseFolder, path.join(folder, 'etl'));
      assert.equal(configuration.connections.get('here')?.config['path'], path.join(folder, 'etl', 'data'));
      assert.equal(
        configuration.destinations.get('warehouse')?.config['path'],
        path.join(folder, 'etl', 'w.duckdb'),
      );
      assert.deepEqual(configuration.runStore, {
        type: 'sqlite',
        config: { path: path.join(folder, 'etl', '.beamlift', 'runs.db') },
      });
      await symlink(path.join(folder, 'etl', 'x.yaml'), path.join(folder, 'link.yaml'));
      assert.equal((await load(folder, 'link.yaml')).baseFolder, folder);
    });
  });

  it('has its problems as an error and as data', async () => {
    await withFolder(async (folder) => {
      await writeFile(path.join(folder, 'beamlift.yaml'), TEXT.replace('catalog', 'catalogue'));
      const error = await failure(load(folder));
      assert.equal(error.code, 'CONFIG_INVALID');
      assert.equal(error.exitCode, 2);
      assert.equal(error.what, 'beamlift.yaml has 1 problem');
      assert.deepEqual(error.where, { object: 'beamlift.yaml' });
      const { problems, configuration } = await checkConfiguration({
        cwd: folder,
        environment: {},
        modules: FAKE_MODULES,
      });
      assert.equal(configuration, undefined);
      assert.deepEqual(problems, [
        {
          file: 'beamlift.yaml',
          line: 3,
          column: 59,
          path: 'jobs.sales.load_type',
          text: 'expected transactional, append, catalog, replace or merge; did you mean catalog?',
        },
      ]);
      assert.match(error.why ?? '', /^beamlift\.yaml:3:59 {2}jobs\.sales\.load_type: expected/);
    });
  });

  it('needs no jobs where a command looks at connections alone', async () => {
    await withFolder(async (folder) => {
      await writeFile(
        path.join(folder, 'beamlift.yaml'),
        'connections: { here: { type: local, path: . } }\n',
      );
      assert.equal((await failure(load(folder))).code, 'CONFIG_INVALID');
      const input = { cwd: folder, environment: {}, modules: FAKE_MODULES, needsJobs: false };
      assert.deepEqual((await loadConfiguration(input)).jobs, []);
    });
  });
});
