import type { Row } from '../../core/cells';
import { quietServices } from '../contract/quiet-services';
import type { PreparedSource } from '../contract/source-contract';
import { startBigQueryServer } from './bigquery-server';

const ROWS = 500;
/** Several streams, and none of them long. */
const STREAM_ROWS = 100;
const MICROS_PER_HOUR = 3_600_000_000n;
const FIRST = BigInt(Date.UTC(2024, 0, 1)) * 1000n;

/** A table with an id, a timestamp, texts with NULL, and decimals, on a server of its own. */
export async function prepareBigquerySource(): Promise<PreparedSource> {
  // Nothing is loaded from a bucket.
  const server = await startBigQueryServer({ storage: 'http://127.0.0.1:1', streamRows: STREAM_ROWS });
  try {
    await server.query(
      'CREATE TABLE `Order items` (id INT64 NOT NULL, placed_at TIMESTAMP NOT NULL, note STRING, amount NUMERIC NOT NULL)',
    );
    await server.query(
      `INSERT INTO \`Order items\`
         SELECT n, TIMESTAMP_ADD(TIMESTAMP_ADD(TIMESTAMP '2024-01-01 00:00:00+00', INTERVAL n HOUR), INTERVAL n MICROSECOND),
           IF(MOD(n, 7) = 0, NULL, CONCAT('note ', CAST(n AS STRING))), CAST(n AS NUMERIC) / 100
         FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`,
    );
  } catch (error) {
    await server.stop();
    throw error;
  }
  const rows = Array.from({ length: ROWS }, (_, index): Row => {
    const n = BigInt(index + 1);
    const amount = `${n / 100n}.${(n % 100n).toString().padStart(2, '0')}`.replace(/\.?0+$/, '');
    return [n, FIRST + n * (MICROS_PER_HOUR + 1n), n % 7n === 0n ? null : `note ${n}`, amount];
  });
  return {
    spec: {
      type: 'bigquery',
      connectionName: 'analytics',
      connection: {
        project: server.project,
        dataset: server.dataset,
        credentials: 'anonymous',
        endpoint: server.endpoint,
        storage_read_endpoint: server.storageEndpoint,
      },
      object: { kind: 'table', schema: server.dataset, name: 'Order items' },
      maxConnections: 4,
    },
    services: quietServices('/'),
    columns: ['id', 'placed_at', 'note', 'amount'],
    rows,
    dispose: () => server.stop(),
  };
}
