import assert from 'node:assert/strict';
import type { FileEntry } from '../../../core/extractor';
import { selectFiles } from '../../../launcher/select-files';

function file(uri: string, version: string, lastModified = '2025-01-01T00:00:00Z'): FileEntry {
  return { uri, bytes: 10, version, lastModified };
}
const all = { fileSelection: 'all' as const };
const names = (files: readonly FileEntry[]): string[] => files.map((entry) => entry.uri);

describe('selectFiles', () => {
  const listed = [file('a.csv', '1'), file('b.csv', '1'), file('__proto__', '1'), file('constructor', '1')];

  it('takes every file when the table is replaced', () => {
    assert.deepEqual(names(selectFiles(listed, { 'a.csv': '1' }, all, false).files), names(listed));
  });

  it('takes new and changed files of an incremental job, and says what it does', () => {
    const published = Object.assign(Object.create(null) as Record<string, string>, {
      'a.csv': '1',
      'b.csv': '0',
    });
    const { files, notices } = selectFiles(listed, published, all, true);
    assert.deepEqual(names(files), ['b.csv', '__proto__', 'constructor']);
    assert.match(notices.join(' '), /1 of 4 files was loaded before.*1 file changed .*b\.csv.*loaded again/);
  });

  it('takes the latest file, the last by name of equally old ones', () => {
    const dated = [
      file('z.csv', '1', '2025-01-01'),
      file('b.csv', '1', '2025-02-01'),
      file('a.csv', '1', '2025-02-01'),
    ];
    assert.deepEqual(names(selectFiles(dated, {}, { fileSelection: 'latest' }, false).files), ['b.csv']);
  });
});
