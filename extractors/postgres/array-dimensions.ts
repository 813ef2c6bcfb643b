import type { ColumnType } from '../../core/schema';
import { quoteIdentifier } from './qualified-name';
import type { PostgresSession } from './session';

/**
 * Rows whose arrays are looked at: PostgreSQL neither enforces declared dimensions nor keeps statistics of them. Few, as each array is
 * read whole.
 */
const SAMPLE_ROWS = 100;

/** An array column of a table. */
export interface ArrayColumn {
  readonly name: string;
  readonly type: ColumnType & { kind: 'array' };
  /** Dimensions of its declaration (`int[][]` has 2), which mean nothing to PostgreSQL; 0 where they are not known. */
  readonly declared: number;
}

/** What created tables should hold for those array columns whose first values are not all of one dimension. `from` is a table in SQL. */
export async function typesOfDeepArrays(
  session: PostgresSession,
  from: string,
  columns: readonly ArrayColumn[],
): Promise<ReadonlyMap<string, ColumnType>> {
  const types = new Map<string, ColumnType>();
  if (columns.length === 0) return types;
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const { rows } = await session.query(
    `SELECT ${names.map((name) => `array_agg(DISTINCT array_ndims(s.${name}))::text`).join(', ')}
     FROM (SELECT ${names.join(', ')} FROM ${from} LIMIT ${SAMPLE_ROWS}) s`,
    [],
    'The first arrays of the table could not be read',
  );
  for (const [index, { name, type, declared }] of columns.entries()) {
    const seen = (rows[0]?.[index] ?? '').match(/\d+/g)?.map(Number) ?? [];
    const deep = typeOfDimensions(type, seen.length === 0 ? [declared] : seen);
    if (deep !== undefined) types.set(name, deep);
  }
  return types;
}

/** Values of one number of dimensions are arrays in arrays; of several, JSON holds them all. Undefined: the array as it is. */
export function typeOfDimensions(
  type: ColumnType & { kind: 'array' },
  dimensions: readonly number[],
): ColumnType | undefined {
  const deepest = Math.max(...dimensions, 1);
  if (deepest === 1) return undefined;
  if (dimensions.some((count) => count !== deepest)) return { kind: 'json' };
  let deep: ColumnType = type;
  for (let depth = 1; depth < deepest; depth++) deep = { kind: 'array', element: deep };
  return deep;
}
