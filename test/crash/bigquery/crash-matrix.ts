/** A place in a run: the nth request of its kind. */
export interface CrashPoint {
  readonly effect: string;
  readonly nth: number;
}

export interface MatrixCase<Phase extends string | number> {
  readonly load: string;
  readonly point: CrashPoint;
  readonly phase: Phase;
}

/** The kinds of requests with the number of each, in the order in which they first came. */
export function pointsOf(effects: readonly string[]): CrashPoint[] {
  const counts = new Map<string, number>();
  return effects.map((effect) => {
    const nth = (counts.get(effect) ?? 0) + 1;
    counts.set(effect, nth);
    return { effect, nth };
  });
}

/** Effects of which each is another step. */
const SEVERAL_STEPS = /^(?:tableLease\.|part\.upload\.chunk$)/;

/**
 * The first request of each kind, and what of the others is another step: the leases, and the chunks of an upload. In between, a run does the
 * same to other objects: the next unit's file, the next deletion.
 */
export function distinctPoints(points: readonly CrashPoint[]): CrashPoint[] {
  return points.filter(({ effect, nth }) => nth === 1 || SEVERAL_STEPS.test(effect));
}

/** What was tried, and what came of it: an exact table, or why not. */
export class CrashMatrix<Phase extends string | number> {
  readonly failures: string[] = [];
  /** How often the tables were read while the cases went on. */
  reads = 0;
  private readonly cells = new Map<string, Map<string, string>>();
  private readonly loads = new Set<string>();
  private count = 0;
  private seconds = 0;

  constructor(private readonly title: string) {}

  /** Runs the cases, `width` at a time. What fails is kept for the end, with the case's name. */
  async run(
    cases: readonly MatrixCase<Phase>[],
    width: number,
    attempt: (one: MatrixCase<Phase>) => Promise<void>,
  ): Promise<void> {
    const waiting = [...cases];
    const started = Date.now();
    const work = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        let cell = 'exact';
        try {
          await attempt(one);
        } catch (error) {
          cell = 'WRONG';
          const { load, point, phase } = one;
          const text = error instanceof Error ? error.message : String(error);
          this.failures.push(`${load}, ${phase} ${point.effect} (${point.nth}): ${text}`);
        }
        this.note(one, cell);
      }
    };
    await Promise.all(Array.from({ length: width }, work));
    this.seconds += (Date.now() - started) / 1000;
  }

  /** Lines of effect and phase, a column for each way of loading. */
  toString(): string {
    const loads = [...this.loads];
    const rows = [...this.cells].map(([name, row]) => [name, ...loads.map((load) => row.get(load) ?? '')]);
    const table = [[this.title, ...loads], ...rows];
    const widths = [0, ...loads.map((_, index) => index + 1)].map((column) =>
      Math.max(...table.map((row) => (row[column] ?? '').length)),
    );
    const lines = table.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
    const counts = [
      `${this.count} crash points`,
      `${this.failures.length} wrong`,
      ...(this.reads > 0 ? [`${this.reads} reads meanwhile`] : []),
      `${this.seconds.toFixed(1)} s`,
    ];
    return `\n${lines.join('\n')}\n${counts.join(', ')}\n`;
  }

  private note({ load, point, phase }: MatrixCase<Phase>, cell: string): void {
    this.count += 1;
    this.loads.add(load);
    const name = `${phase} ${point.effect}${point.nth === 1 ? '' : ` (${point.nth})`}`;
    const row = this.cells.get(name) ?? new Map<string, string>();
    row.set(load, cell);
    this.cells.set(name, row);
  }
}
