import { serverReport } from '../../core/clients/postgres-errors';
import type { TextResult } from '../../core/clients/postgres-client';
import { BeamliftError } from '../../core/errors';
import type { PostgresSession } from './session';

/**
 * A query of the user's as something to select from. The line break ends a comment in its last line; semicolons at its end
 * are habit. That it is one statement that only reads is checked by the server: the extended protocol takes one statement,
 * a subquery changes nothing, and the transaction is READ ONLY.
 */
export function queryAsSource(sql: string): string {
  return `(${withoutFinalSemicolons(sql)}\n) AS q`;
}

/** A WHERE fragment of the user's as a condition of its own. */
export function filterAsCondition(filter: string): string {
  return `(${withoutFinalSemicolons(filter)}\n)`;
}

/** Asks the server what the columns of a query are, without running it. Throws QUERY_REFUSED and its like, with the position. */
export async function describeQuery(session: PostgresSession, sql: string): Promise<TextResult> {
  const prefix = 'SELECT * FROM ';
  try {
    return await session.query(
      `${prefix}${queryAsSource(sql)} LIMIT 0`,
      [],
      'PostgreSQL refused the query of the job',
    );
  } catch (error) {
    throw withPosition(error, sql, prefix.length + 1);
  }
}

/**
 * Asks the server whether a filter is valid, without running it. It stands between CASE WHEN and THEN, not in parentheses:
 * a fragment such as `a) OR (b` would otherwise pass, and take the condition apart that it is put into.
 */
export async function checkFilter(session: PostgresSession, from: string, filter: string): Promise<void> {
  const prefix = 'SELECT CASE WHEN ';
  const text = withoutFinalSemicolons(filter);
  try {
    await session.query(
      `${prefix}${text}\nTHEN 1 END FROM ${from} LIMIT 0`,
      [],
      'PostgreSQL refused the filter of the job',
    );
  } catch (error) {
    throw withPosition(error, filter, prefix.length);
  }
}

function withoutFinalSemicolons(sql: string): string {
  return sql.replace(/[;\s]+$/, '');
}

/**
 * The same error saying where in the user's text the server stopped.
 * @param offset characters in front of the user's text in the statement that was sent.
 */
export function withPosition(error: unknown, text: string, offset: number): unknown {
  const position = error instanceof BeamliftError ? serverReport(error.cause)?.position : undefined;
  if (!(error instanceof BeamliftError) || position === undefined) return error;
  // the server counts characters, a JavaScript text UTF-16 units
  const characters = Array.from(withoutFinalSemicolons(text));
  const reached = Math.max(0, position - 1 - offset);
  const lines = characters.slice(0, reached).join('').split('\n');
  const where =
    reached >= characters.length
      ? 'at its end'
      : `line ${lines.length}, character ${Array.from(lines.at(-1) ?? '').length + 1}`;
  return new BeamliftError(error.code, {
    what: `${error.what} (${where})`,
    where: error.where,
    ...(error.why === undefined ? {} : { why: error.why }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error.cause,
  });
}
