import { BeamliftError } from './errors';

/** For a run that nobody but a person may end. `reason`: what makes it so, as the end of a sentence. */
export function needsAttention(job: string, runId: string, reason: string): BeamliftError {
  return new BeamliftError('NEEDS_ATTENTION', {
    what: `Run ${runId} of job ${job} needs attention: ${reason}`,
    where: { job },
    hint: `Nothing is loaded until then. Look at the table. Where its rows are right: \`beamlift runs resume ${runId} --accept\`. Else correct the table and \`beamlift runs cancel ${runId}\`: the next run then loads the same window again.`,
  });
}
