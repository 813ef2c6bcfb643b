import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BeamliftError } from '../../core/errors';
import type { RunContext, WorkUnit } from '../../core/plan';
import { RETRY_POLICIES } from '../../core/retry-policies';
import { runDirect, type DirectOptions } from '../../pipelines/beam/direct';
import { runInProcess } from '../../pipelines/in-process';
import type { RunEvent } from '../../pipelines/run-events';
import { hasCode } from '../has-code';
import { FakeEquipment, fakeContext, unit, type Batches } from '../unit/pipelines/fake-equipment';

/** As many attempts as runs have, without their patience. */
const AT_ONCE = { ...RETRY_POLICIES.unit, minDelayMs: 1, maxDelayMs: 1 };

function options(changes: Partial<DirectOptions> = {}): DirectOptions {
  return {
    concurrency: 4,
    listener: () => undefined,
    signal: new AbortController().signal,
    retries: AT_ONCE,
    ...changes,
  };
}

/** Units of different sizes, not in the order of their sizes. */
function unitsOf(count: number): WorkUnit[] {
  return Array.from({ length: count }, (_, index) => unit(`u${index}`, ((index * 37) % count) + 1));
}

/** As many rows as the unit's estimate says, in two batches. */
const rowsOfEstimate: Batches = async function* ({ unit: { id, estimatedRows = 1 } }) {
  const rows = Array.from({ length: estimatedRows }, (_, row) => String(Number(id.slice(1)) * 1000 + row));
  await sleep(1);
  yield rows.slice(0, 1);
  yield rows.slice(1);
};

describe('runDirect', () => {
  let folder: string;
  let context: RunContext;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-direct-'));
    context = fakeContext(folder);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  for (const count of [1, 64]) {
    it(`stages the rows and gives the manifests of the in-process runner, ${count} unit(s)`, async () => {
      const units = unitsOf(count);
      const inProcess = new FakeEquipment(rowsOfEstimate);
      const expected = await runInProcess(context, units, inProcess.equipment, options());
      const direct = new FakeEquipment(rowsOfEstimate);
      const { manifests, report, counters } = await runDirect(
        { context, units },
        direct.equipment,
        options(),
      );

      assert.deepEqual(manifests, expected);
      assert.deepEqual(direct.staged.sort(), inProcess.staged.sort());
      const rows = (count * (count + 1)) / 2;
      assert.equal(direct.staged.length, rows);
      assert.equal(direct.mostRunning, Math.min(4, count));
      assert.equal(report, undefined);
      assert.deepEqual(direct.published, []);
      assert.deepEqual(Object.fromEntries(counters), {
        units_done: count,
        rows_read: rows,
        rows_staged: rows,
        rows_rejected: 0,
        bytes_staged: manifests.reduce((sum, manifest) => sum + manifest.bytesStaged, 0),
      });
    });

    it(`commits all manifests once where it is to, ${count} unit(s)`, async () => {
      const units = unitsOf(count);
      const fake = new FakeEquipment(rowsOfEstimate);
      const commit = { retried: () => undefined };
      const run = await runDirect({ context, units }, fake.equipment, options({ commit }));
      const rowsLoaded = (count * (count + 1)) / 2;
      assert.deepEqual(run.report, {
        rowsLoaded,
        alreadyCommitted: false,
        table: 'numbers',
      });
      assert.deepEqual(
        fake.published.map((manifest) => manifest.unit).sort(),
        units.map(({ id }) => id).sort(),
      );
      assert.equal(run.counters.get('rows_loaded'), rowsLoaded);
    });
  }

  it('starts the largest units first', async () => {
    const order: string[] = [];
    const fake = new FakeEquipment(async function* ({ unit: { id } }) {
      order.push(id);
      yield ['1'];
    });
    const units = [unit('s', 1), unit('l', 3), unit('m', 2)];
    await runDirect({ context, units }, fake.equipment, options({ concurrency: 1 }));
    assert.deepEqual(order, ['l', 'm', 's']);
  });

  it('reads a unit again after a transient error, without its first rows twice, and tells of it', async () => {
    const events: RunEvent[] = [];
    const fake = new FakeEquipment(async function* ({ unit: { id } }, attempt) {
      yield ['1'];
      if (id === 'u3' && attempt === 1) throw new BeamliftError('CONNECTION_LOST', { what: 'gone' });
      yield ['2'];
    });
    const listener = (event: RunEvent): number => events.push(event);
    const run = await runDirect({ context, units: unitsOf(6) }, fake.equipment, options({ listener }));
    assert.equal(fake.staged.length, 12);
    assert.equal(fake.attempts.get('u3'), 2);
    assert.equal(run.counters.get('rows_read'), 12);
    assert.deepEqual(
      events.filter((event) => event.kind === 'unit.retried').map((event) => event.unit),
      ['u3'],
    );
    assert.equal(events.filter((event) => event.kind === 'unit.completed').length, 6);
  });

  it('fails with the error of a unit, names it, stops the others and publishes nothing', async () => {
    const aborted: string[] = [];
    const fake = new FakeEquipment(async function* ({ unit: { id } }, _attempt, signal) {
      if (id === 'bad') throw new BeamliftError('RIGHTS_MISSING', { what: 'no' });
      try {
        await sleep(10_000, undefined, { signal });
      } catch (error) {
        aborted.push(id);
        throw error;
      }
      yield ['1'];
    });
    const units = [...unitsOf(3), unit('bad', 9)];
    const failing = options({ concurrency: 2, commit: { retried: () => undefined } });
    await assert.rejects(runDirect({ context, units }, fake.equipment, failing), (error) => {
      assert.ok(error instanceof BeamliftError);
      assert.equal(error.code, 'RIGHTS_MISSING');
      assert.deepEqual(error.where, { job: 'numbers', unit: 'bad' });
      return true;
    });
    assert.deepEqual(aborted, ['u2']);
    assert.equal(fake.running, 0);
    assert.deepEqual(fake.published, []);
  });

  it('gives up a unit after the policy', async () => {
    const fake = new FakeEquipment(async function* () {
      yield ['1'];
      throw new BeamliftError('CONNECTION_REFUSED', { what: 'nobody listens' });
    });
    await assert.rejects(
      runDirect({ context, units: [unit('only')] }, fake.equipment, options()),
      hasCode('CONNECTION_REFUSED'),
    );
    assert.equal(fake.attempts.get('only'), 3);
  });

  it('stops a unit that makes no progress, and tries it again', async () => {
    const fake = new FakeEquipment(async function* (_request, attempt, signal) {
      if (attempt === 1) await sleep(10_000, undefined, { signal });
      yield ['1'];
    });
    await runDirect({ context, units: [unit('only')] }, fake.equipment, options({ stallMs: 20 }));
    assert.equal(fake.attempts.get('only'), 2);
  });

  it('finds the manifests of units that were staged before, and reads nothing for them', async () => {
    const units = unitsOf(8);
    const fake = new FakeEquipment(rowsOfEstimate);
    const first = await runDirect({ context, units: units.slice(0, 5) }, fake.equipment, options());
    const all = await runDirect({ context, units }, fake.equipment, options());
    assert.deepEqual(all.manifests.slice(0, 5), first.manifests);
    assert.deepEqual([...fake.attempts.values()], Array<number>(8).fill(1));
  });

  it('stops at too many rejects, over all units together', async () => {
    const withBadRows: Batches = async function* () {
      yield ['1', 'one', '2', 'two'];
    };
    const units = unitsOf(3);
    const enough = new FakeEquipment(withBadRows);
    const allowing = fakeContext(folder, { maxRejects: 6 });
    const run = await runDirect({ context: allowing, units }, enough.equipment, options());
    assert.equal(run.counters.get('rows_rejected'), 6);
    assert.equal(run.counters.get('rows_staged'), 6);
    const tooFew = new FakeEquipment(withBadRows);
    await assert.rejects(
      runDirect({ context: fakeContext(folder, { maxRejects: 5 }), units }, tooFew.equipment, options()),
      hasCode('REJECTS_EXCEEDED', /6 rows/),
    );
  });

  it('ends with the reason of the caller’s signal', async () => {
    const interrupt = new AbortController();
    const fake = new FakeEquipment(async function* (_request, _attempt, signal) {
      setTimeout(() => interrupt.abort('SIGINT'), 5);
      await sleep(10_000, undefined, { signal });
      yield ['1'];
    });
    const interrupted = options({ signal: interrupt.signal });
    await assert.rejects(
      runDirect({ context, units: unitsOf(5) }, fake.equipment, interrupted),
      (error) => error === 'SIGINT',
    );
    assert.equal(fake.running, 0);
  });

  it('keeps runs apart that go on at the same time', async () => {
    const one = new FakeEquipment(rowsOfEstimate);
    const other = new FakeEquipment(rowsOfEstimate);
    await Promise.all([
      runDirect({ context, units: unitsOf(5) }, one.equipment, options()),
      runDirect({ context, units: unitsOf(7) }, other.equipment, options()),
    ]);
    assert.equal(one.staged.length, 15);
    assert.equal(other.staged.length, 28);
  });

  it('does nothing for a plan without units', async () => {
    const fake = new FakeEquipment(rowsOfEstimate);
    const run = await runDirect({ context, units: [] }, fake.equipment, options());
    assert.deepEqual(run.manifests, []);
  });

  it('writes nothing to the launcher’s own output', async () => {
    const written: unknown[] = [];
    const { log, info, debug, warn, error } = console;
    const listen = (...words: unknown[]): void => void written.push(words);
    Object.assign(console, { log: listen, info: listen, debug: listen, warn: listen, error: listen });
    try {
      const fake = new FakeEquipment(rowsOfEstimate);
      await runDirect({ context, units: unitsOf(2) }, fake.equipment, options());
    } finally {
      Object.assign(console, { log, info, debug, warn, error });
    }
    assert.deepEqual(written, []);
  });
});
