import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../../has-code';
import { unit } from '../fake-equipment';
import { MoodyThreads, SECRET } from './moody-threads';

describe('UnitThreads', () => {
  let moody: MoodyThreads;
  before(async () => (moody = await MoodyThreads.open({ threads: 1 })));
  afterEach(async () => await moody.clear());
  after(async () => await moody.close());

  it('knows a run by what its context says, and opens another one beside it', async () => {
    await moody.threads.stage(moody.context(), unit('a'), moody.options());
    await moody.threads.stage(moody.context(), unit('b'), moody.options());
    await moody.threads.stage(moody.context({ runId: 'run-2' }), unit('c'), moody.options());
    assert.deepEqual(await moody.journal(), ['opened', 'read a', 'read b', 'opened', 'read c']);
  });

  it('closes the run that was used least of all when there are many', async () => {
    for (const runId of ['1', '2', '3', '4', '1', '5', '1']) {
      await moody.threads.stage(moody.context({ runId }), unit('a'), moody.options());
    }
    // It is closed while others go on.
    while (!(await moody.journal()).includes('closed')) await sleep(5);
    assert.equal((await moody.journal()).filter((line) => line === 'opened').length, 5);
    await moody.threads.stage(moody.context({ runId: '2' }), unit('a'), moody.options());
    assert.equal((await moody.journal()).filter((line) => line === 'opened').length, 6);
  });

  it('tells what units do as it is told in process, and a fast one in few words', async () => {
    await moody.threads.stage(moody.context(), unit('chatty'), moody.options());
    const { events } = moody;
    assert.deepEqual(events[0], { kind: 'unit.started', unit: 'chatty', attempt: 1 });
    assert.deepEqual(events.at(-1), {
      kind: 'unit.completed',
      unit: 'chatty',
      rows: 5001,
      rejected: 0,
      stagedBytes: 5001 * '{"n":1}\n'.length,
    });
    const progress = events.flatMap((event) => (event.kind === 'unit.progress' ? [event] : []));
    assert.equal(events.length, progress.length + 2);
    assert.ok(progress.length > 0 && progress.length < 40, String(progress.length));
    const sum = (count: (event: (typeof progress)[number]) => number): number =>
      progress.reduce((total, event) => total + count(event), 0);
    assert.equal(
      sum((event) => event.rows),
      5001,
    );
    assert.equal(
      sum((event) => event.sourceBytes),
      5001,
    );
    assert.equal(
      sum((event) => event.stagedBytes),
      5001 * '{"n":1}\n'.length,
    );
  });

  it('tries a unit again after a transient error, on a thread that lives on', async () => {
    const manifest = await moody.threads.stage(
      moody.context(),
      unit('CONNECTION_LOST-once'),
      moody.options(),
    );
    assert.equal(manifest.counts.rowsStaged, 1);
    assert.deepEqual(
      (await moody.journal()).filter((line) => line.endsWith('-once')),
      ['read CONNECTION_LOST-once', 'stopped CONNECTION_LOST-once', 'read CONNECTION_LOST-once'],
    );
    assert.deepEqual(
      moody.events.filter((event) => event.kind === 'unit.retried'),
      [{ kind: 'unit.retried', unit: 'CONNECTION_LOST-once', attempt: 2, error: 'what ***' }],
    );
  });

  it('brings every part of an error over, without what was resolved on the thread', async () => {
    await assert.rejects(
      moody.threads.stage(moody.context(), unit('FORMAT_INVALID'), moody.options()),
      (error) => {
        hasCode('FORMAT_INVALID')(error);
        assert.ok(error instanceof Error);
        const { what, where, why, hint, cause, stack } = error as Error & Record<string, unknown>;
        assert.deepEqual(
          { what, where, why, hint },
          {
            what: 'what ***',
            where: {
              job: 'numbers',
              unit: 'FORMAT_INVALID',
              column: 'n',
              row: 'line 3',
              value: 'value ***',
            },
            why: 'why ***',
            hint: 'hint ***',
          },
        );
        assert.match(String(stack), /moody-equipment/);
        assert.ok(cause instanceof Error);
        assert.equal(cause.message, 'driver says ***');
        assert.equal('code' in cause && cause.code, 'ECONNRESET');
        assert.ok(!`${String(stack)} ${String(cause.stack)}`.includes(SECRET));
        return true;
      },
    );
  });

  it('has a defect as a defect, with its own error behind it', async () => {
    await assert.rejects(
      moody.threads.stage(moody.context(), unit('TypeError'), moody.options()),
      (error) => {
        hasCode('INTERNAL')(error);
        assert.ok(error instanceof Error && error.cause instanceof Error);
        assert.equal(error.message, 'no property of ***');
        assert.equal(error.cause.name, 'TypeError');
        return true;
      },
    );
  });

  it('fails a unit with the error of opening, and opens again for the next', async () => {
    const refused = moody.context({}, '${env:REFUSED}');
    for (let time = 0; time < 2; time++) {
      await assert.rejects(
        moody.threads.stage(refused, unit('a'), moody.options()),
        hasCode('LOGIN_FAILED', /^\*\*\*: \*\*\* $/),
      );
    }
    await assert.rejects(
      moody.threads.stage(moody.context({}, '${env:NOWHERE}'), unit('a'), moody.options()),
      hasCode('SECRET_UNRESOLVED'),
    );
  });

  it('passes log entries on without secrets', async () => {
    await moody.threads.stage(moody.context(), unit('tell'), moody.options());
    assert.equal(moody.logged[1]?.event, 'rolled up');
    assert.deepEqual(moody.logged.slice(0, 1), [
      { event: 'told', fields: { secret: '***', nested: [{ text: 'with *** inside' }], large: '5' } },
    ]);
  });
});

describe('UnitThreads of their own', () => {
  let moody: MoodyThreads;
  afterEach(async () => await moody.close());

  it('stages units on threads, each of which opens the source once and closes it', async () => {
    moody = await MoodyThreads.open();
    const context = moody.context();
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const manifests = await Promise.all(
      ids.map(async (id) => await moody.threads.stage(context, unit(id), moody.options())),
    );
    assert.deepEqual(
      manifests.map((manifest) => manifest.unit),
      ids,
    );
    assert.ok(manifests.every(({ counts }) => counts.rowsStaged === 1));
    await moody.threads.close();
    const lines = await moody.journal(true);
    const threads = new Set(lines.map((line) => line.split(' ')[0]));
    assert.equal(threads.size, 2);
    assert.ok(!threads.has('0'));
    assert.equal(lines.filter((line) => line.endsWith('opened')).length, 2);
    assert.equal(lines.filter((line) => line.endsWith('closed')).length, 2);
  });

  it('runs units here where no thread can be had, and says so', async () => {
    // Less than Node.js itself needs.
    moody = await MoodyThreads.open({ heapMb: 1 });
    const context = moody.context();
    await Promise.all(
      ['a', 'b'].map(async (id) => await moody.threads.stage(context, unit(id), moody.options())),
    );
    await assert.rejects(
      moody.threads.stage(context, unit('FORMAT_INVALID'), moody.options()),
      hasCode('FORMAT_INVALID', /^what \*\*\* why \*\*\*$/),
    );
    await moody.threads.close();
    const lines = await moody.journal(true);
    assert.deepEqual(
      lines.filter((line) => /opened|closed/.test(line)),
      ['0 opened', '0 closed'],
    );
    assert.ok(moody.logged.some(({ event }) => event === 'threads.unavailable'));
  });
});
