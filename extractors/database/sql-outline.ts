/** In what the ways to write SQL differ, as far as it matters where a statement ends. */
export interface SqlDialect {
  /** A backslash takes the next character's meaning in a text of quotes; `e-texts`: in E'…' alone. */
  readonly backslashes: 'in texts' | 'in e-texts';
  /** `$tag$ … $tag$` is a text. */
  readonly dollarQuotes: boolean;
  /** Names may stand in backticks. */
  readonly backticks: boolean;
  /** `#` begins a comment, and `--` only with a space behind it; comments with `!` are statements. */
  readonly mysqlComments: boolean;
  /** A comment may hold others. */
  readonly nestedComments: boolean;
}

export const POSTGRES_SQL: SqlDialect = {
  backslashes: 'in e-texts',
  dollarQuotes: true,
  backticks: false,
  mysqlComments: false,
  nestedComments: true,
};

export const MYSQL_SQL: SqlDialect = {
  backslashes: 'in texts',
  dollarQuotes: false,
  backticks: true,
  mysqlComments: true,
  nestedComments: false,
};

/** What a text says without being understood. */
export interface SqlOutline {
  /** The text up to its last word: without semicolons, spaces and comments behind it. As it is where there are two statements. */
  readonly text: string;
  /** The first word, in capitals; empty where there is none. */
  readonly firstWord: string;
  /** Where a second statement begins. */
  readonly second: number | undefined;
}

/** Quotes, comments and semicolons of a text. A quote that is not closed reaches to the end: the server says what it thinks of it. */
export function outlineSql(sql: string, dialect: SqlDialect): SqlOutline {
  let end = 0;
  let second: number | undefined;
  let semicolon = false;
  let firstWord = '';
  for (let at = 0; at < sql.length;) {
    const skipped = endOfBlank(sql, at, dialect);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    if (sql[at] === ';') {
      semicolon = end > 0;
      at++;
      continue;
    }
    if (semicolon) second ??= at;
    const next = endOfToken(sql, at, dialect);
    if (end === 0) firstWord = (/^\w+/.exec(sql.slice(at, next))?.[0] ?? '').toUpperCase();
    at = next;
    end = next;
  }
  return { text: sql.slice(0, end), firstWord, second };
}

/** Behind a space or comment that begins there; where none does, the same place. */
function endOfBlank(sql: string, at: number, dialect: SqlDialect): number {
  if (/\s/.test(sql[at] ?? '')) return at + 1;
  const isLine =
    sql.startsWith('--', at) && (!dialect.mysqlComments || /^(?:\s|$)/.test(sql.slice(at + 2, at + 3)));
  if (isLine || (dialect.mysqlComments && sql[at] === '#')) {
    const newline = sql.indexOf('\n', at);
    return newline < 0 ? sql.length : newline;
  }
  if (!sql.startsWith('/*', at) || (dialect.mysqlComments && /^(?:M?!)/.test(sql.slice(at + 2, at + 4))))
    return at;
  let depth = 1;
  for (let inside = at + 2; inside < sql.length; inside++) {
    if (sql.startsWith('*/', inside)) {
      depth--;
      inside++;
      if (depth === 0) return inside + 1;
    } else if (dialect.nestedComments && sql.startsWith('/*', inside)) {
      depth++;
      inside++;
    }
  }
  // not closed: for the server to refuse
  return at;
}

function endOfToken(sql: string, at: number, dialect: SqlDialect): number {
  const first = sql[at] ?? '';
  if (first === "'") return endOfQuote(sql, at, dialect.backslashes === 'in texts');
  if (first === '"') return endOfQuote(sql, at, dialect.backslashes === 'in texts');
  if (first === '`' && dialect.backticks) return endOfQuote(sql, at, false);
  if (/[eE]/.test(first) && sql[at + 1] === "'") return endOfQuote(sql, at + 1, true);
  if (first === '$' && dialect.dollarQuotes) {
    const tag = /^\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/u.exec(sql.slice(at))?.[0];
    if (tag !== undefined) {
      const close = sql.indexOf(tag, at + tag.length);
      return close < 0 ? sql.length : close + tag.length;
    }
  }
  // a word goes on over dollars and letters that begin something elsewhere
  const word = /^[\p{L}\p{N}_$]+/u.exec(sql.slice(at))?.[0];
  return at + (word?.length ?? 1);
}

function endOfQuote(sql: string, at: number, hasBackslashes: boolean): number {
  const quote = sql[at];
  for (let inside = at + 1; inside < sql.length; inside++) {
    if (sql[inside] === '\\' && hasBackslashes) {
      inside++;
    } else if (sql[inside] === quote) {
      if (sql[inside + 1] !== quote) return inside + 1;
      inside++;
    }
  }
  return sql.length;
}
