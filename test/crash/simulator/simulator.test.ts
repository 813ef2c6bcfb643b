import { simulate } from './simulate';

/** The first seed, and how many: BEAMLIFT_SIMULATOR_SEEDS=first:count; one seed alone with its trace: first:1. */
const [FIRST_SEED = 1, SEEDS = 10_000] = (process.env['BEAMLIFT_SIMULATOR_SEEDS'] ?? '1:10000')
  .split(':')
  .map(Number);

describe('the commit protocol of BigQuery, simulated', function () {
  this.timeout(600_000);

  it(`loads every row exactly once, whatever fails: ${SEEDS} seeds from ${FIRST_SEED}`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        await simulate(seed);
      } catch {
        await simulate(seed, undefined, true);
        throw new Error(`seed ${seed} failed, and does not fail again`);
      }
    }
  });
});
