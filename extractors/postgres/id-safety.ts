import { setTimeout as delay } from 'node:timers/promises';
import type { UpperBound } from '../../core/extractor';
import type { Relation } from './relation';
import type { ServerFacts } from './server-facts';
import type { PostgresSession } from './session';

export type CommitSafety = Pick<UpperBound, 'commitSafe' | 'reason'>;

/** How long transactions that may still commit lower ids are waited for. Planning should not take longer than this for a promise. */
const MAX_WAIT_FOR_WRITERS_MS = 5_000;
const POLL_MS = 100;

/** The sequence that a serial or identity column draws from. */
const SEQUENCE_QUERY = `
SELECT s.seqcache, s.seqincrement > 0 AND NOT s.seqcycle
FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  AND d.refobjid = $1::oid AND a.attname = $2`;

/**
 * Transactions of this database that have an id, prepared ones included: each holds a lock on it. The xmax of a snapshot is not
 * enough: it is one above the last id that has ended, and younger ones may be writing.
 */
const WRITERS = `pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
  AND (a.pid IS NULL OR a.datname = current_database())`;

/**
 * Whether rows with lower ids can still appear after the largest one was read. Only numbers of a sequence grow with time; one that hands
 * them out in blocks (CACHE) lets a session write a low one at any time. Then every transaction that may have drawn a lower
 * number is waited for, a few seconds at most. The hold-back comes first: a number is drawn a moment before its transaction
 * has an id that others can see.
 */
export async function idSafety(
  session: PostgresSession,
  input: {
    readonly relation: Relation;
    readonly column: string;
    readonly holdBackSeconds: number;
    readonly facts: ServerFacts;
  },
): Promise<CommitSafety> {
  const { relation, column, holdBackSeconds, facts } = input;
  if (facts.inRecovery) {
    return unsafe(
      'the server is a standby, which does not know the transactions that are open on its primary',
    );
  }
  const sequenceProblem = await checkSequence(session, relation, column);
  if (sequenceProblem !== undefined) return unsafe(sequenceProblem);
  await pause(session, holdBackSeconds * 1000);
  const what = 'The open transactions could not be found';
  const writers = await session.queryValue(
    `SELECT array_agg(l.transactionid::text) FROM ${WRITERS}`,
    [],
    what,
  );
  const deadline = Date.now() + MAX_WAIT_FOR_WRITERS_MS;
  while (writers !== null) {
    const left = await session.queryValue(
      `SELECT count(*) FROM ${WRITERS} AND l.transactionid::text = ANY ($1::text[])`,
      [writers],
      what,
    );
    if (left === '0') break;
    if (Date.now() >= deadline) {
      const seconds = MAX_WAIT_FOR_WRITERS_MS / 1000;
      return unsafe(
        `a transaction has been writing for more than ${seconds} seconds and may have a lower ${column}`,
      );
    }
    await pause(session, POLL_MS);
  }
  return {
    commitSafe: true,
    reason: `every transaction that was writing when the largest ${column} was read has ended`,
  };
}

async function checkSequence(
  session: PostgresSession,
  { table, name }: Relation,
  column: string,
): Promise<string | undefined> {
  const { rows } = await session.query(SEQUENCE_QUERY, [String(table?.oid ?? 0), column]);
  const [row] = rows;
  if (row === undefined) {
    return `${column} of ${name} does not draw from a sequence of its own, so nothing is known about the order in which its values are written`;
  }
  const [cache, grows] = row;
  if (grows !== 't') return `the sequence of ${column} runs backwards or starts again`;
  if (cache !== '1')
    return `the sequence of ${column} hands out ${cache ?? 'several'} numbers at a time (CACHE)`;
  return undefined;
}

async function pause(session: PostgresSession, milliseconds: number): Promise<void> {
  await delay(milliseconds, undefined, { signal: session.signal }).catch(() =>
    session.signal.throwIfAborted(),
  );
}

function unsafe(reason: string): CommitSafety {
  return { commitSafe: false, reason };
}
