import { BeamliftError } from '../core/errors';
import type { JobSpec } from './config/job-spec';
import type { LaunchServices } from './launch-options';
import { destinationOfType } from './open-job';
import { runsDoNotOutlive } from './recovery-refusal';
import type { RunReport } from './report';

/** Finishes an unfinished run of a job: goes on where it stopped, or finds out what became of it. `accept`: a run that needs attention is right as it is. */
export function resumeRun(
  job: JobSpec,
  runId: string,
  _options: { readonly accept: boolean },
  _services: LaunchServices,
): Promise<RunReport> {
  return Promise.reject(notYet(job, runId, 'resumed'));
}

/** Ends an unfinished run without publishing. `asked`: its process is alive and has been asked to stop. */
export function cancelRun(
  job: JobSpec,
  runId: string,
  _services: LaunchServices,
): Promise<RunReport | 'asked'> {
  return Promise.reject(notYet(job, runId, 'cancelled'));
}

function notYet(job: JobSpec, runId: string, what: string): BeamliftError {
  if (destinationOfType(job.destination.type).embedded) return runsDoNotOutlive(job, runId);
  return new BeamliftError('USAGE', { what: `Runs cannot be ${what} in this version yet` });
}
