import { filesOfUnit } from '../core/files-of-unit';
import type { FileFailure, Manifest } from '../core/manifest';
import type { PlannedFile, WorkUnit } from '../core/plan';

/** A file at a version, whole. */
export type KnownFile = Pick<PlannedFile, 'uri' | 'bytes' | 'version' | 'lastModified'>;

/** What a run did with a file, all of its ranges together. */
export interface FileOutcome {
  readonly file: KnownFile;
  readonly rowsExtracted: number;
  readonly rowsRejected: number;
  /** It was left out. */
  readonly failure: FileFailure | undefined;
  /** Columns that are not in the plan, with the values that were counted in them. */
  readonly unknownColumns: ReadonlyMap<string, number>;
}

/** Of every file of the units that are staged, in the order of the units. */
export function fileOutcomes(units: readonly WorkUnit[], manifests: readonly Manifest[]): FileOutcome[] {
  const staged = new Map(manifests.map((manifest) => [manifest.unit, manifest.counts]));
  const outcomes = new Map<string, FileOutcome>();
  for (const unit of units) {
    const counts = staged.get(unit.id);
    if (counts === undefined) continue;
    for (const file of new Map(filesOfUnit(unit).map((one) => [one.uri, one])).values()) {
      const own = counts.files?.[file.uri];
      const { rowsExtracted, rowsRejected } = own ?? (unit.kind === 'file' ? counts : NO_ROWS);
      const before = outcomes.get(file.uri);
      const unknownColumns = new Map(before?.unknownColumns);
      for (const [name, values] of Object.entries(own?.unknownColumns ?? {})) {
        unknownColumns.set(name, (unknownColumns.get(name) ?? 0) + values);
      }
      outcomes.set(file.uri, {
        file,
        rowsExtracted: (before?.rowsExtracted ?? 0) + rowsExtracted,
        rowsRejected: (before?.rowsRejected ?? 0) + rowsRejected,
        failure: before?.failure ?? own?.failure,
        unknownColumns,
      });
    }
  }
  return [...outcomes.values()];
}

/** A file without a record sent no batch. */
const NO_ROWS = { rowsExtracted: 0, rowsRejected: 0 } as const;
