import { formatCount, formatCounted } from '../../core/counted';
import type { DiscoveredObject } from '../../core/extractor';
import type { Palette } from './palette';
import { formatBytes } from './quantities';
import { renderTable, type TableColumn } from './table';

/** A line for each thing that was found: tables with rows and sizes, or folders and files with sizes. */
export function renderObjects(objects: readonly DiscoveredObject[], palette: Palette): string[] {
  const hasTables = objects.some(({ kind }) => kind === 'table' || kind === 'view');
  const hasFolders = objects.some(({ kind }) => kind === 'prefix');
  const columns: (TableColumn & { cell: (object: DiscoveredObject) => string })[] = [
    { title: 'name', cell: ({ name }) => name },
    { title: 'kind', cell: ({ kind }) => (kind === 'prefix' ? 'folder' : kind) },
    ...(hasFolders ? [{ title: 'files', align: 'right' as const, cell: filesOf }] : []),
    ...(hasTables ? [{ title: 'rows', align: 'right' as const, cell: rowsOf }] : []),
    {
      title: 'size',
      align: 'right',
      cell: ({ bytes }) => (bytes === null ? '' : formatBytes(bytes)),
    },
  ];
  const rows = objects.map((object) => columns.map(({ cell }) => cell(object)));
  return renderTable(columns, rows, { paintTitle: palette.faint });
}

/** `12 tables and 2 views in 3 schemas, about 1,234,567 rows, 45.2 MB`. */
export function totalsOf(objects: readonly DiscoveredObject[]): string {
  const counted = (['table', 'view', 'file'] as const).flatMap((kind) => {
    const count = objects.reduce((sum, object) => sum + countOf(object, kind), 0);
    return count === 0 ? [] : [formatCounted(count, kind)];
  });
  const schemas = new Set(objects.flatMap(({ schema }) => (schema === undefined ? [] : [schema])));
  const rows = objects.reduce((sum, object) => sum + (object.rows ?? 0), 0);
  const bytes = objects.reduce((sum, object) => sum + (object.bytes ?? 0), 0);
  const where = schemas.size > 1 ? ` in ${formatCounted(schemas.size, 'schema')}` : '';
  return [
    `${counted.join(' and ')}${where}`,
    ...(rows === 0 ? [] : [`about ${formatCounted(rows, 'row')}`]),
    ...(bytes === 0 ? [] : [formatBytes(bytes)]),
  ].join(', ');
}

/** A folder stands for its files. */
function countOf({ kind, files = 0 }: DiscoveredObject, counted: DiscoveredObject['kind']): number {
  if (kind === 'prefix') return counted === 'file' ? files : 0;
  return kind === counted ? 1 : 0;
}

function filesOf({ files }: DiscoveredObject): string {
  return files === undefined ? '' : formatCount(files);
}

function rowsOf({ rows }: DiscoveredObject): string {
  return rows === null ? 'unknown' : formatCount(rows);
}
