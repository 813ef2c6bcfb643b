import { z } from 'zod';
import { BeamliftError } from '../../core/errors';
import type { JobState, UnfinishedRun } from '../../core/loader';
import { openRecord } from '../../core/open-record';
import { jsonObjectSchema, windowSchema } from '../../core/plan';
import { jsonOfObject } from './object-json';

/** The newest shape of a state object that this code writes and reads. */
const STATE_VERSION = 1;

/** A process; see ProcessIdentity. */
const holderSchema = z.strictObject({ host: z.string(), pid: z.int(), started: z.string().nullable() });

/** Whoever may work for the job now. The lease lives as long as the object is younger than LEASE_MS, by the store's clock. */
const leaseSchema = z.strictObject({
  runId: z.string(),
  holder: holderSchema,
  /** ISO, by the store's clock. */
  startedAt: z.string(),
  /** Somebody asked the holder to cancel. */
  cancelRequested: z.boolean(),
  /** The holder has left, and a pipeline goes on with the run: anybody may take the lease over and watch it. */
  left: z.literal(true).exactOptional(),
});
export type StateLease = z.infer<typeof leaseSchema>;

/** The one job that makes a run's rows visible, written before it is sent. */
const commitIntentSchema = z.strictObject({
  manifestHash: z.string(),
  attempt: z.int().min(0),
  jobId: z.string(),
  projectId: z.string(),
  location: z.string(),
  configurationHash: z.string(),
  /** ISO, by the store's clock: when this attempt was first meant to be sent. */
  at: z.string(),
  /** Somebody else than the one who wrote it may have sent it, too: absent, nobody has. */
  shared: z.literal(true).exactOptional(),
});
export type CommitIntent = z.infer<typeof commitIntentSchema>;

/** The run that is in progress, or that was the last one. */
const runSchema = z.strictObject({
  id: z.string(),
  state: z.enum([
    'staging',
    'committing',
    'committed',
    'failed',
    'timed_out',
    'cancelled',
    'needs_attention',
  ]),
  /** ISO, by the store's clock. */
  startedAt: z.string(),
  /** Why it needs attention. */
  reason: z.string().nullable(),
  /** From `committing` on. */
  intent: commitIntentSchema.nullable(),
  /** What finds the pipeline that was given its units; absent: its process staged them itself. */
  runner: jsonObjectSchema.exactOptional(),
});
export type StateRun = z.infer<typeof runSchema>;

const stateDocumentSchema = z.strictObject({
  version: z.literal(STATE_VERSION),
  /** Random, another for every write: a write whose answer was lost can be told from somebody else's. */
  nonce: z.string(),
  job: z.string(),
  fingerprint: z.string(),
  /** What the fingerprint was made from, in words. */
  description: z.string().nullable(),
  fence: z.int().min(1),
  watermark: z.string().nullable(),
  files: openRecord(z.string()),
  intervals: z.array(windowSchema),
  lastCommit: z
    .strictObject({ runId: z.string(), manifestHash: z.string(), rows: z.number(), at: z.string() })
    .nullable(),
  lease: leaseSchema.nullable(),
  run: runSchema.nullable(),
});
/** What a job remembers, with the lease and the run in progress: one object, so that each step is one compare-and-set. */
export type StateDocument = z.infer<typeof stateDocumentSchema>;

/** Reads a state object. Throws NEEDS_ATTENTION for one that this code cannot read: nothing may be loaded on a guess. */
export function parseStateDocument(body: Uint8Array, name: string): StateDocument {
  const problem = (why: string): BeamliftError =>
    new BeamliftError('NEEDS_ATTENTION', {
      what: `The state object ${name} cannot be read`,
      where: { object: name },
      why,
      hint: 'It may be of a newer beamlift: then upgrade. If it was changed by hand, restore an older version of the object; with none, delete it and run the job with --full-refresh.',
    });
  const json = jsonOfObject(body);
  if (json === undefined) throw problem('It is not JSON.');
  const parsed = stateDocumentSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw problem(`At ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? 'not a state'}.`);
}

/** The part of it that planning looks at. */
export function jobStateOf({
  fingerprint,
  fence,
  watermark,
  files,
  intervals,
  lastCommit,
}: StateDocument): JobState {
  return { fingerprint, fence, watermark, files, intervals, lastCommit };
}

/** The run that must be finished or ended before another may begin; null: none. */
export function unfinishedRunOf({ run }: StateDocument): UnfinishedRun | null {
  if (run === null) return null;
  const { id, state, startedAt, reason, runner } = run;
  switch (state) {
    case 'staging':
    case 'committing':
    case 'needs_attention':
      return { runId: id, state, startedAt, reason: reason ?? undefined, runner };
    default:
      return null;
  }
}

/** The first state of a job. */
export function newStateDocument(
  job: string,
  fingerprint: string,
  description: string | null,
): Omit<StateDocument, 'nonce'> {
  return {
    version: STATE_VERSION,
    job,
    fingerprint,
    description,
    fence: 1,
    watermark: null,
    files: Object.create(null) as Record<string, string>,
    intervals: [],
    lastCommit: null,
    lease: null,
    run: null,
  };
}
