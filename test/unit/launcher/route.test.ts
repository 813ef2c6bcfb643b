import assert from 'node:assert/strict';
import { chooseRunner, LARGE_BYTES, type RouteInput } from '../../../launcher/route';

const base: RouteInput = {
  estimate: { rows: 999_999, bytes: null, quality: 'exact' },
  thresholdRows: 1_000_000,
  embedded: false,
  largeRunner: 'dataflow',
  requested: 'auto',
};

describe('chooseRunner', () => {
  it('runs in process below the threshold, and hands over at it', () => {
    assert.equal(chooseRunner(base).runner, 'in-process');
    const at = { ...base, estimate: { ...base.estimate, rows: 1_000_000 } };
    assert.equal(chooseRunner(at).runner, 'dataflow');
  });

  it('says why a large job runs in process all the same', () => {
    const large = { ...base, estimate: { rows: 3_000_000, bytes: null, quality: 'exact' as const } };
    assert.deepEqual(chooseRunner({ ...large, embedded: true }), {
      runner: 'in-process',
      large: true,
      reason:
        '3,000,000 rows, at or over the threshold of 1,000,000, but the destination is a file of this machine',
    });
    assert.match(chooseRunner({ ...large, largeRunner: undefined }).reason, /no other runner is configured/);
  });

  it('counts in words that are right for one', () => {
    const one = { ...base, estimate: { ...base.estimate, rows: 1 } };
    assert.equal(chooseRunner(one).reason, '1 row, below the threshold of 1,000,000');
  });

  it('chooses by bytes where rows are unknown, and says so', () => {
    const unknown = (bytes: number | null) => ({
      ...base,
      estimate: { rows: null, bytes, quality: 'unknown' as const },
    });
    assert.equal(chooseRunner(unknown(LARGE_BYTES)).runner, 'dataflow');
    assert.match(chooseRunner(unknown(LARGE_BYTES - 1)).reason, /rows unknown, 512 MB count as small/);
    assert.equal(chooseRunner(unknown(null)).runner, 'in-process');
  });

  it('obeys --runner', () => {
    const { runner, reason } = chooseRunner({ ...base, requested: 'direct' });
    assert.equal(runner, 'direct');
    assert.match(reason, /--runner direct was given/);
  });
});
