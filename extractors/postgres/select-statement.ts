import { BeamliftError } from '../../core/errors';
import type { Bound, Window, WorkUnit } from '../../core/plan';
import { quoteLiteral } from './literal';
import { quoteIdentifier } from './qualified-name';
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
      return [`${hashOf(columnName(relation, unit.column), unit.modulus)} = ${unit.remainder}`];
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
  const { reading } = columnOf(relation, column);
  const literal = (bound: Bound): string => `${quoteLiteral(bound.value)}::${reading.literalType}`;
  const name = quoteIdentifier(column);
  return [
    ...(lower === null ? [] : [`${name} ${lower.inclusive ? '>=' : '>'} ${literal(lower)}`]),
    ...(upper === null ? [] : [`${name} ${upper.inclusive ? '<=' : '<'} ${literal(upper)}`]),
  ];
}

/** The remainder of a hash of the value's text, NULL counting as 0. The same text has the same hash on every server since PostgreSQL 11. */
function hashOf(name: string, modulus: number): string {
  const hash = `hashtextextended(${name}::text COLLATE "C", 0) & 9223372036854775807`;
  return `coalesce((${hash}) % ${modulus}, 0)`;
}

function columnName(relation: Relation, column: string): string {
  return quoteIdentifier(columnOf(relation, column).name);
}
