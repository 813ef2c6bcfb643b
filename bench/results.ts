import { LIMITS, type LimitName } from './limits';
import type { Usage } from './measured-run';
import { PATHS, type Bound, type Path } from './paths';
import type { MeasuredLoad } from './scene';

/** What was measured in one go; kept as JSON. */
export interface Results {
  readonly machine: Machine;
  /** When it began, ISO 8601. */
  readonly date: string;
  readonly commit: string;
  readonly rows: number;
  /** Rows of the runs that are subtracted as start-up. */
  readonly few: number;
  /** One entry for each round, everywhere. */
  readonly paths: readonly PathRounds[];
  readonly limits: Readonly<Partial<Record<LimitName, readonly Usage[]>>>;
  /** Limits that could not be measured, and why. */
  readonly missing: Readonly<Partial<Record<LimitName, string>>>;
}

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGigabytes: number;
  readonly system: string;
  /** Of what takes part, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface PathRounds {
  readonly path: string;
  readonly loads: readonly MeasuredLoad[];
  /** Of few rows. */
  readonly startUps: readonly MeasuredLoad[];
}

/** Of a path: medians of its rounds, but for memory, of which it is the largest. */
export interface Summary {
  readonly path: string;
  readonly title: string;
  /** Without start-up. */
  readonly cpuSeconds: number;
  readonly startUpSeconds: number;
  /** Of the whole process. */
  readonly wallSeconds: number;
  /** From the start of the first unit to the end of the last, without that of start-up. */
  readonly stageSeconds: number;
  readonly peakMegabytes: number;
  readonly rowsPerCpuSecond: number;
  readonly comparisons: readonly Comparison[];
  readonly memory: Verdict | undefined;
}

/** A path beside a limit. */
export interface Comparison {
  readonly limit: LimitName;
  readonly title: string;
  /** Why there is nothing to compare with. */
  readonly missing?: string;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakMegabytes: number;
  /** Of CPU, and of time where a bound is about that. */
  readonly ratio: number;
  readonly of: 'cpu' | 'time';
  readonly verdict: Verdict | undefined;
}

export interface Verdict {
  readonly atMost: number;
  readonly holds: boolean;
}

/** `generosity`: bounds are so many times what they are. `paths`: with the limits and bounds that count. */
export function summarize(
  results: Results,
  generosity = 1,
  paths: readonly Path[] = PATHS,
): readonly Summary[] {
  return results.paths.map(({ path: name, loads, startUps }) => {
    const path = paths.find((known) => known.name === name);
    if (path === undefined) throw new Error(`There is no path ${name}`);
    const without = (of: 'cpuSeconds' | 'stageSeconds'): number => {
      const more = loads.map((load, round) => load[of] - (startUps[round]?.[of] ?? NaN));
      return (median(more) * results.rows) / (results.rows - results.few);
    };
    const [cpuSeconds, stageSeconds] = [without('cpuSeconds'), without('stageSeconds')];
    const peakMegabytes = Math.max(...loads.map((load) => load.peakMegabytes));
    const measured = path.limits.filter((limit) => limit in results.limits || limit in results.missing);
    const comparisons = measured.map((limit) => {
      const bound = path.bounds.find((one) => one.of !== 'memory' && one.limit === limit);
      return compare(results, limit, bound, { cpuSeconds, stageSeconds }, generosity);
    });
    const memory = path.bounds.find((bound) => bound.of === 'memory');
    return {
      ...{ path: name, title: path.title, cpuSeconds, stageSeconds, peakMegabytes, comparisons },
      startUpSeconds: median(startUps.map((run) => run.cpuSeconds)),
      wallSeconds: median(loads.map((load) => load.wallSeconds)),
      rowsPerCpuSecond: results.rows / cpuSeconds,
      memory: memory === undefined ? undefined : verdictOf(peakMegabytes, memory.atMost * generosity),
    };
  });
}

function compare(
  results: Results,
  limit: LimitName,
  bound: Bound | undefined,
  ours: { readonly cpuSeconds: number; readonly stageSeconds: number },
  generosity: number,
): Comparison {
  const rounds = results.limits[limit] ?? [];
  const missing = results.missing[limit];
  const of = bound?.of === 'time' ? 'time' : 'cpu';
  const cpuSeconds = median(rounds.map((round) => round.cpuSeconds));
  const wallSeconds = median(rounds.map((round) => round.wallSeconds));
  const ratio = of === 'time' ? ours.stageSeconds / wallSeconds : ours.cpuSeconds / cpuSeconds;
  return {
    ...{ limit, title: LIMITS[limit].title, of, cpuSeconds, wallSeconds, ratio },
    ...(missing === undefined ? {} : { missing }),
    peakMegabytes: Math.max(...rounds.map((round) => round.peakMegabytes)),
    verdict:
      bound === undefined || missing !== undefined ? undefined : verdictOf(ratio, bound.atMost * generosity),
  };
}

function verdictOf(measured: number, atMost: number): Verdict {
  return { atMost, holds: measured <= atMost };
}

/** Bounds that do not hold, in words. */
export function broken(summaries: readonly Summary[]): readonly string[] {
  return summaries.flatMap(({ title, comparisons, memory, peakMegabytes }) => [
    ...comparisons
      .filter(({ verdict }) => verdict?.holds === false)
      .map(
        (one) =>
          `${title}: ${one.ratio.toFixed(2)} x the ${one.of === 'cpu' ? 'CPU' : 'time'} of "${one.title}", at most ${String(one.verdict?.atMost)}`,
      ),
    ...(memory?.holds === false
      ? [`${title}: ${peakMegabytes.toFixed(0)} MB of memory, at most ${memory.atMost}`]
      : []),
  ]);
}

/** The middle one; of two in the middle the smaller. NaN for none. */
export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? NaN;
}
