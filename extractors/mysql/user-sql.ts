import type { ResultField } from '../../core/clients/mysql-client';
import { mysqlReport } from '../../core/clients/mysql-errors';
import { BeamliftError } from '../../core/errors';
import { explainRefusal } from '../database/refused-sql';
import { MYSQL_SQL, outlineSql } from '../database/sql-outline';
import type { MysqlSession } from './session';

/**
 * A query of the user's as something to select from. Comments and semicolons at its end are habit, and left out; the line break ends
 * what else may stand in its last line. That it is one statement that only reads is checked by the server: the connection takes one
 * statement at a time, a derived table changes nothing and calls no procedure, and the transaction is READ ONLY.
 */
export function queryAsSource(sql: string): string {
  return `(${trimmed(sql)}\n) AS q`;
}

/** A WHERE fragment of the user's as a condition of its own. */
export function filterAsCondition(filter: string): string {
  return `(${trimmed(filter)}\n)`;
}

/**
 * Asks the server what the columns of a query are, without running it: by preparing it. Throws QUERY_REFUSED and its like, with the
 * place in the user's text.
 */
export async function describeQuery(session: MysqlSession, sql: string): Promise<readonly ResultField[]> {
  const prefix = 'SELECT * FROM ';
  const statement = `${prefix}${queryAsSource(sql)}`;
  try {
    return await session.describe(statement, 'MySQL refused the query of the job');
  } catch (error) {
    const reached = placeOf(error, statement, prefix.length + 1);
    throw explainRefusal(error, { kind: 'query', sql, dialect: MYSQL_SQL, reached });
  }
}

/**
 * Asks the server whether a filter is valid, without running it. It stands between CASE WHEN and THEN, not in parentheses:
 * a fragment such as `a) OR (b` would otherwise pass, and take the condition apart that it is put into.
 */
export async function checkFilter(session: MysqlSession, from: string, filter: string): Promise<void> {
  const prefix = 'SELECT CASE WHEN ';
  const statement = `${prefix}${trimmed(filter)}\nTHEN 1 END FROM ${from}`;
  try {
    await session.describe(statement, 'MySQL refused the filter of the job');
  } catch (error) {
    const reached = placeOf(error, statement, prefix.length);
    throw explainRefusal(error, { kind: 'filter', sql: filter, dialect: MYSQL_SQL, reached });
  }
}

function trimmed(sql: string): string {
  return outlineSql(sql, MYSQL_SQL).text;
}

/** A syntax error quotes the statement from where it stopped, up to 80 characters, and its line: `near 'FORM t' at line 2`. */
const NEAR = /near '(.*)' at line (\d+)$/s;

/** Where the server stopped, in units of the text behind `offset`; undefined: it does not say. */
function placeOf(error: unknown, statement: string, offset: number): number | undefined {
  const message = error instanceof BeamliftError ? mysqlReport(error.cause)?.message : undefined;
  return message === undefined ? undefined : syntaxErrorPlace(message, statement, offset);
}

/** See `placeOf`. */
export function syntaxErrorPlace(message: string, statement: string, offset: number): number | undefined {
  const [, near = '', line = ''] = NEAR.exec(message) ?? [];
  if (line === '') return undefined;
  if (near === '') return statement.length;
  const before = statement.split('\n').slice(0, Number(line) - 1);
  const lineStart = before.reduce((sum, text) => sum + text.length + 1, 0);
  const at = statement.indexOf(near, lineStart);
  return at < 0 ? undefined : Math.max(0, at - offset);
}
