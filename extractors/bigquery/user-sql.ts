/** A query of the user's as something to select from. The line break ends a comment in its last line. */
export function queryAsSource(sql: string): string {
  return `(${withoutFinalSemicolons(sql)}\n)`;
}

/** A WHERE fragment of the user's as a condition of its own. */
export function filterAsCondition(filter: string): string {
  return `(${withoutFinalSemicolons(filter)}\n)`;
}

/** Semicolons at the end are habit. */
export function withoutFinalSemicolons(sql: string): string {
  return sql.replace(/[;\s]+$/, '');
}
