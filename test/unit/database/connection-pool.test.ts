import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { ConnectionPool, type PoolableClient } from '../../../extractors/database/connection-pool';

const never = (): AbortSignal => new AbortController().signal;

class Server {
  open = 0;
  asked = 0;
  constructor(private readonly allows: number) {}

  connect = (): Promise<PoolableClient> => {
    this.asked++;
    if (this.open === this.allows) {
      return Promise.reject(new BeamliftError('CONNECTION_LIMIT', { what: 'too many connections' }));
    }
    this.open++;
    const end = (): void => {
      this.open--;
    };
    const close = (): Promise<void> => {
      end();
      return Promise.resolve();
    };
    return Promise.resolve({ isLost: false, abort: end, destroy: end, close });
  };
}

describe('database: pool of connections', () => {
  it('goes on with the connections that the server allows', async () => {
    const server = new Server(2);
    const pool = new ConnectionPool(8, server.connect);
    let done = 0;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const connection = await pool.acquire(never());
        await new Promise((resolve) => setTimeout(resolve, 1));
        done++;
        connection.release();
      }),
    );
    assert.equal(done, 20);
    assert.equal(server.open, 2);
    assert.ok(server.asked <= 10, `${server.asked} connections were asked for`);
    await pool.close();
    assert.equal(server.open, 0);
  });

  it('says so where the server allows none at all', async () => {
    const pool = new ConnectionPool(2, new Server(0).connect);
    const outcomes = await Promise.allSettled([
      pool.acquire(never()),
      pool.acquire(never()),
      pool.acquire(never()),
    ]);
    for (const outcome of outcomes) {
      assert.equal(outcome.status, 'rejected');
      assert.equal((outcome.reason as BeamliftError).code, 'CONNECTION_LIMIT');
    }
    await pool.close();
  });
});
