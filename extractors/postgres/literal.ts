import { BeamliftError, showValue } from '../../core/errors';

/**
 * A text as an SQL literal that means the same whatever `standard_conforming_strings` says. COPY takes no parameters, so values
 * of bounds are written into its statement. Throws PLAN_REFUSED for U+0000, which no text of PostgreSQL holds.
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: `"${showValue(text)}" cannot be compared with a column of PostgreSQL: it holds the character U+0000`,
    });
  }
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
