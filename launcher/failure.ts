import { BeamliftError, toBeamliftError } from '../core/errors';
import { emptyReport, type RunReport } from './report';

/** What a thrown value means to the user: an interruption where there was one, since everything fails after it. */
export function explainFailure(thrown: unknown, signal: AbortSignal): BeamliftError {
  if (thrown instanceof BeamliftError && thrown.code !== 'INTERNAL') return thrown;
  if (signal.aborted) {
    return new BeamliftError('CANCELLED', { what: `Interrupted (${String(signal.reason)})`, cause: thrown });
  }
  return toBeamliftError(thrown);
}

/** The report of a job that never became a run: there is no id, and perhaps no job. */
export type UnstartedReport = Omit<RunReport, 'run_id' | 'job'> & { run_id: null; job: string | null };

/** What `--json` prints where a job could not be started. */
export function unstartedReport(job: string | null, error: BeamliftError): UnstartedReport {
  return {
    run_id: null,
    job,
    status: error.code === 'CANCELLED' ? 'cancelled' : 'failure',
    ...emptyReport(),
    error: error.toReport(),
  };
}
