import assert from 'node:assert/strict';
import type { RowBatch } from '../../../core/extractor';
import { FileCounter } from '../../../pipelines/file-counter';

describe('counts of files', () => {
  it('know rows that come undecoded, those that are cells and those that were refused', () => {
    const counter = new FileCounter({
      id: 'f',
      kind: 'files',
      files: [{ uri: 'a.csv', bytes: 1, version: '1' }],
    });
    const bytes = Buffer.alloc(0);
    const batch: RowBatch = {
      rows: [['x']],
      rejects: [{ row: 'line 2', reason: 'broken' }],
      bytes: 0,
      file: 'a.csv',
      raw: {
        wire: 'pg-copy',
        fields: [],
        bytes,
        view: new DataView(bytes.buffer),
        start: 0,
        gap: 0,
        rows: 40,
      },
    };
    assert.equal(counter.add(batch, 1), 1);
    const counted = counter.result(new Map())?.['a.csv'];
    assert.deepEqual({ ...counted }, { rowsExtracted: 42, rowsRejected: 1 });
  });
});
