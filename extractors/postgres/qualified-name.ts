import { BeamliftError, showValue } from '../../core/errors';

/** `database.schema.table` is the longest name there is. */
const MAX_PARTS = 3;

const SPACE = /\s/;
/** What may stand in a name without quotes: PostgreSQL takes every character beyond ASCII for a letter. */
const PLAIN_START = /[A-Za-z_\u0080-\u{10ffff}]/u;
const PLAIN = /[A-Za-z0-9_$\u0080-\u{10ffff}]/u;

/**
 * Reads a name as SQL does: parts with dots between them; lower case unless in double quotes, in which everything stands
 * for itself and `""` for a quote. One to three parts, the table last. Throws CONFIG_INVALID saying where it stops.
 */
export function parseQualifiedName(text: string): string[] {
  const characters = Array.from(text);
  const parts: string[] = [];
  let at = 0;
  const skipSpace = (): void => {
    while (SPACE.test(characters[at] ?? '')) at++;
  };
  for (;;) {
    skipSpace();
    const part = characters[at] === '"' ? readQuoted() : readPlain();
    if (part === '') throw notAName(text, at, 'a name is missing');
    if (part.includes('\0')) throw notAName(text, at, 'no name holds the character U+0000');
    parts.push(part);
    skipSpace();
    if (at === characters.length) break;
    if (characters[at] !== '.') throw notAName(text, at, 'only a dot may follow here');
    at++;
  }
  if (parts.length > MAX_PARTS) throw notAName(text, characters.length, `it has ${parts.length} parts`);
  return parts;

  function readQuoted(): string {
    let part = '';
    for (at++; at < characters.length; at++) {
      if (characters[at] === '"') {
        if (characters[at + 1] !== '"') {
          at++;
          return part;
        }
        at++;
      }
      part += characters[at] ?? '';
    }
    throw notAName(text, characters.length, 'a double quote is not closed');
  }

  function readPlain(): string {
    const start = at;
    if (PLAIN_START.test(characters[at] ?? '')) at++;
    while (at > start && PLAIN.test(characters[at] ?? '')) at++;
    return characters
      .slice(start, at)
      .join('')
      .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  }
}

/** A name in double quotes: it then means itself, whatever is in it. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as a person writes it in a job: quoted where it has to be. `parseQualifiedName` reads it back. */
export function writeQualifiedName(...parts: readonly string[]): string {
  return parts.map((part) => (/^[a-z_][a-z0-9_$]*$/.test(part) ? part : quoteIdentifier(part))).join('.');
}

function notAName(text: string, at: number, why: string): BeamliftError {
  return new BeamliftError('CONFIG_INVALID', {
    what: `"${showValue(text)}" is not a table name: ${why} (character ${at + 1})`,
    hint: 'Write schema.table; names with capitals, dots or other characters in double quotes: public."Order.Items".',
  });
}
