import assert from 'node:assert/strict';
import { BeamliftError } from '../../core/errors';
import type { JoinedRun, Loader, LoadReport } from '../../core/loader';
import type { Manifest } from '../../core/manifest';
import { CommitStep, ReportStep } from '../../pipelines/beam/commit-step';
import type { RunWorker } from '../../pipelines/beam/run-steps';
import { stagedUnitText } from '../../pipelines/beam/staged-unit';
import { hasCode } from '../has-code';
import { fakeContext, FakeEquipment, unit } from '../unit/pipelines/fake-equipment';

const FENCED = new BeamliftError('FENCED', { what: 'A newer run has taken over' });
const CONTEXT = fakeContext('/staging');

function stagedText(): string {
  const counts = { rowsExtracted: 1, rowsStaged: 1, rowsRejected: 0, rowsFiltered: 0, losses: {} };
  const parts = [{ uri: 'a', rows: 1, bytes: 2 }];
  const manifest: Manifest = { runId: 'run-1', unit: 'a', attempt: 'a', parts, bytesStaged: 2, counts };
  return stagedUnitText({ unit: unit('a'), manifest });
}

/** The commit and the report of a worker whose lease another process has, and what happened. */
async function publish(
  join: (events: string[]) => Promise<JoinedRun>,
  commit?: Loader['commit'],
  joinsLease = true,
): Promise<{ events: string[]; reports: LoadReport[]; counters: Record<string, number> }> {
  const fake = new FakeEquipment(async function* () {
    yield ['1'];
  });
  const events: string[] = [];
  const { equipment } = fake;
  const loader: Loader = {
    ...equipment.loader,
    recovery: { joinRun: async () => await join(events) } as unknown as NonNullable<Loader['recovery']>,
    commit: async (...given) => {
      events.push('commit');
      return await (commit ?? equipment.loader.commit)(...given);
    },
  };
  const reports: LoadReport[] = [];
  const worker: RunWorker = {
    codeVersion: 'test',
    equipmentFor: async () => ({ ...equipment, loader }),
    joinsLease,
    listener: () => undefined,
    commitRetried: () => undefined,
    reported: (report) => void reports.push(report),
  };
  const counters: Record<string, number> = {};
  const bundle = {
    bundleId: 'b',
    signal: new AbortController().signal,
    count: (name: string, by: number) => void (counters[name] = (counters[name] ?? 0) + by),
  };
  const step = new CommitStep({ context: CONTEXT, units: 1, concurrency: 1 }, worker);
  const report = new ReportStep(worker);
  await step.process(
    { key: 'run-1', value: [stagedText()] },
    async (outcome) => await report.process(outcome, async () => undefined, bundle),
    bundle,
  );
  return { events, reports, counters };
}

function joined(events: string[], lost = new AbortController().signal): JoinedRun {
  events.push('join');
  return { lost, leave: async () => void events.push('leave') };
}

describe('the commit of a worker', () => {
  it('takes part in the lease of the launcher while it publishes', async () => {
    const { events, reports, counters } = await publish(async (told) => joined(told));
    assert.deepEqual(events, ['join', 'commit', 'leave']);
    assert.deepEqual(counters, { rows_loaded: 1 });
    assert.equal(reports.length, 1);
  });

  it('leaves the lease alone where it is this process’ own', async () => {
    const { events } = await publish(async (told) => joined(told), undefined, false);
    assert.deepEqual(events, ['commit']);
  });

  it('is nobody’s failure where another launcher has taken over: that one publishes', async () => {
    const before = await publish(async () => {
      throw FENCED;
    });
    assert.deepEqual(before, { events: [], reports: [], counters: {} });

    const meanwhile = await publish(
      async (told) => joined(told),
      async () => {
        throw FENCED;
      },
    );
    assert.deepEqual(meanwhile, { events: ['join', 'commit', 'leave'], reports: [], counters: {} });
  });

  it('stops when the lease is lost, or the run is to be cancelled', async () => {
    const outcome = async (reason: BeamliftError): Promise<unknown> => {
      const lost = new AbortController();
      return await publish(
        async (told) => joined(told, lost.signal),
        async (_context, _manifests, _files, signal) => {
          lost.abort(reason);
          signal.throwIfAborted();
          throw new Error('goes on');
        },
      );
    };
    assert.deepEqual(await outcome(FENCED), {
      events: ['join', 'commit', 'leave'],
      reports: [],
      counters: {},
    });
    await assert.rejects(
      outcome(new BeamliftError('CANCELLED', { what: 'Somebody asked for it' })),
      hasCode('CANCELLED'),
    );
  });
});
