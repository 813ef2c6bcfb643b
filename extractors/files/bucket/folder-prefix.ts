/**
 * The prefix of a connection as all keys below it begin: it is a folder, as `path` of a local one is, so `exports` means `exports/` and
 * never `exports-old/`. Empty: the whole bucket.
 */
export function folderPrefix(prefix: string | undefined): string {
  const folder = (prefix ?? '').replace(/^\/+/, '');
  return folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
}
