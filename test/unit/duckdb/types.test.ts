import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { formatType } from '../../../core/format-type';
import type { ColumnType } from '../../../core/schema';
import { exactText, typeFor } from '../../../loaders/duckdb/types';
import { DuckdbFixture, NEVER, stageRows } from './duckdb-fixture';
import { Oracle } from './oracle';

/** A column of each type that DuckDB has, and what beamlift says it is. */
const CATALOGUE: readonly (readonly [sql: string, type: string])[] = [
  ['BOOLEAN', 'bool'],
  ['TINYINT', 'int8'],
  ['SMALLINT', 'int16'],
  ['INTEGER', 'int32'],
  ['BIGINT', 'int64'],
  ['HUGEINT', 'int128'],
  ['UTINYINT', 'uint8'],
  ['USMALLINT', 'uint16'],
  ['UINTEGER', 'uint32'],
  ['UBIGINT', 'uint64'],
  ['UHUGEINT', 'uint128'],
  ['FLOAT', 'float32'],
  ['DOUBLE', 'float64'],
  ['DECIMAL(38, 38)', 'decimal(38,38)'],
  ['DECIMAL(4, 0)', 'decimal(4,0)'],
  ['VARCHAR', 'string'],
  ['VARCHAR COLLATE NOCASE', 'string'],
  ['BLOB', 'bytes'],
  ['UUID', 'uuid'],
  ['JSON', 'json'],
  ['DATE', 'date'],
  ['TIME', 'time'],
  ['TIME_NS', 'time(ns)'],
  ['TIMESTAMP', 'datetime'],
  ['TIMESTAMP_S', 'datetime(s)'],
  ['TIMESTAMP_MS', 'datetime(ms)'],
  ['TIMESTAMP_NS', 'datetime(ns)'],
  ['TIMESTAMPTZ', 'timestamp'],
  ['INTERVAL', 'interval'],
  [`ENUM('a', 'it''s')`, 'enum'],
  ['mood', 'enum'],
  ['money', 'decimal(10,2)'],
  ['INTEGER[]', 'array<int32>'],
  ['JSON[][]', 'array<array<json>>'],
  ['DATE[3]', 'array<date>'],
  ['STRUCT("a b" INTEGER, c STRUCT(d JSON))', 'struct<a b int32, c struct<d json>>'],
  ['MAP(VARCHAR, DECIMAL(5,1)[])', 'array<struct<key string, value array<decimal(5,1)>>>'],
];

const UNSUPPORTED = ['UNION(a INTEGER, b VARCHAR)', 'BIT', 'BIGNUM', 'TIMETZ'];

describe('types of DuckDB', () => {
  const oracle = new Oracle();
  let fixture: DuckdbFixture;
  after(() => oracle.close());
  beforeEach(async () => (fixture = await DuckdbFixture.make(oracle)));
  afterEach(async () => await fixture.remove());

  it('are column types, each of them', async () => {
    await fixture.change(
      `CREATE TYPE mood AS ENUM ('sad', 'happy')`,
      'CREATE TYPE money AS DECIMAL(10, 2)',
      `CREATE TABLE t (${CATALOGUE.map(([sql], index) => `c${index} ${sql}`).join(', ')}, k INTEGER NOT NULL, g INTEGER AS (k * 2), d INTEGER DEFAULT 5, "q g" INTEGER AS (k + 1), PRIMARY KEY (d, k))`,
      `COMMENT ON COLUMN t.k IS 'the key'`,
    );
    const schema = await fixture.loader().schema(NEVER);
    assert.ok(schema);
    assert.deepEqual(
      schema.columns.slice(0, CATALOGUE.length).map(({ type }) => formatType(type)),
      CATALOGUE.map(([, type]) => type),
    );
    const int: ColumnType = { kind: 'int', bits: 32 };
    assert.deepEqual(schema.columns.slice(CATALOGUE.length), [
      { name: 'k', type: int, nullable: false, comment: 'the key' },
      { name: 'g', type: int, nullable: true, generated: true },
      { name: 'd', type: int, nullable: false },
      { name: 'q g', type: int, nullable: true, generated: true },
    ]);
    assert.deepEqual(schema.primaryKey, ['d', 'k']);
    const mood = schema.columns[30]?.type;
    assert.deepEqual(mood, { kind: 'string', values: ['sad', 'happy'] });
  });

  for (const type of UNSUPPORTED) {
    it(`refuse ${type} by name`, async () => {
      await fixture.change(`CREATE TABLE t (fine INTEGER, odd ${type}[])`);
      await assert.rejects(
        fixture.loader().schema(NEVER),
        (error) =>
          error instanceof BeamliftError && error.code === 'TYPE_UNSUPPORTED' && /"odd"/.test(error.what),
      );
    });
  }

  it('of an existing table are filled, through the column of a created one or not', async () => {
    await fixture.change(
      `CREATE TYPE mood AS ENUM ('sad', 'happy')`,
      `CREATE TABLE t (m mood, l mood[], s STRUCT(m mood), a BLOB[2], mp MAP(VARCHAR, BLOB), tn TIME_NS, uh UHUGEINT[])`,
    );
    const loader = fixture.loader();
    const columns =
      (await loader.schema(NEVER))?.columns.map(({ name, type }) => [name, type] as const) ?? [];
    await fixture.load(
      columns,
      [
        [
          [
            'sad',
            ['happy', null],
            ['sad'],
            [Buffer.from('a'), null],
            [['k', Buffer.from('v')]],
            1n,
            [2n ** 128n - 1n],
          ],
          [null, null, null, null, null, null, null],
          ['happy', [], [null], null, [], 0n, []],
        ],
      ],
      { createTable: false },
    );
    assert.deepEqual(
      await fixture.ask(
        `SELECT m::VARCHAR, l::VARCHAR, s::VARCHAR, a::VARCHAR, mp::VARCHAR, tn::VARCHAR, uh::VARCHAR FROM t`,
      ),
      [
        [
          'sad',
          '[happy, NULL]',
          `{'m': sad}`,
          '[a, NULL]',
          '{k=v}',
          '00:00:00.000000001',
          `[${2n ** 128n - 1n}]`,
        ],
        [null, null, null, null, null, null, null],
        ['happy', '[]', `{'m': NULL}`, null, '{}', '00:00:00', '[]'],
      ],
    );
  });

  it('an array of another length than the column has is refused, and nothing is loaded', async () => {
    await fixture.change('CREATE TABLE t (a INTEGER[2])');
    const type: ColumnType = { kind: 'array', element: { kind: 'int', bits: 32 } };
    await assert.rejects(
      fixture.load([['a', type]], [[[[1n, 2n]], [[1n, 2n, 3n]]]], { createTable: false }),
      (error) =>
        error instanceof BeamliftError &&
        error.code === 'DESTINATION_FAILED' &&
        /length 3/.test(error.why ?? ''),
    );
    assert.deepEqual(await fixture.ask('SELECT * FROM t'), []);
  });

  it('of a created table hold what the source declares', () => {
    const made = (type: ColumnType): string => formatType(typeFor(type));
    assert.equal(made({ kind: 'decimal' }), 'decimal(38,9)');
    assert.equal(made({ kind: 'decimal', precision: 12, scale: 2 }), 'decimal(12,2)');
    assert.equal(made({ kind: 'decimal', precision: 3, scale: -2 }), 'decimal(5,0)');
    assert.equal(made({ kind: 'decimal', precision: 3, scale: 5 }), 'decimal(5,5)');
    assert.equal(made({ kind: 'decimal', precision: 50, scale: 10 }), 'string');
    assert.equal(made({ kind: 'string', maxLength: 5, values: ['a'] }), 'string');
    assert.equal(made({ kind: 'variant' }), 'json');
    assert.equal(made({ kind: 'timestamp', unit: 'ns' }), 'timestamp');
    assert.equal(made({ kind: 'datetime', unit: 'ns' }), 'datetime(ns)');
    assert.equal(made({ kind: 'datetime', unit: 's' }), 'datetime');
    assert.equal(made({ kind: 'struct', fields: [] }), 'json');
    const twice: ColumnType = {
      kind: 'struct',
      fields: [
        { name: 'a', type: { kind: 'bool' } },
        { name: 'A', type: { kind: 'bool' } },
      ],
    };
    assert.equal(made({ kind: 'array', element: twice }), 'array<json>');
  });

  it('come back as they were made', async () => {
    const leaves: ColumnType[] = [
      { kind: 'bool' },
      ...([8, 16, 32, 64, 128] as const).flatMap((bits): ColumnType[] => [
        { kind: 'int', bits },
        { kind: 'int', bits, unsigned: true },
      ]),
      { kind: 'float', bits: 32 },
      { kind: 'float', bits: 64 },
      { kind: 'decimal' },
      { kind: 'decimal', precision: 1, scale: 1 },
      { kind: 'string', maxLength: 3 },
      { kind: 'bytes' },
      { kind: 'json' },
      { kind: 'variant' },
      { kind: 'uuid' },
      { kind: 'date' },
      ...(['s', 'ms', 'us', 'ns'] as const).flatMap((unit): ColumnType[] => [
        { kind: 'time', unit },
        { kind: 'datetime', unit },
        { kind: 'timestamp', unit },
      ]),
      { kind: 'interval' },
    ];
    const types = leaves.flatMap((type): ColumnType[] => [
      type,
      { kind: 'array', element: { kind: 'struct', fields: [{ name: 'x', type }] } },
    ]);
    const columns = types.map((type, index) => [`c${index}`, typeFor(type)] as const);
    await fixture.load(columns, [[columns.map(() => null)]]);
    const schema = await fixture.loader().schema(NEVER);
    assert.deepEqual(
      schema?.columns.map(({ type }) => exactText(type)),
      columns.map(([, type]) => exactText(type)),
    );
  });

  it('that changed since planning stop the commit', async () => {
    await fixture.change('CREATE TABLE t (a INTEGER)');
    const loader = fixture.loader();
    const lease = await loader.acquireLease({ job: 'orders', fingerprint: 'f' }, 'run-1', 'fail', NEVER);
    const context = fixture.context([['a', { kind: 'int', bits: 32 }]], { createTable: false });
    const manifests = await stageRows(loader, context, [[[1n]]]);
    await fixture.change('ALTER TABLE t ALTER a TYPE VARCHAR');
    await assert.rejects(
      loader.commit(context, manifests, {}, NEVER),
      (error) =>
        error instanceof BeamliftError &&
        error.code === 'DESTINATION_FAILED' &&
        /is string and not int32/.test(error.why ?? ''),
    );
    await fixture.change('DROP TABLE t');
    await assert.rejects(
      loader.commit(context, manifests, {}, NEVER),
      (error) => error instanceof BeamliftError && error.code === 'DESTINATION_NOT_FOUND',
    );
    await lease.release();
  });
});
