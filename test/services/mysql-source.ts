import type { Row } from '../../core/cells';
import { quietServices } from '../contract/quiet-services';
import type { PreparedSource } from '../contract/source-contract';
import { startMysql } from './mysql-server';

const ROWS = 500;
const MICROS_PER_HOUR = 3_600_000_000n;
const FIRST = BigInt(Date.UTC(2024, 0, 1)) * 1000n;

/** A table with a key, a timestamp, texts with NULL, and decimals, on a server of its own. */
export async function prepareMysqlSource(): Promise<PreparedSource> {
  const server = await startMysql();
  try {
    await server.execute(
      `CREATE TABLE \`Order items\` (
         id BIGINT PRIMARY KEY, placed_at TIMESTAMP(6) NOT NULL, note TEXT, amount DECIMAL(12,2) NOT NULL)`,
      `SET time_zone = '+00:00'`,
      `INSERT INTO \`Order items\`
         SELECT seq, TIMESTAMP'2024-01-01 00:00:00' + INTERVAL seq HOUR + INTERVAL seq MICROSECOND,
           IF(seq % 7 = 0, NULL, CONCAT('note ', seq)), seq / 100
         FROM seq_1_to_${ROWS}`,
    );
  } catch (error) {
    await server.stop();
    throw error;
  }
  const rows = Array.from({ length: ROWS }, (_, index): Row => {
    const n = BigInt(index + 1);
    const amount = `${n / 100n}.${(n % 100n).toString().padStart(2, '0')}`;
    return [n, FIRST + n * (MICROS_PER_HOUR + 1n), n % 7n === 0n ? null : `note ${n}`, amount];
  });
  const { host, port, user, password, database } = server;
  return {
    spec: {
      type: 'mysql',
      connectionName: 'shop',
      connection: { host, port, user, password, database, sslmode: 'disable' },
      object: { kind: 'table', schema: 'shop', name: 'Order items' },
      maxConnections: 4,
    },
    services: quietServices('/'),
    columns: ['id', 'placed_at', 'note', 'amount'],
    rows,
    dispose: () => server.stop(),
  };
}
