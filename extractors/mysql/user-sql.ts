import type { ResultField } from '../../core/clients/mysql-client';
import type { MysqlSession } from './session';

/**
 * A query of the user's as something to select from. The line break ends a comment in its last line; semicolons at its end are habit.
 * That it is one statement that only reads is checked by the server: the connection takes one statement at a time, a derived table
 * changes nothing and calls no procedure, and the transaction is READ ONLY.
 */
export function queryAsSource(sql: string): string {
  return `(${withoutFinalSemicolons(sql)}\n) AS q`;
}

/** A WHERE fragment of the user's as a condition of its own. */
export function filterAsCondition(filter: string): string {
  return `(${withoutFinalSemicolons(filter)}\n)`;
}

/** Asks the server what the columns of a query are, without running it. Throws QUERY_REFUSED and its like. */
export async function describeQuery(session: MysqlSession, sql: string): Promise<readonly ResultField[]> {
  return await session.describe(`SELECT * FROM ${queryAsSource(sql)}`, 'MySQL refused the query of the job');
}

/**
 * Asks the server whether a filter is valid, without running it. It stands between CASE WHEN and THEN, not in parentheses:
 * a fragment such as `a) OR (b` would otherwise pass, and take the condition apart that it is put into.
 */
export async function checkFilter(session: MysqlSession, from: string, filter: string): Promise<void> {
  const text = `SELECT CASE WHEN ${withoutFinalSemicolons(filter)}\nTHEN 1 END FROM ${from}`;
  await session.describe(text, 'MySQL refused the filter of the job');
}

function withoutFinalSemicolons(sql: string): string {
  return sql.replace(/[;\s]+$/, '');
}
