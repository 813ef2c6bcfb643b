import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { PostgresServer } from '../test/services/postgres-server';
import { inDuckdb, literal } from './duckdb';
import { psql } from './psql';

/** The rows of `orders` as files of a folder; `few_orders.*` are the first of them. */
export const ORDERS_FILES = ['orders.csv', 'orders.jsonl', 'orders.parquet'] as const;

/** As PostgreSQL has them, with nested values as JSON. */
const CSV_COLUMNS = [
  ...['id', 'customer_id', 'status', 'amount', 'tax_rate', 'is_gift::text AS is_gift', 'created_at'],
  ...['updated_at', 'ship_date', 'email', 'note', 'array_to_json(tags) AS tags', 'attributes', 'uid'],
];

const PARQUET_COLUMNS: Readonly<Record<string, string>> = {
  id: 'BIGINT',
  customer_id: 'INTEGER',
  status: 'VARCHAR',
  amount: 'DECIMAL(12,2)',
  tax_rate: 'DOUBLE',
  is_gift: 'BOOLEAN',
  created_at: 'TIMESTAMPTZ',
  updated_at: 'TIMESTAMP',
  ship_date: 'DATE',
  email: 'VARCHAR',
  note: 'VARCHAR',
  tags: 'VARCHAR[]',
  attributes: 'JSON',
  uid: 'UUID',
};

/** Writes the table's rows as CSV with a header and as JSON lines by PostgreSQL, and as Parquet by DuckDB. */
export async function writeOrdersFiles(postgres: PostgresServer, folder: string, few: number): Promise<void> {
  await writeRows(postgres, folder, 'orders', 'TRUE');
  await writeRows(postgres, folder, 'few_orders', `id <= ${few}`);
}

async function writeRows(
  postgres: PostgresServer,
  folder: string,
  name: string,
  filter: string,
): Promise<void> {
  const [csv, jsonl, parquet] = ['csv', 'jsonl', 'parquet'].map((format) =>
    path.join(folder, `${name}.${format}`),
  ) as [string, string, string];
  const rows = `FROM orders WHERE ${filter} ORDER BY orders.id`;
  // COPY's text format would double backslashes; no JSON text has these control characters
  const lines = `(FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`;
  await psql(postgres, [
    ...['-q', '-c', 'SET timezone = UTC'],
    ...['-c', `\\copy (SELECT ${CSV_COLUMNS.join(', ')} ${rows}) TO '${csv}' (FORMAT csv, HEADER)`],
    ...['-c', `\\copy (SELECT row_to_json(orders) ${rows}) TO '${jsonl}' ${lines}`],
  ]);
  const columns = Object.entries(PARQUET_COLUMNS).map(([column, type]) => `${column}: '${type}'`);
  await inDuckdb(
    'SET threads = 1',
    `COPY (SELECT * FROM read_json(${literal(jsonl)}, format = 'newline_delimited', columns = {${columns.join(', ')}}))
     TO ${literal(parquet)} (FORMAT parquet)`,
  );
}

/** Sizes in megabytes, by name. */
export async function sizesOf(folder: string): Promise<Record<string, number>> {
  const sizes = await Promise.all(
    ORDERS_FILES.map(async (name) => [name, (await stat(path.join(folder, name))).size / 1e6] as const),
  );
  return Object.fromEntries(sizes);
}
