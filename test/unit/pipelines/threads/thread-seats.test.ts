import assert from 'node:assert/strict';
import fc from 'fast-check';
import { connectionShares } from '../../../../pipelines/threads/connection-shares';
import { KnownRuns } from '../../../../pipelines/threads/known-runs';
import { spreadUnits } from '../../../../pipelines/threads/spread-units';
import { ThreadSeats, type Seat, type SeatTaker } from '../../../../pipelines/threads/thread-seats';
import { fakeContext } from '../fake-equipment';

const never = new AbortController().signal;

function context(maxConnections: number, pin = false) {
  const { source } = fakeContext('unused');
  return { source: { ...source, maxConnections }, pin: pin ? { snapshot: '1' } : undefined };
}

function taker(shares: readonly number[]): SeatTaker {
  return { shares, taken: shares.map(() => 0) };
}

describe('Shares of the connections of a source', () => {
  it('are at least one and together never more than there are, but for the one that holds the point in time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 8 }),
        (connections, pinned, threads, unitsPerThread) => {
          const shares = connectionShares(context(connections, pinned), threads, unitsPerThread);
          const sum = shares.reduce((total, share) => total + share, 0);
          const free = Math.max(1, connections - (pinned ? 1 : 0));
          assert.equal(shares.length, threads);
          assert.equal(sum, Math.min(free, threads * unitsPerThread));
        },
      ),
    );
  });

  it('are spread evenly', () => {
    assert.deepEqual(connectionShares(context(8, true), 4, 8), [2, 2, 2, 1]);
    assert.deepEqual(connectionShares(context(2), 4, 1), [1, 1, 0, 0]);
  });
});

describe('spreadUnits', () => {
  it('has no more threads than cores or units, and seats for all units', () => {
    assert.deepEqual(spreadUnits(8, 2), { threads: 2, unitsPerThread: 4 });
    assert.deepEqual(spreadUnits(3, 2), { threads: 2, unitsPerThread: 2 });
    assert.deepEqual(spreadUnits(1, 8), { threads: 1, unitsPerThread: 1 });
    assert.deepEqual(spreadUnits(4, 8), { threads: 4, unitsPerThread: 1 });
  });
});

describe('ThreadSeats', () => {
  it('takes the thread with the least to do, of equals the one that runs', async () => {
    const running = new Set<number>([1]);
    const seats = new ThreadSeats(3, 2, (thread) => running.has(thread));
    const any = taker([2, 2, 2]);
    const taken = [await seats.take(any, never), await seats.take(any, never), await seats.take(any, never)];
    assert.deepEqual(
      taken.map(({ thread }) => thread),
      [1, 0, 2],
    );
    taken[2]?.leave();
    taken[2]?.leave();
    assert.equal((await seats.take(any, never)).thread, 2);
  });

  it('never gives more than a thread or a run may have, and serves who came first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.boolean()), { maxLength: 60 }),
        async (steps) => {
          const seats = new ThreadSeats(3, 2, () => false);
          const takers = [taker([1, 1, 0]), taker([2, 2, 2])] as const;
          const held: { seat: Seat; of: SeatTaker }[] = [];
          const order: number[][] = [[], []];
          const waiting: Promise<void>[] = [];
          for (const [index, [who, leaves]] of steps.entries()) {
            if (leaves) held.shift()?.seat.leave();
            else {
              const of = takers[who === 0 ? 0 : 1];
              const taking = seats.take(of, never).then((seat) => {
                order[who]?.push(index);
                held.push({ seat, of });
              });
              waiting.push(taking);
            }
            await Promise.resolve();
            for (const thread of [0, 1, 2]) {
              const there = held.filter(({ seat }) => seat.thread === thread);
              assert.ok(there.length <= 2);
              for (const of of takers) {
                const own = there.filter((each) => each.of === of).length;
                assert.ok(own <= (of.shares[thread] ?? 0));
              }
            }
          }
          for (let left = 0; left < waiting.length;) {
            const before = held.splice(0);
            left += before.length;
            for (const { seat } of before) seat.leave();
            await new Promise(setImmediate);
            if (before.length === 0) break;
          }
          await Promise.all(waiting);
          for (const each of order)
            assert.deepEqual(
              each,
              [...each].sort((a, b) => a - b),
            );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets a waiter go whose signal aborts', async () => {
    const seats = new ThreadSeats(1, 1, () => false);
    const one = taker([1]);
    const seat = await seats.take(one, never);
    const controller = new AbortController();
    const left = assert.rejects(seats.take(one, controller.signal), (reason) => reason === 'SIGINT');
    const next = seats.take(one, never);
    controller.abort('SIGINT');
    await left;
    seat.leave();
    assert.equal((await next).thread, 0);
    await assert.rejects(seats.take(one, controller.signal), (reason) => reason === 'SIGINT');
  });
});

describe('KnownRuns', () => {
  it('keeps a run that has units, however long it was not asked for', () => {
    const forgotten: string[] = [];
    const runs = new KnownRuns(2, 1, 0, ({ context: { runId } }) => void forgotten.push(runId));
    const of = (runId: string) => runs.of(fakeContext('unused', { runId }));
    const first = of('1');
    first.units = 1;
    for (const id of ['2', '3', '4', '5', '6']) of(id);
    assert.deepEqual(forgotten, ['2', '3']);
    assert.equal(of('1'), first);
    assert.notEqual(of('2').id, first.id);
  });
});
