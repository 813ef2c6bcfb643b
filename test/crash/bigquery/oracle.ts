import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CrashScene, EndedRun } from './crash-scene';
import { tableText } from './load-cases';

/** A reader sees the table as it was, or as it has to be: never a part, and never nothing between. */
export async function assertOldOrNew(scene: CrashScene): Promise<void> {
  const seen = await scene.table();
  const { before, after } = scene.load;
  assert.ok([tableText(before), tableText(after)].includes(seen), `a reader saw:\n${seen}`);
}

/** That run has to end well. */
export function assertSuccess({ code, report, err }: EndedRun): void {
  assert.equal(code, 0, err);
  assert.equal(report?.status, 'success', err);
}

/**
 * Every row once, nothing left behind, and a job that remembers exactly what was loaded: another run finds nothing new. `orphans`:
 * objects that somebody wrote after they were swept may be there; a later sweep takes them when they are old enough.
 */
export async function assertExact(scene: CrashScene, { orphans = false } = {}): Promise<void> {
  const expected = tableText(scene.load.after);
  assert.equal(await scene.table(), expected);
  const leftovers = async (): Promise<string[]> =>
    (await scene.leftovers()).filter((name) => !orphans || name.startsWith('table '));
  assert.deepEqual(await leftovers(), [], 'left behind');
  const state = JSON.parse(await scene.state()) as {
    files: Record<string, string>;
    lease: unknown;
    run: { state: string } | null;
  };
  assert.equal(state.lease, null, 'the lease was given back');
  assert.equal(state.run?.state, 'committed');
  if (scene.source.remembersFiles) {
    const remembered = Object.keys(state.files).map((uri) => basename(uri));
    assert.deepEqual(remembered.sort(), Object.keys(scene.load.files).sort(), 'files that count as loaded');
  }

  if (scene.load.keys.includes('replace')) return;
  const again = await scene.run();
  assertSuccess(again);
  assert.equal(again.report?.rows_loaded, 0, 'nothing is new');
  assert.equal(await scene.table(), expected, 'after another run');
  assert.deepEqual(await leftovers(), [], 'left behind by another run');
}

/** The transactions of a case take some seconds on a busy machine. */
const MAX_RUNS_OF_LATER = 50;

/** What comes later is loaded once, too: the job is neither ahead of its data nor behind. */
export async function assertGoesOn(scene: CrashScene): Promise<void> {
  const later = [{ id: 100, name: 'later' }];
  await scene.source.add('later.csv', later);
  for (let runs = 0; ; runs++) {
    const ended = await scene.run();
    assertSuccess(ended);
    // Other transactions of the server, of other cases, may have begun before the row was there: then it is for a later run.
    if (ended.report?.rows_loaded !== 0 || runs === MAX_RUNS_OF_LATER) break;
    await sleep(200);
  }
  assert.equal(await scene.table(), tableText([...scene.load.after, ...later]));
}
