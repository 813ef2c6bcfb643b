import assert from 'node:assert/strict';
import { Workspace } from './workspace';

/** Nothing listens on port 1. */
const CONFIGURATION = `connections:
  away: { source_type: postgresql, host: 127.0.0.1, port: 1, user: u, password: p, connect_timeout: 1 }
  here: { source_type: local, path: data }
destinations:
  warehouse: { type: duckdb, path: w.duckdb }
defaults: { destination: warehouse, load_type: catalog }
jobs:
  many: { connection: away, source_tables: ["public.*"] }
  people: { connection: here, file_pattern: people.csv }
`;

describe('a job over many tables whose server is away', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
    await workspace.write('data/people.csv', 'id\n1\n2\n');
    await workspace.write('beamlift.yaml', CONFIGURATION);
  });
  afterEach(async () => {
    await workspace.remove();
  });

  it('does not keep the others from running, and has a report', async () => {
    const { code, reports, err } = await workspace.beamlift(['run']);
    assert.equal(code, 1);
    assert.deepEqual(
      reports.map(({ job, status, rows_loaded, error }) => [job, status, rows_loaded, error?.code]),
      [
        ['many', 'failure', 0, 'CONNECTION_REFUSED'],
        ['people', 'success', 2, undefined],
      ],
    );
    assert.match(err, /CONNECTION_REFUSED/);
  });

  it('is the only report when it, or a table of it, is named alone', async () => {
    for (const [name, table] of [
      ['many', 'many'],
      ['many.orders', 'many'],
    ] as const) {
      const { code, reports } = await workspace.beamlift(['run', name]);
      assert.deepEqual([code, reports.map(({ job }) => job)], [1, [table]]);
    }
  });

  it('is checked as far as it goes, and the others are checked, too', async () => {
    const { code, out } = await workspace.beamlift(['check', 'many', 'people']);
    assert.equal(code, 1);
    assert.match(out, /failed {2}job many \(database\)\n\s+tables: failed {2}PostgreSQL at 127\.0\.0\.1:1 /);
    assert.match(out, /ok {6}job people \(files\)/);
  });
});
