import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { localConfiguration, Workspace } from '../pipelines/workspace';
import { startLauncher } from './launcher-process';

const ROWS = 150_000;

/** Runs the program in a process of its own; `killAfterEvent`: kill -9 so many milliseconds after this event of its log. */
async function runProcess(
  workspace: Workspace,
  kill?: { afterEvent: string; delayMs: number },
): Promise<{ code: number | null; signal: NodeJS.Signals | null; err: string }> {
  const child = startLauncher(workspace);
  let err = '';
  let killing = false;
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    if (kill !== undefined && !killing && err.includes(`"event":"${kill.afterEvent}"`)) {
      killing = true;
      void sleep(kill.delayMs).then(() => child.kill('SIGKILL'));
    }
  });
  return await new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, err }));
  });
}

describe('kill -9 of the launcher', function () {
  this.timeout(120_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
    const lines = (file: number): string =>
      `id,name\n${Array.from({ length: ROWS / 3 }, (_, row) => `${file * ROWS + row},name ${row}\n`).join('')}`;
    for (const file of [1, 2, 3]) await workspace.write(`data/${file}.csv`, lines(file));
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const moments = [
    { afterEvent: 'etl.started', delayMs: 0 },
    { afterEvent: 'etl.phase.plan.completed', delayMs: 0 },
    { afterEvent: 'etl.phase.stage.started', delayMs: 150 },
    { afterEvent: 'etl.phase.commit.started', delayMs: 0 },
    { afterEvent: 'etl.phase.commit.started', delayMs: 60 },
    { afterEvent: 'etl.phase.commit.started', delayMs: 120 },
    { afterEvent: 'etl.phase.commit.completed', delayMs: 0 },
  ];

  it('an appending job loads every row once, whenever it was killed', async () => {
    await workspace.write(
      'beamlift.yaml',
      localConfiguration('  rows: { file_pattern: "*.csv", load_type: transactional }'),
    );
    let killed = 0;
    for (const moment of moments) {
      const { signal } = await runProcess(workspace, moment);
      if (signal === 'SIGKILL') killed += 1;
      const seen = await workspace
        .query('SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR FROM rows')
        .catch(() => undefined);
      if (seen !== undefined)
        assert.deepEqual(
          seen,
          [[String(ROWS), String(ROWS)]],
          `after ${moment.afterEvent}: all rows or no table`,
        );
    }
    assert.ok(killed >= 4, `${killed} of ${moments.length} runs were killed`);
    const { code, err } = await runProcess(workspace);
    assert.equal(code, 0, err);
    assert.deepEqual(
      await workspace.query('SELECT count(*)::VARCHAR, count(DISTINCT id)::VARCHAR FROM rows'),
      [[String(ROWS), String(ROWS)]],
    );
  });

  it('a replacing job shows the old table or the new one', async () => {
    await workspace.write('beamlift.yaml', localConfiguration('  rows: { file_pattern: "1.csv" }'));
    assert.equal((await runProcess(workspace)).code, 0);
    await workspace.write('data/1.csv', 'id,name\n-1,new\n');
    const seen = new Set<string>();
    for (const moment of moments.filter(({ afterEvent }) => afterEvent.includes('commit'))) {
      await runProcess(workspace, moment);
      seen.add(JSON.stringify(await workspace.query('SELECT count(*)::VARCHAR, min(id)::VARCHAR FROM rows')));
    }
    const allowed = [JSON.stringify([[String(ROWS / 3), String(ROWS)]]), JSON.stringify([['1', '-1']])];
    for (const table of seen) assert.ok(allowed.includes(table), table);
    assert.equal((await runProcess(workspace)).code, 0);
    assert.deepEqual(await workspace.query('SELECT id::VARCHAR, name FROM rows'), [['-1', 'new']]);
  });
});
