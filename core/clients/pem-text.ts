import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError, systemCode } from '../errors';

/** Where paths in the fields of a connection are meant from; both absolute. */
export interface PathBase {
  /** Of relative paths: the folder of the configuration file. */
  readonly baseFolder: string;
  /** What `~` stands for. */
  readonly home: string;
}

/** The texts that keys and certificates begin with; PuTTY's are not PEM. */
const KEY_TEXT = /-----BEGIN |^PuTTY-User-Key-File-/;

/**
 * A key or certificate as it is; anything else is the path of a file that holds one. Throws SECRET_UNRESOLVED, which names the
 * field and never the text.
 */
export async function pemText(field: string, text: string, base: PathBase): Promise<string> {
  if (KEY_TEXT.test(text)) return text;
  try {
    return await readFile(pathOf(text, base), 'utf8');
  } catch (error) {
    throw new BeamliftError('SECRET_UNRESOLVED', {
      what: `${field} is neither a PEM text nor a file that can be read`,
      why: systemCode(error) ?? 'unknown',
      hint: `Write \${file:path} with the path of a PEM file.`,
    });
  }
}

/** An absolute path: `~/` is the home folder, everything else is meant from the base folder. */
export function pathOf(text: string, { baseFolder, home }: PathBase): string {
  return text.startsWith('~/') ? path.join(home, text.slice(2)) : path.resolve(baseFolder, text);
}
