import { readBound } from '../../core/bound-text';
import { BeamliftError, showValue } from '../../core/errors';
import { compileInstantFormat } from '../../core/instant-format';
import type { Bound, Window, WorkUnit } from '../../core/plan';
import { quoteIdentifier, quoteLiteral } from './names';
import { columnOf, type Relation, type RelationColumn } from './relation';
import { filterAsCondition } from './user-sql';

/** Which rows of a relation. */
export interface RowSelection {
  readonly unit: WorkUnit | undefined;
  readonly window: Window | null;
  readonly filter: string | undefined;
}

/** `SELECT` of some columns and rows, each column as its reading wants it. */
export function selectStatement(
  relation: Relation,
  columns: readonly RelationColumn[],
  selection: RowSelection,
  limit: number | null,
): string {
  const list = columns.map(
    (column) => `${column.reading.select(quoteIdentifier(column.name))} AS ${quoteIdentifier(column.name)}`,
  );
  return [
    `SELECT ${list.join(', ')} FROM ${relation.from}`,
    whereClause(relation, selection),
    ...(limit === null ? [] : [`LIMIT ${limit}`]),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** `WHERE …`, or nothing where every row is meant. */
export function whereClause(relation: Relation, { unit, window, filter }: RowSelection): string {
  const conditions = [
    ...(filter === undefined ? [] : [filterAsCondition(filter)]),
    ...(window === null ? [] : boundConditions(relation, window)),
    ...(unit === undefined ? [] : unitConditions(relation, unit)),
  ];
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

function unitConditions(relation: Relation, unit: WorkUnit): string[] {
  switch (unit.kind) {
    case 'all':
      return [];
    case 'is-null':
      return [`${columnName(relation, unit.column)} IS NULL`];
    case 'range': {
      const conditions = boundConditions(relation, unit);
      // rows with NULL have a unit of their own
      return conditions.length === 0 ? [`${columnName(relation, unit.column)} IS NOT NULL`] : conditions;
    }
    case 'hash':
      return [
        `COALESCE(CRC32(${columnName(relation, unit.column)}) % ${unit.modulus}, 0) = ${unit.remainder}`,
      ];
    case 'file':
    case 'files':
    case 'stream':
      throw new BeamliftError('INTERNAL', {
        what: `Unit ${unit.id} is of files or streams, the source is a database`,
      });
  }
}

function boundConditions(
  relation: Relation,
  { column, lower, upper }: { column: string; lower: Bound | null; upper: Bound | null },
): string[] {
  const found = columnOf(relation, column);
  const name = quoteIdentifier(column);
  return [
    ...(lower === null
      ? []
      : [`${name} ${lower.inclusive ? '>=' : '>'} ${boundLiteral(found, lower.value)}`]),
    ...(upper === null
      ? []
      : [`${name} ${upper.inclusive ? '<=' : '<'} ${boundLiteral(found, upper.value)}`]),
  ];
}

const NUMBER = /^-?\d+(\.\d+)?$/;
const formatDateTime = compileInstantFormat('datetime', 'us');

/** The value of a bound as a literal that is compared as the column's own type. Throws PLAN_REFUSED for a text that is no such value. */
export function boundLiteral(column: RelationColumn, value: string): string {
  switch (column.reading.family) {
    case 'int':
    case 'decimal':
      if (!NUMBER.test(value)) throw notComparable(column, value);
      return value;
    case 'float':
      if (!Number.isFinite(Number(value)) || value.trim() === '') throw notComparable(column, value);
      return Number(value).toExponential();
    case 'date':
      return `CAST('${instantText(column, value).slice(0, 'YYYY-MM-DD'.length)}' AS DATE)`;
    case 'datetime':
    case 'timestamp':
      return `CAST('${instantText(column, value)}' AS DATETIME(6))`;
    case 'time':
      return `CAST(${quoteLiteral(value)} AS TIME(6))`;
    case 'text':
      return quoteLiteral(value);
    case 'bytes':
    case 'bit':
    case 'json':
    case 'geometry':
      throw notComparable(column, value);
  }
}

/** The session's time zone is UTC. */
function instantText(column: RelationColumn, value: string): string {
  const reading = readBound(value);
  if (reading === undefined) throw notComparable(column, value);
  return formatDateTime(reading.micros).replace('T', ' ');
}

function notComparable(column: RelationColumn, value: string): BeamliftError {
  return new BeamliftError('PLAN_REFUSED', {
    what: `"${showValue(value)}" cannot be compared with ${column.name}, which is ${column.nativeType}`,
    where: { column: column.name },
  });
}

function columnName(relation: Relation, column: string): string {
  return quoteIdentifier(columnOf(relation, column).name);
}
