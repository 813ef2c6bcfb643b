import type { JobState } from '../core/loader';
import type { RunContext } from '../core/plan';

/** What a commit has published, for the state. */
export interface Published {
  readonly manifestHash: string;
  readonly rows: number;
  /** ISO, UTC. */
  readonly at: string;
  /** Source files that are loaded now, uri to version. */
  readonly files: Readonly<Record<string, string>>;
}

/** The state after a commit. A table that was made or replaced has nothing of what was published before; everything else adds to it. */
export function nextState(
  context: Pick<
    RunContext,
    'runId' | 'createTable' | 'disposition' | 'backfill' | 'window' | 'nextWatermark'
  >,
  before: JobState,
  { manifestHash, rows, at, files }: Published,
): JobState {
  const begun = context.createTable || context.disposition === 'replace';
  const known = Object.create(null) as Record<string, string>;
  if (!begun) Object.assign(known, before.files);
  for (const [uri, version] of Object.entries(files)) known[uri] = version;
  const intervals = begun ? [] : [...before.intervals];
  if (context.backfill && context.window !== null) intervals.push(context.window);
  return {
    fingerprint: before.fingerprint,
    fence: before.fence,
    watermark: context.nextWatermark ?? (begun ? null : before.watermark),
    files: known,
    intervals,
    lastCommit: { runId: context.runId, manifestHash, rows, at },
  };
}
