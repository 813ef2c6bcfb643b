import { readFile, stat } from 'node:fs/promises';
import { systemCode } from '../errors';

/** What a password is looked up by. */
export interface PgpassKey {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** One line: four fields, `undefined` where it says `*`, and the password. */
interface PgpassEntry {
  readonly fields: readonly (string | undefined)[];
  readonly password: string;
}

/** Rights of group and others; libpq ignores a password file that has any of them. */
const FOREIGN_RIGHTS = 0o077;

/** `ignored`: why a file that is there was not used, in words for a person. */
export interface PgpassAnswer {
  readonly password?: string;
  readonly ignored?: string;
}

/** The password that a file in the format of ~/.pgpass has for a connection. A file that is not there answers nothing. */
export async function lookUpPgpass(file: string, key: PgpassKey): Promise<PgpassAnswer> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & FOREIGN_RIGHTS) !== 0) {
      const rights = (mode & 0o777).toString(8).padStart(4, '0');
      return { ignored: `${file} is ignored: others may read it (mode ${rights}); chmod 600 it` };
    }
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCode(error) ?? 'unknown';
    return code === 'ENOENT' ? {} : { ignored: `${file} cannot be read (${code})` };
  }
  const password = findPgpassPassword(text, key);
  return password === undefined ? {} : { password };
}

/** The password of the first line that fits. A unix socket's folder also goes by the name `localhost`. */
export function findPgpassPassword(text: string, key: PgpassKey): string | undefined {
  const hosts = key.host.startsWith('/') ? [key.host, 'localhost'] : [key.host];
  const others = [String(key.port), key.database, key.user];
  for (const line of text.split('\n')) {
    const entry = parseLine(line.replace(/\r$/, ''));
    if (entry === undefined) continue;
    const [host, ...rest] = entry.fields;
    const fits =
      (host === undefined || hosts.includes(host)) &&
      others.every((value, index) => rest[index] === undefined || rest[index] === value);
    if (fits) return entry.password;
  }
  return undefined;
}

/** `host:port:database:user:password`; a backslash takes the next character as it is. Undefined for comments and short lines. */
function parseLine(line: string): PgpassEntry | undefined {
  if (line.startsWith('#')) return undefined;
  const fields: (string | undefined)[] = [];
  let field = '';
  let escaped = false;
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (character === '\\' && index + 1 < line.length) {
      index++;
      escaped = true;
      field += line.charAt(index);
    } else if (character === ':' && fields.length < 4) {
      fields.push(field === '*' && !escaped ? undefined : field);
      field = '';
      escaped = false;
    } else {
      field += character;
    }
  }
  return fields.length === 4 ? { fields, password: field } : undefined;
}
