import { createHash } from 'node:crypto';
import type { TableReference } from '../../core/clients/bigquery-api';

/**
 * Where things are in the staging bucket, below the configured prefix:
 *
 * - `state/JOB.json`: what the job remembers; changed by generation match alone
 * - `tables/PROJECT.DATASET.TABLE.json`: the lease of a destination table
 * - `runs/JOB/RUN/plan.json`, `commit.json`: written once
 * - `runs/JOB/RUN/units/UNIT.json`: manifests, written once
 * - `runs/JOB/RUN/parts/UNIT.ATTEMPT.NUMBER.avro`: parts, never overwritten
 * - `rejects/JOB/RUN/UNIT.ATTEMPT.jsonl`: rejected rows, never overwritten; they outlive their run
 */
export interface StagingLayout {
  readonly state: (job: string) => string;
  readonly tableLease: (table: TableReference) => string;
  /** Folder of all runs of a job, with a slash at its end. */
  readonly runs: (job: string) => string;
  /** Folder of the rejected rows of a job, with a slash at its end. */
  readonly rejects: (job: string) => string;
  readonly run: (job: string, runId: string) => RunLayout;
}

/** Names of one run's objects. */
export interface RunLayout {
  /** With a slash at its end. */
  readonly folder: string;
  readonly plan: string;
  readonly commit: string;
  /** With a slash at its end. */
  readonly manifests: string;
  /** With a slash at its end. */
  readonly parts: string;
  readonly manifest: (unit: string) => string;
  readonly part: (unit: string, attempt: string, number: number, extension: string) => string;
  /** With a slash at its end. */
  readonly rejects: string;
  readonly reject: (unit: string, attempt: string) => string;
  /** The manifest of the unit whose rejects an object in `rejects` holds. */
  readonly manifestOfReject: (name: string) => string;
}

/** `prefix`: empty, or with a slash at its end. */
export function stagingLayout(prefix: string): StagingLayout {
  const runs = (job: string): string => `${prefix}runs/${objectName(job)}/`;
  const rejects = (job: string): string => `${prefix}rejects/${objectName(job)}/`;
  return {
    state: (job) => `${prefix}state/${objectName(job)}.json`,
    tableLease: ({ projectId, datasetId, tableId }) =>
      `${prefix}tables/${objectName(`${projectId}.${datasetId}.${tableId}`)}.json`,
    runs,
    rejects,
    run: (job, runId) => {
      const folder = `${runs(job)}${objectName(runId)}/`;
      const ownRejects = `${rejects(job)}${objectName(runId)}/`;
      return {
        folder,
        plan: `${folder}plan.json`,
        commit: `${folder}commit.json`,
        manifests: `${folder}units/`,
        parts: `${folder}parts/`,
        manifest: (unit) => `${folder}units/${objectName(unit)}.json`,
        part: (unit, attempt, number, extension) =>
          `${folder}parts/${objectName(unit)}.${attempt}.${number}.${extension}`,
        rejects: ownRejects,
        reject: (unit, attempt) => `${ownRejects}${objectName(unit)}.${attempt}.jsonl`,
        manifestOfReject: (name) =>
          `${folder}units/${name.slice(ownRejects.length).replace(/\.[^.]+\.jsonl$/, '')}.json`,
      };
    },
  };
}

/** Longest readable name, in characters; objects have at most 1,024 bytes for the whole path. */
const MAX_READABLE = 100;

/**
 * A name as one piece of an object's: letters, digits, `.`, `_`, `-` stay; every other name keeps what is readable of it and gets a hash,
 * so that different names stay different. No piece is `.` or `..`, which gateways resolve.
 */
function objectName(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name) && name.length <= MAX_READABLE) return name;
  const readable = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_READABLE / 2);
  return `${readable}~${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
}
