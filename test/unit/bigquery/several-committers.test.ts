import assert from 'node:assert/strict';
import type { BigQueryApi } from '../../../core/clients/bigquery-api';
import { BeamliftError } from '../../../core/errors';
import type { PlannedJob } from '../../../loaders/bigquery/commit-plan';
import type { CommitDesk } from '../../../loaders/bigquery/commit';
import { jobIdOf } from '../../../loaders/bigquery/job-ids';
import { publish } from '../../../loaders/bigquery/publish';
import { BigQueryRecovery } from '../../../loaders/bigquery/recovery';
import {
  newStateDocument,
  parseStateDocument,
  type CommitIntent,
  type StateRun,
} from '../../../loaders/bigquery/state-document';
import { StateSession } from '../../../loaders/bigquery/state-session';
import { COLUMNS, commitContext, planOf, staged, TABLE, tableOf } from './commit-fixture';
import { failure, JobService } from './job-service';
import { MemoryBucket } from './memory-bucket';
import { LAYOUT, NEVER } from './staged-run';
import { VirtualClock } from './virtual-clock';

const FENCE = 7;
const RUN = { job: 'orders', runId: 'run-1', fence: FENCE };
const CONTEXT = commitContext(COLUMNS, RUN);
const PLAN = planOf(CONTEXT, staged(CONTEXT), tableOf(COLUMNS));
const quiet = (): void => undefined;
const LOG = { debug: quiet, info: quiet, warn: quiet, error: quiet };

describe('committers of one run, under one fence', () => {
  let bucket: MemoryBucket;
  let service: JobService;
  beforeEach(() => {
    bucket = new MemoryBucket();
    service = new JobService(new VirtualClock());
  });

  const planned = (): PlannedJob => {
    assert.ok(PLAN.publish !== null);
    return PLAN.publish;
  };
  const idOf = (attempt: number): string =>
    jobIdOf({ runId: RUN.runId, manifestHash: PLAN.manifestHash, step: planned().step, attempt });
  const begin = (run: Partial<StateRun>): void => {
    const holder = { host: 'here', pid: 1, started: null };
    const document = {
      ...newStateDocument(RUN.job, 'f', null),
      fence: FENCE,
      lease: { runId: RUN.runId, holder, startedAt: '2026-01-01T00:00:00Z', cancelRequested: false },
      run: {
        id: RUN.runId,
        state: 'staging',
        startedAt: '2026-01-01T00:00:00Z',
        reason: null,
        intent: null,
        ...run,
      },
      nonce: 'n',
    };
    bucket.put(LAYOUT.state(RUN.job), JSON.stringify(document));
  };
  const state = (): StateRun | null => {
    const name = LAYOUT.state(RUN.job);
    return parseStateDocument(bucket.objects.get(name)?.body ?? Buffer.of(), name).run;
  };
  const session = (): StateSession => new StateSession(bucket, LAYOUT.state(RUN.job), service.clock);
  const commit = async (api: BigQueryApi): Promise<unknown> => {
    const desk = { api, clock: service.clock, log: LOG, session: session() };
    return await publish(desk, RUN, PLAN, planned(), 'US', NEVER);
  };
  /** One that is stopped when it is about to send its job. */
  const silent = (): BigQueryApi => ({
    ...service.api,
    insertJob: () => Promise.reject(new Error('stopped')),
  });
  /** Refused for good, after something else has happened. */
  const refused = (meanwhile: () => Promise<unknown>): BigQueryApi => ({
    ...service.api,
    insertJob: async () => {
      await meanwhile();
      return { kind: 'refused', error: failure(403, 'accessDenied', 'no'), retry: false };
    },
  });
  const recovery = (api: BigQueryApi): BigQueryRecovery => {
    const desk: Omit<CommitDesk, 'session'> = {
      ...{ api, clock: service.clock, log: LOG, bucket, layout: LAYOUT, table: TABLE },
      holder: { host: 'here', pid: 1, started: null },
      isRunning: () => true,
      location: () => Promise.resolve('US'),
      records: new Map(),
    };
    const lease = { fence: FENCE, endedBefore: undefined };
    return new BigQueryRecovery(desk, () => ({ job: RUN.job, lease, session: session() }));
  };

  it('go on with the attempt that one of them has come to, and say so', async () => {
    begin({});
    await assert.rejects(commit(silent()), /stopped/);
    const first = state()?.intent;
    assert.ok(first !== null && first !== undefined);
    begin({ state: 'committing', intent: { ...first, attempt: 2, jobId: idOf(2) } });
    await commit(service.api);
    assert.deepEqual([...service.jobs.keys()], [idOf(2)]);
    assert.deepEqual([state()?.intent?.attempt, state()?.intent?.shared], [2, true]);
  });

  it('take an intent back that was refused, unless another may have sent it', async () => {
    begin({});
    await assert.rejects(commit(refused(() => Promise.resolve())));
    assert.deepEqual([state()?.state, state()?.intent], ['staging', null]);
    const other = async (): Promise<void> => await assert.rejects(commit(silent()), /stopped/);
    await assert.rejects(commit(refused(other)));
    assert.equal(state()?.state, 'committing');
  });

  it('are ended only with the last of their attempts', async () => {
    begin({});
    bucket.put(LAYOUT.run(RUN.job, RUN.runId).commit, JSON.stringify({ plan: PLAN, files: {} }));
    await assert.rejects(commit(silent()), /stopped/);
    const [zero] = [state()?.intent];
    const one = { ...zero, attempt: 1, jobId: idOf(1) } as CommitIntent;
    let burning = 0;
    const ended = recovery({
      ...service.api,
      insertJob: async (...request) => {
        if (burning++ === 0) begin({ state: 'committing', intent: one });
        return await service.api.insertJob(...request);
      },
    }).endRun(RUN.runId, 'failed', NEVER);
    assert.deepEqual(await ended, { kind: 'ended' });
    assert.deepEqual([...service.jobs.keys()], [idOf(0), idOf(1)]);
    assert.equal(state()?.state, 'failed');
  });

  it('are not forgotten for a new run once they publish', async () => {
    begin({});
    await assert.rejects(commit(silent()), /stopped/);
    const next = { context: { ...CONTEXT, runId: 'run-2' } } as Parameters<BigQueryRecovery['beginRun']>[0];
    await assert.rejects(recovery(service.api).beginRun(next, NEVER), (error: unknown) => {
      return error instanceof BeamliftError && error.code === 'COMMIT_UNSETTLED';
    });
    assert.equal(state()?.id, RUN.runId);
    begin({ state: 'staging' });
    await recovery(service.api).beginRun(next, NEVER);
    assert.equal(state()?.id, 'run-2');
  });
});
