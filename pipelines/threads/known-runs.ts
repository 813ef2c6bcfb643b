import type { RunContext } from '../../core/plan';
import { connectionShares } from './connection-shares';
import type { HostedRun } from './hosted-run';
import type { SeatTaker } from './thread-seats';

/** Runs that stay open on threads when they have no units any more: a worker of a runner may alternate between a few. */
const MAX_KNOWN = 4;

/** A run of which units have come. */
export interface KnownRun extends HostedRun, SeatTaker {
  /** Units under way or waiting. */
  units: number;
}

/** Runs by what their contexts say: a worker reads the same context again and again. */
export class KnownRuns {
  /** The least recently used first. */
  private readonly runs = new Map<string, KnownRun>();
  private readonly texts = new WeakMap<RunContext, string>();
  private nextId = 0;

  constructor(
    private readonly threads: number,
    private readonly unitsPerThread: number,
    private readonly unitsHere: number,
    private readonly forget: (run: KnownRun) => void,
  ) {}

  /** The run of a context, from now on the most recently used. */
  of(context: RunContext): KnownRun {
    let json = this.texts.get(context);
    if (json === undefined) this.texts.set(context, (json = JSON.stringify(context)));
    const run = this.runs.get(json) ?? this.make(context, json);
    this.runs.delete(json);
    this.runs.set(json, run);
    return run;
  }

  private make(context: RunContext, json: string): KnownRun {
    for (const [key, run] of this.runs) {
      if (this.runs.size < MAX_KNOWN) break;
      if (run.units > 0) continue;
      this.runs.delete(key);
      this.forget(run);
    }
    const shares = connectionShares(context, this.threads, this.unitsPerThread, this.unitsHere);
    return { id: this.nextId++, context, json, shares, taken: shares.map(() => 0), units: 0 };
  }
}
