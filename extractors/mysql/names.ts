import { BeamliftError, showValue } from '../../core/errors';

/** `database.table` is the longest name there is. */
const MAX_PARTS = 2;

/** What may stand in a name without backticks. */
const PLAIN = /[0-9A-Za-z$_\u0080-\u{10ffff}]/u;
const SPACE = /\s/;

/**
 * Reads a name as MySQL does: one or two parts with a dot between them; in backticks everything stands for itself, and two backticks for
 * one. Throws CONFIG_INVALID saying where it stops.
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
    const part = characters[at] === '`' ? readQuoted() : readPlain();
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
      if (characters[at] === '`') {
        if (characters[at + 1] !== '`') {
          at++;
          return part;
        }
        at++;
      }
      part += characters[at] ?? '';
    }
    throw notAName(text, characters.length, 'a backtick is not closed');
  }

  function readPlain(): string {
    const start = at;
    while (PLAIN.test(characters[at] ?? '')) at++;
    return characters.slice(start, at).join('');
  }
}

/** A name in backticks: it then means itself, whatever is in it. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A name as a person writes it in a job: quoted where it has to be. `parseQualifiedName` reads it back. */
export function writeQualifiedName(...parts: readonly string[]): string {
  return parts
    .map((part) => (/^[A-Za-z_][0-9A-Za-z$_]*$/.test(part) ? part : quoteIdentifier(part)))
    .join('.');
}

/**
 * A text as a literal that means the same under every `sql_mode`: in hexadecimal digits. A column that it is compared with keeps its own
 * collation.
 */
export function quoteLiteral(text: string): string {
  return `_utf8mb4 X'${Buffer.from(text, 'utf8').toString('hex')}'`;
}

function notAName(text: string, at: number, why: string): BeamliftError {
  return new BeamliftError('CONFIG_INVALID', {
    what: `"${showValue(text)}" is not a table name: ${why} (character ${at + 1})`,
    hint: 'Write table or database.table; names with dots, spaces or other characters in backticks: shop.`order items`.',
  });
}
