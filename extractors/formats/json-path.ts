/** Keys from the outside to the records, as `records_path` writes them; numbers in arrays are keys of digits. */
export type RecordsPath = readonly string[];

/**
 * A JSON pointer (RFC 6901) as its keys: `/data/items`, where `~1` stands for a slash within a key and `~0` for a tilde. Otherwise what is
 * wrong with it: a clause without the option's name.
 */
export function parseRecordsPath(text: string): RecordsPath | string {
  if (!text.startsWith('/')) {
    const likely = text.replace(/^\$?\.?/, '').replaceAll('.', '/');
    return `cannot be ${JSON.stringify(text)}: it is a JSON pointer and begins with a slash, as in /${likely === '' ? 'data/items' : likely}`;
  }
  if (/~(?![01])/.test(text)) {
    return `cannot be ${JSON.stringify(text)}: in a JSON pointer a tilde is written ~0, and a slash within a key ~1`;
  }
  return text
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The JSON pointer of keys. */
export function showRecordsPath(path: RecordsPath): string {
  return path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
