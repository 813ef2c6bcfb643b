import type { TableReference, TableResource } from '../../../core/clients/bigquery-api';
import type { Row } from '../../../core/cells';
import type { Manifest, Part } from '../../../core/manifest';
import type { RunContext } from '../../../core/plan';
import type { Column, ColumnType, TableSchema } from '../../../core/schema';
import { tableFields } from '../../../loaders/bigquery/schema';
import { planCommit, type CommitInput } from '../../../loaders/bigquery/plan-commit';
import type { CommitPlan } from '../../../loaders/bigquery/commit-plan';
import { compileColumnDigests } from '../../../transforms/column-digest';
import { CONTEXT } from './staged-run';

export const TABLE: TableReference = { projectId: 'test-project', datasetId: 'warehouse', tableId: 'orders' };

export const NOW = Date.UTC(2024, 4, 1);

export const INT: ColumnType = { kind: 'int', bits: 64 };
export const STRING: ColumnType = { kind: 'string' };
export const TIMESTAMP: ColumnType = { kind: 'timestamp', unit: 'us' };

/** Nullable columns, named after themselves on both sides. */
export function columnsOf(types: Readonly<Record<string, ColumnType>>): Column[] {
  return Object.entries(types).map(([name, type]) => ({ name, type, nullable: true }));
}

/** Of a run into a table that is there, unless `more` says something else. */
export function commitContext(columns: readonly Column[], more: Partial<RunContext> = {}): RunContext {
  const schema: TableSchema = { columns: [...columns], primaryKey: [] };
  return {
    ...CONTEXT,
    columns: columns.map(({ name, type }) => ({
      source: name,
      destination: name,
      sourceType: type,
      destinationType: type,
    })),
    sourceSchema: schema,
    destinationSchema: schema,
    createTable: false,
    ...more,
  };
}

/** As tables.get answers. */
export function tableOf(columns: readonly Column[], more: Partial<TableResource> = {}): TableResource {
  return {
    tableReference: TABLE,
    etag: 'e1',
    type: 'TABLE',
    numRows: '3',
    schema: { fields: tableFields({ columns: [...columns], primaryKey: [] }) },
    ...more,
  };
}

export function partOf(name: string, rows: number, bytes = 1000): Part {
  return { uri: `gs://staging/${name}`, rows, bytes, crc32c: 'AAAAAA==' };
}

export function manifestOf(
  context: RunContext,
  unit: string,
  parts: readonly Part[],
  more: Partial<Manifest> = {},
): Manifest {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  return {
    runId: context.runId,
    unit,
    attempt: 'a1',
    parts: [...parts],
    bytesStaged: parts.reduce((sum, part) => sum + part.bytes, 0),
    counts: { rowsExtracted: rows, rowsStaged: rows, rowsRejected: 0, rowsFiltered: 0, losses: {} },
    ...more,
  };
}

/** The digests of rows, as staging makes them. */
export function digestsOf(context: RunContext, rows: readonly Row[]) {
  const digests = compileColumnDigests(context.destinationSchema);
  for (const row of rows) digests.add(row);
  return digests.result();
}

export function planOf(
  context: RunContext,
  manifests: readonly Manifest[],
  existing: TableResource | undefined,
  more: Partial<CommitInput> = {},
): CommitPlan {
  return planCommit({
    context,
    manifests,
    manifestHash: 'hash-1',
    table: TABLE,
    existing,
    location: 'US',
    nowMs: NOW,
    ...more,
  });
}
