import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DuckdbFixture } from '../unit/duckdb/duckdb-fixture';
import { Oracle } from '../unit/duckdb/oracle';
import { DISPOSITIONS, ROWS } from './duckdb-committer';

/** How often the process is killed; more by BEAMLIFT_KILLS. */
const KILLS = Number(process.env['BEAMLIFT_KILLS'] ?? '3');
/** After the first commit has begun, at a moment between these, in milliseconds: before, during and after commits of about 150 ms. */
const LONGEST_LIFE_MS = 700;

describe('kill -9 while DuckDB is written', () => {
  const oracle = new Oracle();
  let fixture: DuckdbFixture;
  after(() => oracle.close());
  before(async () => (fixture = await DuckdbFixture.make(oracle)));
  after(async () => await fixture.remove());

  /** Runs the committer and kills it somewhere. */
  async function killSomewhere(): Promise<void> {
    const child = spawn(
      process.execPath,
      ['--require', 'tsx/cjs', path.join(__dirname, 'duckdb-committer.ts'), fixture.folder],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    await delay(Math.random() * LONGEST_LIFE_MS);
    assert.equal(child.exitCode, null, 'the committer ended by itself');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** What a stranger finds: every run is there as a whole or not at all, and the state says which. */
  async function checkTables(): Promise<number> {
    const states = await fixture.ask(
      `SELECT job, watermark, last_commit->>'runId', len(json_keys(files)) FROM _beamlift_state`,
    );
    let committed = 0;
    for (const disposition of DISPOSITIONS) {
      const state = states.find(([job]) => job === disposition);
      const last = Number((state?.[2] ?? 'run-0').replace('run-', ''));
      if (last === 0) continue;
      committed += last;
      assert.equal(state?.[1], String(last), `watermark of ${disposition}`);
      const [found] = await fixture.ask(
        `SELECT count(*), count(DISTINCT id), min(run), max(run), count(DISTINCT run), count(text) FROM ${disposition}`,
      );
      const runs = disposition === 'append' ? last : 1;
      const all = String(runs * ROWS);
      assert.deepEqual(
        found,
        [all, all, String(last - runs + 1), String(last), String(runs), all],
        disposition,
      );
      assert.equal(state[3], String(disposition === 'replace' ? 1 : last), `files of ${disposition}`);
    }
    return committed;
  }

  it(`leaves whole runs, ${KILLS} times in a row on one file`, async function () {
    this.timeout(10_000 + KILLS * 8_000);
    let before = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await killSomewhere();
      const committed = await checkTables();
      assert.ok(committed >= before, 'what was published stays');
      before = committed;
    }
    assert.ok(before > 0, 'something was published in all that time');
  });
});
