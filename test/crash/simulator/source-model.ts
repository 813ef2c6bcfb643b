import type { JobState } from '../../../core/loader';
import type { SeededRandom } from '../seeded-random';
import type { ModelRow } from './model-table';

export const KINDS = ['append', 'files', 'replace', 'merge'] as const;
export type Kind = (typeof KINDS)[number];

export interface SourceFile {
  readonly uri: string;
  readonly version: string;
  readonly rows: readonly ModelRow[];
}

/** What a job has published, told from its state: up to which time, which files, which snapshot. */
export interface Extent {
  /** Milliseconds since 1970; append and merge. */
  readonly upTo: number;
  readonly files: ReadonlySet<string>;
  /** Number of the snapshot, from 1; 0: what was in the table before. */
  readonly snapshot: number;
}

export const NOTHING: Extent = { upTo: 0, files: new Set(), snapshot: 0 };

/** The source of one job. It grows, and what it was at any time can still be read. */
export class SourceModel {
  /** Every version of every row, in order of time. */
  readonly versions: ModelRow[] = [];
  readonly files: SourceFile[] = [];
  readonly snapshots: (readonly ModelRow[])[] = [];
  private serial = 0;

  /** `prefix` begins all keys; `before`: what is in the destination table at first. */
  constructor(
    readonly kind: Kind,
    readonly prefix: string,
    readonly before: readonly ModelRow[],
  ) {}

  /** Something new in the source. */
  grow(random: SeededRandom, now: number): void {
    const rows: ModelRow[] = [];
    for (let left = 1 + random.below(3); left > 0; left--) {
      const row = this.newRow(random, now);
      rows.push(row);
      this.versions.push(row);
    }
    switch (this.kind) {
      case 'append':
      case 'merge':
        break;
      case 'files':
        this.files.push({ uri: `in/${this.files.length}.csv`, version: `v${this.serial}`, rows });
        break;
      case 'replace':
        this.snapshots.push(rows);
        break;
    }
  }

  rowsBetween(lower: number, upper: number): ModelRow[] {
    return this.versions.filter(({ ts }) => ts >= lower && ts < upper);
  }

  /** What the table must hold of this job when so much is published. */
  published({ upTo, files, snapshot }: Extent): readonly ModelRow[] {
    switch (this.kind) {
      case 'append':
        return [...this.before, ...this.rowsBetween(0, upTo)];
      case 'merge': {
        const newest = new Map(this.before.map((row) => [row.k, row]));
        for (const row of this.rowsBetween(0, upTo)) newest.set(row.k, row);
        return [...newest.values()];
      }
      case 'files':
        return [
          ...this.before,
          ...this.files.filter(({ uri }) => files.has(uri)).flatMap(({ rows }) => rows),
        ];
      case 'replace':
        return snapshot === 0 ? this.before : (this.snapshots[snapshot - 1] ?? []);
    }
  }

  private newRow(random: SeededRandom, now: number): ModelRow {
    this.serial++;
    // A merge's keys come again; no two versions of one have the same time.
    const key = this.kind === 'merge' ? random.below(6) : this.serial;
    const last = this.versions.at(-1)?.ts ?? 0;
    const ts = this.kind === 'merge' ? Math.max(now, last + 1) : now;
    return { k: `${this.prefix}${key}`, v: this.serial, ts };
  }
}

/** What the job's state says is published. `snapshotOf`: which snapshot a run has read. */
export function extentOf(
  state: Pick<JobState, 'watermark' | 'files' | 'lastCommit'>,
  snapshotOf: (runId: string) => number,
): Extent {
  return {
    upTo: state.watermark === null ? 0 : Date.parse(state.watermark),
    files: new Set(Object.keys(state.files)),
    snapshot: state.lastCommit === null ? 0 : snapshotOf(state.lastCommit.runId),
  };
}
