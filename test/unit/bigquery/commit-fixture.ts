import assert from 'node:assert/strict';
import type { TableReference, TableResource } from '../../../core/clients/bigquery-api';
import type { Row } from '../../../core/cells';
import { BeamliftError } from '../../../core/errors';
import type { ErrorCode } from '../../../core/error-codes';
import type { Manifest, Part } from '../../../core/manifest';
import type { RunContext } from '../../../core/plan';
import type { Column, ColumnType, TableSchema } from '../../../core/schema';
import { tableFields } from '../../../loaders/bigquery/schema';
import type { LoadLimits } from '../../../loaders/bigquery/group-parts';
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

/** Names of so many hours since 1970, in two lists that share some. */
export function inHours(count: number): [string[], string[]] {
  const names = Array.from({ length: count }, (_, index) =>
    new Date(index * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 10),
  );
  return [names.slice(0, Math.ceil(count / 2) + 3), names.slice(Math.ceil(count / 2))];
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

export const COLUMNS = columnsOf({ id: INT, name: STRING, at: TIMESTAMP });
export const FIELDS = [
  { name: 'id', type: 'INTEGER', mode: 'NULLABLE' },
  { name: 'name', type: 'STRING', mode: 'NULLABLE' },
  { name: 'at', type: 'TIMESTAMP', mode: 'NULLABLE' },
];
/** Limits that make a load job of every file. */
export const ONE_FILE: LoadLimits = {
  maxFiles: 1,
  maxBytes: 1e9,
  maxFileBytes: 1e9,
  maxGzipFileBytes: 1e9,
  maxUriBytes: 1e6,
};
export const MERGE: Partial<RunContext> = { disposition: 'merge', keyColumns: ['id'] };
export const STRICT: Partial<RunContext> = { verify: 'strict' };
export const REPLACE: Partial<RunContext> = { disposition: 'replace' };

/** Two units: three rows in two files, and none. */
export function staged(context: RunContext, rows = 3): Manifest[] {
  const files = rows === 0 ? [] : [partOf('u1.0.avro', rows - 1), partOf('u1.1.avro', 1)];
  return [
    manifestOf(context, 'u2', [], { digests: digestsOf(context, []) }),
    manifestOf(context, 'u1', files, { digests: digestsOf(context, []) }),
  ];
}

export function refuses(code: ErrorCode, words: RegExp, plan: () => unknown): void {
  assert.throws(plan, (error) => {
    assert.ok(error instanceof BeamliftError, String(error));
    assert.equal(error.code, code);
    assert.match(`${error.what} ${error.why ?? ''} ${error.hint ?? ''}`, words);
    return true;
  });
}

export function queryOf(plan: CommitPlan): string {
  const query = plan.publish?.configuration['query'] as { query?: string } | undefined;
  return query?.query ?? '';
}
