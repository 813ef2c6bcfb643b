import type { TableReference } from '../../core/clients/bigquery-api';
import type { BigQueryConnection } from '../../core/clients/bigquery-connection';
import { BeamliftError } from '../../core/errors';
import type { SourceObject } from '../../core/plan';

/** Where names that are not complete are looked up. */
export type Defaults = Pick<BigQueryConnection, 'project' | 'dataset'>;

/**
 * The table of a job: `table`, `dataset.table`, `project.dataset.table`, each part or the whole in backquotes. With a schema (a dataset, or
 * `project.dataset`), the name means itself. Throws PLAN_REFUSED for names that BigQuery does not have.
 */
export function tableOf(
  object: Extract<SourceObject, { kind: 'table' }>,
  { project, dataset }: Defaults,
): TableReference {
  const parts =
    object.schema === undefined ? splitName(object.name) : [...splitDataset(object.schema), object.name];
  const [tableId = '', datasetId = dataset, projectId = project] = parts.reverse();
  if (datasetId === undefined) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: `"${object.name}" does not say in which dataset it is`,
      where: { object: object.name },
      hint: 'Write dataset.table, or set `dataset` of the connection.',
    });
  }
  if (parts.length > 3 || tableId === '' || !/^\w+$/.test(datasetId) || /[`\\/$@*]/.test(tableId)) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: `"${object.name}" is not the name of a table in BigQuery`,
      where: { object: object.name },
      hint: 'Write table, dataset.table or project.dataset.table. Partitions ($20240101), several tables at once (events_*) and moments (@…) are read by a query.',
    });
  }
  return { projectId, datasetId, tableId };
}

/** The name of a table, in backquotes, for SQL. */
export function sqlTable({ projectId, datasetId, tableId }: TableReference): string {
  return `\`${projectId}.${datasetId}.${tableId}\``;
}

/** The name of a column for SQL. */
export function sqlColumn(name: string): string {
  return `\`${name.replace(/[\\`]/g, (character) => `\\${character}`)}\``;
}

/** Dots within backquotes separate as well: BigQuery reads `a.b.c` alike in one pair of them or in three. */
function splitName(name: string): string[] {
  const bare = name.trim().replaceAll('`', '');
  // A domain of an old project (`example.com:shop`) has dots of its own.
  const domain = /^([a-z0-9.-]+:[^.]+)\.(.*)$/.exec(bare);
  return domain === null ? splitThree(bare) : [domain[1] ?? '', ...splitThree(domain[2] ?? '')];
}

function splitThree(text: string): string[] {
  return text.split('.');
}

function splitDataset(schema: string): string[] {
  const bare = schema.replaceAll('`', '');
  const dot = bare.lastIndexOf('.');
  return dot < 0 ? [bare] : [bare.slice(0, dot), bare.slice(dot + 1)];
}

/** `dataset` or `project.dataset` of a setting. */
export function datasetOf(text: string, project: string): { projectId: string; datasetId: string } {
  const [projectId, datasetId] = splitDataset(text).length === 2 ? splitDataset(text) : [project, text];
  return { projectId: projectId ?? project, datasetId: datasetId ?? text };
}
