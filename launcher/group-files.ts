import type { DiscoveredObject } from '../core/extractor';

/**
 * Files in folders as one entry for each folder of the first level (`below`: of the level below that folder), with how many files are in
 * it and their bytes; files beside them stay
 * as they are. In the order of names.
 */
export function groupFiles(objects: readonly DiscoveredObject[], below = ''): DiscoveredObject[] {
  const folders = new Map<string, { files: number; bytes: number }>();
  const others: DiscoveredObject[] = [];
  for (const object of objects) {
    const slash = object.kind === 'file' ? object.table.indexOf('/', below.length + 1) : -1;
    if (slash < 0) {
      others.push(object);
      continue;
    }
    const folder = object.table.slice(0, slash + 1);
    const known = folders.get(folder) ?? { files: 0, bytes: 0 };
    folders.set(folder, { files: known.files + 1, bytes: known.bytes + (object.bytes ?? 0) });
  }
  const grouped = [...folders].map(([folder, { files, bytes }]): DiscoveredObject => {
    return { kind: 'prefix', name: folder, schema: undefined, table: folder, rows: null, bytes, files };
  });
  return [...grouped, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
}
