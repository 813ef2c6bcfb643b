import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Row } from '../../../core/cells';
import { parquetReader } from '../../../extractors/formats/parquet';
import type { FileContent } from '../../../extractors/formats/format-reader';

const FILE = path.join(__dirname, '../../../node_modules/vega-datasets/data/flights-3m.parquet');
const COLUMNS = ['date', 'delay', 'distance', 'origin', 'destination'];

describe('Parquet: 3,000,000 flights', () => {
  it('are read as two other readers read them', async () => {
    const rows = { count: 0, bytes: 0, delays: 0n, distances: 0n, instants: 0n, letters: 0 };
    const head: Row[] = [];
    let tail: Row[] = [];
    const handle = await fs.open(FILE);
    try {
      const { size } = await handle.stat();
      const file: FileContent = {
        uri: 'flights-3m.parquet',
        bytes: size,
        seekable: true,
        stream: () => assert.fail('Parquet is not streamed'),
        slice: async (start, end) => {
          const buffer = Buffer.alloc(end - start);
          await handle.read(buffer, 0, buffer.length, start);
          return buffer;
        },
      };
      const reader = parquetReader();
      const { signal } = new AbortController();
      const { columns } = await reader.describe(file, signal);
      assert.deepEqual(
        columns.map(({ name }) => name),
        COLUMNS,
      );
      for await (const batch of reader.read(file, columns, signal)) {
        if (head.length < 5) head.push(...batch.rows.slice(0, 5));
        tail = [...tail.slice(-5), ...batch.rows.slice(-5)].slice(-5);
        rows.count += batch.rows.length;
        rows.bytes += batch.bytes;
        for (const [date, delay, distance, origin, destination] of batch.rows) {
          rows.instants += date as bigint;
          rows.delays += delay as bigint;
          rows.distances += distance as bigint;
          rows.letters += (origin as string).charCodeAt(0) + (destination as string).charCodeAt(2);
        }
      }
      assert.equal(rows.bytes, size);
    } finally {
      await handle.close();
    }

    const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
    const sums = await duckdb.runAndReadAll(`SELECT count(*), sum(epoch_us(date)), sum(delay), sum(distance),
      sum(ascii(origin) + ascii(destination[3])) FROM '${FILE}'`);
    duckdb.closeSync();
    assert.deepEqual(
      sums.getRows()[0]?.map(String),
      [rows.count, rows.instants, rows.delays, rows.distances, rows.letters].map(String),
    );

    const buffer = await asyncBufferFromFile(FILE);
    const parse = async (rowStart: number): Promise<Row[]> => {
      const objects = await parquetReadObjects({ file: buffer, compressors, rowStart, rowEnd: rowStart + 5 });
      return objects.map((object) =>
        COLUMNS.map((name): Row[number] => {
          const value: unknown = object[name];
          return value instanceof Date ? BigInt(value.getTime()) * 1000n : (value as bigint | string);
        }),
      );
    };
    assert.deepEqual(head, await parse(0));
    assert.deepEqual(tail, await parse(2_999_995));
  });
});
