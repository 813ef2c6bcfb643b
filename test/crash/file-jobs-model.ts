/** What three jobs over one folder must have published: the oracle of the scenarios. It knows files and rows, and nothing of beamlift. */

export interface SourceRow {
  readonly id: number;
  /** Unique over the whole scenario. */
  readonly row: number;
}

export interface SourceFile {
  /** As the job's state remembers it. */
  readonly version: string;
  readonly rows: readonly SourceRow[];
  /** Holds a line that no job can load. */
  readonly broken: boolean;
}

export type Folder = ReadonlyMap<string, SourceFile>;

export const JOBS = ['appended', 'merged', 'replaced'] as const;
export type JobName = (typeof JOBS)[number];

/** What a job has published. */
export interface Published {
  /** Undefined: there is no table. */
  readonly table: readonly SourceRow[] | undefined;
  readonly files: ReadonlyMap<string, string>;
}

export const NOTHING: Published = { table: undefined, files: new Map() };

export interface RunFlags {
  readonly fullRefresh?: boolean;
  readonly limit?: number;
}

/** The state after a run that published, `refused` for one that must fail, or the same object when there is nothing to do. */
export function afterRun(
  job: JobName,
  before: Published,
  folder: Folder,
  { fullRefresh = false, limit }: RunFlags,
): Published | 'refused' {
  const replaces = job === 'replaced' || fullRefresh;
  if (limit !== undefined && replaces) return 'refused';
  const known = before.table === undefined ? new Map<string, string>() : before.files;
  const names = [...folder.keys()].sort();
  const selected = replaces ? names : names.filter((name) => known.get(name) !== folder.get(name)?.version);
  if (selected.length === 0 && before.table !== undefined) return before;
  const [first] = selected;
  const read = limit === undefined ? selected : first === undefined ? [] : [first];
  const files = read.map((name) => folder.get(name)).filter((file) => file !== undefined);
  // The line that cannot be loaded is the last one of its file.
  if (files.some((file) => file.broken && (limit === undefined || file.rows.length < limit)))
    return 'refused';
  const rows = files.flatMap((file) => file.rows).slice(0, limit);
  if (replaces && rows.length === 0 && (before.table ?? []).length > 0) return 'refused';
  const versions = new Map(replaces ? [] : known);
  if (limit === undefined) {
    for (const name of read) versions.set(name, folder.get(name)?.version ?? 'none');
  }
  const present = replaces ? [] : (before.table ?? []);
  return { table: job === 'merged' ? mergeRows(present, rows) : [...present, ...rows], files: versions };
}

function mergeRows(present: readonly SourceRow[], rows: readonly SourceRow[]): SourceRow[] {
  const byId = new Map(present.map((row) => [row.id, row]));
  for (const row of rows) byId.set(row.id, row);
  return [...byId.values()];
}
