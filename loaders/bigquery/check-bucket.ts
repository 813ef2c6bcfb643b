import { randomUUID } from 'node:crypto';
import type { BucketSettings, GcsBucket } from '../../core/clients/gcs-bucket';
import { formatCounted } from '../../core/counted';
import { toBeamliftError } from '../../core/errors';
import type { CheckFinding } from '../../core/extractor';
import { canLoadFrom } from './load-locations';
import { RESUME_HORIZON_DAYS } from './resume-horizon';

const MAX_CHECK_BYTES = 1024;

interface CheckedBucket {
  readonly bucket: GcsBucket;
  readonly prefix: string;
}

/** The bucket, where it is, what it deletes or keeps by itself, and whether objects can be written, read and deleted below the prefix. */
export async function checkBucket(
  { bucket, prefix }: CheckedBucket,
  datasetLocation: string | undefined,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  let settings: BucketSettings;
  try {
    settings = await bucket.settings(signal);
  } catch (error) {
    signal.throwIfAborted();
    const failed = failedBucket(bucket, error);
    // Who may not read a bucket's settings may still have all rights to its objects.
    return toBeamliftError(error).code === 'RIGHTS_MISSING'
      ? [failed, await checkObjects({ bucket, prefix }, signal)]
      : [failed];
  }
  const found: CheckFinding = {
    step: 'bucket',
    ok: true,
    detail: `gs://${bucket.name} is in ${settings.location}`,
  };
  return [
    found,
    ...checkLocation(bucket, settings, datasetLocation),
    ...checkLifecycle({ bucket, prefix }, settings),
    await checkObjects({ bucket, prefix }, signal),
  ];
}

function failedBucket(bucket: GcsBucket, error: unknown): CheckFinding {
  const { code, what, why, hint } = toBeamliftError(error);
  const detail = why === undefined ? what : `${what}: ${why}`;
  switch (code) {
    case 'BUCKET_NOT_FOUND':
      return {
        step: 'bucket',
        ok: false,
        detail: `There is no bucket ${bucket.name}`,
        hint: `Correct \`staging\`, or create the bucket in the location of the dataset: gcloud storage buckets create gs://${bucket.name} --location=…`,
      };
    case 'RIGHTS_MISSING':
      return {
        step: 'bucket',
        ok: false,
        detail: `The settings of the bucket cannot be read, so it is not known where it is and what it deletes: ${detail}`,
        hint: `Grant roles/storage.bucketViewer on the bucket ${bucket.name} (it holds storage.buckets.get).`,
      };
    case 'LOGIN_FAILED':
      return { step: 'login', ok: false, detail, ...(hint === undefined ? {} : { hint }) };
    default:
      return { step: 'staging_endpoint', ok: false, detail, ...(hint === undefined ? {} : { hint }) };
  }
}

function checkLocation(
  bucket: GcsBucket,
  { location }: BucketSettings,
  dataset: string | undefined,
): CheckFinding[] {
  if (dataset === undefined) return [];
  if (canLoadFrom(dataset, location)) {
    return [
      {
        step: 'bucket location',
        ok: true,
        detail: `a dataset in ${dataset} loads from a bucket in ${location}`,
      },
    ];
  }
  return [
    {
      step: 'bucket location',
      ok: false,
      detail: `A dataset in ${dataset} cannot load from ${bucket.name}, a bucket in ${location}`,
      hint: `Use a staging bucket in ${dataset}.`,
    },
  ];
}

function checkLifecycle({ bucket, prefix }: CheckedBucket, settings: BucketSettings): CheckFinding[] {
  const { retentionSeconds } = settings;
  const place = `gs://${bucket.name}/${prefix}`;
  const days = settings.deletesAfterDays(prefix);
  const findings: CheckFinding[] = [];
  if (days === undefined) {
    findings.push({
      step: 'lifecycle',
      ok: true,
      detail: `the bucket deletes nothing below ${place} by itself`,
    });
  } else if (days < RESUME_HORIZON_DAYS) {
    findings.push({
      step: 'lifecycle',
      ok: false,
      detail: `A lifecycle rule of the bucket deletes what is below ${place} after ${formatCounted(days, 'day')}; a run can be resumed for ${RESUME_HORIZON_DAYS}`,
      hint: `What jobs remember is there, too: without it, rows would be loaded again. Let the rule leave out ${place} (matchesPrefix), or use a bucket without one.`,
    });
  } else {
    findings.push({
      step: 'lifecycle',
      ok: true,
      warning: true,
      detail: `a lifecycle rule deletes what is below ${place} after ${formatCounted(days, 'day')}`,
      hint: `It also deletes what jobs remember that did not run for so long: let the rule leave out ${place}state/.`,
    });
  }
  if (retentionSeconds !== undefined && retentionSeconds > 0) {
    findings.push({
      step: 'retention',
      ok: false,
      detail: `The bucket has a retention policy of ${formatCounted(retentionSeconds, 'second')}: nothing in it can be deleted or written over before`,
      hint: 'What jobs remember is written over all the time. Use a bucket without a retention policy.',
    });
  }
  return findings;
}

async function checkObjects({ bucket, prefix }: CheckedBucket, signal: AbortSignal): Promise<CheckFinding> {
  const name = `${prefix}check-${randomUUID()}`;
  const grant = `Grant roles/storage.objectUser on the bucket ${bucket.name} (it holds storage.objects.create, get, list and delete).`;
  let action = 'written';
  try {
    await bucket.write(name, Buffer.from('beamlift check\n'), '0', signal);
    action = 'read';
    await bucket.read(name, MAX_CHECK_BYTES, signal);
    action = 'listed';
    for await (const { name: found } of bucket.list(name, signal)) if (found === name) break;
    action = 'deleted';
    await bucket.delete(name, signal);
    return {
      step: 'objects',
      ok: true,
      detail: `objects below gs://${bucket.name}/${prefix} can be written, read and deleted`,
    };
  } catch (error) {
    signal.throwIfAborted();
    const { code, what, why, hint } = toBeamliftError(error);
    const told = code === 'RIGHTS_MISSING' ? grant : hint;
    return {
      step: 'objects',
      ok: false,
      detail: `An object below gs://${bucket.name}/${prefix} cannot be ${action}: ${why ?? what}`,
      ...(told === undefined ? {} : { hint: told }),
    };
  }
}
