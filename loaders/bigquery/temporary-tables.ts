import { createHash } from 'node:crypto';
import type { TableField, TableReference, TableResource } from '../../core/clients/bigquery-api';
import { MS_PER_DAY } from '../../core/calendar';
import type { JsonObject } from '../../core/plan';
import type { NewTable } from './commit-plan';
import { RESUME_HORIZON_DAYS } from './resume-horizon';

/** What the names of our temporary tables begin with; destinations may not have such names. */
const TEMPORARY_PREFIX = 'beamlift_tmp_';

/**
 * When a temporary table expires, in milliseconds after the commit was decided: a day more than a run can be resumed,
 * so that it is there as long as its rows may still have to be published, and gone when everybody has forgotten it.
 */
export const TEMPORARY_TABLE_LIFE_MS = (RESUME_HORIZON_DAYS + 1) * MS_PER_DAY;

/** Longest readable piece of a name, in characters; BigQuery takes 1,024 bytes for all of it. */
const MAX_READABLE = 60;

/** The `index`th temporary table of a run, in the dataset of its destination: other runs and other jobs have other names. */
export function temporaryTable(table: TableReference, runId: string, index: number): TableReference {
  const readable = runId.replace(/[^A-Za-z0-9]/g, '_').slice(0, MAX_READABLE);
  const digest = createHash('sha256')
    .update(JSON.stringify([runId, table.tableId]))
    .digest('hex')
    .slice(0, 12);
  return { ...table, tableId: `${TEMPORARY_PREFIX}${readable}_${digest}_${index}` };
}

/** How a temporary table is divided: a copy takes place between tables of one partitioning only. */
export type TableLayout = Pick<TableResource, 'timePartitioning' | 'rangePartitioning' | 'clustering'>;

/** What `createTable` is given. Without `layout` it is a plain table. */
export function temporaryResource(
  reference: TableReference,
  fields: readonly TableField[],
  layout: TableLayout,
  kmsKeyName: string | undefined,
  nowMs: number,
): NewTable {
  const resource = {
    schema: { fields },
    ...layout,
    expirationTime: String(nowMs + TEMPORARY_TABLE_LIFE_MS),
    description: 'Rows that beamlift has staged and not published yet. It expires by itself.',
    ...(kmsKeyName === undefined ? {} : { encryptionConfiguration: { kmsKeyName } }),
  };
  return { reference, resource: asJson(resource) };
}

/** Plain JSON of a value that consists of nothing else; what is undefined is left out. */
export function asJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
