import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { JsonObject } from '../../../core/plan';
import { configurationHash, jobIdOf, jobLabels, labelValue } from '../../../loaders/bigquery/job-ids';
import {
  burnJob,
  INSERT_PATIENCE_MS,
  runJob,
  type JobDesk,
  type JobOutcome,
} from '../../../loaders/bigquery/load-jobs';
import { POLL_PATIENCE_MS, REFUSED_LOOK_PATIENCE_MS } from '../../../loaders/bigquery/job-looks';
import { quietServices } from '../../contract/quiet-services';
import { hasCode } from '../../has-code';
import { failure, JobService, type InsertFate } from './job-service';
import { NEVER } from './staged-run';
import { VirtualClock } from './virtual-clock';

const REFERENCE = { projectId: 'p', jobId: 'beamlift_r_0_publish_0', location: 'EU' };
const TABLE = { projectId: 'p', datasetId: 'd', tableId: 't' };
const CONFIGURATION: JsonObject = {
  load: { destinationTable: TABLE, sourceUris: ['gs://b/x'], writeDisposition: 'WRITE_APPEND' },
};
const JOB = { reference: REFERENCE, configuration: CONFIGURATION, labels: jobLabels('Orders Ü', 'run-1') };
const AWAY = new BeamliftError('DESTINATION_UNAVAILABLE', { what: 'could not read the job', why: '503' });
const FORBIDDEN = new BeamliftError('RIGHTS_MISSING', {
  what: 'could not read the job',
  why: 'accessDenied',
});

describe('jobs of BigQuery', () => {
  let clock: VirtualClock;
  let service: JobService;
  let desk: JobDesk;
  let startMs: number;
  beforeEach(() => {
    clock = new VirtualClock();
    startMs = clock.now();
    service = new JobService(clock);
    desk = { api: service.api, clock, log: quietServices('/').log };
  });
  const run = async (mayInsert = true, signal = NEVER): Promise<JobOutcome> =>
    await runJob(desk, JOB, { mayInsert }, signal);
  const burn = async (signal = NEVER): Promise<JobOutcome> => await burnJob(desk, REFERENCE, signal);
  const elapsed = (): number => clock.now() - startMs;
  const labelled = (configuration = CONFIGURATION): JsonObject => ({
    ...configuration,
    labels: { beamlift_config: configurationHash(configuration) },
  });

  describe('runJob', () => {
    it('sends a job with its labels and waits for its end, more and more patiently', async () => {
      service.runMs = 60_000;
      const outcome = await run();
      assert.equal(outcome.kind, 'done');
      assert.deepEqual(service.jobs.get(REFERENCE.jobId)?.configuration, {
        ...CONFIGURATION,
        labels: {
          beamlift_job: 'orders__',
          beamlift_run: 'run-1',
          beamlift_config: configurationHash(CONFIGURATION),
        },
      });
      assert.deepEqual(clock.waits.slice(0, 5), [250, 375, 562.5, 843.75, 1_265.625]);
      assert.equal(clock.waits.at(-1), 10_000);
      assert.ok(clock.waits.every((wait) => wait <= 10_000));
      assert.ok(elapsed() < 70_000);
    });

    it('makes one request for a job that is done at once', async () => {
      service.runMs = 0;
      assert.equal((await run()).kind, 'done');
      assert.deepEqual([service.requests, clock.waits], [['insert'], []]);
    });

    it('tells a failure that may pass from one that may not, in the words of the server', async () => {
      service.result = {
        reason: 'backendError',
        message: 'Error encountered during execution. Retrying may solve',
      };
      const transient = await run();
      assert.ok(transient.kind === 'failed' && transient.retry);
      assert.equal(transient.error.code, 'DESTINATION_UNAVAILABLE');
      service.jobs.clear();
      service.result = { reason: 'invalid', message: 'Error while reading data' };
      const final = await run();
      assert.ok(final.kind === 'failed' && !final.retry);
      assert.equal(final.error.code, 'DESTINATION_FAILED');
      assert.match(
        final.error.what,
        /p:US\.beamlift_r_0_publish_0 into p\.d\.t failed: Error while reading data/,
      );
    });

    it('adopts the job that is there, whatever BigQuery added to its configuration', async () => {
      service.create(REFERENCE.jobId, {
        ...labelled({ load: { ...(CONFIGURATION['load'] as JsonObject) } }),
        jobTimeoutMs: '0',
      });
      assert.equal((await run()).kind, 'done');
      assert.deepEqual(service.requests.slice(0, 2), ['insert', 'get']);
      assert.equal(service.jobs.size, 1);
    });

    it('does not touch a job that was asked for something else', async () => {
      const others: JsonObject[] = [
        CONFIGURATION,
        labelled({ load: { destinationTable: TABLE, sourceUris: ['gs://b/y'] } }),
        { ...labelled(), load: { destinationTable: { ...TABLE, tableId: 'other' } } },
        { copy: { destinationTable: TABLE }, labels: labelled()['labels'] ?? null },
      ];
      for (const other of others) {
        service.jobs.clear();
        service.create(REFERENCE.jobId, other);
        await assert.rejects(run(), hasCode('DESTINATION_FAILED', /would not have sent/));
        await assert.rejects(run(false), hasCode('DESTINATION_FAILED'));
      }
      assert.ok(!service.requests.includes('cancel'));
    });

    it('only looks where it may not insert', async () => {
      assert.deepEqual(await run(false), { kind: 'absent' });
      assert.deepEqual(service.requests, ['get']);
      service.create(REFERENCE.jobId, labelled());
      assert.equal((await run(false)).kind, 'done');
      assert.ok(!service.requests.includes('insert'));
    });

    it('says that an id is burnt', async () => {
      await burn();
      assert.deepEqual([await run(), await run(false)], [{ kind: 'burnt' }, { kind: 'burnt' }]);
    });

    it('never makes two jobs, whatever becomes of requests and answers', async () => {
      const fate = fc.oneof(
        fc.constantFrom<InsertFate>('answered', 'lost-before', 'lost-after', {
          refused: failure(403, 'rateLimitExceeded', 'slow down'),
          retry: true,
        }),
        fc.record({ lateMs: fc.integer({ min: 0, max: 120_000 }) }),
      );
      const look = fc.constantFrom(undefined, AWAY, FORBIDDEN);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fate, { maxLength: 6 }),
          fc.array(look, { maxLength: 6 }),
          async (fates, looks) => {
            clock = new VirtualClock();
            service = new JobService(clock);
            desk = { api: service.api, clock, log: quietServices('/').log };
            service.fates = [...fates];
            service.lookFaults = [...looks];
            assert.equal((await run()).kind, 'done');
            assert.equal(service.jobs.size, 1);
          },
        ),
        { numRuns: 200 },
      );
    });

    it('asks for the job before it sends it again', async () => {
      service.fates = ['lost-before', 'lost-after'];
      service.runMs = 0;
      assert.equal((await run()).kind, 'done');
      assert.deepEqual(service.requests, ['insert', 'get', 'insert', 'get']);
    });

    it('waits for a request that arrives late', async () => {
      service.fates = [{ lateMs: 2_000 }, 'lost-before', 'lost-before', 'lost-before'];
      assert.equal((await run()).kind, 'done');
      assert.equal(service.requests.filter((request) => request === 'insert').length, 4);
    });

    it('leaves unsettled what got no answer for long enough', async () => {
      service.fates = Array.from({ length: 1_000 }, () => 'lost-before');
      await assert.rejects(run(), hasCode('COMMIT_UNSETTLED', /socket hang up/));
      assert.ok(
        elapsed() >= INSERT_PATIENCE_MS && elapsed() < INSERT_PATIENCE_MS + 60_000,
        `${elapsed()} ms`,
      );
      assert.ok(service.requests.length < 80, `${service.requests.length} requests`);
    });

    it('leaves unsettled a job that is there and cannot be found', async () => {
      service.create(REFERENCE.jobId, labelled());
      service.forgetful = true;
      await assert.rejects(run(), hasCode('COMMIT_UNSETTLED', /asking for it finds none/));
    });

    it('leaves unsettled what it may not look at, and tries no other id', async () => {
      service.fates = ['lost-after'];
      service.blind = FORBIDDEN;
      await assert.rejects(run(), hasCode('COMMIT_UNSETTLED', /accessDenied/));
      assert.ok(elapsed() >= REFUSED_LOOK_PATIENCE_MS && elapsed() < INSERT_PATIENCE_MS, `${elapsed()} ms`);
      assert.deepEqual(service.requests.filter((request) => request === 'insert').length, 1);
    });

    it('gives back a refusal at once, and says whether an earlier request may still arrive', async () => {
      const refused = failure(400, 'invalid', 'Unknown name "x": Cannot find field.');
      service.fates = [{ refused, retry: false }];
      const first = await run();
      assert.ok(first.kind === 'refused' && first.settled && !first.retry);
      assert.match(
        `${first.error.what} ${first.error.why}`,
        /could not start the load job .* Cannot find field/,
      );
      assert.deepEqual([first.error.code, elapsed()], ['DESTINATION_FAILED', 0]);
      service.fates = ['lost-before', { refused, retry: false }];
      const second = await run();
      assert.ok(second.kind === 'refused' && !second.settled);
    });

    it('a refusal says nothing about the job that somebody sent before', async () => {
      service.create(REFERENCE.jobId, labelled());
      service.fates = [{ refused: failure(404, 'notFound', 'Not found: Dataset p:d'), retry: false }];
      assert.equal((await run()).kind, 'done');
      service.fates = [{ refused: failure(403, 'accessDenied', 'no jobs.create'), retry: false }];
      assert.equal((await burn()).kind, 'done');
    });

    it('without any rights the refusal is told, at once', async () => {
      service.blind = FORBIDDEN;
      service.fates = [{ refused: failure(403, 'accessDenied', 'no jobs.create'), retry: false }];
      const outcome = await run();
      assert.ok(outcome.kind === 'refused' && outcome.settled);
      assert.deepEqual([outcome.error.code, elapsed()], ['RIGHTS_MISSING', 0]);
    });

    it('asks again after a refusal that may pass, until it is enough', async () => {
      const slow = failure(403, 'rateLimitExceeded', 'Exceeded rate limits');
      service.fates = [
        { refused: slow, retry: true },
        { refused: slow, retry: true },
      ];
      assert.equal((await run()).kind, 'done');
      service.jobs.clear();
      service.fates = Array.from({ length: 1_000 }, () => ({ refused: slow, retry: true }));
      const outcome = await run();
      assert.ok(outcome.kind === 'refused' && outcome.retry && outcome.settled);
      assert.equal(outcome.error.code, 'DESTINATION_UNAVAILABLE');
    });

    it('names the quota that is used up, the missing right, and the missing dataset', async () => {
      const codeOf = async (status: number, reason: string, message: string): Promise<string> => {
        service.fates = [{ refused: failure(status, reason, message), retry: false }];
        const outcome = await run();
        assert.ok(outcome.kind === 'refused');
        assert.match(outcome.error.why ?? '', new RegExp(message));
        return outcome.error.code;
      };
      assert.equal(
        await codeOf(403, 'quotaExceeded', 'Your project exceeded quota for imports per day'),
        'QUOTA_EXCEEDED',
      );
      assert.equal(
        await codeOf(403, 'accessDenied', 'User does not have bigquery.jobs.create permission'),
        'RIGHTS_MISSING',
      );
      assert.equal(await codeOf(404, 'notFound', 'Not found: Dataset p:d'), 'DATASET_NOT_FOUND');
    });

    it('goes on waiting through failures of looking, as long as they end', async () => {
      service.runMs = 3 * 60 * 60_000;
      service.lookFaults = Array.from({ length: 150 }, () => AWAY);
      assert.equal((await run()).kind, 'done');
      assert.ok(elapsed() >= service.runMs);
    });

    it('counts patience with looking anew after every answer', async () => {
      service.runMs = 3 * 60 * 60_000;
      service.lookFaults = Array.from({ length: 1_000 }, (_, index) =>
        index % 9 === 0 ? undefined : FORBIDDEN,
      );
      assert.equal((await run()).kind, 'done');
    });

    it('gives up a running job only after looking has failed for long, without a word on its end', async () => {
      service.blind = AWAY;
      await assert.rejects(run(), hasCode('COMMIT_UNSETTLED', /503/));
      assert.ok(elapsed() >= POLL_PATIENCE_MS && elapsed() < POLL_PATIENCE_MS + 60_000, `${elapsed()} ms`);
    });

    it('takes a running job that is not found any more for unknown, not for failed', async () => {
      clock.onTick = () => (service.forgetful = true);
      await assert.rejects(run(), hasCode('COMMIT_UNSETTLED', /not found any more/));
    });

    it('an abort ends the waiting and leaves the job alone', async () => {
      const stop = new AbortController();
      const reason = new BeamliftError('CANCELLED', { what: 'stop' });
      clock.onTick = (now) => {
        if (now - startMs > 2_000) stop.abort(reason);
      };
      await assert.rejects(run(true, stop.signal), reason);
      assert.ok(!service.requests.includes('cancel'));
      clock.onTick = () => undefined;
      assert.equal((await run()).kind, 'done');
      assert.equal(service.jobs.size, 1);
    });

    it('a defect is thrown as it is', async () => {
      const defect = new TypeError('x is not a function');
      service.getJob = () => Promise.reject(defect);
      desk = { ...desk, api: service.api };
      await assert.rejects(run(), defect);
    });
  });

  describe('burnJob', () => {
    it('takes a free id with a query that does nothing', async () => {
      assert.deepEqual(await burn(), { kind: 'burnt' });
      assert.deepEqual(service.jobs.get(REFERENCE.jobId)?.configuration, {
        query: { query: 'SELECT 1', useLegacySql: false },
        labels: { beamlift_burnt: 'true' },
      });
      assert.deepEqual(await burn(), { kind: 'burnt' });
      assert.deepEqual(service.requests, ['insert', 'insert', 'get']);
    });

    it('keeps a late request out for ever', async () => {
      service.fates = [{ lateMs: 60_000 }];
      const stop = new AbortController();
      clock.onTick = () => {
        stop.abort(new Error('killed'));
      };
      await assert.rejects(run(true, stop.signal), /killed/);
      clock.onTick = () => undefined;
      assert.deepEqual(await burn(), { kind: 'burnt' });
      await clock.sleep(120_000, NEVER);
      assert.deepEqual(await run(false), { kind: 'burnt' });
    });

    it('cancels the real job, waits for its end, and says how it ended', async () => {
      service.create(REFERENCE.jobId, labelled());
      const outcome = await burn();
      assert.ok(outcome.kind === 'failed');
      assert.equal(outcome.job.status.errorResult?.reason, 'stopped');
      assert.deepEqual(service.requests.slice(0, 3), ['insert', 'get', 'cancel']);
    });

    it('says that the real job succeeded, asked to stop too late or not at all', async () => {
      service.runMs = 0;
      service.create(REFERENCE.jobId, labelled());
      assert.equal((await burn()).kind, 'done');
      assert.ok(!service.requests.includes('cancel'));
      service.jobs.clear();
      service.runMs = 30_000;
      service.create(REFERENCE.jobId, labelled());
      service.cancelFault = AWAY;
      assert.equal((await burn()).kind, 'done');
    });

    it('is unsettled where it may not take the id, and refuses a stranger', async () => {
      service.fates = [{ refused: failure(403, 'accessDenied', 'no jobs.create'), retry: false }];
      await assert.rejects(burn(), hasCode('COMMIT_UNSETTLED', /no jobs\.create/));
      service.create(REFERENCE.jobId, CONFIGURATION);
      await assert.rejects(burn(), hasCode('DESTINATION_FAILED', /would not have sent/));
    });

    it('settles through lost answers', async () => {
      service.fates = ['lost-before', 'lost-after'];
      service.lookFaults = [undefined, AWAY, FORBIDDEN];
      assert.deepEqual(await burn(), { kind: 'burnt' });
    });
  });
});

describe('ids and labels of jobs', () => {
  const parts = { runId: 'run-1', manifestHash: '0123456789abcdef', step: 'load-0', attempt: 2 };

  it('are readable', () => {
    assert.equal(jobIdOf(parts), 'beamlift_run-1_0123456789ab_load-0_2');
  });

  it('hold only what ids may hold, and differ where anything differs', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('a', 'a-', 'a_', 'ä', 'a/b', 'a.b', 'x'.repeat(2_000)),
    );
    const drawn = fc.record({
      runId: text,
      manifestHash: fc.constantFrom('aa', 'bb'),
      step: text,
      attempt: fc.nat(),
    });
    fc.assert(
      fc.property(drawn, drawn, (one, two) => {
        assert.match(jobIdOf(one), /^[A-Za-z0-9_-]{1,1024}$/);
        assert.equal(jobIdOf(one), jobIdOf({ ...one }));
        if (one.attempt !== two.attempt)
          assert.notEqual(jobIdOf(one), jobIdOf({ ...one, attempt: two.attempt }));
        if (one.runId !== two.runId) assert.notEqual(jobIdOf(one), jobIdOf({ ...one, runId: two.runId }));
        if (one.step !== two.step) assert.notEqual(jobIdOf(one), jobIdOf({ ...one, step: two.step }));
      }),
    );
  });

  it('the hash of a configuration does not depend on the order of keys, nor on labels', () => {
    const hash = configurationHash(CONFIGURATION);
    assert.match(hash, /^[0-9a-f]{40}$/);
    assert.equal(
      configurationHash({
        labels: { a: 'b' },
        load: {
          writeDisposition: 'WRITE_APPEND',
          sourceUris: ['gs://b/x'],
          destinationTable: { tableId: 't', projectId: 'p', datasetId: 'd' },
        },
      }),
      hash,
    );
    assert.notEqual(configurationHash({ load: { ...(CONFIGURATION['load'] as JsonObject), x: null } }), hash);
    const uris = (...sourceUris: string[]): string => configurationHash({ load: { sourceUris } });
    assert.notEqual(uris('a', 'b'), uris('b', 'a'));
  });

  it('values of labels are made fit', () => {
    fc.assert(fc.property(fc.string(), (text) => /^[a-z0-9_-]{0,63}$/.test(labelValue(text))));
    assert.equal(labelValue('Public.Orders 1'), 'public_orders_1');
  });
});
