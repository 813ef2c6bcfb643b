import { setTimeout as delay } from 'node:timers/promises';
import type { UpperBound } from '../../core/extractor';
import type { ServerFacts } from './server-facts';
import type { MysqlSession } from './session';

export type CommitSafety = Pick<UpperBound, 'commitSafe' | 'reason'>;

/** How long transactions that may still commit lower ids are waited for. Planning should not take longer than this for a promise. */
const MAX_WAIT_FOR_WRITERS_MS = 5_000;
/** The server renews its list of transactions no more often. */
const POLL_MS = 150;

/** Transactions that have written or are in a statement; readers that only keep a snapshot open draw no ids. */
const WRITERS = `FROM information_schema.INNODB_TRX t WHERE t.trx_mysql_thread_id <> CONNECTION_ID() AND t.trx_is_read_only = 0
  AND (t.trx_tables_in_use > 0 OR t.trx_tables_locked > 0 OR t.trx_lock_structs > 0 OR t.trx_rows_modified > 0)`;

/**
 * Whether rows with lower ids can still appear after the largest AUTO_INCREMENT value was read. Every transaction that may have drawn a
 * lower one is waited for, a few seconds at most. The hold-back comes first: an id is drawn a moment before its transaction is listed.
 */
export async function idSafety(
  session: MysqlSession,
  { column, holdBackSeconds, facts }: { column: string; holdBackSeconds: number; facts: ServerFacts },
): Promise<CommitSafety> {
  const unsafe = (reason: string): CommitSafety => ({ commitSafe: false, reason });
  if (facts.isReplica) {
    return unsafe(
      'the server is a replica, which does not know the transactions that are open on its primary',
    );
  }
  if (!facts.seesAllTransactions) {
    return unsafe(
      `user ${facts.user} does not see the transactions of others. As an administrator: GRANT PROCESS ON *.* TO the user`,
    );
  }
  const { signal } = session;
  await delay(Math.max(POLL_MS, holdBackSeconds * 1000), undefined, { signal });
  const waitedFor = await listWriters(session);
  const deadline = Date.now() + MAX_WAIT_FOR_WRITERS_MS;
  let left = waitedFor;
  while (left.size > 0) {
    if (Date.now() >= deadline) {
      const seconds = MAX_WAIT_FOR_WRITERS_MS / 1000;
      return unsafe(
        `a transaction has been writing for more than ${seconds} seconds and may have a lower ${column}`,
      );
    }
    await delay(POLL_MS, undefined, { signal });
    const now = await listWriters(session);
    left = new Set([...left].filter((id) => now.has(id)));
  }
  return {
    commitSafe: true,
    reason: `every transaction that was writing when the largest ${column} was read has ended`,
  };
}

async function listWriters(session: MysqlSession): Promise<ReadonlySet<string>> {
  const { rows } = await session.query(
    `SELECT CONCAT(t.trx_id, ' ', t.trx_started) ${WRITERS}`,
    'The open transactions could not be found',
  );
  return new Set(rows.map(([id]) => id ?? ''));
}
