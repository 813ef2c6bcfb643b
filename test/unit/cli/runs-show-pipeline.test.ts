import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import type { PipelineView } from '../../../launcher/look-at-pipeline';
import { main } from '../../../launcher/main';
import { MemoryRunStore } from '../../../launcher/runs/memory-run-store';
import { runRecord } from '../../contract/run-store';
import { fakeEngine } from './fake-engine';
import { fakeHost } from './fake-host';

const ID = '20250303T100000Z-cccc3333';
const URL = 'https://console.example/jobs/2025-03-03_01';

/** A run whose launcher was on another machine, with a pipeline. */
const DETACHED = runRecord(ID, {
  started_at: '2025-03-03T10:00:00.000Z',
  completed_at: null,
  status: 'running',
  duration_seconds: null,
  rows_processed: null,
  rows_rejected: null,
  runner: 'dataflow',
  report: {
    process: { host: 'elsewhere', pid: 7, started: null },
    runner_job: { runner: 'dataflow', id: '2025-03-03_01', url: URL, handle: { job_id: '2025-03-03_01' } },
  },
});

async function show(pipeline: () => Promise<PipelineView | undefined>, ...flags: string[]) {
  const runStore = new MemoryRunStore();
  await runStore.put(DETACHED);
  const host = fakeHost();
  const code = await main(['runs', 'show', ID, ...flags], host, {
    engine: fakeEngine({ runStore, pipeline }),
  });
  return { code, out: host.out.text(), err: host.err.text() };
}

const VIEW: PipelineView = {
  state: 'JOB_STATE_RUNNING',
  ended: false,
  workers: 4,
  counters: new Map([
    ['units_done', 12],
    ['rows_read', 1_200_000],
    ['rows_staged', 1_199_000],
  ]),
};

describe('runs show, of a run with a pipeline', () => {
  it('asks the runner how far it is, and says what to do', async () => {
    const { code, out } = await show(async () => await Promise.resolve(VIEW));
    assert.equal(code, 0);
    assert.match(out, /^ *status +running \(detached\)$/m);
    assert.match(out, /^ *pipeline +2025-03-03_01$/m);
    assert.ok(out.includes(URL));
    assert.match(out, /^ *its state +JOB_STATE_RUNNING$/m);
    assert.match(out, /^ *its workers +4$/m);
    assert.match(out, /^ *units done +12$/m);
    assert.match(out, /^ *rows read +1,200,000$/m);
    assert.match(out, new RegExp(`watch it to its end .*runs resume ${ID}`));
    assert.match(out, new RegExp(`stop it .*runs cancel ${ID}`));
  });

  it('tells it as JSON, too', async () => {
    const { out } = await show(async () => await Promise.resolve(VIEW), '--json');
    const { pipeline } = JSON.parse(out) as { pipeline: { counters: Record<string, number> } };
    assert.deepEqual(pipeline, {
      state: 'JOB_STATE_RUNNING',
      ended: false,
      workers: 4,
      counters: { units_done: 12, rows_read: 1_200_000, rows_staged: 1_199_000 },
    });
  });

  it('shows the record where the runner does not answer, and says so', async () => {
    const { code, out, err } = await show(async () => {
      throw new BeamliftError('CONNECTION_REFUSED', { what: 'dataflow.example refused the connection' });
    });
    assert.equal(code, 0);
    assert.match(err, /The runner dataflow could not be asked: dataflow\.example refused the connection/);
    assert.match(out, /^ *pipeline +2025-03-03_01$/m);
    assert.doesNotMatch(out, /its state/);
  });
});
