import type { Row } from '../../core/cells';
import { quietServices } from '../contract/quiet-services';
import type { PreparedSource } from '../contract/source-contract';
import { startPostgres } from './postgres-server';

const ROWS = 500;
const MICROS_PER_HOUR = 3_600_000_000n;
const FIRST = BigInt(Date.UTC(2024, 0, 1)) * 1000n;

/** A table with a key, a timestamp, texts with NULL, and decimals, on a server of its own. */
export async function preparePostgresqlSource(): Promise<PreparedSource> {
  const server = await startPostgres();
  try {
    await server.execute(`
      CREATE TABLE public."Orders" (
        id bigint PRIMARY KEY, placed_at timestamptz NOT NULL, note text, amount numeric(12,2) NOT NULL);
      INSERT INTO public."Orders"
        SELECT n, timestamptz '2024-01-01 00:00:00+00' + n * interval '1 hour 1 microsecond',
          CASE WHEN n % 7 = 0 THEN NULL ELSE 'note ' || n END, n::numeric / 100
        FROM generate_series(1, ${ROWS}) n;
      ANALYZE public."Orders";`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const rows = Array.from({ length: ROWS }, (_, index): Row => {
    const n = BigInt(index + 1);
    const amount = `${n / 100n}.${(n % 100n).toString().padStart(2, '0')}`;
    return [n, FIRST + n * (MICROS_PER_HOUR + 1n), n % 7n === 0n ? null : `note ${n}`, amount];
  });
  return {
    spec: {
      type: 'postgresql',
      connectionName: 'shop',
      connection: {
        host: server.host,
        port: server.port,
        database: 'postgres',
        user: server.user,
        password: server.password,
        sslmode: 'disable',
      },
      object: { kind: 'table', schema: 'public', name: 'Orders' },
      maxConnections: 4,
    },
    services: quietServices('/'),
    columns: ['id', 'placed_at', 'note', 'amount'],
    rows,
    dispose: () => server.stop(),
  };
}
