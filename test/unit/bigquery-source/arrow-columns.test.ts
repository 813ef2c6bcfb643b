import assert from 'node:assert/strict';
import {
  Decimal,
  Field,
  Int64,
  IntervalMonthDayNano,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  Vector,
  type Data,
  type DataType,
} from 'apache-arrow';
import type { TableField } from '../../../core/clients/bigquery-api';
import { ArrowDecoder } from '../../../extractors/bigquery/row-batches';

/** One row of one column, as a message of the schema and one of the rows. */
function chunkOf(type: DataType, data: Data): { schema: Uint8Array; batch: Uint8Array; rows: number } {
  const schema = new Schema([new Field('x', type, true)]);
  const struct = new Struct(schema.fields);
  const batch = new RecordBatch(schema, makeData({ type: struct, length: 1, children: [data] }));
  const stream = tableToIPC(new Table(schema, [batch]), 'stream');
  const empty = tableToIPC(new Table(schema, []), 'stream');
  // An end of stream of eight bytes is behind both.
  const start = empty.length - 8;
  return { schema: stream.subarray(0, start), batch: stream.subarray(start, stream.length - 8), rows: 1 };
}

function cellOf(field: TableField, type: DataType, data: Data): unknown {
  const decoder = new ArrowDecoder(tableFromIPC, [field], {});
  const [batch] = [...decoder.batches(chunkOf(type, data))];
  assert.deepEqual(batch?.rejects, []);
  const cell = batch.rows[0]?.[0];
  assert.deepEqual(undecodedCellOf(field, type, data), cell);
  return cell;
}

/** The same of a row that comes as it lies. */
function undecodedCellOf(field: TableField, type: DataType, data: Data): unknown {
  const decoder = new ArrowDecoder(tableFromIPC, [field], {}, true);
  const [batch] = [...decoder.batches(chunkOf(type, data))];
  assert.deepEqual(batch?.rows, []);
  assert.ok(batch.raw?.wire === 'arrow' && batch.raw.rows === 1);
  assert.equal(batch.nameRow?.(0), 'row 1');
  return batch.raw.columns[0]?.cells()(0);
}

describe('cells of the Storage Read API that the stand-in does not write', () => {
  it('decimals of 256 bits, without final zeros', () => {
    const type = new Decimal(38, 76, 256);
    const words = new Uint32Array(8);
    const unscaled = -(3n * 10n ** 38n + 5n * 10n ** 37n);
    const whole = BigInt.asUintN(256, unscaled);
    for (let index = 0; index < 8; index++)
      words[index] = Number((whole >> BigInt(32 * index)) & 0xffffffffn);
    const data = makeData({ type, length: 1, data: words });
    assert.equal(cellOf({ name: 'x', type: 'BIGNUMERIC' }, type, data), '-3.5');
  });

  it('intervals of months, days and nanoseconds', () => {
    const type = new IntervalMonthDayNano();
    const words = new Int32Array([14, -3, 7000, 0]);
    const data = makeData({ type, length: 1, data: words });
    assert.deepEqual(cellOf({ name: 'x', type: 'INTERVAL' }, type, data), [14n, -3n, 7n]);
  });

  it('ranges as pairs, and lists of them', () => {
    const ends = [new Field('start', new Int64(), true), new Field('end', new Int64(), true)];
    const type = new Struct(ends);
    const numbers = (value: bigint): Data =>
      makeData({ type: new Int64(), length: 1, data: new BigInt64Array([value]) });
    const struct = makeData({ type, length: 1, children: [numbers(19_723n), numbers(19_724n)] });
    const range: TableField = { name: 'x', type: 'RANGE', rangeElementType: { type: 'DATE' } };
    assert.equal(cellOf(range, type, struct), '[2024-01-01, 2024-01-02)');
    const list = new List(new Field('item', type, true));
    const data = makeData({ type: list, length: 1, valueOffsets: new Int32Array([0, 1]), child: struct });
    assert.deepEqual(cellOf({ ...range, mode: 'REPEATED' }, list, data), ['[2024-01-01, 2024-01-02)']);
  });

  it('rejects a row with a text that is no interval', () => {
    const type = new Utf8();
    const bytes = Buffer.from('soon');
    const data = makeData({ type, length: 1, valueOffsets: new Int32Array([0, bytes.length]), data: bytes });
    const decoder = new ArrowDecoder(tableFromIPC, [{ name: 'x', type: 'INTERVAL' }], {});
    const [batch] = [...decoder.batches(chunkOf(type, data))];
    assert.deepEqual(batch?.rows, []);
    assert.equal(batch.rejects[0]?.column, 'x');
  });

  it('refuses a chunk with other rows than were announced', () => {
    const type = new Int64();
    const data = makeData({ type, length: 1, data: new BigInt64Array([1n]) });
    const decoder = new ArrowDecoder(tableFromIPC, [{ name: 'x', type: 'INTEGER' }], {});
    assert.throws(() => [...decoder.batches({ ...chunkOf(type, data), rows: 2 })], {
      code: 'SOURCE_INCOMPLETE',
    });
    assert.equal(new Vector([data]).length, 1);
  });
});
