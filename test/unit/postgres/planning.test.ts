import assert from 'node:assert/strict';
import fc from 'fast-check';
import { codeOfSqlState, connectError, statementError } from '../../../core/clients/postgres-errors';
import { BeamliftError } from '../../../core/errors';
import type { WorkUnit } from '../../../core/plan';
import { equalDepthBounds } from '../../../extractors/postgres/column-histogram';
import { readingOf } from '../../../extractors/postgres/column-reading';
import { scaledRows } from '../../../extractors/postgres/estimate-rows';
import type { Relation } from '../../../extractors/postgres/relation';
import { selectStatement } from '../../../extractors/postgres/select-statement';
import type { PgType } from '../../../extractors/postgres/type-catalogue';
import { withPosition } from '../../../extractors/postgres/user-sql';

/** An error as pg makes it of the server's report. */
function serverError(code: string, position?: number): Error {
  return Object.assign(new Error('said the server'), {
    severity: 'ERROR',
    code,
    ...(position === undefined ? {} : { position: String(position) }),
  });
}

function pgType(oid: number, name: string, rest: Partial<PgType> = {}): [number, PgType] {
  const base: PgType = {
    ...{
      oid,
      name,
      schema: 'pg_catalog',
      kind: 'b',
      base: undefined,
      elementOid: undefined,
      labels: [],
      fields: [],
    },
    ...rest,
  };
  return [oid, base];
}

const types = new Map([
  pgType(23, 'int4'),
  pgType(25, 'text'),
  pgType(600, 'point'),
  pgType(869, 'inet'),
  pgType(1184, 'timestamptz'),
  pgType(1700, 'numeric'),
  pgType(1231, '_numeric', { elementOid: 1700 }),
  pgType(1041, '_inet', { elementOid: 869 }),
  pgType(1017, '_point', { elementOid: 600 }),
  pgType(9000, 'price', { kind: 'd', base: { oid: 1700, modifier: ((10 << 16) | 2) + 4 } }),
  pgType(9001, 'net price', { kind: 'd', base: { oid: 9000, modifier: -1 }, schema: 'my "x"' }),
  pgType(9002, 'mood', { kind: 'e', labels: ['sad', 'ok'], schema: 'my "x"' }),
  pgType(9003, 'pair', {
    kind: 'c',
    fields: [
      { name: 'a', oid: 23, modifier: -1 },
      { name: 'p', oid: 9001, modifier: -1 },
    ],
  }),
  pgType(9004, 'place', { kind: 'c', fields: [{ name: 'at', oid: 600, modifier: -1 }] }),
  pgType(9005, '_net price', { elementOid: 9001 }),
]);

describe('postgres: how columns are read', () => {
  const read = (oid: number, modifier = -1) => readingOf(oid, modifier, types, true);

  it('resolves domains, numbers, enums, arrays and composites', () => {
    assert.deepEqual(read(9001).type, { kind: 'decimal', precision: 10, scale: 2 });
    assert.equal(read(9001).wireOid, 1700);
    assert.deepEqual(read(1700).type, { kind: 'decimal' });
    assert.deepEqual(read(1700, (5 << 16) + ((-3 & 0x7ff) | 0) + 4).type, {
      kind: 'decimal',
      precision: 5,
      scale: -3,
    });
    assert.deepEqual(read(1700, ((1000 << 16) | 1000) + 4).type, {
      kind: 'decimal',
      precision: 1000,
      scale: 1000,
    });
    assert.deepEqual(read(9002).type, { kind: 'string', values: ['sad', 'ok'] });
    assert.deepEqual(read(9005).type, {
      kind: 'array',
      element: { kind: 'decimal', precision: 10, scale: 2 },
    });
    assert.deepEqual(read(1231, ((6 << 16) | 1) + 4).type, {
      kind: 'array',
      element: { kind: 'decimal', precision: 6, scale: 1 },
    });
    assert.deepEqual(read(9003).type, {
      kind: 'struct',
      fields: [
        { name: 'a', type: { kind: 'int', bits: 32 } },
        { name: 'p', type: { kind: 'decimal', precision: 10, scale: 2 } },
      ],
    });
    assert.equal(read(9001).literalType, '"pg_catalog"."numeric"');
    assert.equal(read(9002).literalType, '"my ""x"""."mood"');
  });

  it('has everything else written by the server', () => {
    assert.deepEqual(
      [read(600).type, read(600).select('"x"'), read(600).wireOid],
      [{ kind: 'string' }, '"x"::text', 25],
    );
    assert.equal(read(869).select('"x"'), 'pg_catalog.abbrev("x")');
    assert.equal(read(1041).select('"x"'), '"x"::text::text[]');
    assert.equal(read(1017).select('"x"'), '"x"::text[]');
    assert.equal(read(9004).select('"x"'), '"x"::text');
    assert.equal(read(424242).select('"x"'), '"x"::text');
    assert.equal(read(1017).isServerText && !read(9003).isServerText, true);
  });
});

describe('postgres: SELECT statements', () => {
  const column = (name: string, oid: number) => ({
    ...{ name, reading: readingOf(oid, -1, types, true), nullable: true, generated: false },
    ...{ nativeType: '', comment: undefined, modifier: -1 },
  });
  const relation: Relation = {
    table: undefined,
    from: '"public"."o"',
    name: 'public.o',
    columns: [column('id', 23), column('at "x"', 1184), column('where', 600)],
    primaryKey: ['id'],
  };
  const select = (unit: WorkUnit, rest: { filter?: string; limit?: number } = {}) =>
    selectStatement(
      relation,
      relation.columns.slice(0, 1),
      {
        unit,
        window: {
          column: 'at "x"',
          lower: { value: "2024-01-01'", inclusive: true },
          upper: { value: '2024\\', inclusive: false },
        },
        filter: rest.filter,
      },
      rest.limit ?? null,
    );

  it('joins filter, window and unit', () => {
    assert.equal(
      select(
        { id: 'u', kind: 'range', column: 'id', lower: { value: '1', inclusive: false }, upper: null },
        { filter: 'a OR b -- c;', limit: 7 },
      ),
      `SELECT "id" AS "id" FROM "public"."o" WHERE (a OR b\n) AND "at ""x""" >= '2024-01-01'''::"pg_catalog"."timestamptz"` +
        ` AND "at ""x""" < E'2024\\\\'::"pg_catalog"."timestamptz" AND "id" > '1'::pg_catalog.int8 LIMIT 7`,
    );
    assert.match(select({ id: 'u', kind: 'is-null', column: 'id' }), /AND "id" IS NULL$/);
    assert.match(
      select({ id: 'u', kind: 'range', column: 'id', lower: null, upper: null }),
      /AND "id" IS NOT NULL$/,
    );
    assert.match(
      select({ id: 'u', kind: 'hash', column: 'id', modulus: 8, remainder: 3 }),
      / AND coalesce\(\(hashtextextended\("id"::text COLLATE "C", 0\) & 9223372036854775807\) % 8, 0\) = 3$/,
    );
  });

  it('reads only columns that there are, and no files', () => {
    assert.throws(() => select({ id: 'u', kind: 'is-null', column: 'no' }), { code: 'COLUMN_NOT_FOUND' });
    assert.throws(() => select({ id: 'u', kind: 'file', uri: 'f', bytes: 1, version: '' }), {
      code: 'INTERNAL',
    });
  });
});

describe('postgres: statistics', () => {
  it('scales rows to the size of today', () => {
    assert.equal(
      scaledRows([
        { tuples: 1000, pages: 10, pagesNow: 20 },
        { tuples: 50, pages: 1, pagesNow: 1 },
      ]),
      2050,
    );
    assert.equal(scaledRows([{ tuples: -1, pages: 0, pagesNow: 20 }]), null);
    assert.equal(scaledRows([{ tuples: 0, pages: 0, pagesNow: 20 }]), null);
    assert.equal(scaledRows([{ tuples: -1, pages: 0, pagesNow: 0 }]), 0);
  });

  const byNumber = (left: string, right: string): number => Number(left) - Number(right);

  it('repeats a common value as often as it fills a bucket', () => {
    // ten buckets share half of the rows; the value 5 has a quarter, NULL the last
    const bounds = Array.from({ length: 11 }, (_, index) => String(index * 10));
    const merged = equalDepthBounds(
      { bounds, common: [{ value: '5', share: 0.25 }], nullShare: 0.25 },
      byNumber,
    );
    assert.equal(merged?.filter((bound) => bound === '5').length, 5);
    assert.deepEqual(merged.slice(0, 3), ['0', '5', '5']);
    assert.equal(equalDepthBounds({ bounds: [], common: [], nullShare: 0 }, byNumber), undefined);
  });

  it('is sorted and bounded whatever the statistics say (property)', () => {
    const share = fc.float({ min: 0, max: 1, noNaN: true });
    const value = fc.integer().map(String);
    const common = fc.array(fc.record({ value, share }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), common, share, (bounds, common, nullShare) => {
        const merged =
          equalDepthBounds({ bounds: [...bounds].sort(byNumber), common, nullShare }, byNumber) ?? [];
        assert.deepEqual(merged, [...merged].sort(byNumber));
        assert.ok(merged.length <= bounds.length + common.length * 10_000);
      }),
    );
  });
});

describe('postgres: errors', () => {
  it('go by SQLSTATE and errno alone', () => {
    const states: Record<string, string> = {
      ...{
        '28P01': 'LOGIN_FAILED',
        '28000': 'LOGIN_FAILED',
        '3D000': 'DATABASE_NOT_FOUND',
        '42501': 'RIGHTS_MISSING',
      },
      ...{
        '42P01': 'SOURCE_NOT_FOUND',
        '42601': 'QUERY_REFUSED',
        '25006': 'QUERY_REFUSED',
        '22012': 'QUERY_REFUSED',
      },
      ...{
        '57P01': 'CONNECTION_LOST',
        '57P03': 'CONNECTION_REFUSED',
        '53300': 'CONNECTION_LIMIT',
        '08006': 'CONNECTION_LOST',
      },
      ...{
        '57014': 'SOURCE_INCOMPLETE',
        '40001': 'SOURCE_INCOMPLETE',
        '72000': 'SNAPSHOT_LOST',
        XX000: 'QUERY_REFUSED',
      },
    };
    for (const [state, code] of Object.entries(states)) assert.equal(codeOfSqlState(state), code, state);
    const errnos: Record<string, string> = {
      ...{ ENOTFOUND: 'CONNECTION_DNS', EAI_AGAIN: 'CONNECTION_DNS', ECONNREFUSED: 'CONNECTION_REFUSED' },
      ...{
        ETIMEDOUT: 'CONNECTION_TIMEOUT',
        ECONNRESET: 'CONNECTION_LOST',
        ERR_SSL_WRONG_VERSION_NUMBER: 'CONNECTION_TLS',
      },
    };
    for (const [errno, code] of Object.entries(errnos)) {
      const error = Object.assign(new Error('x'), { code: errno });
      assert.equal(connectError(error, 'h:1', false).code, code, errno);
    }
    assert.equal(statementError(new Error('gone'), 'w', {}).code, 'CONNECTION_LOST');
    assert.equal(connectError(new Error('SASL'), 'h:1', true).code, 'LOGIN_FAILED');
  });

  it('say where in the text of the user the server stopped', () => {
    const at = (text: string, position: number): string => {
      const error = statementError(serverError('42601', position), 'Refused', {});
      const placed = withPosition(error, 'filter', text, 10);
      assert.ok(placed instanceof BeamliftError);
      return placed.what;
    };
    assert.equal(at('SELECT 📦\n  x FROM y', 11 + 11), 'Refused (line 2, character 3)');
    assert.equal(at('SELECT ; ', 11 + 7), 'Refused (at its end)');
    assert.equal(at('SELECT ; ', 11 + 500), 'Refused (at its end)');
  });
});
