import assert from 'node:assert/strict';
import { localConfiguration, Workspace } from './workspace';

describe('a job whose source changed', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  const configuration = (pattern: string): string =>
    localConfiguration(
      `  rows: { file_pattern: "${pattern}", load_type: transactional, dest_table_name: rows }`,
    );
  const ids = async () => (await workspace.query('SELECT id::VARCHAR FROM rows ORDER BY id'))?.flat();

  beforeEach(async () => {
    workspace = await Workspace.create();
    await workspace.write('data/old/a.csv', 'id\n1\n');
    await workspace.write('beamlift.yaml', configuration('old/*.csv'));
    assert.equal((await workspace.beamlift(['run'])).code, 0);
    await workspace.write('data/new/b.csv', 'id\n2\n');
    await workspace.write('beamlift.yaml', configuration('**/*.csv'));
  });
  afterEach(async () => {
    await workspace.remove();
  });

  it('stops run and plan with both sources named', async () => {
    const { code, reports } = await workspace.beamlift(['run']);
    assert.deepEqual([code, reports[0]?.error?.code], [2, 'STATE_CONFLICT']);
    assert.match(reports[0]?.error?.why ?? '', /old\/\*\.csv of here.*\*\*\/\*\.csv of here/);
    const plan = await workspace.beamlift(['plan']);
    assert.equal(plan.code, 2);
    assert.match(plan.err, /--adopt-state/);
    assert.deepEqual(await ids(), ['1']);
  });

  it('goes on with --adopt-state: what was published is not loaded again', async () => {
    const { code, reports, err } = await workspace.beamlift(['run', '--adopt-state']);
    assert.equal(code, 0, err);
    assert.equal(reports[0]?.rows_loaded, 1);
    assert.deepEqual(await ids(), ['1', '2']);
    assert.equal((await workspace.beamlift(['run'])).reports[0]?.rows_loaded, 0);
  });

  it('begins anew with --fresh-state', async () => {
    const { reports } = await workspace.beamlift(['run', '--fresh-state']);
    assert.equal(reports[0]?.rows_loaded, 2);
    assert.deepEqual(await ids(), ['1', '1', '2']);
  });
});
