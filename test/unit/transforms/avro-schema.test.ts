import assert from 'node:assert/strict';
import type { ColumnType } from '../../../core/schema';
import { avroSchemaOf } from '../../../transforms/encode/avro-schema';
import { hasCode } from '../../has-code';
import {
  BOOL,
  BYTES,
  DATE,
  DECIMAL,
  FLOAT32,
  INT64,
  INTERVAL,
  JSON_TYPE,
  arrayOf,
  datetime,
  structOf,
  time,
  timestamp,
} from './conversion-case';

const NUMERIC: ColumnType = { kind: 'decimal', precision: 38, scale: 9 };

describe('avroSchemaOf', () => {
  it('names the types as BigQuery reads them', () => {
    const fields: [string, ColumnType, boolean, unknown][] = [
      ['a', BOOL, true, ['null', 'boolean']],
      ['b', INT64, false, 'long'],
      ['c', FLOAT32, true, ['null', 'double']],
      ['d', NUMERIC, false, { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 9 }],
      ['e', { kind: 'uuid' }, true, ['null', 'string']],
      ['f', JSON_TYPE, false, { type: 'string', sqlType: 'JSON' }],
      ['g', DATE, true, ['null', { type: 'int', logicalType: 'date' }]],
      ['h', time('us'), false, { type: 'long', logicalType: 'time-micros' }],
      ['i', datetime('us'), false, { type: 'long', logicalType: 'local-timestamp-micros' }],
      ['j', timestamp('us'), false, { type: 'long', logicalType: 'timestamp-micros' }],
      ['k', arrayOf(BYTES), true, { type: 'array', items: 'bytes' }],
      [
        'l',
        structOf([['a', structOf([])]]),
        true,
        [
          'null',
          {
            type: 'record',
            name: 'record_1',
            fields: [{ name: 'a', type: ['null', { type: 'record', name: 'record_2', fields: [] }] }],
          },
        ],
      ],
    ];
    const columns = fields.map(([name, type, nullable]) => ({ name, type, nullable }));
    const expected = fields.map(([name, , , type]) => ({ name, type }));
    assert.deepEqual(avroSchemaOf({ columns, primaryKey: [] }), {
      type: 'record',
      name: 'record_0',
      fields: expected,
    });
  });

  it('refuses types and names that Avro cannot say', () => {
    const refused: ColumnType[] = [
      INTERVAL,
      { kind: 'variant' },
      DECIMAL,
      { kind: 'decimal', precision: 5, scale: -1 },
      { kind: 'int', bits: 128 },
      { kind: 'int', bits: 64, unsigned: true },
      time('ns'),
      datetime('s'),
      timestamp('ms'),
      arrayOf(arrayOf(INT64)),
      structOf([['a', INTERVAL]]),
      structOf([['größe', INT64]]),
    ];
    for (const type of refused) {
      assert.throws(
        () => avroSchemaOf({ columns: [{ name: 'c', type, nullable: true }], primaryKey: [] }),
        hasCode('TYPE_UNSUPPORTED'),
        JSON.stringify(type),
      );
    }
    for (const name of ['1a', 'a b', '', 'é']) {
      const schema = { columns: [{ name, type: INT64, nullable: true }], primaryKey: [] };
      assert.throws(() => avroSchemaOf(schema), hasCode('TYPE_UNSUPPORTED', /cannot be written in Avro/));
    }
  });
});
