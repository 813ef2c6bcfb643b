import { BeamliftError } from '../../core/errors';
import { isConnectionLimit } from './free-connection';

/** What the pool has to know of a connection. */
export interface PoolableClient {
  readonly isLost: boolean;
  /** Ends it at once, and what the server does for it. */
  abort(): void;
  /** Ends it at once. */
  destroy(): void;
  /** Says goodbye to the server. */
  close(): Promise<void>;
}

/** A connection that somebody has for the time being; exactly one of the two must be called, the first call counts. */
export interface PooledConnection<Client extends PoolableClient> {
  readonly client: Client;
  /** Gives it back in a clean state: no open transaction, nothing running. */
  release(): void;
  /** It is in no state to be used again. */
  discard(): void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** At most `max` connections at a time, and no more than the server was seen to allow; idle ones wait to be used again until `close`. */
export class ConnectionPool<Client extends PoolableClient> {
  private readonly idle: Client[] = [];
  private readonly used = new Set<Client>();
  private readonly waiters = new Set<Waiter>();
  /** Connections that are being opened, idle or used. */
  private count = 0;
  private isClosed = false;

  constructor(
    private max: number,
    private readonly open: (signal: AbortSignal) => Promise<Client>,
  ) {}

  /** Waits for a free connection. Rejects with the signal's reason when it aborts, with CANCELLED after `close`, and with CONNECTION_LIMIT where the server allows none and this pool has none. */
  async acquire(signal: AbortSignal): Promise<PooledConnection<Client>> {
    for (;;) {
      signal.throwIfAborted();
      while (this.count - this.idle.length >= this.max && !this.isClosed) await this.freed(signal);
      this.refuseWhenClosed();
      for (let client = this.idle.pop(); client !== undefined; client = this.idle.pop()) {
        if (!client.isLost) return this.lend(client);
        this.count--;
      }
      this.count++;
      try {
        const client = await this.open(signal);
        if (this.isClosed) {
          client.destroy();
          this.refuseWhenClosed();
        }
        return this.lend(client);
      } catch (error) {
        this.count--;
        // The server allows no more than these: the next that is free is used again.
        if (isConnectionLimit(error) && this.count > 0) {
          this.max = this.count;
          continue;
        }
        this.wakeOne();
        throw error;
      }
    }
  }

  /** Ends idle connections politely. */
  async closeIdle(): Promise<void> {
    const idle = this.idle.splice(0);
    this.count -= idle.length;
    await Promise.all(idle.map((client) => client.close()));
  }

  /** Ends idle connections politely and those in use at once; whoever waits is told. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const waiter of this.waiters) waiter.resolve();
    for (const client of this.used) client.abort();
    await Promise.all(this.idle.splice(0).map((client) => client.close()));
  }

  private lend(client: Client): PooledConnection<Client> {
    this.used.add(client);
    const giveBack = (usable: boolean): void => {
      if (!this.used.delete(client)) return;
      if (usable && !client.isLost && !this.isClosed) {
        this.idle.push(client);
      } else {
        this.count--;
        client.abort();
      }
      this.wakeOne();
    };
    return { client, release: () => giveBack(true), discard: () => giveBack(false) };
  }

  private wakeOne(): void {
    const [first] = this.waiters;
    first?.resolve();
  }

  private freed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        this.waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
        finish();
      };
      const waiter: Waiter = {
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
      const onAbort = (): void => waiter.reject(signal.reason as Error);
      this.waiters.add(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  private refuseWhenClosed(): void {
    if (this.isClosed)
      throw new BeamliftError('CANCELLED', { what: 'The source was closed while it was read' });
  }
}
