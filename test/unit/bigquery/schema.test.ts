import assert from 'node:assert/strict';
import type { TableField, TableResource } from '../../../core/clients/bigquery-api';
import { formatType } from '../../../core/format-type';
import { tableFields, tableSchemaOf } from '../../../loaders/bigquery/schema';
import { hasCode } from '../../has-code';

function tableOf(fields: readonly TableField[], more: Partial<TableResource> = {}): TableResource {
  return { tableReference: { projectId: 'p', datasetId: 'd', tableId: 't' }, schema: { fields }, ...more };
}

const FIELDS: readonly (readonly [field: Omit<TableField, 'name'>, type: string, native: string])[] = [
  [{ type: 'INTEGER' }, 'int64', 'INT64'],
  [{ type: 'INT64' }, 'int64', 'INT64'],
  [{ type: 'FLOAT' }, 'float64', 'FLOAT64'],
  [{ type: 'BOOLEAN' }, 'bool', 'BOOL'],
  [{ type: 'STRING' }, 'string', 'STRING'],
  [{ type: 'STRING', maxLength: '10' }, 'string(10)', 'STRING(10)'],
  [{ type: 'BYTES', maxLength: '4' }, 'bytes(4)', 'BYTES(4)'],
  [{ type: 'NUMERIC' }, 'decimal(38,9)', 'NUMERIC'],
  [{ type: 'NUMERIC', precision: '10', scale: '2' }, 'decimal(10,2)', 'NUMERIC(10, 2)'],
  [{ type: 'NUMERIC', precision: '10' }, 'decimal(10,0)', 'NUMERIC(10)'],
  [{ type: 'BIGNUMERIC' }, 'decimal(76,38)', 'BIGNUMERIC'],
  [{ type: 'BIGNUMERIC', precision: '76', scale: '38' }, 'decimal(76,38)', 'BIGNUMERIC(76, 38)'],
  [{ type: 'DATE' }, 'date', 'DATE'],
  [{ type: 'TIME' }, 'time', 'TIME'],
  [{ type: 'DATETIME' }, 'datetime', 'DATETIME'],
  [{ type: 'TIMESTAMP' }, 'timestamp', 'TIMESTAMP'],
  [{ type: 'JSON' }, 'json', 'JSON'],
  [{ type: 'GEOGRAPHY' }, 'string', 'GEOGRAPHY'],
  [{ type: 'INTERVAL' }, 'string', 'INTERVAL'],
  [{ type: 'RANGE', rangeElementType: { type: 'DATE' } }, 'string', 'RANGE<DATE>'],
  [{ type: 'STRING', mode: 'REPEATED' }, 'array<string>', 'ARRAY<STRING>'],
  [
    {
      type: 'RECORD',
      mode: 'REPEATED',
      fields: [
        { name: 'at', type: 'TIMESTAMP', mode: 'REQUIRED' },
        { name: 'area', type: 'GEOGRAPHY', mode: 'REPEATED' },
      ],
    },
    'array<struct<at timestamp, area array<string>>>',
    'ARRAY<STRUCT<`at` TIMESTAMP, `area` ARRAY<GEOGRAPHY>>>',
  ],
];

describe('the schema of a BigQuery table', () => {
  for (const [field, type, native] of FIELDS) {
    it(`has ${native} as ${type}`, () => {
      const [column] = tableSchemaOf(tableOf([{ name: 'c', ...field }])).columns;
      assert.ok(column !== undefined);
      assert.equal(formatType(column.type), type);
      assert.equal(column.nativeType, native);
    });
  }

  it('says what may be null, and what people wrote about columns', () => {
    const { columns } = tableSchemaOf(
      tableOf([
        { name: 'a', type: 'INTEGER', mode: 'REQUIRED', description: 'The key' },
        { name: 'b', type: 'INTEGER', mode: 'NULLABLE', description: '' },
        { name: '__proto__', type: 'INTEGER' },
      ]),
    );
    assert.deepEqual(
      columns.map(({ name, nullable, comment }) => [name, nullable, comment]),
      [
        ['a', false, 'The key'],
        ['b', true, undefined],
        ['__proto__', true, undefined],
      ],
    );
  });

  it('knows keys and partitions', () => {
    const table = (more: Partial<TableResource>) => tableSchemaOf(tableOf([], more));
    assert.deepEqual(table({ tableConstraints: { primaryKey: { columns: ['b', 'a'] } } }).primaryKey, [
      'b',
      'a',
    ]);
    assert.deepEqual(table({}).primaryKey, []);
    assert.deepEqual(table({ timePartitioning: { type: 'MONTH', field: 'at' } }).partitioning, {
      by: 'month',
      column: 'at',
    });
    assert.equal(table({ timePartitioning: { type: 'DAY' } }).partitioning, undefined);
    const range = { start: '0', end: '100', interval: '10' };
    assert.deepEqual(table({ rangePartitioning: { field: 'id', range } }).partitioning, {
      by: 'range',
      column: 'id',
      start: 0,
      end: 100,
      interval: 10,
    });
  });

  it('refuses types that rows cannot be made for, with the path', () => {
    const foreign = { name: 'r', type: 'RECORD', fields: [{ name: 'x', type: 'FOREIGN' }] };
    assert.throws(() => tableSchemaOf(tableOf([foreign])), hasCode('TYPE_UNSUPPORTED', /"r\.x".*FOREIGN/));
  });
});

describe('fields of a created table', () => {
  it('have modes and descriptions', () => {
    const fields = tableFields({
      columns: [
        { name: 'id', type: { kind: 'int', bits: 64 }, nullable: false, comment: 'The key' },
        { name: 'tags', type: { kind: 'array', element: { kind: 'string' } }, nullable: true },
        {
          name: 'r',
          type: { kind: 'struct', fields: [{ name: 'a', type: { kind: 'json' } }] },
          nullable: true,
          comment: 'x'.repeat(2000),
        },
      ],
      primaryKey: [],
    });
    assert.deepEqual(fields.slice(0, 2), [
      { name: 'id', type: 'INTEGER', mode: 'REQUIRED', description: 'The key' },
      { name: 'tags', type: 'STRING', mode: 'REPEATED' },
    ]);
    assert.deepEqual(fields[2]?.fields, [{ name: 'a', type: 'JSON' }]);
    assert.equal(fields[2].description?.length, 1024);
  });

  it('keep types that only have text here', () => {
    const written: readonly TableField[] = [
      { name: 'g', type: 'GEOGRAPHY', mode: 'NULLABLE' },
      { name: 'r', type: 'RANGE', mode: 'NULLABLE', rangeElementType: { type: 'DATETIME' } },
      { name: 'i', type: 'INTERVAL', mode: 'REQUIRED' },
    ];
    assert.deepEqual(tableFields(tableSchemaOf(tableOf(written))), written);
  });

  it('keep what is REQUIRED within records', () => {
    const written: readonly TableField[] = [
      {
        name: 'r',
        type: 'RECORD',
        mode: 'REPEATED',
        fields: [
          { name: 'a', type: 'STRING', mode: 'REQUIRED' },
          { name: 'b', type: 'STRING' },
          { name: 'c', type: 'RECORD', mode: 'REQUIRED', fields: [{ name: 'd', type: 'DATE' }] },
        ],
      },
    ];
    const schema = tableSchemaOf(tableOf(written));
    const element = schema.columns[0]?.type.kind === 'array' ? schema.columns[0].type.element : undefined;
    assert.deepEqual(element?.kind === 'struct' ? element.fields.map(({ nullable }) => nullable) : [], [
      false,
      undefined,
      false,
    ]);
    assert.deepEqual(tableFields(schema), written);
  });

  for (const type of [
    { kind: 'variant' },
    { kind: 'interval' },
    { kind: 'int', bits: 128 },
    { kind: 'int', bits: 64, unsigned: true },
    { kind: 'decimal', precision: 77, scale: 38 },
    { kind: 'array', element: { kind: 'array', element: { kind: 'bool' } } },
  ] as const) {
    it(`are never made for ${formatType(type)}`, () => {
      const schema = { columns: [{ name: 'c', type, nullable: true }], primaryKey: [] };
      assert.throws(() => tableFields(schema), hasCode('INTERNAL'));
    });
  }
});
