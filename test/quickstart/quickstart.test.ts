import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
const DATA = path.join(ROOT, 'node_modules', 'vega-datasets', 'data');
const FLIGHTS = 3_000_000;

/** A row as another reader than ours finds it in the source. */
type SourceRow = Readonly<Record<string, unknown>>;

/** `npm start` has run: .ci/run calls it before these tests. */
describe('the tables of the quick start', () => {
  let instance: DuckDBInstance;
  let warehouse: DuckDBConnection;

  before(async () => {
    instance = await DuckDBInstance.create(path.join(ROOT, 'warehouse.duckdb'), { access_mode: 'READ_ONLY' });
    warehouse = await instance.connect();
  });
  after(() => {
    warehouse.closeSync();
    instance.closeSync();
  });

  const typesOf = async (table: string): Promise<Map<string, string>> => {
    const described = await warehouse.runAndReadAll(
      'SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index',
      [table],
    );
    return new Map(described.getRows().map(([name, type]) => [String(name), String(type)]));
  };

  /** All rows of both sides, each value spelled as the column's type in the warehouse means it. */
  const compare = async (table: string, rows: readonly SourceRow[]): Promise<void> => {
    const types = await typesOf(table);
    assert.deepEqual(new Set(types.keys()), new Set(rows.flatMap((row) => Object.keys(row))));
    const columns = [...types];
    const spelled = (row: readonly unknown[]): string =>
      JSON.stringify(row.map((value, index) => spelling(columns[index]?.[1] ?? '', value)));
    const list = columns.map(([name]) => `"${name}"::VARCHAR`).join(', ');
    const loaded = (await warehouse.runAndReadAll(`SELECT ${list} FROM "${table}"`)).getRows();
    const expected = rows.map((row) => spelled(columns.map(([name]) => row[name])));
    assert.deepEqual(loaded.map(spelled).sort(), expected.sort());
  };

  const csv = async (file: string): Promise<SourceRow[]> =>
    parse(await readFile(path.join(DATA, file)), { columns: true, bom: true });

  it('zipcodes has every value of its file, leading zeros included', async () => {
    await compare('zipcodes', await csv('zipcodes.csv'));
    assert.equal((await typesOf('zipcodes')).get('zip_code'), 'VARCHAR');
  });

  it('birdstrikes has every value of its file', async () => {
    await compare('birdstrikes', await csv('birdstrikes.csv'));
  });

  it('movies has every value of its file', async () => {
    const text = await readFile(path.join(DATA, 'movies.json'), 'utf8');
    await compare('movies', JSON.parse(text) as SourceRow[]);
  });

  it('flights has every row of its file', async function () {
    this.timeout(100_000);
    const bytes = await readFile(path.join(DATA, 'flights-3m.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const expected = new BagOfTexts();
    for (let from = 0; from < FLIGHTS; from += FLIGHTS / 10) {
      const rows: SourceRow[] = await parquetReadObjects({
        file,
        compressors,
        rowStart: from,
        rowEnd: from + FLIGHTS / 10,
        parsers: { timestampFromMicroseconds: (micros: bigint) => micros },
      });
      for (const row of rows) {
        expected.add(
          [row['date'], row['delay'], row['distance'], row['origin'], row['destination']].join('|'),
        );
      }
    }
    const loaded = new BagOfTexts();
    const stream = await warehouse.stream(
      "SELECT concat_ws('|', epoch_us(date), delay, distance, origin, destination) FROM flights",
    );
    for await (const rows of stream.yieldRows()) for (const [text] of rows) loaded.add(String(text));
    assert.equal(loaded.count, FLIGHTS);
    assert.deepEqual(loaded, expected);
  });
});

/** A number for a collection of texts in any order; other collections have another, but for a chance of one in 2^52. */
class BagOfTexts {
  count = 0;
  private sum = 0;

  add(text: string): void {
    let low = 0x811c9dc5;
    let high = 0xc2b2ae35;
    for (let index = 0; index < text.length; index++) {
      low = Math.imul(low ^ text.charCodeAt(index), 0x01000193);
      high = Math.imul(high ^ text.charCodeAt(index), 0x85ebca6b);
    }
    this.count += 1;
    this.sum = (this.sum + (low >>> 6) * 2 ** 26 + (high >>> 6)) % 2 ** 52;
  }
}

/** A value as text, so that both sides spell it alike; what CSV does not have is null. */
function spelling(type: string, value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (/^(U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER)/.test(type)) return BigInt(text).toString();
  if (/^(DOUBLE|FLOAT|DECIMAL)/.test(type)) return String(Number(text));
  return text;
}
