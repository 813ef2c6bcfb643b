import type { UpperBound } from '../../core/extractor';
import type { ColumnType } from '../../core/schema';
import { idSafety } from './id-safety';
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
 * Other columns: the largest value there is; inclusive. For numbers drawn from a sequence it is complete once every transaction
 * that was writing when it was read has ended, which is waited for a few seconds.
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
      ? await idSafety(session, input)
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
  (SELECT min(p.gid) FROM pg_prepared_xacts p WHERE p.database = current_database()),
  EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.state = 'disabled' AND a.datname = current_database())`;

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
    `SELECT ${floored}, prepared, untracked FROM (${OLDEST_QUERY}) o(oldest, prepared, untracked)`,
    [String(holdBackSeconds)],
    'The oldest open transaction could not be found',
  );
  const [text, prepared, untracked] = rows[0] ?? [];
  const value = `${text ?? ''}${isLocal ? '' : 'Z'}`;
  return {
    bound: { value, inclusive: false },
    ...instantSafety(facts, prepared ?? null, untracked === 't', isLocal, timezone),
  };
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
  isUntracked: boolean,
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
  if (isUntracked) {
    return unsafe('a session runs with track_activities off and does not show its transactions');
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
