import assert from 'node:assert/strict';
import type { Cell } from '../../../core/cells';
import type { ColumnType } from '../../../core/schema';
import { compileAvroEncoder, type AvroCodec } from '../../../transforms/encode/avro';
import { readRows } from './avro-reading';
import {
  BOOL,
  BYTES,
  DATE,
  FLOAT64,
  INT64,
  JSON_TYPE,
  STRING,
  arrayOf,
  datetime,
  structOf,
  time,
  timestamp,
} from './conversion-case';

describe('compileAvroEncoder', () => {
  const cases: readonly [ColumnType, Cell][] = [
    [BOOL, true],
    [INT64, 42n],
    [INT64, 2n ** 63n - 1n],
    [INT64, -(2n ** 63n)],
    [FLOAT64, -0],
    [{ kind: 'decimal', precision: 12, scale: 2 }, '-1234.50'],
    [STRING, 'é📦'],
    [BYTES, Uint8Array.of(0, 255)],
    [JSON_TYPE, '{"a": [1.0]}'],
    [DATE, -719_162n],
    [time('us'), 86_399_999_999n],
    [datetime('us'), 253_402_300_799_999_999n],
    [timestamp('us'), -62_135_596_800_000_000n],
    [arrayOf(INT64), [1n, -2n]],
    [
      structOf([
        ['a', INT64],
        ['b', arrayOf(STRING)],
      ]),
      [null, ['x']],
    ],
  ];
  for (const codec of ['snappy', 'deflate', 'null'] satisfies AvroCodec[]) {
    it(`writes every type, with ${codec}`, async () => {
      const schema = {
        columns: cases.map(([type], index) => ({ name: `c${index}`, type, nullable: true })),
        primaryKey: [],
      };
      const encoder = compileAvroEncoder(schema, { codec });
      const rows = [
        cases.map(([, cell]) => cell),
        cases.map(([type]) => (type.kind === 'array' ? [] : null)),
      ];
      for (const row of rows) encoder.add(row);
      const file = Buffer.concat([encoder.header, encoder.takeBlock()]);
      assert.deepEqual(await readRows(schema, file), rows);
    });
  }
});
