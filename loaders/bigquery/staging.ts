import { randomBytes } from 'node:crypto';
import type { GcsBucket, StoredObject } from '../../core/clients/gcs-bucket';
import type { Clock } from '../../core/clock';
import { formatCounted } from '../../core/counted';
import type { EncodedStream } from '../../core/encoding';
import { BeamliftError } from '../../core/errors';
import { manifestSchema, type Manifest, type Part } from '../../core/manifest';
import type { RunContext, WorkUnit } from '../../core/plan';
import { graceAfter } from './grace';
import { inParallel } from './in-parallel';
import { jsonOfObject } from './object-json';
import { PartWriter } from './part-writer';
import type { StagingLayout } from './staging-layout';

/**
 * Staging in a bucket: parts are new objects under an attempt's own token, and one manifest a unit is written where none may be, so the
 * first to finish wins. What no manifest names counts for nothing; it goes with the run's folder.
 */
export interface StagingPlace {
  readonly bucket: GcsBucket;
  readonly layout: StagingLayout;
}

export interface StageOptions {
  /** Absent: the write of the manifest is broken off with the signal, and may be done after the run has been swept. */
  readonly clock?: Clock;
  /** For tests. */
  /** A part ends with the block that makes it so long, in bytes. */
  readonly maxPartBytes?: number;
}

/** A part ends with the block that makes it so long, in bytes: large enough for one load job of 10,000 files, small enough to be read in parallel. */
const MAX_PART_BYTES = 256 * 1024 * 1024;

/** Of a manifest, in bytes: a unit of 5 TB has 20,000 parts, at some 300 bytes each. */
const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;

/** The write of a manifest that is under way when its run is stopped may take so long. */
const MANIFEST_GRACE_MS = 5_000;

/** Manifests that are read at a time. */
const MANIFEST_READERS = 8;

/** So many damaged parts are named in the error. */
const MAX_SHOWN_PARTS = 3;

/**
 * Stages a unit. Returns the manifest that counts, which is another attempt's where that one was first; then these rows are removed again.
 * Memory: what the upload holds, one chunk.
 */
export async function stageUnit(
  place: StagingPlace,
  context: RunContext,
  unit: WorkUnit,
  rows: EncodedStream,
  signal: AbortSignal,
  options: StageOptions = {},
): Promise<Manifest> {
  const run = place.layout.run(context.job, context.runId);
  const attempt = randomBytes(8).toString('hex');
  const writer = new PartWriter({
    bucket: place.bucket,
    nameOf: (number) => run.part(unit.id, attempt, number, rows.format),
    format: rows.format,
    header: rows.header,
    maxBytes: options.maxPartBytes ?? MAX_PART_BYTES,
  });
  let manifest: Manifest;
  try {
    for await (const block of rows.blocks) {
      signal.throwIfAborted();
      await writer.write(block.bytes, block.rows, signal);
    }
    await writer.close();
    manifest = manifestOf(context, unit, attempt, writer.parts, rows);
    signal.throwIfAborted();
  } catch (error) {
    await writer.discard();
    throw error;
  }
  // A write that fails from here on may still have been done: its manifest would count, so the parts it names have to stay.
  const body = Buffer.from(JSON.stringify(manifest));
  const grace = options.clock && graceAfter(signal, options.clock, MANIFEST_GRACE_MS);
  let written: Awaited<ReturnType<GcsBucket['write']>>;
  try {
    written = await place.bucket.write(run.manifest(unit.id), body, '0', grace?.signal ?? signal);
  } finally {
    grace?.end();
  }
  if (written !== 'conflict') return manifest;

  const first = await findStagedUnit(place, context, unit, signal);
  if (first?.attempt === attempt) return first;
  await writer.discard();
  if (first !== undefined) return first;
  throw new BeamliftError('FENCED', {
    what: 'The staged rows of this run were removed while a unit was staged',
    where: { job: context.job, unit: unit.id, object: `gs://${place.bucket.name}/${run.folder}` },
    why: 'The run has ended elsewhere: its files are removed once it can publish nothing any more.',
    hint: 'Nothing was published by this process. `beamlift runs list` shows how the run ended.',
  });
}

/** The unit's manifest, once there is one. */
export async function findStagedUnit(
  place: StagingPlace,
  context: RunContext,
  unit: WorkUnit,
  signal: AbortSignal,
): Promise<Manifest | undefined> {
  const name = place.layout.run(context.job, context.runId).manifest(unit.id);
  return await readManifest(place, context, name, signal);
}

/** The manifests of all units that have been staged, in no order. */
export async function listManifests(
  place: StagingPlace,
  context: RunContext,
  signal: AbortSignal,
): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  const listed = place.bucket.list(place.layout.run(context.job, context.runId).manifests, signal);
  await inParallel(listed, MANIFEST_READERS, async ({ name }) => {
    const manifest = await readManifest(place, context, name, signal);
    if (manifest !== undefined) manifests.push(manifest);
  });
  return manifests;
}

/**
 * Proves by one listing that every part of the manifests is there as it was staged, by length and CRC-32C, and that none is named twice.
 * Objects that no manifest names are orphans of other attempts and do not matter. Throws COUNT_MISMATCH.
 */
export async function checkParts(
  place: StagingPlace,
  context: RunContext,
  manifests: readonly Manifest[],
  signal: AbortSignal,
): Promise<void> {
  const folder = place.layout.run(context.job, context.runId).parts;
  const expected = new Map<string, Part>();
  const problems: string[] = [];
  for (const part of manifests.flatMap(({ parts }) => parts)) {
    if (!part.uri.startsWith(`gs://${place.bucket.name}/${folder}`)) {
      problems.push(`${part.uri} is not in the folder of this run`);
    }
    if (expected.has(part.uri)) problems.push(`${part.uri} is named twice`);
    expected.set(part.uri, part);
  }
  if (expected.size > 0) {
    for await (const object of place.bucket.list(folder, signal)) {
      const uri = `gs://${place.bucket.name}/${object.name}`;
      const part = expected.get(uri);
      if (part === undefined) continue;
      expected.delete(uri);
      const difference = differenceOf(part, object);
      if (difference !== undefined) problems.push(`${uri} ${difference}`);
    }
    for (const uri of expected.keys()) problems.push(`${uri} is gone`);
  }
  if (problems.length === 0) return;
  const more = problems.length - MAX_SHOWN_PARTS;
  throw new BeamliftError('COUNT_MISMATCH', {
    what: `${formatCounted(problems.length, 'staged file is', 'staged files are')} not as staged`,
    where: { job: context.job, object: `gs://${place.bucket.name}/${folder}` },
    why: `${problems.slice(0, MAX_SHOWN_PARTS).join('; ')}${more > 0 ? `; and ${formatCounted(more, 'more', 'more')}` : ''}`,
    hint: 'Nothing was published. Something else than beamlift changed the staging bucket, such as a lifecycle rule that deletes early: look there, then run the job again.',
  });
}

function differenceOf(part: Part, object: StoredObject): string | undefined {
  if (object.bytes !== part.bytes) return `has ${object.bytes} bytes and not ${part.bytes}`;
  if (object.crc32c !== part.crc32c) {
    return `has the checksum ${object.crc32c} and not ${part.crc32c ?? '(none)'}`;
  }
  return undefined;
}

function manifestOf(
  context: RunContext,
  unit: WorkUnit,
  attempt: string,
  parts: Part[],
  rows: EncodedStream,
): Manifest {
  const rejectFile = rows.rejectFile();
  const digests = rows.digests();
  const partitions = rows.partitions();
  return {
    runId: context.runId,
    unit: unit.id,
    attempt,
    parts,
    bytesStaged: parts.reduce((sum, part) => sum + part.bytes, 0),
    counts: rows.counts(),
    ...(rejectFile === undefined ? {} : { rejectFile }),
    ...(digests === undefined ? {} : { digests }),
    ...(partitions === undefined ? {} : { partitions: [...partitions] }),
  };
}

/** The manifest of that name, once there is one. Throws DESTINATION_FAILED for one that is damaged, or another run's. */
export async function readManifest(
  place: StagingPlace,
  context: Pick<RunContext, 'job' | 'runId'>,
  name: string,
  signal: AbortSignal,
): Promise<Manifest | undefined> {
  const object = await place.bucket.read(name, MAX_MANIFEST_BYTES, signal);
  if (object === undefined) return undefined;
  const parsed = manifestSchema.safeParse(jsonOfObject(object.body));
  const run = place.layout.run(context.job, context.runId);
  if (parsed.success && parsed.data.runId === context.runId && run.manifest(parsed.data.unit) === name) {
    return parsed.data;
  }
  throw new BeamliftError('DESTINATION_FAILED', {
    what: 'A manifest in the staging bucket cannot be used',
    where: { job: context.job, object: `gs://${place.bucket.name}/${name}` },
    why: parsed.success
      ? `It is of run ${parsed.data.runId}, unit ${parsed.data.unit}.`
      : 'It is damaged, or another version of beamlift wrote it.',
    hint: 'Nothing was published. Go on with the version of beamlift that began the run, or cancel the run and start it again.',
  });
}
