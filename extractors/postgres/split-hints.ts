import type { SplitHints } from '../../core/extractor';
import type { Window } from '../../core/plan';
import { equalDepthBounds, type ColumnStatistics } from './column-histogram';
import { explain } from './explain';
import { quoteLiteral } from './literal';
import { hasIndexOn } from './null-rows';
import { quoteIdentifier } from './qualified-name';
import type { Relation, RelationColumn } from './relation';
import { selectStatement, whereClause } from './select-statement';
import type { PostgresSession } from './session';

export interface SplitInput {
  readonly relation: Relation;
  readonly filter: string | undefined;
  readonly window: Window | null;
  readonly maxConnections: number;
}

type RangeHints = Extract<SplitHints, { kind: 'range' }>;
type Domain = RangeHints['domain'];

/** How the values of a domain are cast, kept to what a calendar of four-digit years has, and written. */
interface DomainSql {
  readonly type: string;
  /** True for values that can be placed. */
  readonly isPlaceable: (value: string) => string;
  readonly write: (value: string) => string;
}

const DOMAINS: Readonly<Record<Domain, DomainSql>> = {
  int: { type: 'int8', isPlaceable: () => 'true', write: (value) => `${value}::text` },
  date: {
    type: 'date',
    isPlaceable: (value) => `${value} BETWEEN '0001-01-01' AND '9999-12-31'`,
    write: (value) => `to_char(${value}, 'YYYY-MM-DD')`,
  },
  datetime: {
    type: 'timestamp',
    isPlaceable: (value) => `${value} >= '0001-01-01' AND ${value} < '9999-12-31 23:59:59'`,
    write: (value) => `to_char(${value}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`,
  },
  timestamp: {
    type: 'timestamptz',
    isPlaceable: (value) => `${value} >= '0001-01-01 00:00:00+00' AND ${value} < '9999-12-31 23:59:59+00'`,
    write: (value) => `to_char(${value}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  },
};

/**
 * By what the rows of a window can be cut: ranges of the window's own column or of the primary key's first column, where
 * an index makes each range cheap to read; a hash of the primary key where its values have no distances; or nothing.
 * Runs in the session's transaction.
 */
export async function findSplits(session: PostgresSession, input: SplitInput): Promise<SplitHints> {
  const { relation, window } = input;
  const [keyName] = relation.primaryKey;
  const tried = new Set([window?.column, keyName].filter((name) => name !== undefined));
  const reasons: string[] = [];
  for (const column of relation.columns.filter(({ name }) => tried.has(name)).sort(byWindow(window))) {
    const hints = await rangeHints(session, input, column);
    if (typeof hints !== 'string') return hints;
    reasons.push(hints);
  }
  if (keyName !== undefined) return { kind: 'hash', column: keyName, maxUnits: input.maxConnections };
  const reason =
    relation.table === undefined
      ? 'a query has no key to cut by'
      : `${relation.name} has no primary key to cut by`;
  return { kind: 'none', reason: [...reasons, reason].join(', and ') };
}

/** The window's own column first. */
function byWindow(window: Window | null): (left: RelationColumn, right: RelationColumn) => number {
  const rank = (column: RelationColumn): number => (column.name === window?.column ? 0 : 1);
  return (left, right) => rank(left) - rank(right);
}

/** Range hints, or why the column gives none. */
async function rangeHints(
  session: PostgresSession,
  input: SplitInput,
  column: RelationColumn,
): Promise<RangeHints | string> {
  const { relation, window } = input;
  const domain = domainOf(column);
  if (domain === undefined) return `${column.name} is not a whole number, date or timestamp`;
  const isIndexed = await hasIndexOn(session, relation, column.name);
  const ends = await findEnds(session, input, column, domain, isIndexed);
  if (typeof ends === 'string') return ends;
  if (!isIndexed && !(await areRangesCheap(session, input, column, domain, ends))) {
    return `there is no index that would make ranges of ${column.name} cheap to read`;
  }
  const statistics = await columnStatistics(session, relation, column, domain);
  const histogram = statistics === undefined ? undefined : equalDepthBounds(statistics, comparison(domain));
  const inWindow = window?.column === column.name && (window.lower !== null || window.upper !== null);
  return {
    kind: 'range',
    column: column.name,
    domain,
    ...ends,
    ...(histogram === undefined ? {} : { histogram }),
    nullable: column.nullable && !inWindow,
    ...(relation.table === undefined ? { maxUnits: input.maxConnections } : {}),
  };
}

function domainOf(column: RelationColumn): Domain | undefined {
  const { type } = column.reading;
  if (type.kind === 'int') return type.unsigned === true ? undefined : 'int';
  return type.kind === 'date' || type.kind === 'datetime' || type.kind === 'timestamp'
    ? type.kind
    : undefined;
}

function comparison(domain: Domain): (left: string, right: string) => number {
  if (domain === 'int')
    return (left, right) => Number(BigInt(left) > BigInt(right)) - Number(BigInt(left) < BigInt(right));
  // four-digit years and six digits behind the second: the order of the texts is that of the values
  return (left, right) => Number(left > right) - Number(left < right);
}

interface Ends {
  readonly min: string;
  readonly max: string;
}

/** The work of a statement that makes it worth having, as a share of reading everything. */
const CHEAP_SHARE = 0.25;
const EXPLAIN_FAILED = 'PostgreSQL refused to plan the reading of the source';

async function findEnds(
  session: PostgresSession,
  input: SplitInput,
  column: RelationColumn,
  domain: Domain,
  isIndexed: boolean,
): Promise<Ends | string> {
  const { relation, window } = input;
  const sql = DOMAINS[domain];
  const name = quoteIdentifier(column.name);
  // the filter is left out: an index finds the ends of a column, not of the rows that a filter leaves
  const where = whereClause(relation, {
    unit: undefined,
    window: window?.column === column.name ? window : null,
    filter: undefined,
  });
  const statement = `SELECT min(${name}), max(${name}) FROM ${relation.from} ${where === '' ? 'WHERE' : `${where} AND`} ${sql.isPlaceable(name)}`;
  if (!isIndexed) {
    const own = window?.column === column.name ? window : null;
    if (own?.lower && own.upper) return { min: own.lower.value, max: own.upper.value };
    const [ends, whole] = [
      await explain(session, statement, EXPLAIN_FAILED),
      await planWhole(session, input),
    ];
    if (ends.cost > CHEAP_SHARE * whole)
      return `the smallest ${column.name} cannot be found without reading everything`;
  }
  const { rows } = await session.query(
    `SELECT ${sql.write(`e.low::${sql.type}`)}, ${sql.write(`e.high::${sql.type}`)} FROM (${statement}) e(low, high)`,
    [],
    `The smallest and largest ${column.name} of ${relation.name} could not be found`,
  );
  const [min, max] = rows[0] ?? [];
  if (typeof min !== 'string' || typeof max !== 'string') return `no row has a value in ${column.name}`;
  return { min, max };
}

/** Whether a sixteenth of the range costs much less than all of it: partitions, block ranges and views over indexed tables do that. */
async function areRangesCheap(
  session: PostgresSession,
  input: SplitInput,
  column: RelationColumn,
  domain: Domain,
  { min, max }: Ends,
): Promise<boolean> {
  const { type, write } = DOMAINS[domain];
  // the distance of two int8 may be none
  const arithmetic = domain === 'int' ? 'numeric' : type;
  const low = `${quoteLiteral(min)}::${arithmetic}`;
  const part = `${low} + (${quoteLiteral(max)}::${arithmetic} - ${low}) / 16`;
  const upper = await session.queryValue(`SELECT ${write(`(${part})::${type}`)}`);
  if (upper === null) return false;
  const unit = {
    id: 'probe',
    kind: 'range' as const,
    column: column.name,
    lower: { value: min, inclusive: true },
    upper: { value: upper, inclusive: false },
  };
  const { relation, filter, window } = input;
  const statement = selectStatement(relation, relation.columns, { unit, window, filter }, null);
  const probe = await explain(session, statement, EXPLAIN_FAILED);
  return probe.cost <= CHEAP_SHARE * (await planWhole(session, input));
}

async function planWhole(
  session: PostgresSession,
  { relation, filter, window }: SplitInput,
): Promise<number> {
  const statement = selectStatement(relation, relation.columns, { unit: undefined, window, filter }, null);
  return (await explain(session, statement, EXPLAIN_FAILED)).cost;
}

/** Of the table with its partitions and children where they were analysed together. */
async function columnStatistics(
  session: PostgresSession,
  { table }: Relation,
  column: RelationColumn,
  domain: Domain,
): Promise<ColumnStatistics | undefined> {
  if (table === undefined) return undefined;
  const { type, isPlaceable, write } = DOMAINS[domain];
  const { rows } = await session.query(
    `SELECT
       (SELECT json_agg(${write('v')} ORDER BY v) FROM unnest(s.histogram_bounds::text::${type}[]) v WHERE ${isPlaceable('v')}),
       (SELECT json_agg(json_build_array(${write('v')}, f)) FROM unnest(s.most_common_vals::text::${type}[], s.most_common_freqs) c(v, f)
        WHERE ${isPlaceable('v')}),
       s.null_frac
     FROM pg_stats s WHERE s.schemaname = $1 AND s.tablename = $2 AND s.attname = $3
     ORDER BY s.inherited DESC LIMIT 1`,
    [table.schema, table.name, column.name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const [bounds, common, nullShare] = row;
  return {
    bounds: JSON.parse(bounds ?? '[]') as string[],
    common: (JSON.parse(common ?? '[]') as [string, number][]).map(([value, share]) => ({ value, share })),
    nullShare: Number(nullShare),
  };
}
