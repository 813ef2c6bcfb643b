import { setTimeout as delay } from 'node:timers/promises';
import type { UpperBound } from '../../core/extractor';
import type { ColumnType } from '../../core/schema';
import { quoteLiteral } from './literal';
import { countNulls } from './null-rows';
import { quoteIdentifier } from './qualified-name';
import { columnOf, type Relation, type RelationColumn } from './relation';
import { whereClause } from './select-statement';
import type { ServerFacts } from './server-facts';
import type { PostgresSession } from './session';

export interface UpperBoundInput {
  readonly relation: Relation;
  readonly filter: string | undefined;
  readonly column: string;
  readonly holdBackSeconds: number;
  /** IANA zone in which wall-clock columns (timestamp, date) are written. */
  readonly timezone: string;
  readonly facts: ServerFacts;
}

/** How long transactions that may still commit lower ids are waited for. Planning should not take longer than this for a promise. */
export const MAX_WAIT_FOR_WRITERS_MS = 5_000;
const POLL_MS = 100;

/** Where wall-clock time never goes back. */
const UTC_NAMES: ReadonlySet<string> = new Set(['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT']);

/**
 * The upper end of an incremental window.
 *
 * Dates and timestamps: the start of the oldest open transaction (or now), minus the hold-back, floored to what the column
 * can tell apart; exclusive. A row written with now() or later by a transaction that is still open lies at or above it, so the
 * window is complete when its snapshot is taken. Rows with a value in the future are above it too: they are
 * loaded by the run after their time has come.
 *
 * Other columns: the largest value there is; inclusive. For whole numbers (ids) it is complete once every transaction that was
 * open when it was read has ended, which is waited for a few seconds.
 *
 * Runs one transaction or more of the session.
 */
export async function findUpperBound(session: PostgresSession, input: UpperBoundInput): Promise<UpperBound> {
  const column = columnOf(input.relation, input.column);
  const { kind } = column.reading.type;
  await session.begin();
  const nullRows = await countNulls(session, input.relation, column);
  const isInstant = kind === 'date' || kind === 'datetime' || kind === 'timestamp';
  if (isInstant && !(await hasValues(session, input))) {
    await session.commit();
    return { bound: null, commitSafe: true, reason: `no row has a value in ${column.name}`, nullRows };
  }
  if (isInstant) {
    const instant = await instantBound(session, input, column);
    await session.commit();
    return { ...instant, nullRows };
  }
  const largest = await largestValue(session, input, column);
  await session.commit();
  if (largest === null) {
    return { bound: null, commitSafe: true, reason: `no row has a value in ${column.name}`, nullRows };
  }
  const safety =
    kind === 'int'
      ? await waitForWriters(session, input)
      : {
          commitSafe: false,
          reason: `it is the largest ${column.name} there is now, and nothing is known about the order in which such values are written`,
        };
  return { bound: { value: largest, inclusive: true }, ...safety, nullRows };
}

function notNullClause({ relation, filter }: UpperBoundInput, column: string): string {
  const where = whereClause(relation, { unit: undefined, window: null, filter });
  return `${where === '' ? 'WHERE' : `${where} AND`} ${quoteIdentifier(column)} IS NOT NULL`;
}

async function hasValues(session: PostgresSession, input: UpperBoundInput): Promise<boolean> {
  const { relation, column } = input;
  const exists = `SELECT EXISTS (SELECT 1 FROM ${relation.from} ${notNullClause(input, column)})`;
  return (await session.queryValue(exists, [], `${relation.name} could not be read`)) === 't';
}

async function largestValue(
  session: PostgresSession,
  input: UpperBoundInput,
  column: RelationColumn,
): Promise<string | null> {
  const { relation } = input;
  const name = quoteIdentifier(column.name);
  // not max(), which uuid lacks before PostgreSQL 18; the cast stays outside, or ORDER BY would mean its text
  const first = `SELECT ${name} AS value FROM ${relation.from} ${notNullClause(input, column.name)} ORDER BY ${name} DESC LIMIT 1`;
  return await session.queryValue(
    `SELECT value::text FROM (${first}) AS largest`,
    [],
    `The largest ${column.name} of ${relation.name} could not be found`,
  );
}

/** What the column can tell apart, for date_trunc; the digits of timestamp(p) are cut off in microseconds. */
function precisionOf(
  type: ColumnType,
  modifier: number,
): { readonly isDay: boolean; readonly stepMicros: number } {
  if (type.kind === 'date') return { isDay: true, stepMicros: 1 };
  return { isDay: false, stepMicros: modifier >= 0 && modifier < 6 ? 10 ** (6 - modifier) : 1 };
}

/** Backends that never write rows of tables. */
const SILENT_BACKENDS = ['autovacuum worker', 'autovacuum launcher', 'walsender', 'checkpointer', 'walwriter']
  .map(quoteLiteral)
  .join(', ');

/**
 * When the oldest transaction began that may still write to this database, and what is not known about it. A prepared
 * transaction only says when it was prepared, which is later than it began.
 */
const OLDEST_QUERY = `
SELECT least(now(),
    (SELECT min(a.xact_start) FROM pg_stat_activity a
     WHERE a.pid <> pg_backend_pid() AND (a.datid IS NULL OR a.datname = current_database())
       AND a.backend_type NOT IN (${SILENT_BACKENDS})),
    (SELECT min(p.prepared) FROM pg_prepared_xacts p WHERE p.database = current_database())),
  (SELECT min(p.gid) FROM pg_prepared_xacts p WHERE p.database = current_database())`;

async function instantBound(
  session: PostgresSession,
  { facts, holdBackSeconds, timezone }: UpperBoundInput,
  column: RelationColumn,
): Promise<Omit<UpperBound, 'nullRows'>> {
  const { isDay, stepMicros } = precisionOf(column.reading.type, column.modifier);
  const isLocal = column.reading.type.kind !== 'timestamp';
  const zone = quoteLiteral(isLocal ? timezone : 'UTC');
  const wallClock = `(oldest - make_interval(secs => $1::float8)) AT TIME ZONE ${zone}`;
  const floored = isDay
    ? `to_char(date_trunc('day', ${wallClock}), 'YYYY-MM-DD')`
    : `to_char(${floorTo(wallClock, stepMicros)}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
  const { rows } = await session.query(
    `SELECT ${floored}, prepared FROM (${OLDEST_QUERY}) o(oldest, prepared)`,
    [String(holdBackSeconds)],
    'The oldest open transaction could not be found',
  );
  const [text, prepared] = rows[0] ?? [];
  const value = `${text ?? ''}${isLocal ? '' : 'Z'}`;
  return { bound: { value, inclusive: false }, ...instantSafety(facts, prepared ?? null, isLocal, timezone) };
}

/** Cuts a timestamp to a multiple of some microseconds below the second. */
function floorTo(timestamp: string, stepMicros: number): string {
  if (stepMicros === 1) return timestamp;
  const second = `date_trunc('second', ${timestamp})`;
  const micros = `mod(extract(microseconds FROM ${timestamp})::int8, 1000000)`;
  return `${second} + (${micros} / ${stepMicros} * ${stepMicros}) * interval '1 microsecond'`;
}

function instantSafety(
  facts: ServerFacts,
  prepared: string | null,
  isLocal: boolean,
  timezone: string,
): Pick<UpperBound, 'commitSafe' | 'reason'> {
  const unsafe = (reason: string): Pick<UpperBound, 'commitSafe' | 'reason'> => ({
    commitSafe: false,
    reason,
  });
  if (facts.inRecovery) {
    return unsafe(
      'the server is a standby, which does not know the transactions that are open on its primary; only hold_back protects',
    );
  }
  if (!facts.seesAllTransactions) {
    return unsafe(
      `user ${facts.user} does not see the transactions of others; only hold_back protects. As a superuser: GRANT pg_read_all_stats TO ${quoteIdentifier(facts.user)}`,
    );
  }
  if (prepared !== null) {
    return unsafe(
      `the prepared transaction ${prepared} does not say when it began; commit it or roll it back`,
    );
  }
  if (isLocal && !UTC_NAMES.has(timezone)) {
    return unsafe(
      `the column has no time zone and clocks in ${timezone} may be set back; only hold_back protects`,
    );
  }
  return {
    commitSafe: true,
    reason:
      'every transaction that was open began at or after the upper end; values set by now() are complete below it',
  };
}

/**
 * Waits, a few seconds at most, until every transaction that may have drawn a number below the candidate has ended. The hold-back
 * comes first: a number is drawn a moment before its transaction has an id that others can see.
 */
async function waitForWriters(
  session: PostgresSession,
  { facts, holdBackSeconds, column }: UpperBoundInput,
): Promise<Pick<UpperBound, 'commitSafe' | 'reason'>> {
  if (facts.inRecovery) {
    return {
      commitSafe: false,
      reason: 'the server is a standby, which does not know the transactions that are open on its primary',
    };
  }
  await delay(holdBackSeconds * 1000, undefined, { signal: session.signal }).catch(() =>
    session.signal.throwIfAborted(),
  );
  const what = 'The open transactions could not be found';
  const mark = await session.queryValue('SELECT txid_snapshot_xmax(txid_current_snapshot())', [], what);
  const deadline = Date.now() + MAX_WAIT_FOR_WRITERS_MS;
  for (;;) {
    const passed = await session.queryValue(
      'SELECT txid_snapshot_xmin(txid_current_snapshot()) >= $1::int8',
      [mark],
      what,
    );
    if (passed === 't') {
      return {
        commitSafe: true,
        reason: `every transaction that was open when the largest ${column} was read has ended`,
      };
    }
    if (Date.now() >= deadline) break;
    await delay(POLL_MS, undefined, { signal: session.signal }).catch(() => session.signal.throwIfAborted());
  }
  return {
    commitSafe: false,
    reason: `a transaction has been open for more than ${MAX_WAIT_FOR_WRITERS_MS / 1000} seconds and may still write a lower ${column}`,
  };
}
