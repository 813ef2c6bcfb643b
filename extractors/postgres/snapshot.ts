import type { PostgresClient } from '../../core/clients/postgres-client';
import { serverReport } from '../../core/clients/postgres-errors';
import { BeamliftError, messageOf, type ErrorPlace } from '../../core/errors';
import { neverAborts } from '../../core/never-aborts';
import { PostgresSession } from './session';
import type { Relation } from './relation';

/** A leader without traffic would be forgotten by firewalls, and its end noticed late. */
const KEEP_ALIVE_MS = 20_000;

/** SQLSTATE classes with which a server says that it has no such thing: Redshift, CockroachDB and others that speak the protocol. */
const NOT_SUPPORTED = ['0A', '42', '25', '55'];

/**
 * One point in time that many connections read: a transaction that exported its snapshot and stays open. It also holds a
 * lock on everything that is read, so that no TRUNCATE or rewrite makes the snapshot find an empty table.
 */
export class SnapshotLeader {
  private lost: Error | undefined;
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly client: PostgresClient,
    readonly snapshot: string,
    private readonly place: ErrorPlace,
  ) {
    client.onLost((reason) => (this.lost ??= reason));
    this.timer = setInterval(() => void this.keepAlive(), KEEP_ALIVE_MS).unref();
  }

  /**
   * Takes over `client` and exports a snapshot. The lock comes before the snapshot: it is first taken by `holder`, another
   * connection, which may end its transaction afterwards, then by the leader itself.
   * Undefined where the server exports no snapshots; `client` is closed then.
   */
  static async open(
    client: PostgresClient,
    holder: PostgresSession,
    relation: Relation,
  ): Promise<SnapshotLeader | undefined> {
    const leader = new PostgresSession(client, holder.signal, holder.place);
    try {
      await holder.begin();
      await lock(holder, relation);
      await leader.begin();
      const snapshot = await exportSnapshot(leader);
      if (snapshot !== undefined) await lock(leader, relation);
      await holder.commit();
      if (snapshot !== undefined) return new SnapshotLeader(client, snapshot, holder.place);
      await client.close();
      return undefined;
    } catch (error) {
      client.abort();
      throw error;
    }
  }

  /** Throws SNAPSHOT_LOST when the leader's connection is gone. */
  check(): void {
    if (this.lost !== undefined) throw snapshotLost(this.place, messageOf(this.lost));
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.client.close();
  }

  private async keepAlive(): Promise<void> {
    const signal = neverAborts();
    await this.client
      .execute(['SELECT 1'], signal, { what: 'The snapshot could not be kept', place: this.place })
      .catch(
        (error: unknown) => (this.lost ??= error instanceof Error ? error : new Error(messageOf(error))),
      );
  }
}

/** The error of every read after the snapshot is gone. */
function snapshotLost(place: ErrorPlace, why: string): BeamliftError {
  return new BeamliftError('SNAPSHOT_LOST', {
    what: 'The snapshot that all units of the run read is gone',
    where: place,
    why,
    hint: "Nothing was published. Run the job again; if it happens again, look in the server's log for who ended the connection.",
  });
}

/** Begins a unit's transaction under the run's snapshot. Any refusal means that the snapshot is gone; a broken connection does not. */
export async function beginUnderSnapshot(session: PostgresSession, snapshot: string): Promise<void> {
  try {
    await session.beginWithSnapshot(snapshot);
  } catch (error) {
    const report = error instanceof BeamliftError ? serverReport(error.cause) : undefined;
    if (report === undefined || (error instanceof BeamliftError && error.transient)) throw error;
    throw snapshotLost(session.place, report.message);
  }
}

/** Whether this server exports snapshots; in the session's own transaction, which is ended. */
export async function canExportSnapshots(session: PostgresSession): Promise<boolean> {
  await session.begin();
  const snapshot = await exportSnapshot(session);
  await session.rollback();
  return snapshot !== undefined;
}

async function exportSnapshot(session: PostgresSession): Promise<string | undefined> {
  try {
    const what = 'The snapshot could not be exported';
    return (await session.queryValue('SELECT pg_export_snapshot()', [], what)) ?? undefined;
  } catch (error) {
    const state = error instanceof BeamliftError ? serverReport(error.cause)?.sqlState : undefined;
    if (state !== undefined && NOT_SUPPORTED.some((prefix) => state.startsWith(prefix))) return undefined;
    throw error;
  }
}

/** ACCESS SHARE on whatever the relation reads, until the transaction ends: planning a statement takes it, views and partitions included. */
async function lock(session: PostgresSession, relation: Relation): Promise<void> {
  await session.query(
    `EXPLAIN SELECT 1 FROM ${relation.from}`,
    [],
    `${relation.name} could not be locked for reading`,
  );
}
