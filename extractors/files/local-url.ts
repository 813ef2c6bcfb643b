import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BeamliftError, messageOf } from '../../core/errors';

/** A scheme of at least two letters: one letter is a drive of Windows. With slashes behind it, also what people take for one. */
const SCHEME = /^[a-z](?:[a-z0-9+.-]+:|\w+:\/\/)/i;
const FILE_NAME = /\.(?:csv|tsv|txt|json|jsonl|ndjson|parquet)(?:\.(?:gz|zst))?$/i;
const SPECIAL = /[*?[{\\]/;

/** A folder, and what of it to load. */
export interface LocalPath {
  readonly path: string;
  readonly pattern: string | undefined;
}

/**
 * Cuts a path (`./sales/2025-*.csv`, `file:///data/orders.parquet`, `sales/`) into a folder and a pattern. The folder ends before the
 * first segment with a special character of patterns, or before a last segment that looks like a file's name.
 * Undefined: neither a path nor a file URL. Throws USAGE for file URLs of other machines.
 */
export function parseLocalUrl(url: string): LocalPath | undefined {
  const text = /^file:/i.test(url) ? fromFileUrl(url) : url;
  if (SCHEME.test(text) || text === '') return undefined;
  const isPath = /^[./~]|[/\\]/.test(text) || FILE_NAME.test(text) || SPECIAL.test(text);
  if (!isPath) return undefined;
  const segments = text.split('/');
  const special = segments.findIndex((segment) => SPECIAL.test(segment));
  const last = segments.length - 1;
  const isFile = FILE_NAME.test(segments[last] ?? '');
  const cut = special === -1 ? (isFile ? last : segments.length) : special;
  const folder = segments.slice(0, cut).join('/');
  const pattern = cut === segments.length ? undefined : segments.slice(cut).join('/');
  return { path: folder === '' ? (text.startsWith('/') ? '/' : '.') : path.normalize(folder), pattern };
}

function fromFileUrl(url: string): string {
  // `*`, `{` and `[` are not escaped by people, and `?` would begin a query.
  const escaped = url.replaceAll('?', '%3F').replaceAll('#', '%23');
  try {
    if (/^file:\/\/\//i.test(url)) return fileURLToPath(escaped);
    if (!/^file:\/\//i.test(url)) return decodeURIComponent(url.slice('file:'.length));
    return fileURLToPath(escaped);
  } catch (error) {
    throw new BeamliftError('USAGE', {
      what: `${url} is not the URL of a file on this machine.`,
      why: messageOf(error),
      hint: 'Write file:///data/sales/*.csv, or simply the path.',
    });
  }
}
