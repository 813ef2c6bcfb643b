import { boundText, type InstantKind } from '../../core/bound-text';
import { floorDivide, MICROS_PER_DAY } from '../../core/calendar';
import type { UpperBound } from '../../core/extractor';
import { isUtc, wallClockMicros } from '../mysql/wall-clock';
import { queryRow, type ResultScope } from './query-result';
import { columnOf, type Relation } from './relation';
import { conditionOf, notComparable } from './select-statement';
import { sqlColumn } from './table-name';

export interface UpperBoundInput {
  readonly relation: Relation;
  readonly filter: string | undefined;
  readonly column: string;
  readonly holdBackSeconds: number;
  /** IANA zone in which wall-clock columns (DATETIME, DATE) are written. */
  readonly timezone: string;
}

/**
 * The upper end of an incremental window: the largest value there is, included; of dates and instants at most now minus the hold-back, so
 * rows with a value in the future wait until their time has come. The largest value, and not now: tables of BigQuery are often filled
 * behind time, and rows that arrive later must lie above it.
 */
export async function findUpperBound(
  scope: ResultScope,
  input: UpperBoundInput,
  signal: AbortSignal,
): Promise<UpperBound> {
  const { relation, filter, holdBackSeconds, timezone } = input;
  const found = columnOf(relation, input.column);
  const { name, nullable, type } = found.column;
  const { kind } = type;
  const expression = MAXIMA.get(kind);
  if (expression === undefined) throw notComparable(found.column, 'a moment or number');
  const column = sqlColumn(name);
  const partitioned = needsFilterOn(relation, name);
  const conditions = [
    ...(partitioned ? [`${column} >= ${LEAST.get(kind) ?? '0'}`] : []),
    ...(filter === undefined ? [] : [conditionOf(relation, { window: null, filter })]),
  ];
  const [largest, nulls, now] = await queryRow(
    scope,
    relation.location,
    [
      `SELECT ${expression(`MAX(${column})`)}, COUNTIF(${column} IS NULL), UNIX_MICROS(CURRENT_TIMESTAMP())`,
      `FROM ${relation.from}`,
      ...(conditions.length === 0 ? [] : [`WHERE ${conditions.join(' AND ')}`]),
    ].join(' '),
    `The largest ${name} of ${relation.name} could not be found`,
    signal,
  );
  const nullRows = !nullable ? 0 : partitioned ? null : Number(nulls ?? 0);
  if (largest === null || largest === undefined) {
    return { bound: null, commitSafe: true, reason: `no row has a value in ${name}`, nullRows };
  }
  if (kind !== 'date' && kind !== 'datetime' && kind !== 'timestamp') {
    return { bound: { value: largest, inclusive: true }, commitSafe: false, reason: UNSAFE, nullRows };
  }
  const edge = nowIn(kind, BigInt(now ?? 0), holdBackSeconds, timezone);
  const behindLast = (BigInt(largest) + 1n) * (kind === 'date' ? MICROS_PER_DAY : 1n);
  // Always exclusive: a watermark does not tell which kind of end it was.
  const bound = { value: boundText(kind, behindLast < edge ? behindLast : edge), inclusive: false };
  const local = kind !== 'timestamp' && !isUtc(timezone);
  return {
    bound,
    commitSafe: false,
    reason: `${UNSAFE}${local ? `; and the column has no time zone, while clocks in ${timezone} may be set back` : ''}`,
    nullRows,
  };
}

const UNSAFE =
  'BigQuery does not show which jobs, transactions and streams are about to write rows below it; only hold_back protects, and merging with a lookback';

/** The largest value as a text: numbers of days or microseconds where it is of the calendar. */
const MAXIMA: ReadonlyMap<string, (max: string) => string> = new Map<string, (max: string) => string>([
  ['int', (max) => `CAST(${max} AS STRING)`],
  ['decimal', (max) => `CAST(${max} AS STRING)`],
  ['string', (max) => max],
  ['date', (max) => `UNIX_DATE(${max})`],
  ['datetime', (max) => `UNIX_MICROS(TIMESTAMP(${max}))`],
  ['timestamp', (max) => `UNIX_MICROS(${max})`],
]);

/** Less than every value, for tables that ask for a filter over the column. */
const LEAST: ReadonlyMap<string, string> = new Map([
  ['int', '-9223372036854775808'],
  ['date', "DATE '0001-01-01'"],
  ['datetime', "DATETIME '0001-01-01T00:00:00'"],
  ['timestamp', "TIMESTAMP '0001-01-01T00:00:00Z'"],
]);

/** Whether the table refuses statements without a filter over this column. */
function needsFilterOn({ table }: Relation, column: string): boolean {
  if (table === undefined) return false;
  const { timePartitioning, rangePartitioning, requirePartitionFilter } = table.resource;
  const isRequired = requirePartitionFilter ?? timePartitioning?.requirePartitionFilter ?? false;
  return isRequired && (timePartitioning?.field ?? rangePartitioning?.field) === column;
}

function nowIn(kind: InstantKind, now: bigint, holdBackSeconds: number, timezone: string): bigint {
  const micros = now - BigInt(Math.round(holdBackSeconds * 1_000_000));
  const local = kind === 'timestamp' ? micros : wallClockMicros(micros, timezone);
  return kind === 'date' ? floorDivide(local, MICROS_PER_DAY) * MICROS_PER_DAY : local;
}
