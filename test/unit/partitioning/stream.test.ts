import assert from 'node:assert/strict';
import type { SourceStream } from '../../../core/extractor';
import { cutWindow, type CutInput } from '../../../partitioning/cut-window';

const cut = (streams: readonly SourceStream[], more: Partial<CutInput> = {}) =>
  cutWindow({
    hints: { kind: 'streams', streams, reason: 'as the source cuts them' },
    window: null,
    estimate: { rows: 10, bytes: null, quality: 'statistics' },
    rowsPerUnit: 1_000_000,
    by: 'auto',
    limit: null,
    ...more,
  });
const two = [
  { name: 'sessions/a/streams/1', rows: 6 },
  { name: 'sessions/a/streams/2', rows: null },
];

describe('streams that a source cut', () => {
  it('are a unit each, also where they are small', () => {
    assert.deepEqual(cut(two), {
      units: [
        { id: 's0001', kind: 'stream', stream: 'sessions/a/streams/1', estimatedRows: 6 },
        { id: 's0002', kind: 'stream', stream: 'sessions/a/streams/2' },
      ],
      reason: 'as the source cuts them',
    });
    assert.match(cut(two, { by: 'hash' }).reason, /split.by is hash, which this source does not offer/);
  });

  it('are one unit for a few rows, for none, and where nothing is to be cut', () => {
    for (const [streams, more, reason] of [
      [two, { limit: 3 }, /at most 3 rows/],
      [two, { by: 'none' }, /split.by is none/],
      [[], {}, /no row/],
    ] as const) {
      const { units, reason: said } = cut(streams, more);
      assert.deepEqual(
        units.map(({ kind }) => kind),
        ['all'],
      );
      assert.match(said, reason);
    }
  });
});
