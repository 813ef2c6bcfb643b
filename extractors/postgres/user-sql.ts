import { serverReport } from '../../core/clients/postgres-errors';
import type { TextResult } from '../../core/clients/postgres-client';
import { BeamliftError } from '../../core/errors';
import { explainRefusal } from '../database/refused-sql';
import { outlineSql, POSTGRES_SQL } from '../database/sql-outline';
import type { PostgresSession } from './session';

/**
 * A query of the user's as something to select from. Comments and semicolons at its end are habit, and left out; the line break ends
 * what else may stand in its last line. That it is one statement that only reads is checked by the server: the extended protocol takes
 * one statement, a subquery changes nothing, and the transaction is READ ONLY.
 */
export function queryAsSource(sql: string): string {
  return `(${trimmed(sql)}\n) AS q`;
}

/** A WHERE fragment of the user's as a condition of its own. */
export function filterAsCondition(filter: string): string {
  return `(${trimmed(filter)}\n)`;
}

/**
 * Asks the server what the columns of a query are, without running it: LIMIT 0 asks the plan for no row. Throws QUERY_REFUSED and its
 * like, with the place in the user's text.
 */
export async function describeQuery(session: PostgresSession, sql: string): Promise<TextResult> {
  const prefix = 'SELECT * FROM ';
  try {
    return await session.query(
      `${prefix}${queryAsSource(sql)} LIMIT 0`,
      [],
      'PostgreSQL refused the query of the job',
    );
  } catch (error) {
    throw withPosition(error, 'query', sql, prefix.length + 1);
  }
}

/**
 * Asks the server whether a filter is valid, without running it. It stands between CASE WHEN and THEN, not in parentheses:
 * a fragment such as `a) OR (b` would otherwise pass, and take the condition apart that it is put into.
 */
export async function checkFilter(session: PostgresSession, from: string, filter: string): Promise<void> {
  const prefix = 'SELECT CASE WHEN ';
  try {
    await session.query(
      `${prefix}${trimmed(filter)}\nTHEN 1 END FROM ${from} LIMIT 0`,
      [],
      'PostgreSQL refused the filter of the job',
    );
  } catch (error) {
    throw withPosition(error, 'filter', filter, prefix.length);
  }
}

function trimmed(sql: string): string {
  return outlineSql(sql, POSTGRES_SQL).text;
}

/**
 * The same error saying where in the user's text the server stopped.
 * @param offset characters in front of the user's text in the statement that was sent.
 */
export function withPosition(error: unknown, kind: 'query' | 'filter', sql: string, offset: number): unknown {
  const position = error instanceof BeamliftError ? serverReport(error.cause)?.position : undefined;
  // the server counts characters, a JavaScript text UTF-16 units
  const reached =
    position === undefined
      ? undefined
      : Array.from(sql)
          .slice(0, Math.max(0, position - 1 - offset))
          .join('').length;
  return explainRefusal(error, { kind, sql, dialect: POSTGRES_SQL, reached });
}
