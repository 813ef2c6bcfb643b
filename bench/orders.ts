/**
 * PostgreSQL `orders` into a DuckDB warehouse: wall time, CPU and peak memory of the whole process at two sizes, and a comparison of
 * every value, each side read and written as text by its own database.
 *
 *   npm run bench:orders [-- --rows 1000000,2000000]
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { startPostgres, type PostgresServer } from '../test/services/postgres-server';
import { measureBeamlift } from './measured-run';
import { psql } from './psql';

/**
 * Each column as a text that is equal on both sides exactly when the value is (doubles as their eight bytes), by PostgreSQL and by DuckDB.
 * The texts of a row are joined with U+001F, NULL as U+0001, and hashed by the database.
 */
const COLUMNS: readonly (readonly [postgres: string, duckdb: string])[] = [
  ['id::text', 'id::VARCHAR'],
  ['customer_id::text', 'customer_id::VARCHAR'],
  ['status', 'status'],
  ['amount::text', 'amount::VARCHAR'],
  [`encode(float8send(tax_rate), 'hex')`, 'lower(hex(tax_rate::BIT::BLOB))'],
  ['is_gift::text', 'is_gift::VARCHAR'],
  [
    `to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`,
    `strftime(created_at AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f')`,
  ],
  [`to_char(updated_at, 'YYYY-MM-DD HH24:MI:SS.US')`, `strftime(updated_at, '%Y-%m-%d %H:%M:%S.%f')`],
  [`to_char(ship_date, 'YYYY-MM-DD')`, `strftime(ship_date, '%Y-%m-%d')`],
  ['email', 'email'],
  ['note', 'note'],
  [
    `array_to_string(tags, chr(30), chr(2)) || cardinality(tags)::text`,
    `array_to_string(list_transform(tags, lambda tag: coalesce(tag, chr(2))), chr(30)) || len(tags)::VARCHAR`,
  ],
  ['attributes::text', 'attributes::VARCHAR'],
  ['uid::text', 'uid::VARCHAR'],
];

interface Result {
  readonly rows: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly reported: number;
  readonly equal: boolean;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000,2000000' } } });
  const sizes = values.rows.split(',').map(Number);
  const postgres = await startPostgres();
  try {
    await psql(postgres, [
      '-v',
      'lo=1',
      '-v',
      `hi=${Math.max(...sizes)}`,
      '-q',
      '-f',
      path.join(__dirname, 'orders.sql'),
    ]);
    const results: Result[] = [];
    for (const rows of sizes) results.push(await loadAndCompare(postgres, rows));
    print(results);
    if (!results.every((result) => result.equal && result.reported === result.rows)) process.exitCode = 1;
  } finally {
    await postgres.stop();
  }
}

async function loadAndCompare(postgres: PostgresServer, rows: number): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-orders-'));
  const table = `orders_${rows}`;
  try {
    await postgres.execute(
      `CREATE TABLE ${table} AS SELECT * FROM orders WHERE id <= ${rows}; ALTER TABLE ${table} ADD PRIMARY KEY (id); ANALYZE ${table}`,
    );
    const { host, port, user } = postgres;
    const { stdout, stderr, exitCode, ...usage } = await measureBeamlift(
      [
        'run',
        '--json',
        '--from',
        `postgresql://${user}@${host}:${port}/postgres`,
        '--table',
        `public.${table}`,
        '--to',
        'duckdb:warehouse.duckdb',
      ],
      folder,
      { PGPASSWORD: postgres.password },
    );
    if (exitCode !== 0) throw new Error(`beamlift ended with ${String(exitCode)}\n${stdout}\n${stderr}`);
    const report = JSON.parse(stdout) as { rows_loaded: number };
    const equal = await sameRows(postgres, table, folder);
    await postgres.execute(`DROP TABLE ${table}`);
    return { rows, ...usage, reported: report.rows_loaded, equal };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sameRows(postgres: PostgresServer, table: string, folder: string): Promise<boolean> {
  const [theirs, ours] = [path.join(folder, 'postgres.tsv'), path.join(folder, 'duckdb.tsv')];
  const file = await open(theirs, 'w');
  await file.close();
  const texts = COLUMNS.map(([text]) => text).join(', ');
  await psql(postgres, [
    '-q',
    '-c',
    `\\copy (SELECT id, md5(array_to_string(ARRAY[${texts}], chr(31), chr(1))) FROM ${table} ORDER BY id) TO '${theirs}'`,
  ]);
  const instance = await DuckDBInstance.create(path.join(folder, 'warehouse.duckdb'), {
    access_mode: 'READ_ONLY',
  });
  const connection = await instance.connect();
  try {
    const values = COLUMNS.map(([, text]) => `coalesce(${text}, chr(1))`).join(', ');
    await connection.run(
      `COPY (SELECT id, md5(concat_ws(chr(31), ${values})) FROM ${table} ORDER BY id) TO '${ours}' (DELIMITER '\t', HEADER false)`,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return (await hashOf(theirs)) === (await hashOf(ours));
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function print(results: readonly Result[]): void {
  console.log('rows        wall s    CPU s   peak MB   rows per CPU s   every value equal');
  for (const { rows, wallSeconds, cpuSeconds, peakMegabytes, equal } of results) {
    const cells = [
      rows.toLocaleString('en-US').padEnd(10),
      wallSeconds.toFixed(2).padStart(8),
      cpuSeconds.toFixed(2).padStart(8),
      peakMegabytes.toFixed(0).padStart(9),
      Math.round(rows / cpuSeconds)
        .toLocaleString('en-US')
        .padStart(16),
      (equal ? 'yes' : 'NO').padStart(19),
    ];
    console.log(cells.join(' '));
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
