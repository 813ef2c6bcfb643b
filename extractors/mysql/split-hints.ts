import { boundText, readBound } from '../../core/bound-text';
import type { SplitHints } from '../../core/extractor';
import type { Window } from '../../core/plan';
import { quoteIdentifier } from './names';
import type { Relation, RelationColumn } from './relation';
import { whereClause } from './select-statement';
import type { MysqlSession } from './session';

export interface SplitInput {
  readonly relation: Relation;
  readonly filter: string | undefined;
  readonly window: Window | null;
  readonly maxConnections: number;
}

type RangeHints = Extract<SplitHints, { kind: 'range' }>;

/**
 * By what the rows of a window can be cut. MySQL shares no snapshot between connections, so each unit reads its own moment: a row must
 * not move from one unit to another between them. Only the primary key is cut by, whose values stay as they are; not the window's own
 * column, which may be an `updated_at`.
 */
export async function findSplits(session: MysqlSession, input: SplitInput): Promise<SplitHints> {
  const { relation } = input;
  const [keyName] = relation.primaryKey;
  const column = relation.columns.find(({ name }) => name === keyName);
  if (column === undefined) {
    const what = relation.table === undefined ? 'a query has no key' : `${relation.name} has no primary key`;
    return { kind: 'none', reason: `${what} to cut by` };
  }
  const range = await rangeHints(session, input, column);
  return range ?? { kind: 'hash', column: column.name, maxUnits: input.maxConnections };
}

/** Undefined where the column's values have no distances, or none was found. */
async function rangeHints(
  session: MysqlSession,
  { relation, window }: SplitInput,
  column: RelationColumn,
): Promise<RangeHints | undefined> {
  const domain = domainOf(column);
  if (domain === undefined) return undefined;
  const name = quoteIdentifier(column.name);
  // the filter is left out: the key finds its own ends, not those of the rows that a filter leaves
  const where = whereClause(relation, {
    unit: undefined,
    window: window?.column === column.name ? window : null,
    filter: undefined,
  });
  // zero dates come first, and are not of the calendar
  const placed = domain === 'int' ? '' : `${where === '' ? 'WHERE' : ' AND'} ${name} >= '0001-01-01'`;
  const { rows } = await session.query(
    `SELECT MIN(${name}), MAX(${name}) FROM ${relation.from} ${where}${placed}`,
    `The smallest and largest ${column.name} of ${relation.name} could not be found`,
  );
  const [min, max] = (rows[0] ?? []).map((text) => endText(domain, text));
  if (min === undefined || max === undefined) return undefined;
  return { kind: 'range', column: column.name, domain, min, max, nullable: false };
}

function domainOf({ reading: { type } }: RelationColumn): RangeHints['domain'] | undefined {
  return type.kind === 'int' || type.kind === 'date' || type.kind === 'datetime' || type.kind === 'timestamp'
    ? type.kind
    : undefined;
}

function endText(domain: RangeHints['domain'], text: string | null): string | undefined {
  if (text === null || domain === 'int') return text ?? undefined;
  const reading = readBound(text);
  return reading === undefined ? undefined : boundText(domain, reading.micros);
}
