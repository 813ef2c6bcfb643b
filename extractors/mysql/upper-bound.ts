import { MICROS_PER_DAY, floorDivide } from '../../core/calendar';
import { boundText, type InstantKind } from '../../core/bound-text';
import type { UpperBound } from '../../core/extractor';
import { CHEAP_SCAN_BYTES, tableSize } from './estimate-rows';
import { idSafety, type CommitSafety } from './id-safety';
import { quoteIdentifier, quoteLiteral } from './names';
import { columnOf, type Relation, type RelationColumn } from './relation';
import { whereClause } from './select-statement';
import type { ServerFacts } from './server-facts';
import type { MysqlSession } from './session';
import { isUtc, wallClockMicros } from './wall-clock';

export interface UpperBoundInput {
  readonly relation: Relation;
  readonly filter: string | undefined;
  readonly column: string;
  readonly holdBackSeconds: number;
  /** IANA zone in which wall-clock columns (DATETIME, DATE) are written. */
  readonly timezone: string;
  readonly facts: ServerFacts;
}

/**
 * The upper end of an incremental window.
 *
 * DATE, DATETIME, TIMESTAMP: when the oldest open transaction or running statement began (or now), minus the hold-back, floored to
 * what the column can tell apart; exclusive. A row that one of them writes with NOW() lies at or above it. Without the right PROCESS
 * others cannot be seen, and only the hold-back protects. Rows with a value in the future are above it too.
 *
 * Other columns: the largest value there is; inclusive.
 */
export async function findUpperBound(session: MysqlSession, input: UpperBoundInput): Promise<UpperBound> {
  const column = columnOf(input.relation, input.column);
  const { family } = column.reading;
  const nullRows = await countNulls(session, input.relation, column);
  const largest = await largestValue(session, input, column);
  if (largest === null) {
    return { bound: null, commitSafe: true, reason: `no row has a value in ${column.name}`, nullRows };
  }
  if (family === 'date' || family === 'datetime' || family === 'timestamp') {
    return { ...(await instantBound(session, input, column, family)), nullRows };
  }
  const safety = column.isAutoIncrement
    ? await idSafety(session, input)
    : {
        commitSafe: false,
        reason: `it is the largest ${column.name} there is now, and nothing is known about the order in which such values are written`,
      };
  return { bound: { value: largest, inclusive: true }, ...safety, nullRows };
}

async function largestValue(
  session: MysqlSession,
  { relation, filter }: UpperBoundInput,
  column: RelationColumn,
): Promise<string | null> {
  const name = quoteIdentifier(column.name);
  const where = whereClause(relation, { unit: undefined, window: null, filter });
  // not MAX(), which compares ENUM by its number and not by its text
  return await session.queryValue(
    `SELECT ${column.reading.select('v')} FROM (SELECT ${name} AS v FROM ${relation.from}
     ${where === '' ? 'WHERE' : `${where} AND`} ${name} IS NOT NULL ORDER BY ${name} DESC LIMIT 1) AS largest`,
    `The largest ${column.name} of ${relation.name} could not be found`,
  );
}

/** Rows with NULL in a column, where counting them is cheap; null where it is not. The filter of the job is left aside. */
async function countNulls(
  session: MysqlSession,
  relation: Relation,
  column: RelationColumn,
): Promise<number | null> {
  if (!column.nullable) return 0;
  const size = await tableSize(session, relation);
  if (
    size === undefined ||
    (size.bytes > CHEAP_SCAN_BYTES && !(await hasIndexOn(session, relation, column)))
  ) {
    return null;
  }
  const count = await session.queryValue(
    `SELECT COUNT(*) FROM ${relation.from} WHERE ${quoteIdentifier(column.name)} IS NULL`,
    `Rows without ${column.name} could not be counted`,
  );
  return Number(count);
}

async function hasIndexOn(
  session: MysqlSession,
  { table }: Relation,
  column: RelationColumn,
): Promise<boolean> {
  if (table === undefined) return false;
  const found = await session.queryValue(
    `SELECT COUNT(*) FROM information_schema.STATISTICS WHERE SEQ_IN_INDEX = 1
     AND TABLE_SCHEMA = ${quoteLiteral(table.database)} AND TABLE_NAME = ${quoteLiteral(table.name)}
     AND COLUMN_NAME = ${quoteLiteral(column.name)}`,
  );
  return found !== '0';
}

/** The list of transactions is up to 0.1 s old, and times are cut to seconds. */
const CLOCK_SLACK_SECONDS = 1;

const NOW = `UNIX_TIMESTAMP(NOW(6)) - ${CLOCK_SLACK_SECONDS}`;

/**
 * When the oldest transaction or statement began that may still write, in seconds since 1970. Transactions are listed in the time zone of
 * the server's operating system, whatever the session's is. A statement may have its NOW() before it has a transaction, while it waits for
 * a lock of its table; a SELECT writes nothing before it has one, and threads of the server itself have no statement of a user.
 */
const OLDEST = `LEAST(${NOW},
  COALESCE((SELECT MIN(UNIX_TIMESTAMP(CONVERT_TZ(t.trx_started, 'SYSTEM', '+00:00')))
    FROM information_schema.INNODB_TRX t WHERE t.trx_mysql_thread_id <> CONNECTION_ID()
      AND t.trx_is_read_only = 0), ${NOW}),
  COALESCE((SELECT MIN(UNIX_TIMESTAMP(NOW(6)) - p.TIME - ${CLOCK_SLACK_SECONDS})
    FROM information_schema.PROCESSLIST p WHERE p.ID <> CONNECTION_ID() AND p.TIME IS NOT NULL
      AND p.COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')
      AND p.USER NOT IN ('system user', 'event_scheduler') AND COALESCE(p.INFO, '') NOT LIKE 'SELECT%'), ${NOW}))`;

async function instantBound(
  session: MysqlSession,
  input: UpperBoundInput,
  column: RelationColumn,
  kind: InstantKind,
): Promise<Omit<UpperBound, 'nullRows'>> {
  const { facts, holdBackSeconds, timezone } = input;
  const oldest = await session.queryValue(
    `SELECT FLOOR(1000000 * (${facts.seesAllTransactions ? OLDEST : NOW}))`,
    'The oldest open transaction could not be found',
  );
  const micros = BigInt(oldest?.split('.')[0] ?? 0) - BigInt(Math.round(holdBackSeconds * 1_000_000));
  const local = kind === 'timestamp' ? micros : wallClockMicros(micros, timezone);
  const step = kind === 'date' ? MICROS_PER_DAY : 10n ** BigInt(6 - Math.min(6, column.fractionDigits));
  const floored = floorDivide(local, step) * step;
  return {
    bound: { value: boundText(kind, floored), inclusive: false },
    ...instantSafety(facts, kind !== 'timestamp', timezone),
  };
}

function instantSafety(facts: ServerFacts, isLocal: boolean, timezone: string): CommitSafety {
  const unsafe = (reason: string): CommitSafety => ({ commitSafe: false, reason });
  if (facts.isReplica) {
    return unsafe(
      'the server is a replica, which does not know the transactions that are open on its primary; only hold_back protects',
    );
  }
  if (!facts.seesAllTransactions) {
    return unsafe(
      `user ${facts.user} does not see the transactions of others; only hold_back protects. As an administrator: GRANT PROCESS ON *.* TO the user`,
    );
  }
  if (isLocal && !isUtc(timezone)) {
    return unsafe(
      `the column has no time zone and clocks in ${timezone} may be set back; only hold_back protects`,
    );
  }
  return {
    commitSafe: true,
    reason:
      'every transaction and statement that was open began at or after the upper end; values set by NOW() are complete below it',
  };
}
