import assert from 'node:assert/strict';
import type { BigQueryReader } from '../../../core/clients/bigquery-reader-api';
import { columnOfField } from '../../../extractors/bigquery/column-types';
import type { ResultScope } from '../../../extractors/bigquery/query-result';
import type { Relation } from '../../../extractors/bigquery/relation';
import { findUpperBound, type UpperBoundInput } from '../../../extractors/bigquery/upper-bound';

const { signal } = new AbortController();
const NOW = BigInt(Date.UTC(2024, 6, 1, 12)) * 1000n;
const DAYS_TO_NOW = 19_905n;

/** Answers every statement with one row, and keeps the statements. */
function answering(...row: readonly (string | null)[]): { scope: ResultScope; statements: string[] } {
  const statements: string[] = [];
  const table = { projectId: 'p', datasetId: '_anon', tableId: 't' };
  const reader = {
    runQuery: ({ sql }: { sql: string }) => {
      statements.push(sql);
      return Promise.resolve({ table, job: {}, bytesProcessed: 0 });
    },
    listRows: () => Promise.resolve({ rows: [{ f: row.map((v) => ({ v })) }], totalRows: 1, bytes: 0 }),
  };
  return {
    scope: { reader: reader as unknown as BigQueryReader, connection: { project: 'p' }, nonce: 'n' },
    statements,
  };
}

function inputOf(type: string, more: Partial<UpperBoundInput> = {}, resource: object = {}): UpperBoundInput {
  const field = { name: 'c', type, mode: 'NULLABLE' };
  const relation: Relation = {
    name: 'p.d.t',
    from: '`p.d.t`',
    columns: [{ field, column: columnOfField(field) }],
    primaryKey: [],
    location: 'EU',
    table: {
      reference: { projectId: 'p', datasetId: 'd', tableId: 't' },
      resource: { tableReference: { projectId: 'p', datasetId: 'd', tableId: 't' }, ...resource },
    },
    isStored: true,
  };
  return { relation, filter: undefined, column: 'c', holdBackSeconds: 0, timezone: 'UTC', ...more };
}

const nowMicros = String(NOW);

describe('upper end of a window in BigQuery', () => {
  it('is behind the largest instant, or now less the hold-back', async () => {
    const past = answering(String(NOW - 5n), '3', nowMicros);
    const bound = await findUpperBound(past.scope, inputOf('TIMESTAMP'), signal);
    assert.deepEqual(bound.bound, { value: '2024-07-01T11:59:59.999996Z', inclusive: false });
    assert.equal(bound.nullRows, 3);
    assert.equal(bound.commitSafe, false);
    const future = answering(String(NOW + 10n ** 15n), '0', nowMicros);
    assert.deepEqual(
      (await findUpperBound(future.scope, inputOf('TIMESTAMP', { holdBackSeconds: 60 }), signal)).bound,
      { value: '2024-07-01T11:59:00.000000Z', inclusive: false },
    );
  });

  it('follows the clocks of the zone where a column has none', async () => {
    const { scope } = answering(String(NOW + 10n ** 15n), '0', nowMicros);
    const bound = await findUpperBound(scope, inputOf('DATETIME', { timezone: 'Europe/Warsaw' }), signal);
    assert.deepEqual(bound.bound, { value: '2024-07-01T14:00:00.000000', inclusive: false });
    assert.match(bound.reason, /Europe\/Warsaw/);
  });

  it('leaves the day that is not over to a later run', async () => {
    const day = async (last: bigint) =>
      (await findUpperBound(answering(String(last), '0', nowMicros).scope, inputOf('DATE'), signal)).bound;
    assert.deepEqual(await day(DAYS_TO_NOW), { value: '2024-07-01', inclusive: false });
    assert.deepEqual(await day(DAYS_TO_NOW - 1n), { value: '2024-07-01', inclusive: false });
    assert.deepEqual(await day(DAYS_TO_NOW - 2n), { value: '2024-06-30', inclusive: false });
  });

  it('is the largest number itself, and nothing for no rows', async () => {
    const { scope } = answering('42', '0', nowMicros);
    assert.deepEqual((await findUpperBound(scope, inputOf('INTEGER'), signal)).bound, {
      value: '42',
      inclusive: true,
    });
    const none = await findUpperBound(answering(null, '9', nowMicros).scope, inputOf('DATE'), signal);
    assert.equal(none.bound, null);
    assert.equal(none.nullRows, 9);
  });

  it('asks with a filter where the table wants one over the column', async () => {
    const { scope, statements } = answering('1', '0', nowMicros);
    const wanting = { requirePartitionFilter: true, timePartitioning: { type: 'DAY', field: 'c' } };
    const bound = await findUpperBound(scope, inputOf('DATE', { filter: 'x = 1' }, wanting), signal);
    assert.match(statements[0] ?? '', /WHERE `c` >= DATE '0001-01-01' AND \(x = 1\n\)$/);
    // Rows without a value are in a partition that the filter leaves out.
    assert.equal(bound.nullRows, null);
  });

  it('refuses columns without an order', async () => {
    const { scope } = answering('1', '0', nowMicros);
    await assert.rejects(findUpperBound(scope, inputOf('JSON'), signal), { code: 'PLAN_REFUSED' });
  });
});
