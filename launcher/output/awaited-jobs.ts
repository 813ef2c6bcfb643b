/** Log entries of a loader that tell of a job of the destination: its `job_id` begins, or ends, to be waited for. */
const BEGINS: ReadonlySet<string> = new Set(['bigquery.job.inserted', 'bigquery.job.adopted']);
const ENDS = 'bigquery.job.ended';

/** Which jobs of the destination a run waits for, as its log tells. */
export class AwaitedJobs {
  private readonly awaited = new Map<string, AwaitedJob>();

  /** `now` in milliseconds of one clock. */
  take(event: string, fields: Readonly<Record<string, unknown>>, now: number): void {
    const { job_id: id, kind, bigquery_job: name } = fields;
    if (typeof id !== 'string') return;
    if (event === ENDS) this.awaited.delete(id);
    if (!BEGINS.has(event)) return;
    this.awaited.set(id, {
      what: `BigQuery ${typeof kind === 'string' ? `${kind} ` : ''}job`,
      name: typeof name === 'string' ? name : id,
      since: now,
    });
  }

  /** `BigQuery load job`, or how many of them; undefined: none. */
  get text(): string | undefined {
    const [first, second] = this.awaited.values();
    return second === undefined ? first?.what : `${this.awaited.size} BigQuery jobs`;
  }

  /** Those that have been waited for so long, each told once. */
  takeSlow(now: number, milliseconds: number): AwaitedJob[] {
    return [...this.awaited.values()].filter((job) => {
      if (job.isTold === true || now - job.since < milliseconds) return false;
      job.isTold = true;
      return true;
    });
  }
}

/** A job of the destination. */
export interface AwaitedJob {
  readonly what: string;
  /** As the destination's own tools know it. */
  readonly name: string;
  readonly since: number;
  isTold?: boolean;
}
