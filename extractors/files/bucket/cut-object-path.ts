const FILE_NAME = /\.[a-z0-9]+$/i;
const SPECIAL = /[*?[{\\]/;

/**
 * The path behind the bucket of a URL, cut into a folder for the connection and a pattern for the job. The folder ends before the first
 * segment with a special character of patterns, or before a last segment that looks like a file's name. Nothing in it is decoded: a `%` or `#`
 * is one of the key.
 */
export function cutObjectPath(path: string): {
  readonly prefix: string;
  readonly pattern: string | undefined;
} {
  const segments = path.split('/');
  const special = segments.findIndex((segment) => SPECIAL.test(segment));
  const last = segments.length - 1;
  const isFile = FILE_NAME.test(segments[last] ?? '');
  const cut = special === -1 ? (isFile ? last : segments.length) : special;
  const prefix = segments.slice(0, cut).join('/');
  return { prefix, pattern: cut === segments.length ? undefined : segments.slice(cut).join('/') };
}
