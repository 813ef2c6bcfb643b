import assert from 'node:assert/strict';
import { asProcessIdentity, isRunning, ownIdentity } from '../../../loaders/process-identity';

describe('process identity', () => {
  const own = ownIdentity();

  it('knows this process, also from JSON, and no later one with its id', () => {
    assert.equal(own.pid, process.pid);
    assert.equal(isRunning(own), true);
    assert.deepEqual(asProcessIdentity(JSON.parse(JSON.stringify(own))), own);
    assert.equal(isRunning({ ...own, started: '1' }), false);
  });

  it('knows what cannot run, and what it cannot know', () => {
    for (const pid of [2 ** 22 + 1, 0, -1, 1.5, NaN]) {
      assert.equal(isRunning({ ...own, pid, started: null }), false, String(pid));
    }
    assert.equal(isRunning({ ...own, host: 'elsewhere' }), 'unknown');
  });

  it('is nothing else', () => {
    for (const value of [null, 'x', [], {}, { ...own, pid: '1' }, { ...own, started: 1 }]) {
      assert.equal(asProcessIdentity(value), undefined, JSON.stringify(value));
    }
  });
});
