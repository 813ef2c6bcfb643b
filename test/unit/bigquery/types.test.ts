import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatType } from '../../../core/format-type';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { tableFields, tableSchemaOf } from '../../../loaders/bigquery/schema';
import { stagingFormatFor } from '../../../loaders/bigquery/staging-format';
import { typeFor } from '../../../loaders/bigquery/types';
import { compileAvroEncoder } from '../../../transforms/encode/avro';
import { conversionProblem } from '../../../transforms/conversions';
import { hasCode } from '../../has-code';
import { sourceType } from '../transforms/arbitrary-cells';
import {
  arrayOf,
  datetime,
  decimal,
  INT64,
  STRING,
  structOf,
  time,
  timestamp,
} from '../transforms/conversion-case';

function schemaOf(type: ColumnType, nativeType?: string): TableSchema {
  return {
    columns: [{ name: 'c', type, nullable: true, ...(nativeType === undefined ? {} : { nativeType }) }],
    primaryKey: [],
  };
}

/** The field that a created table gets for a source column. */
function fieldFor(type: ColumnType): string {
  const [field] = tableFields(schemaOf(typeFor(type)));
  assert.ok(field !== undefined);
  const parameters = [field.precision, field.scale].filter((part) => part !== undefined);
  const text = parameters.length === 0 ? field.type : `${field.type}(${parameters.join(',')})`;
  return field.mode === 'REPEATED' ? `REPEATED ${text}` : text;
}

const CREATED: readonly (readonly [source: ColumnType, field: string])[] = [
  [{ kind: 'bool' }, 'BOOLEAN'],
  ...([8, 16, 32, 64] as const).map((bits) => [{ kind: 'int', bits }, 'INTEGER'] as const),
  [{ kind: 'int', bits: 32, unsigned: true }, 'INTEGER'],
  [{ kind: 'int', bits: 64, unsigned: true }, 'NUMERIC(20)'],
  [{ kind: 'int', bits: 128 }, 'BIGNUMERIC(38)'],
  [{ kind: 'int', bits: 128, unsigned: true }, 'BIGNUMERIC(38)'],
  [{ kind: 'float', bits: 32 }, 'FLOAT'],
  [{ kind: 'float', bits: 64 }, 'FLOAT'],
  [{ kind: 'decimal' }, 'BIGNUMERIC'],
  [decimal(12, 2), 'NUMERIC(12,2)'],
  [decimal(38, 9), 'NUMERIC'],
  [decimal(29, 0), 'NUMERIC(29)'],
  [decimal(30, 0), 'BIGNUMERIC(30)'],
  [decimal(10, 10), 'BIGNUMERIC(10,10)'],
  [decimal(76, 38), 'BIGNUMERIC'],
  [decimal(38, 38), 'BIGNUMERIC(38,38)'],
  [decimal(39, 0), 'STRING'],
  [decimal(39, 39), 'STRING'],
  [decimal(3, 5), 'NUMERIC(5,5)'],
  [decimal(3, -2), 'NUMERIC(5)'],
  [decimal(36, -3), 'STRING'],
  [{ kind: 'string', maxLength: 40 }, 'STRING'],
  [{ kind: 'string', values: ['a'] }, 'STRING'],
  [{ kind: 'bytes' }, 'BYTES'],
  [{ kind: 'json' }, 'JSON'],
  [{ kind: 'variant' }, 'JSON'],
  [{ kind: 'uuid' }, 'STRING'],
  [{ kind: 'date' }, 'DATE'],
  [time('ns'), 'TIME'],
  [datetime('s'), 'DATETIME'],
  [datetime('ns'), 'DATETIME'],
  [timestamp('ms'), 'TIMESTAMP'],
  [{ kind: 'interval' }, 'STRING'],
  [arrayOf(STRING), 'REPEATED STRING'],
  [arrayOf({ kind: 'interval' }), 'REPEATED STRING'],
  [arrayOf(arrayOf(INT64)), 'JSON'],
  [structOf([['a', arrayOf(arrayOf(INT64))]]), 'RECORD'],
  [structOf([['a b', INT64]]), 'JSON'],
  [
    structOf([
      ['a', INT64],
      ['A', INT64],
    ]),
    'JSON',
  ],
  [structOf([['_PARTITIONDATE', INT64]]), 'JSON'],
  [structOf([]), 'JSON'],
  [arrayOf(structOf([['a', INT64]])), 'REPEATED RECORD'],
];

describe('types of tables that are created in BigQuery', () => {
  for (const [source, field] of CREATED) {
    it(`${formatType(source)} becomes ${field}`, () => {
      assert.equal(fieldFor(source), field);
    });
  }

  it('take values of every source type, and come back from the table as they went', () => {
    fc.assert(
      fc.property(sourceType, (source) => {
        const type = typeFor(source);
        assert.equal(conversionProblem(source, type, BIGQUERY_RULES), undefined);
        const fields = tableFields(schemaOf(type));
        const [column] = tableSchemaOf({
          tableReference: { projectId: 'p', datasetId: 'd', tableId: 't' },
          schema: { fields },
        }).columns;
        assert.deepEqual(column?.type, type);
        assert.deepEqual(typeFor(type), type, 'a created type is what it is made of');
        assert.equal(stagingFormatFor(schemaOf(type), undefined).format, 'avro');
        assert.equal(compileAvroEncoder(schemaOf(type)).header.length > 0, true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the staging format of BigQuery', () => {
  const format = (schema: TableSchema, wanted?: 'avro' | 'ndjson') => stagingFormatFor(schema, wanted);

  it('is Avro, or what the job says', () => {
    assert.deepEqual(format(schemaOf(INT64)), { format: 'avro', reason: undefined });
    assert.deepEqual(format(schemaOf(INT64), 'avro'), { format: 'avro', reason: undefined });
    assert.deepEqual(format(schemaOf(INT64), 'ndjson'), { format: 'ndjson', reason: undefined });
  });

  for (const native of [
    'GEOGRAPHY',
    'INTERVAL',
    'RANGE<DATE>',
    'ARRAY<GEOGRAPHY>',
    'STRUCT<`a` STRUCT<`b` ARRAY<RANGE<TIMESTAMP>>>>',
  ]) {
    it(`is NDJSON where a column is ${native}, and Avro is refused`, () => {
      const schema = schemaOf(STRING, native);
      assert.equal(format(schema).format, 'ndjson');
      assert.match(format(schema).reason ?? '', /^column c cannot be (?:GEOGRAPHY|INTERVAL|RANGE)$/);
      assert.throws(() => format(schema, 'avro'), hasCode('PLAN_REFUSED', /cannot be staged as Avro/));
    });
  }

  it('is not misled by names', () => {
    const native = 'STRUCT<`INTERVAL` INT64, `GEOGRAPHY` STRING>';
    assert.equal(format(schemaOf(STRING, native)).format, 'avro');
  });

  it('is NDJSON where a name is not classic, however deep', () => {
    const named = (name: string): TableSchema => ({
      columns: [{ name, type: INT64, nullable: true }],
      primaryKey: [],
    });
    for (const name of ['a b', 'é', '1a', '']) assert.equal(format(named(name)).format, 'ndjson', name);
    assert.equal(format(named('__proto__')).format, 'avro');
    assert.equal(format(schemaOf(arrayOf(structOf([['x y', INT64]])))).format, 'ndjson');
  });
});
