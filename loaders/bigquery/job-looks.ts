import type { BigQueryApi, JobReference, JobResource } from '../../core/clients/bigquery-api';
import type { Clock } from '../../core/clock';
import { BeamliftError } from '../../core/errors';
import type { Logger } from '../../core/logger';

/** What jobs are sent and watched with. */
export interface JobDesk {
  readonly api: BigQueryApi;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long all questions about a running job may fail, in milliseconds: the job itself goes on meanwhile. */
export const POLL_PATIENCE_MS = 30 * 60_000;

/** The same for failures that waiting seldom mends (no rights, no login), in milliseconds: a new right takes a minute to be known everywhere. */
export const REFUSED_LOOK_PATIENCE_MS = 2 * 60_000;

/** Looks at one job, and the patience with looks that tell nothing. */
export class JobLooks {
  private unknownSinceMs: number | undefined;

  /** @param options.mustExist the job has been seen: finding none is no answer then. */
  constructor(
    private readonly desk: JobDesk,
    private readonly reference: JobReference,
    private readonly patienceMs: number,
    private readonly options: { readonly mustExist: boolean },
  ) {}

  /** Throws COMMIT_UNSETTLED once looks have told nothing for too long; what is not a BeamliftError as it is. */
  async look(signal: AbortSignal): Promise<JobResource | undefined | 'unknown'> {
    let found: JobResource | undefined;
    try {
      found = await this.desk.api.getJob(this.reference, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      // 403 says nothing about the job: it may be there, and run.
      if (!(thrown instanceof BeamliftError)) throw thrown;
      return this.unknown(thrown);
    }
    if (found === undefined && this.options.mustExist) return this.unknown(undefined);
    this.unknownSinceMs = undefined;
    return found;
  }

  private unknown(error: BeamliftError | undefined): 'unknown' {
    const now = this.desk.clock.now();
    this.unknownSinceMs ??= now;
    const patienceMs =
      error === undefined || error.transient
        ? this.patienceMs
        : Math.min(this.patienceMs, REFUSED_LOOK_PATIENCE_MS);
    const why = error === undefined ? 'it is not found any more' : (error.why ?? error.what);
    if (now - this.unknownSinceMs >= patienceMs) throw unsettled(this.reference, why, error);
    this.desk.log.warn('bigquery.job.unknown', { job_id: this.reference.jobId, why });
    return 'unknown';
  }
}

/** Nobody can tell now what became of a job. */
export function unsettled(reference: JobReference, why: string, cause: unknown): BeamliftError {
  const id = `${reference.projectId}:${reference.location}.${reference.jobId}`;
  return new BeamliftError('COMMIT_UNSETTLED', {
    what: `It is not known what became of the BigQuery job ${id}`,
    where: { object: id },
    why,
    hint: 'Nothing is lost, and nothing will be loaded twice: the next `beamlift run`, or `beamlift runs resume`, finds out and finishes. The login needs bigquery.jobs.get (role BigQuery Job User).',
    ...(cause === undefined ? {} : { cause }),
  });
}
