import { z } from 'zod';
import { BeamliftError } from '../../core/errors';
import { openRecord } from '../../core/open-record';
import { commitPlanSchema } from './commit-plan';
import { jsonOfObject, readableBody } from './object-json';
import type { RunLayout } from './staging-layout';
import type { GcsBucket } from '../../core/clients/gcs-bucket';

/** 10,000 URIs of 200 bytes are 2 MB, for each of some hundred jobs. */
const MAX_RECORD_BYTES = 256 * 1024 * 1024;

const commitRecordSchema = z.strictObject({
  plan: commitPlanSchema,
  /** What the state will remember as loaded, uri to version. */
  files: openRecord(z.string()),
});
/** What a commit does, and what the state will know afterwards: all that is needed to finish it without the process that began it. */
export type CommitRecord = z.infer<typeof commitRecordSchema>;

export interface CommitPlace {
  readonly bucket: GcsBucket;
  readonly layout: RunLayout;
}

/** The record of a run's commit, if it was begun. Throws NEEDS_ATTENTION for one that this code cannot read. */
export async function findCommitRecord(
  { bucket, layout }: CommitPlace,
  signal: AbortSignal,
): Promise<CommitRecord | undefined> {
  const object = await bucket.read(layout.commit, MAX_RECORD_BYTES, signal);
  if (object === undefined) return undefined;
  const parsed = commitRecordSchema.safeParse(jsonOfObject(object.body));
  if (parsed.success) return parsed.data;
  throw new BeamliftError('NEEDS_ATTENTION', {
    what: 'The record of what a run publishes cannot be read',
    where: { object: `gs://${bucket.name}/${layout.commit}` },
    why: 'It was written by another version of beamlift, or changed by hand.',
    hint: 'Nothing was published now. Go on with the version of beamlift that began the run, or look at its job in BigQuery (labels beamlift_run) and cancel the run.',
    cause: parsed.error,
  });
}

/** Keeps the record; where one was kept before, that one counts and is returned. Throws LIMIT_EXCEEDED, NEEDS_ATTENTION. */
export async function keepCommitRecord(
  place: CommitPlace,
  record: CommitRecord,
  signal: AbortSignal,
  maxBytes = MAX_RECORD_BYTES,
): Promise<CommitRecord> {
  const what = `The record of what run ${record.plan.runId} publishes`;
  const body = readableBody(what, record, maxBytes, { object: place.layout.commit });
  if ((await place.bucket.write(place.layout.commit, body, '0', signal)) !== 'conflict') return record;
  const first = await findCommitRecord(place, signal);
  if (first?.plan.manifestHash === record.plan.manifestHash) return first;
  throw new BeamliftError('NEEDS_ATTENTION', {
    what: `Run ${record.plan.runId} was to be committed with other staged files before`,
    where: { object: place.layout.commit },
    why: 'The manifests of a run are written once, so two commits of it cannot differ.',
    hint: `Nothing was published now. Please report this: it is a defect in beamlift. \`beamlift runs cancel ${record.plan.runId}\` ends the run.`,
  });
}
