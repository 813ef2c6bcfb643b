import type { GcsBucket } from '../../../core/clients/gcs-bucket';
import { BeamliftError } from '../../../core/errors';
import { parseStaging } from '../../../loaders/bigquery/bigquery-url';

/** An object that is written over while somebody else does so, too, is tried again so often. */
const ATTEMPTS = 3;

/**
 * Writes a pipeline at `gs://bucket/…/pipeline.pb`, over what a submission that did not come to its end has left there. Throws as the
 * bucket does.
 */
export async function uploadPipeline(
  bucket: GcsBucket,
  location: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const name = parseStaging(location)?.prefix.replace(/\/$/, '') ?? '';
  let generation = '0';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if ((await bucket.write(name, bytes, generation, signal)) !== 'conflict') return;
    generation = await generationOf(bucket, name, signal);
  }
  throw new BeamliftError('RUNNER_UNUSABLE', {
    what: `Somebody else writes ${location} at the same time`,
    hint: 'The run is being submitted twice. Look at `beamlift runs list`, and run again.',
  });
}

async function generationOf(bucket: GcsBucket, name: string, signal: AbortSignal): Promise<string> {
  for await (const object of bucket.list(name, signal)) {
    if (object.name === name) return object.generation;
  }
  return '0';
}
