import { BeamliftError } from '../core/errors';
import type { JobState } from '../core/loader';
import type { RunContext } from '../core/plan';

/**
 * How many rows this very commit loaded, if it was made before. Throws DESTINATION_FAILED for other manifests of a run that has published: a
 * run commits once.
 *
 * @param manifestHash see manifest-hash.ts.
 */
export function committedBefore(
  { job, runId }: Pick<RunContext, 'job' | 'runId'>,
  lastCommit: JobState['lastCommit'] | undefined,
  manifestHash: string,
): number | undefined {
  if (lastCommit?.runId !== runId) return undefined;
  if (lastCommit.manifestHash === manifestHash) return lastCommit.rows;
  throw new BeamliftError('DESTINATION_FAILED', {
    what: `Run ${runId} has already published other rows`,
    where: { job },
    why: 'A run commits once, and this commit has other manifests than the one that was made.',
    hint: 'Nothing was published now. Please report this: it is a defect in beamlift.',
  });
}
