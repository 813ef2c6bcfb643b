import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../core/plan';

/** Which of a commit's jobs; the same answers give the same id, in whichever process. */
export interface JobIdParts {
  readonly runId: string;
  readonly manifestHash: string;
  /** `PlannedJob.step`. */
  readonly step: string;
  /** 0 at first; the next only after the job before has failed for good. */
  readonly attempt: number;
}

/** Longest id of a job, in characters (reference of jobs.insert). */
const MAX_JOB_ID = 1_024;

/** Of the hash of the manifests, in hex digits: enough to tell two stagings of one run apart. */
const SHOWN_MANIFEST_HASH = 12;

/** The id of a job, readable: `beamlift_RUN_MANIFESTS_STEP_ATTEMPT`. */
export function jobIdOf({ runId, manifestHash, step, attempt }: JobIdParts): string {
  const hash = manifestHash.slice(0, SHOWN_MANIFEST_HASH);
  const id = ['beamlift', runId, hash, step, attempt.toString()].map(idPiece).join('_');
  return id.length <= MAX_JOB_ID ? id : `${id.slice(0, MAX_JOB_ID - 65)}_${sha256(id)}`;
}

/** What the id may hold of a text: another text gives another piece. */
function idPiece(text: string): string {
  const allowed = text.replace(/[^A-Za-z0-9_-]/g, '-');
  return allowed === text ? text : `${allowed}-${sha256(text).slice(0, 12)}`;
}

/** The label that says what a job was asked to do: BigQuery adds to configurations, so they cannot be compared themselves. */
export const CONFIGURATION_LABEL = 'beamlift_config';

/** The label of a job that does nothing but take an id. */
export const BURNT_LABEL = 'beamlift_burnt';

/** Digits of a configuration's hash: a label's value has at most 63 characters. */
const CONFIGURATION_HASH_DIGITS = 40;

/** Of a job's configuration without its labels: equal for equal configurations, in whatever order their keys are. */
export function configurationHash(configuration: JsonObject): string {
  const entries = Object.entries(configuration).filter(([key]) => key !== 'labels');
  return sha256(canonical(Object.fromEntries(entries))).slice(0, CONFIGURATION_HASH_DIGITS);
}

/** JSON without spaces and with sorted keys. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

/** Longest value of a label, in characters (BigQuery's requirements for labels). */
const MAX_LABEL_VALUE = 63;

/** A text as the value of a label: lower-case letters, digits, `_` and `-`. For people: different texts may look the same. */
export function labelValue(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '_')
    .slice(0, MAX_LABEL_VALUE);
}

/** Labels that lead from a job in BigQuery to its run here. */
export function jobLabels(job: string, runId: string): Record<string, string> {
  return { beamlift_job: labelValue(job), beamlift_run: labelValue(runId) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
