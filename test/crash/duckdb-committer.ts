import path from 'node:path';
import type { JobState } from '../../core/loader';
import type { Disposition } from '../../core/plan';
import { DuckdbFixture, NEVER, stageRows } from '../unit/duckdb/duckdb-fixture';
import { Oracle } from '../unit/duckdb/oracle';

/** Rows of each run; each has its own key and the number of its run. */
export const ROWS = 20_000;
export const DISPOSITIONS: readonly Disposition[] = ['append', 'replace', 'merge'];

const COLUMNS = [
  ['id', { kind: 'int', bits: 64 }],
  ['run', { kind: 'int', bits: 64 }],
  ['text', { kind: 'string' }],
] as const;

function lastRun(state: JobState | null): number {
  return Number(state?.lastCommit?.runId.replace('run-', '') ?? 0);
}

/** Loads into one table for each disposition, run after run, until somebody kills the process. */
async function commitForever(folder: string): Promise<void> {
  const fixture = DuckdbFixture.at(folder, new Oracle());
  const patient = { attempts: 200, minDelayMs: 5, maxDelayMs: 20, factor: 1 };
  for (;;) {
    for (const disposition of DISPOSITIONS) {
      const loader = fixture.loader({ table: { schema: 'main', name: disposition }, lockPolicy: patient });
      const identity = { job: disposition, fingerprint: 'f' };
      const run = lastRun(await loader.readState(identity, NEVER)) + 1;
      const runId = `run-${run}`;
      const lease = await loader.acquireLease(identity, runId, 'fail', NEVER);
      const context = fixture.context(COLUMNS, {
        runId,
        job: disposition,
        fence: lease.fence,
        disposition,
        keyColumns: ['id'],
        createTable: run === 1,
        nextWatermark: String(run),
        stagingFolder: path.join(folder, 'staging', `${disposition}-${run}-${process.pid}`),
      });
      const offset = disposition === 'append' ? run * ROWS : 0;
      const rows = Array.from({ length: ROWS }, (_, index) => [
        BigInt(offset + index),
        BigInt(run),
        `text of row ${index} in run ${run}`,
      ]);
      const half = ROWS / 2;
      const manifests = await stageRows(loader, context, [rows.slice(0, half), rows.slice(half)]);
      process.stdout.write(`${disposition} ${run}\n`);
      await loader.commit(context, manifests, { [`file-${run}`]: 'v' }, NEVER);
      await lease.release();
    }
  }
}

if (require.main === module) void commitForever(process.argv[2] ?? '');
