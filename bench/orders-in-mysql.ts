import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { MysqlServer } from '../test/services/mysql-server';
import type { PostgresServer } from '../test/services/postgres-server';
import { psql } from './psql';

const TABLE = `CREATE TABLE orders (
  id BIGINT PRIMARY KEY, customer_id INT NOT NULL, status VARCHAR(20) NOT NULL, amount DECIMAL(12,2) NOT NULL,
  tax_rate DOUBLE, is_gift BOOLEAN NOT NULL, created_at TIMESTAMP(6) NOT NULL, updated_at DATETIME(6),
  ship_date DATE, email VARCHAR(200), note TEXT, tags JSON, attributes JSON, uid CHAR(36) NOT NULL)`;

/** Instants without their offset, booleans as numbers, nested values as JSON. */
const COLUMNS = [
  ...['id', 'customer_id', 'status', 'amount', 'tax_rate', 'is_gift::int AS is_gift'],
  `to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US') AS created_at`,
  ...['updated_at', 'ship_date', 'email', 'note', 'array_to_json(tags) AS tags', 'attributes', 'uid'],
];
const TEXTS = ['status', 'email', 'note', 'tags', 'attributes', 'uid'];

/** Makes `orders` of MariaDB with the rows of PostgreSQL's; the folder holds them on their way. */
export async function copyOrdersToMysql(
  postgres: PostgresServer,
  mysql: MysqlServer,
  folder: string,
): Promise<void> {
  const file = path.join(folder, 'mysql-orders.csv');
  try {
    // an unquoted NULL is one, where nothing escapes
    const options = `(FORMAT csv, NULL 'NULL', FORCE_QUOTE (${TEXTS.join(', ')}))`;
    await psql(postgres, [
      ...['-q', '-c', 'SET timezone = UTC'],
      ...[
        '-c',
        `\\copy (SELECT ${COLUMNS.join(', ')} FROM orders ORDER BY orders.id) TO '${file}' ${options}`,
      ],
    ]);
    await loadFile(mysql, file);
  } finally {
    await rm(file, { force: true });
  }
}

async function loadFile(mysql: MysqlServer, file: string): Promise<void> {
  const connection = await mysql.connect();
  const run = async (sql: string): Promise<void> =>
    await new Promise((resolve, reject) => {
      connection.query({ sql, infileStreamFactory: () => createReadStream(file) }, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  try {
    await run(`SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES', unique_checks = 0`);
    await run(TABLE);
    await run(
      `LOAD DATA LOCAL INFILE 'orders' INTO TABLE orders CHARACTER SET utf8mb4
       FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n'`,
    );
    await run('ANALYZE TABLE orders');
  } finally {
    connection.end();
  }
}
