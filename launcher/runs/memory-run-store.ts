import { fitsFilter, inFileOrder, type FileFilter, type FileRecord } from './file-record';
import type { RunFilter, RunRecord, RunStore } from './run-store';

/** A store in memory, for a run whose history cannot be kept and for looking where there is none. */
export class MemoryRunStore implements RunStore {
  private readonly records = new Map<string, RunRecord>();
  /** By run, then by name. */
  private readonly filesOfRuns = new Map<string, Map<string, FileRecord>>();

  put(record: RunRecord): Promise<void> {
    this.records.set(record.id, record);
    return Promise.resolve();
  }

  get(id: string): Promise<RunRecord | undefined> {
    return Promise.resolve(this.records.get(id));
  }

  list({ job, status, idPrefix, limit }: RunFilter): Promise<RunRecord[]> {
    const chosen = [...this.records.values()].filter(
      (record) =>
        (job === undefined || record.job === job) &&
        (status === undefined || record.status === status) &&
        (idPrefix === undefined || record.id.startsWith(idPrefix)),
    );
    return Promise.resolve(chosen.sort(newestFirst).slice(0, limit));
  }

  putFiles(records: readonly FileRecord[]): Promise<void> {
    for (const record of records) {
      const files = this.filesOfRuns.get(record.run_id) ?? new Map<string, FileRecord>();
      this.filesOfRuns.set(record.run_id, files.set(record.uri, record));
    }
    return Promise.resolve();
  }

  files(filter: FileFilter): Promise<FileRecord[]> {
    const all = [...this.filesOfRuns.values()].flatMap((files) => [...files.values()]);
    const chosen = all.filter((record) => fitsFilter(record, filter));
    return Promise.resolve(chosen.sort(inFileOrder).slice(0, filter.limit));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function newestFirst(a: RunRecord, b: RunRecord): number {
  if (a.started_at !== b.started_at) return a.started_at < b.started_at ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}
