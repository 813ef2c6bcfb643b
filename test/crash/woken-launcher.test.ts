import assert from 'node:assert/strict';
import { DuckDBInstance } from '@duckdb/node-api';
import { localConfiguration, Workspace } from '../pipelines/workspace';
import { startLauncher } from './launcher-process';

/** Staging so many rows takes long enough to be stopped in the middle. */
const ROWS = 400_000;

describe('a launcher that wakes after its lease was taken', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
  });

  /** As if the holder had been asleep for longer than a lease is good for. */
  async function endLease(): Promise<void> {
    const instance = await DuckDBInstance.create(workspace.path('warehouse.duckdb'));
    const connection = await instance.connect();
    try {
      await connection.run(`UPDATE _beamlift_state SET run_lease_until = now() - INTERVAL 1 MINUTE`);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  it('publishes nothing: the newer run has', async () => {
    const rows = Array.from({ length: ROWS }, (_, row) => `${row},old\n`).join('');
    await workspace.write('data/rows.csv', `id,name\n${rows}`);
    await workspace.write(
      'beamlift.yaml',
      localConfiguration('  rows: { file_pattern: rows.csv, load_type: transactional }'),
    );
    const sleeper = startLauncher(workspace);
    try {
      let err = '';
      const staging = new Promise<void>((resolve) => {
        sleeper.stderr.on('data', (chunk: Buffer) => {
          err += chunk.toString();
          if (err.includes('"event":"etl.phase.stage.started"')) resolve();
        });
      });
      const ended = new Promise<number | null>((resolve) => sleeper.once('close', resolve));
      await staging;
      sleeper.kill('SIGSTOP');
      assert.ok(!err.includes('"event":"etl.phase.commit.started"'), 'it was stopped while staging');
      await endLease();

      const newer = await workspace.beamlift(['run']);
      assert.equal(newer.code, 0, newer.err);
      assert.equal(newer.reports[0]?.rows_loaded, ROWS);

      sleeper.kill('SIGCONT');
      assert.equal(await ended, 1, err);
      assert.match(err, /"code":"FENCED"/);
      assert.deepEqual(
        await workspace.query('SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR FROM rows'),
        [[String(ROWS), String(ROWS)]],
      );
    } finally {
      sleeper.kill('SIGKILL');
    }
  });
});
