import assert from 'node:assert/strict';
import { REACHABLE, type Reachable } from './laboratory';
import { BREAKS } from './protocol-breaks';
import { simulate } from './simulate';

/** The first seed, and how many; by BEAMLIFT_SIMULATOR_SEEDS=first:count. One seed alone, with its trace when it fails: 4711:1. */
const [FIRST_SEED = 1, SEEDS = 10_000] = (process.env['BEAMLIFT_SIMULATOR_SEEDS'] ?? '')
  .split(':', 2)
  .flatMap((text) => (text === '' ? [] : [Number(text)]));

/** So many seeds have come by every place of the protocol. */
const SEEDS_THAT_REACH_ALL = 2_000;

/** A broken protocol that has passed so many seeds would pass for a sound one. */
const SEEDS_FOR_A_BREAK = 1_000;

/** Events of the trace of a failed seed that are shown: its end. */
const SHOWN_LINES = 400;

describe('the commit protocol of BigQuery, simulated', function () {
  this.timeout(1_800_000);

  it(`loads every row exactly once, whatever fails: ${SEEDS} seeds from ${FIRST_SEED}`, async () => {
    const reached = new Map<Reachable, number>(REACHABLE.map((place) => [place, 0]));
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const story = await simulate(seed).catch(() => undefined);
      if (story === undefined) await tell(seed);
      for (const [place, count] of story?.reached ?? [])
        reached.set(place, (reached.get(place) ?? 0) + count);
    }
    if (SEEDS < SEEDS_THAT_REACH_ALL) return;
    const missed = [...reached].filter(([, count]) => count === 0).map(([place]) => place);
    assert.deepEqual(missed, [], 'places of the protocol that no seed came by');
  });

  it('does the same whenever a seed is run again', async () => {
    const [first, second] = [await simulate(FIRST_SEED), await simulate(FIRST_SEED)];
    assert.deepEqual(second, first);
  });

  for (const [rule, weaken] of Object.entries(BREAKS)) {
    it(`finds a protocol in which ${rule}`, async () => {
      for (let seed = 1; seed <= SEEDS_FOR_A_BREAK; seed++) {
        if (
          await simulate(seed, weaken).then(
            () => false,
            () => true,
          )
        )
          return;
      }
      assert.fail(`${SEEDS_FOR_A_BREAK} seeds did not notice`);
    });
  }
});

/** Runs a failed seed again, to show what happened in it. */
async function tell(seed: number): Promise<never> {
  try {
    await simulate(seed, undefined, true);
  } catch (thrown) {
    const [what = '', ...trace] = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n');
    const left = trace.length - SHOWN_LINES;
    const shown = left > 0 ? [`(${left} lines before)`, ...trace.slice(left)] : trace;
    assert.fail([`${what}; again with BEAMLIFT_SIMULATOR_SEEDS=${seed}:1`, ...shown].join('\n'));
  }
  assert.fail(`seed ${seed} failed, and does not fail again`);
}
