import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BeamliftError } from '../../../core/errors';
import { RETRY_POLICIES } from '../../../core/retry-policies';
import { commitRun, totalOf } from '../../../pipelines/commit-run';
import { largestFirst, runInProcess, type InProcessOptions } from '../../../pipelines/in-process';
import type { RunEvent } from '../../../pipelines/run-events';
import { FakeEquipment, fakeContext, unit, type Batches } from './fake-equipment';
import { hasCode } from '../../has-code';

const units = ['a', 'b', 'c', 'd', 'e'].map((id, index) => unit(id, index + 1));

/** As many attempts as runs have, without their patience. */
const AT_ONCE = { ...RETRY_POLICIES.unit, minDelayMs: 1, maxDelayMs: 1 };

function options(changes: Partial<InProcessOptions> = {}): InProcessOptions {
  return {
    concurrency: 2,
    listener: () => undefined,
    signal: new AbortController().signal,
    retries: AT_ONCE,
    ...changes,
  };
}

describe('runInProcess', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-run-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('stages every unit once, at most `concurrency` at a time, the largest first', async () => {
    const order: string[] = [];
    const fake = new FakeEquipment(async function* ({ unit: { id } }) {
      order.push(id);
      await sleep(1);
      yield ['1', '2'];
    });
    const manifests = await runInProcess(fakeContext(folder), units, fake.equipment, options());
    assert.deepEqual(
      manifests.map((manifest) => manifest.unit),
      ['a', 'b', 'c', 'd', 'e'],
    );
    assert.equal(fake.staged.length, 10);
    assert.equal(fake.mostRunning, 2);
    assert.deepEqual(order.slice(0, 2), ['e', 'd']);
    assert.equal(totalOf(manifests).rowsStaged, 10);
  });

  it('reads a unit again after a transient error, without its first rows twice', async () => {
    const events: RunEvent[] = [];
    const fake = new FakeEquipment(async function* ({ unit: { id } }, attempt) {
      yield ['1'];
      if (id === 'b' && attempt === 1) throw new BeamliftError('CONNECTION_LOST', { what: 'gone' });
      yield ['2'];
    });
    const listener = (event: RunEvent): number => events.push(event);
    await runInProcess(fakeContext(folder), units, fake.equipment, options({ listener }));
    assert.equal(fake.staged.length, 10);
    assert.equal(fake.attempts.get('b'), 2);
    assert.equal(events.filter((event) => event.kind === 'unit.retried').length, 1);
  });

  it('gives up after the policy and names the unit', async () => {
    const fake = new FakeEquipment(async function* () {
      yield ['1'];
      throw new BeamliftError('CONNECTION_REFUSED', { what: 'nobody listens' });
    });
    await assert.rejects(
      runInProcess(fakeContext(folder), [unit('only')], fake.equipment, options()),
      (error) =>
        error instanceof BeamliftError && error.code === 'CONNECTION_REFUSED' && error.where.unit === 'only',
    );
    assert.equal(fake.attempts.get('only'), 3);
  });

  it('aborts the other units at the first final failure, and reads nothing more', async () => {
    const aborted: string[] = [];
    const fake = new FakeEquipment(async function* ({ unit: { id } }, _attempt, signal) {
      if (id === 'e') throw new BeamliftError('RIGHTS_MISSING', { what: 'no' });
      try {
        await sleep(10_000, undefined, { signal });
      } catch (error) {
        aborted.push(id);
        throw error;
      }
      yield ['1'];
    });
    await assert.rejects(
      runInProcess(fakeContext(folder), units, fake.equipment, options()),
      hasCode('RIGHTS_MISSING'),
    );
    assert.deepEqual(aborted, ['d']);
    assert.deepEqual([...fake.attempts.keys()].sort(), ['d', 'e']);
  });

  it('ends with the reason of the caller’s signal', async () => {
    const interrupt = new AbortController();
    const fake = new FakeEquipment(async function* (_request, _attempt, signal) {
      setTimeout(() => interrupt.abort('SIGINT'), 5);
      await sleep(10_000, undefined, { signal });
      yield ['1'];
    });
    await assert.rejects(
      runInProcess(fakeContext(folder), units, fake.equipment, options({ signal: interrupt.signal })),
      (error) => error === 'SIGINT',
    );
  });

  it('stops a unit that makes no progress, and tries it again', async () => {
    const fake = new FakeEquipment(async function* (_request, attempt, signal) {
      if (attempt === 1) await sleep(10_000, undefined, { signal });
      yield ['1'];
    });
    await runInProcess(fakeContext(folder), [unit('only')], fake.equipment, options({ stallMs: 20 }));
    assert.equal(fake.attempts.get('only'), 2);
  });

  it('does nothing for a unit that has a manifest', async () => {
    const fake = new FakeEquipment(async function* () {
      yield ['1'];
    });
    const first = await runInProcess(fakeContext(folder), units, fake.equipment, options());
    const again = await runInProcess(fakeContext(folder), units, fake.equipment, options());
    assert.deepEqual(again, first);
    assert.equal(fake.staged.length, 5);
  });

  const withBadRows: Batches = async function* () {
    yield ['1', 'one', '2', 'two'];
  };

  it('fails with the row, column, value and reason of a reject, and keeps the reject file', async () => {
    const fake = new FakeEquipment(withBadRows);
    await assert.rejects(
      runInProcess(fakeContext(folder), [unit('u')], fake.equipment, options()),
      (error) => {
        assert.ok(error instanceof BeamliftError);
        assert.equal(error.code, 'REJECTS_EXCEEDED');
        assert.deepEqual(error.where, { job: 'numbers', unit: 'u', row: 'n=one', column: 'n', value: 'one' });
        assert.match(error.why ?? '', /n=two/);
        return true;
      },
    );
    const [file = ''] = await readdir(folder);
    const lines = (await readFile(path.join(folder, file), 'utf8')).trim().split('\n');
    assert.equal(lines.length, 2);
    assert.equal(JSON.parse(lines[0] ?? '').value, 'one');
  });

  it('loads the other rows where the job allows rejects, over all units together', async () => {
    const fake = new FakeEquipment(withBadRows);
    const context = fakeContext(folder, { maxRejects: 4 });
    const manifests = await runInProcess(context, units.slice(0, 2), fake.equipment, options());
    assert.equal(totalOf(manifests).rowsRejected, 4);
    assert.equal(fake.staged.length, 4);
    assert.equal(totalOf(manifests).rejectFiles.length, 2);

    const tooMany = new FakeEquipment(withBadRows);
    await assert.rejects(
      runInProcess(context, units.slice(0, 3), tooMany.equipment, options()),
      hasCode('REJECTS_EXCEEDED'),
    );
  });

  it('puts the largest units first', () => {
    assert.deepEqual(
      largestFirst([unit('s', 1), unit('l', 3), unit('m', 2)]).map(({ id }) => id),
      ['l', 'm', 's'],
    );
  });
});

describe('commitRun', () => {
  const run = async (): Promise<FakeEquipment> => {
    const fake = new FakeEquipment(async function* () {
      yield ['1'];
    });
    await runInProcess(fakeContext('unused'), units, fake.equipment, options());
    return fake;
  };
  const commit = async (fake: FakeEquipment, manifests = [...fake.manifests.values()]) =>
    await commitRun(
      fakeContext('unused'),
      units,
      manifests,
      fake.equipment.loader,
      () => undefined,
      new AbortController().signal,
    );

  it('publishes when every unit has one manifest and the counts add up', async () => {
    const fake = await run();
    assert.equal((await commit(fake)).rowsLoaded, 5);
    assert.equal(fake.published.length, 5);
  });

  it('publishes nothing when a unit is missing, twice, of another run, or does not add up', async () => {
    const fake = await run();
    const all = [...fake.manifests.values()];
    const [first, ...others] = all;
    assert.ok(first);
    const wrong = { ...first, counts: { ...first.counts, rowsExtracted: 7 } };
    const lostPart = { ...first, parts: [] };
    for (const manifests of [
      others,
      [...all, first],
      [{ ...first, runId: 'other' }, ...others],
      [wrong, ...others],
      [lostPart, ...others],
    ]) {
      await assert.rejects(commit(fake, manifests), hasCode('COUNT_MISMATCH'));
    }
    assert.equal(fake.published.length, 0);
  });
});
