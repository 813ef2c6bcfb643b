import { BeamliftError } from '../core/errors';
import type { JobSpec } from './config/job-spec';

/** Why a run cannot be resumed or cancelled where the destination has no `recovery`. */
export function runsDoNotOutlive(job: JobSpec, runId: string): BeamliftError {
  const { destinationName, type } = job.destination;
  return new BeamliftError('RUN_ENDED', {
    what: `Run ${runId} has nothing left to finish or to cancel`,
    where: { job: job.name, object: `destination ${destinationName} (${type})` },
    why: 'A run into this kind of destination ends with its process: it has either committed all of its rows, or left nothing.',
    hint: `A process that still runs is stopped with Ctrl-C or kill. \`beamlift run ${job.name}\` loads what is missing.`,
  });
}
