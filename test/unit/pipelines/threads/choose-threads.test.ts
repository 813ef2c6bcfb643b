import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { WorkUnit } from '../../../../core/plan';
import { chooseThreads, type ThreadChoice } from '../../../../pipelines/threads/choose-threads';
import { connectionShares, unitConnections } from '../../../../pipelines/threads/connection-shares';
import { fakeContext, unit } from '../fake-equipment';

function context(maxConnections: number, pinned = false) {
  const { source } = fakeContext('unused');
  return { source: { ...source, maxConnections }, ...(pinned ? { pin: { snapshot: 's' } } : {}) };
}

const large = Array.from({ length: 10 }, (_, index) => unit(`u${index}`, 1_000_000));
const file = (id: string, bytes: number): WorkUnit => ({
  id,
  kind: 'file',
  uri: `${id}.csv`,
  bytes,
  version: 'v',
});

describe('chooseThreads', () => {
  const choice = (threads: number, unitsPerThread: number, unitsHere: number): ThreadChoice => ({
    threads,
    unitsPerThread,
    unitsHere,
  });

  it('takes a thread for each further unit at once, and no more threads than there are cores', () => {
    assert.deepEqual(chooseThreads(context(8), large, 4, 8), choice(3, 1, 1));
    assert.deepEqual(chooseThreads(context(8), large, 4, 2), choice(1, 2, 2));
    assert.deepEqual(chooseThreads(context(8), large, 5, 4), choice(3, 2, 1));
    assert.deepEqual(chooseThreads(context(8), large.slice(0, 3), 4, 8), choice(2, 1, 1));
  });

  it('takes none where nothing would be gained', () => {
    assert.equal(chooseThreads(context(8), large, 1, 8), undefined);
    assert.equal(chooseThreads(context(8), large, 4, 1), undefined);
    assert.equal(chooseThreads(context(8), large.slice(0, 1), 4, 8), undefined);
    assert.equal(chooseThreads(context(8), [unit('a', 10), unit('b', 20)], 4, 8), undefined);
    assert.equal(chooseThreads(context(8), [file('a', 1_000), file('b', 1_000)], 4, 8), undefined);
    assert.equal(chooseThreads(context(2, true), large, 4, 8), undefined);
  });

  it('takes threads where it is not known how much there is', () => {
    const unknown: WorkUnit[] = ['a', 'b'].map((id) => ({ id, kind: 'stream', stream: id }));
    assert.deepEqual(chooseThreads(context(8), unknown, 4, 8), choice(1, 1, 1));
    const files = [file('a', 6_000_000), file('b', 6_000_000)];
    assert.deepEqual(chooseThreads(context(8), files, 4, 8), choice(1, 1, 1));
  });

  it('leaves no thread without a connection, and gives out no more connections than there are', () => {
    const counts = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(counts, counts, counts, fc.boolean(), (connections, concurrency, cores, pinned) => {
        const run = context(connections, pinned);
        const choice = chooseThreads(run, large, concurrency, cores);
        if (choice === undefined) return;
        const { threads, unitsPerThread, unitsHere } = choice;
        const shares = connectionShares(run, threads, unitsPerThread, unitsHere);
        assert.ok(unitsHere >= 1 && shares.length === threads && shares.every((share) => share >= 1));
        const inUse = shares.reduce((sum, share) => sum + share, unitsHere);
        assert.ok(
          inUse <= unitConnections(run) && inUse >= Math.min(concurrency, unitConnections(run), large.length),
        );
        assert.ok(threads < cores);
      }),
    );
  });
});
