import { measureLimit, missingFor, type LimitName, type Resources } from './limits';
import { currentCommit, describeMachine } from './machine';
import type { Usage } from './measured-run';
import type { Path } from './paths';
import type { Results } from './results';
import { measureLoad, type MeasuredLoad, type Scene } from './scene';

/** How often, and whether each measurement comes behind the same that is not counted. */
export interface Repetitions {
  readonly rounds: number;
  readonly warmUp: boolean;
}

/**
 * Measures paths and their limits so many times: each round does everything once, one after another, so that what else the machine does
 * befalls all of them. On a virtual machine, whoever takes memory that was idle for a while pays for it, and whoever comes right behind takes
 * the same memory and does not (measured: DuckDB's INSERT 2.2 s behind a run of beamlift, 2.8 s before one): a warm-up puts all in the same place.
 */
export async function measurePaths(
  scene: Scene,
  paths: readonly Path[],
  { rounds, warmUp }: Repetitions,
  resources: Resources,
  note: (what: string) => void,
): Promise<Results> {
  const date = new Date().toISOString();
  const names = [...new Set(paths.flatMap(({ limits }) => limits))];
  const limits = new Map<LimitName, Usage[]>();
  const missing = new Map<LimitName, string>();
  for (const name of names) {
    const why = missingFor(name, resources);
    if (why === undefined) limits.set(name, []);
    else missing.set(name, why);
  }
  const measured = paths.map(({ name }) => ({
    path: name,
    loads: [] as MeasuredLoad[],
    startUps: [] as MeasuredLoad[],
  }));
  for (let round = 1; round <= rounds; round++) {
    const say = (what: string, { cpuSeconds, wallSeconds }: Usage): void =>
      note(
        `round ${round} of ${rounds}: ${what}: CPU ${cpuSeconds.toFixed(2)} s, ${wallSeconds.toFixed(2)} s`,
      );
    for (const [index, path] of paths.entries()) {
      const startUp = await measureLoad(scene, path.few, path.concurrency, scene.few);
      const load = await second(warmUp, async () => {
        return await measureLoad(scene, path.job, path.concurrency, scene.rows);
      });
      measured[index]?.startUps.push(startUp);
      measured[index]?.loads.push(load);
      say(`${path.title}, ${scene.few} rows`, startUp);
      say(path.title, load);
      for (const name of path.limits) {
        const usages = limits.get(name);
        if (usages === undefined || usages.length === round) continue;
        const usage = await second(warmUp, async () => await measureLimit(name, scene, resources));
        usages.push(usage);
        say(name, usage);
      }
    }
  }
  return {
    ...{ machine: await describeMachine(scene), date, commit: await currentCommit() },
    ...{ rows: scene.rows, few: scene.few, paths: measured },
    limits: Object.fromEntries(limits),
    missing: Object.fromEntries(missing),
  };
}

async function second<Result>(warmUp: boolean, measure: () => Promise<Result>): Promise<Result> {
  if (warmUp) await measure();
  return await measure();
}
