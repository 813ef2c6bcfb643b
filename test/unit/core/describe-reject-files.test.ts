import assert from 'node:assert/strict';
import { describeRejectFiles } from '../../../core/describe-reject-files';

describe('describeRejectFiles', () => {
  it('names a few files, and the folder of many', () => {
    assert.equal(describeRejectFiles(['/r/a.jsonl']), '/r/a.jsonl');
    assert.equal(describeRejectFiles(['/r/a', '/r/b', '/r/c']), '/r/a, /r/b, /r/c');
    assert.equal(
      describeRejectFiles(['gs://b/r/a', 'gs://b/r/b', 'gs://b/r/c', 'gs://b/r/d']),
      '4 files in gs://b/r/',
    );
    assert.equal(describeRejectFiles(['C:\\r\\a', 'C:\\r\\b', 'C:\\r\\c', 'C:\\r\\d']), '4 files in C:\\r\\');
  });

  it('names the first ones of many in several folders', () => {
    assert.equal(
      describeRejectFiles(['/r/a', '/s/b', '/r/c', '/r/d', '/r/e']),
      '/r/a, /s/b, /r/c and 2 more files',
    );
    assert.equal(describeRejectFiles(['a', 'b', 'c', 'd']), 'a, b, c and 1 more file');
  });
});
