import { formatCounted } from './counted';

/** So many files are named. */
const MAX_NAMED = 3;

/** Where rejected rows are, for people: each file, or where there are many their folder. */
export function describeRejectFiles(files: readonly string[]): string {
  if (files.length <= MAX_NAMED) return files.join(', ');
  const folders = new Set(
    files.map((file) => file.slice(0, Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1)),
  );
  const [folder] = folders;
  if (folders.size === 1 && folder !== undefined && folder !== '') {
    return `${formatCounted(files.length, 'file')} in ${folder}`;
  }
  return `${files.slice(0, MAX_NAMED).join(', ')} and ${formatCounted(files.length - MAX_NAMED, 'more file')}`;
}
