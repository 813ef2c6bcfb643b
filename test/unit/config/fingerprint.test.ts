import assert from 'node:assert/strict';
import type { JsonObject, SourceObject } from '../../../core/plan';
import { fingerprint } from '../../../launcher/config/fingerprint';
import type { JobSpec } from '../../../launcher/config/job-spec';

function of(
  connection: JsonObject,
  object: SourceObject,
  config: JsonObject = { path: '/w.duckdb' },
  rest: {
    dataset?: string;
    table?: string;
    type?: string;
    cursor?: string;
    loadType?: JobSpec['loadType'];
  } = {},
): string {
  const { dataset, table = 'orders', type = 'postgresql', cursor, loadType = 'transactional' } = rest;
  return fingerprint({
    sourceCategory: object.kind === 'files' ? 'files' : 'database',
    loadType,
    timestampColumn: cursor,
    source: { type, connectionName: 'shop', connection, object, maxConnections: 8 },
    destination: {
      type: 'duckdb',
      destinationName: 'w',
      config,
      table,
      ...(dataset === undefined ? {} : { dataset }),
    },
  });
}

describe('fingerprint', () => {
  const connection = { host: 'h', port: 5432, database: 'd' };
  const object: SourceObject = { kind: 'table', name: 'public.orders' };

  it('stays what it is, version after version', () => {
    assert.equal(of(connection, object), '258484832a0e97e0');
  });

  it('tells tables of two datasets apart', () => {
    const orders: SourceObject = { kind: 'table', name: 'orders' };
    const sales = { project: 'p', dataset: 'sales' };
    assert.notEqual(of(sales, orders), of({ ...sales, dataset: 'archive' }, orders));
    assert.equal(of({ ...sales, billing_project: 'q', read_method: 'rest' }, orders), of(sales, orders));
  });

  it('does not depend on names, logins, or the order of fields', () => {
    const same = {
      password: '${env:X}',
      user: 'u',
      sslmode: 'require',
      database: 'd',
      port: 5432,
      host: 'h',
    };
    assert.equal(of(same, object), of(connection, object));
    assert.equal(
      of(connection, { kind: 'query', sql: ' SELECT 1\n' }),
      of(connection, { kind: 'query', sql: 'SELECT 1' }),
    );
    assert.equal(
      of(connection, object, { path: '/w.duckdb', schema: 'main' }),
      of(connection, object, undefined, { dataset: 'main' }),
    );
  });

  it('does not depend on a timestamp_column that is not used', () => {
    const catalog = { cursor: 'id', loadType: 'catalog' as const };
    assert.equal(of(connection, object, undefined, catalog), of(connection, object));
    const merge = { cursor: 'id', loadType: 'merge' as const };
    assert.equal(
      of(connection, object, undefined, merge),
      of(connection, object, undefined, { cursor: 'id' }),
    );
  });

  it('depends on what is read and written', () => {
    const all = [
      of(connection, object),
      of({ ...connection, host: 'other' }, object),
      of({ ...connection, port: 5433 }, object),
      of({ ...connection, database: 'other' }, object),
      of(connection, { kind: 'table', name: 'public.lines' }),
      of(connection, { kind: 'table', schema: 'public', name: 'orders' }),
      of(connection, { kind: 'query', sql: 'public.orders' }),
      of(connection, { kind: 'files', pattern: 'public.orders', format: 'csv', options: {} }),
      of(connection, object, { path: '/other.duckdb' }),
      of(connection, object, undefined, { dataset: 'raw' }),
      of(connection, object, undefined, { table: 'lines' }),
      of(connection, object, undefined, { type: 'mysql' }),
      of(connection, object, undefined, { cursor: 'id' }),
      of(connection, object, undefined, { cursor: 'created_at' }),
    ];
    assert.equal(new Set(all).size, all.length);
    for (const one of all) assert.match(one, /^[0-9a-f]{16}$/);
  });
});
