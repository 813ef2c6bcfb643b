import type { DiscoveredObject } from '../../core/extractor';

/** Files as they are found, those in folders as one entry for each folder of a level: with how many files are in it, and their bytes. */
export class FoundFolders {
  private readonly folders = new Map<string, { files: number; bytes: number }>();
  private readonly others: DiscoveredObject[] = [];

  /** `below`: the folder whose own folders are told, with a `/` at its end; empty: the top; undefined: none are, only files. */
  constructor(private readonly below: string | undefined) {}

  /** Entries by now. */
  get entries(): number {
    return this.folders.size + this.others.length;
  }

  add(object: DiscoveredObject): void {
    const { below } = this;
    const isFile = object.kind === 'file' && below !== undefined;
    const slash = isFile ? object.table.indexOf('/', below.length + 1) : -1;
    if (slash < 0) {
      this.others.push(object);
      return;
    }
    const folder = object.table.slice(0, slash + 1);
    const known = this.folders.get(folder);
    if (known === undefined) {
      this.folders.set(folder, { files: 1, bytes: object.bytes ?? 0 });
      return;
    }
    known.files++;
    known.bytes += object.bytes ?? 0;
  }

  /** In the order of names. */
  result(): DiscoveredObject[] {
    const grouped = [...this.folders].map(([folder, { files, bytes }]): DiscoveredObject => {
      return { kind: 'prefix', name: folder, schema: undefined, table: folder, rows: null, bytes, files };
    });
    return [...grouped, ...this.others].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
