import { BeamliftError, showValue, type ErrorPlace } from '../../core/errors';

/** Columns of a query are known by their names: each needs one of its own. Throws QUERY_REFUSED. */
export function checkColumnNames(
  names: readonly string[],
  {
    place,
    isNone,
    keyOf,
  }: {
    readonly place: ErrorPlace;
    /** Whether a name is only what the server writes where there is none. */
    readonly isNone: (name: string) => boolean;
    /** What is the same for names that the server takes for one. */
    readonly keyOf: (name: string) => string;
  },
): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (isNone(name)) {
      throw new BeamliftError('QUERY_REFUSED', {
        what: `Column ${index + 1} of the query has no name`,
        where: place,
        hint: 'Give it one: SELECT count(*) * 2 AS doubled …',
      });
    }
    if (seen.has(keyOf(name))) {
      throw new BeamliftError('QUERY_REFUSED', {
        what: `Two columns of the query are called "${showValue(name)}"`,
        where: { ...place, column: name },
        hint: 'Give one of them another name: SELECT a.id, b.id AS b_id …',
      });
    }
    seen.add(keyOf(name));
  }
}
