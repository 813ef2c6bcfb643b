import { BeamliftError, type ErrorDetails } from '../../core/errors';
import { outlineSql, type SqlDialect } from './sql-outline';

/** What the user wrote, and how. */
export interface UserSql {
  readonly kind: 'query' | 'filter';
  readonly sql: string;
  readonly dialect: SqlDialect;
  /** Where the server stopped, in UTF-16 units of `sql`; undefined: it does not say. */
  readonly reached: number | undefined;
}

/** With which a statement begins that can be a query. */
const READING_WORDS: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE', '']);

const ONE_STATEMENT = 'A query is one statement that only reads: SELECT …, or WITH … SELECT …';

/**
 * The server's refusal in words about the user's own text: the line and character where it stopped, and what of the text is no query
 * at all. Other errors stay as they are.
 */
export function explainRefusal(error: unknown, { kind, sql, dialect, reached }: UserSql): unknown {
  if (!(error instanceof BeamliftError)) return error;
  const { text, firstWord, second } = outlineSql(sql, dialect);
  const where = reached === undefined ? '' : ` (${placeIn(sql, reached, text.length)})`;
  if (error.code !== 'QUERY_REFUSED' || kind === 'filter')
    return reworded(error, { what: error.what + where });
  if (text === '') return reworded(error, { what: 'The query of the job is empty', hint: ONE_STATEMENT });
  if (second !== undefined) {
    return reworded(error, {
      what: `The query of the job has more than one statement: the second begins at ${placeIn(sql, second, sql.length)}`,
      hint: ONE_STATEMENT,
    });
  }
  if (!READING_WORDS.has(firstWord)) {
    return reworded(error, {
      what: `The query of the job is no SELECT: it begins with ${firstWord}`,
      hint: ONE_STATEMENT,
    });
  }
  return reworded(error, { what: error.what + where, hint: error.hint ?? ONE_STATEMENT });
}

/** `line 2, character 7`, counted in characters; `at its end` from `end` on. */
function placeIn(sql: string, at: number, end: number): string {
  if (at >= end) return 'at its end';
  const lines = sql.slice(0, Math.max(0, at)).split('\n');
  return `line ${lines.length}, character ${Array.from(lines.at(-1) ?? '').length + 1}`;
}

function reworded(
  error: BeamliftError,
  { what, hint = error.hint }: Pick<ErrorDetails, 'what' | 'hint'>,
): BeamliftError {
  return new BeamliftError(error.code, {
    what,
    where: error.where,
    ...(error.why === undefined ? {} : { why: error.why }),
    ...(hint === undefined ? {} : { hint }),
    cause: error.cause,
  });
}
