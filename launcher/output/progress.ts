import type { Plan } from '../../core/plan';
import type { Phase, RunEvent } from '../../pipelines/run-events';

/** What is known about a running job. Times are in milliseconds of one clock. */
export interface Progress {
  readonly job: string;
  readonly phase: Phase | undefined;
  readonly rows: number;
  readonly bytes: number;
  /** 0 to 1; undefined: there is no estimate to measure against. Below 1 until all units are done. */
  readonly share: number | undefined;
  readonly rowsPerSecond: number | undefined;
  readonly unitsDone: number;
  /** Undefined before the plan is made. */
  readonly units: number | undefined;
  readonly elapsedSeconds: number;
  /** A job of the destination that is waited for: `BigQuery load job`. */
  readonly awaits?: string | undefined;
}

/** Rates are means over so many milliseconds: short enough to show a stall, long enough not to flicker. */
const RATE_WINDOW_MS = 5_000;

/** Share of work that a progress may show before the last unit has ended, since estimates may be too low. */
const MAX_UNFINISHED_SHARE = 0.99;

interface PlannedSize {
  readonly units: number;
  readonly rows: number | null;
  /** At the source. */
  readonly bytes: number | null;
}

interface UnitProgress {
  rows: number;
  sourceBytes: number;
  stagedBytes: number;
}

/** Follows the events of one run. What a failed attempt of a unit had read is taken back when the unit starts again. */
export class ProgressTracker {
  private phase: Phase | undefined;
  private readonly units = new Map<string, UnitProgress>();
  private readonly total: UnitProgress = { rows: 0, sourceBytes: 0, stagedBytes: 0 };
  private planned: PlannedSize | undefined;
  private done = 0;
  private isTold = false;
  private samples: { at: number; rows: number }[] = [];

  constructor(
    private readonly job: string,
    private readonly began: number,
  ) {}

  take(event: RunEvent): void {
    switch (event.kind) {
      case 'planned':
        this.planned = plannedSize(event.plan);
        return;
      case 'phase.started':
        this.phase = event.phase;
        return;
      case 'unit.started':
        this.isTold = true;
        this.forget(event.unit);
        return;
      case 'unit.progress':
        this.add(event.unit, event);
        return;
      case 'unit.completed':
        this.done += 1;
        return;
      case 'runner.counters':
        // Workers of this process tell of each unit, which is closer.
        if (!this.isTold) this.replace(event.counters);
        return;
      case 'phase.completed':
      case 'unit.retried':
      case 'runner.submitted':
      case 'runner.state':
      case 'runner.message':
      case 'runner.workers':
        return;
    }
  }

  /** Remembers a sample for the rate: called about as often as it is shown. */
  snapshot(now: number): Progress {
    return {
      job: this.job,
      phase: this.phase,
      rows: this.total.rows,
      bytes: this.total.stagedBytes,
      share: this.share(),
      rowsPerSecond: this.rate(now),
      unitsDone: this.done,
      units: this.planned?.units,
      elapsedSeconds: (now - this.began) / 1000,
    };
  }

  private add(unit: string, more: UnitProgress): void {
    const progress = this.units.get(unit) ?? { rows: 0, sourceBytes: 0, stagedBytes: 0 };
    this.units.set(unit, progress);
    for (const counter of [progress, this.total]) {
      counter.rows += more.rows;
      counter.sourceBytes += more.sourceBytes;
      counter.stagedBytes += more.stagedBytes;
    }
  }

  /** A runner counts for all units together. */
  private replace(counters: ReadonlyMap<string, number>): void {
    this.done = counters.get('units_done') ?? 0;
    this.total.rows = counters.get('rows_read') ?? 0;
    this.total.stagedBytes = counters.get('bytes_staged') ?? 0;
  }

  private forget(unit: string): void {
    const progress = this.units.get(unit);
    if (progress === undefined) return;
    this.units.delete(unit);
    this.total.rows -= progress.rows;
    this.total.sourceBytes -= progress.sourceBytes;
    this.total.stagedBytes -= progress.stagedBytes;
    this.samples = [];
  }

  private share(): number | undefined {
    if (this.planned === undefined) return undefined;
    const { units, rows, bytes } = this.planned;
    if (units > 0 && this.done >= units) return 1;
    let read: number | undefined;
    if (rows !== null && rows > 0) read = this.total.rows / rows;
    else if (bytes !== null && bytes > 0 && this.total.sourceBytes > 0) read = this.total.sourceBytes / bytes;
    else if (units > 1) read = this.done / units;
    return read === undefined ? undefined : Math.min(read, MAX_UNFINISHED_SHARE);
  }

  private rate(now: number): number | undefined {
    if (this.phase !== 'stage') return undefined;
    this.samples.push({ at: now, rows: this.total.rows });
    while (this.samples.length > 2 && now - (this.samples[1]?.at ?? now) >= RATE_WINDOW_MS)
      this.samples.shift();
    const [first] = this.samples;
    if (first === undefined || now <= first.at) return undefined;
    return ((this.total.rows - first.rows) / (now - first.at)) * 1000;
  }
}

/** With a limit nobody knows which bytes its rows take. */
function plannedSize({ units, estimate, context: { limit } }: Plan): PlannedSize {
  if (limit === null) return { units: units.length, rows: estimate.rows, bytes: estimate.bytes };
  return { units: units.length, rows: Math.min(limit, estimate.rows ?? limit), bytes: null };
}
