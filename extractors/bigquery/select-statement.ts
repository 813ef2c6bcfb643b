import { boundText, readBound } from '../../core/bound-text';
import { BeamliftError, showValue } from '../../core/errors';
import type { Bound, Window } from '../../core/plan';
import { columnOf, type Relation, type RelationColumn } from './relation';
import { sqlColumn } from './table-name';
import { filterAsCondition } from './user-sql';

/** Which rows of a relation. */
export interface RowSelection {
  readonly window: Window | null;
  readonly filter: string | undefined;
}

/** `SELECT` of some columns and rows; of a table at a moment (RFC 3339), where one is given. */
export function selectStatement(
  relation: Relation,
  columns: readonly string[] | undefined,
  selection: RowSelection,
  snapshotTime: string | undefined,
): string {
  const list = columns === undefined ? '*' : columns.map(sqlColumn).join(', ');
  const condition = conditionOf(relation, selection);
  return [
    `SELECT ${list} FROM ${fromAt(relation, snapshotTime)}`,
    ...(condition === '' ? [] : [`WHERE ${condition}`]),
  ].join(' ');
}

/** What stands behind FROM. Only stored tables can be read at a moment of the past. */
export function fromAt({ from, isStored }: Relation, snapshotTime: string | undefined): string {
  return isStored && snapshotTime !== undefined
    ? `${from} FOR SYSTEM_TIME AS OF TIMESTAMP '${snapshotTime}'`
    : from;
}

/** The condition without WHERE, as queries and read sessions take it; empty where every row is meant. */
export function conditionOf(relation: Relation, { window, filter }: RowSelection): string {
  const conditions = [
    ...(filter === undefined ? [] : [filterAsCondition(filter)]),
    ...(window === null ? [] : boundConditions(relation, window)),
  ];
  return conditions.join(' AND ');
}

function boundConditions(relation: Relation, { column, lower, upper }: Window): string[] {
  const found = columnOf(relation, column);
  const name = sqlColumn(column);
  const condition = (bound: Bound | null, sign: '<' | '>'): string[] =>
    bound === null
      ? []
      : [`${name} ${bound.inclusive ? `${sign}=` : sign} ${boundLiteral(found, bound.value)}`];
  return [...condition(lower, '>'), ...condition(upper, '<')];
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** The value of a bound as a literal of the column's own type. Throws PLAN_REFUSED for a text that is no such value. */
export function boundLiteral({ column }: RelationColumn, value: string): string {
  const { kind } = column.type;
  switch (kind) {
    case 'int':
      if (!/^-?\d+$/.test(value)) throw notComparable(column, value);
      return value;
    case 'decimal':
      if (!NUMBER.test(value)) throw notComparable(column, value);
      return `BIGNUMERIC '${value}'`;
    case 'date':
    case 'datetime':
    case 'timestamp': {
      const reading = readBound(value);
      if (reading === undefined) throw notComparable(column, value);
      return `${kind.toUpperCase()} '${boundText(kind, reading.micros)}'`;
    }
    case 'string':
      return sqlString(value);
    default:
      throw notComparable(column, value);
  }
}

/** A text as a literal. */
export function sqlString(text: string): string {
  const escaped = text.replace(
    /[\\'"`\0-\x1f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `'${escaped}'`;
}

/** Such a column cannot be the one of a window. */
export function notComparable({ name, nativeType }: RelationColumn['column'], value: string): BeamliftError {
  return new BeamliftError('PLAN_REFUSED', {
    what: `"${showValue(value)}" cannot be compared with ${name}, which is ${nativeType ?? 'of another type'}`,
    where: { column: name },
  });
}
