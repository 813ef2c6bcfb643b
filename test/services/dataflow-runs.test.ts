import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'mocha';
import { BeamliftError } from '../../core/errors';
import { neverAborts } from '../../core/never-aborts';
import type { JsonObject, RunContext } from '../../core/plan';
import { errorText } from '../../pipelines/beam/error-text';
import type { PipelineRequest, PipelineRun, PipelineRunner } from '../../pipelines/pipeline-runner';
import { DataflowWorkspace, requestOf } from '../dataflow-stand-in/dataflow-workspace';
import type { Life } from '../dataflow-stand-in/stand-in-job';
import { Told } from '../dataflow-stand-in/told';
import { hasCode } from '../has-code';
import { fakeContext } from '../unit/pipelines/fake-equipment';

const NEVER = neverAborts();
const JOBS = /^POST .*\/jobs$/;

describe('jobs on Dataflow', function () {
  this.timeout(30_000);
  let workspace: DataflowWorkspace;
  let runner: PipelineRunner;

  before(async () => {
    workspace = await DataflowWorkspace.start();
    runner = await workspace.open();
  });
  afterEach(() => {
    workspace.faults.set(undefined);
    workspace.server.repeated = 'the job';
    workspace.server.token = undefined;
    workspace.server.life = [{ state: 'JOB_STATE_RUNNING' }, { state: 'JOB_STATE_DONE' }];
  });
  after(async () => await workspace.stop());

  const submit = async (request = requestOf(), by = runner): Promise<PipelineRun> =>
    await by.submit(request, by.handleFor(request.plan.context), NEVER);
  const live = async (life: Life): Promise<PipelineRun> => {
    workspace.server.life = life;
    return await submit();
  };
  const jobsOf = ({ plan }: PipelineRequest): number =>
    workspace.server.jobs.filter(({ name }) => name.endsWith(plan.context.runId.slice(-8))).length;

  it('uploads the pipeline and posts the job', async () => {
    const request = requestOf();
    const run = await submit(request);
    const job = workspace.server.jobs.at(-1);
    assert.equal(run.id, job?.id);
    assert.equal(
      run.url,
      `https://console.cloud.google.com/dataflow/jobs/us-central1/${run.id}?project=my-project`,
    );
    const name = `beamlift-orders-${request.plan.context.runId.toLowerCase()}`;
    const [object = ''] = await workspace.gcs.list(`staging/${name}`, 'bucket');
    assert.equal(object, `staging/${name}.1795324660/pipeline.pb`);
    const bytes = (await workspace.gcs.read(object, 'bucket')) ?? '';
    const { environment } = job?.request as {
      environment: Record<string, Record<string, Record<string, unknown>>>;
    };
    const options = environment['sdkPipelineOptions']?.['options'] ?? {};
    assert.equal(options['pipelineUrl'], `gs://bucket/${object}`);
    assert.equal(options['pipelineProtoHash'], createHash('sha256').update(bytes).digest('hex'));
  });

  it('is one job when it is submitted twice', async () => {
    for (const repeated of ['the job', 'a refusal'] as const) {
      workspace.server.repeated = repeated;
      const request = requestOf();
      const runs = [
        await submit(request),
        await submit(request),
        await submit(request, await workspace.open()),
      ];
      assert.equal(new Set(runs.map(({ id }) => id)).size, 1);
      assert.equal(jobsOf(request), 1);
      const together = requestOf();
      const both = await Promise.all([submit(together), submit(together)]);
      assert.equal(new Set(both.map(({ id }) => id)).size, 1);
      assert.equal(jobsOf(together), 1);
    }
  });

  it('is one job when the answer to its creation is lost', async () => {
    for (const repeated of ['the job', 'a refusal'] as const) {
      workspace.server.repeated = repeated;
      workspace.faults.set({ on: JOBS, nth: 1, action: 'drop-answer' });
      const request = requestOf();
      const run = await submit(request);
      assert.ok(workspace.faults.struck);
      assert.equal(jobsOf(request), 1);
      assert.equal(run.id, workspace.server.jobs.at(-1)?.id);
    }
  });

  it('finds a job that is not listed yet', async () => {
    workspace.server.repeated = 'a refusal';
    const request = requestOf();
    const first = await submit(request);
    workspace.server.unlisted = 2;
    const second = await submit(request);
    assert.equal(first.id, second.id);
    assert.equal(jobsOf(request), 1);
    assert.equal(workspace.server.unlisted, 0);
  });

  it('finds a job by what was kept before it was submitted', async () => {
    const request = requestOf();
    const handle = runner.handleFor(request.plan.context);
    assert.equal(await runner.attach(handle, NEVER), undefined);
    const run = await submit(request);
    const found = await (
      await workspace.open()
    ).attach(JSON.parse(JSON.stringify(handle)) as JsonObject, NEVER);
    assert.equal(found?.id, run.id);
    assert.deepEqual(found.handle, run.handle);
    const byId = await runner.attach(JSON.parse(JSON.stringify(run.handle)) as JsonObject, NEVER);
    assert.equal(byId?.id, run.id);
    assert.equal((await byId.follow(() => undefined, NEVER)).state, 'done');
  });

  it('gives a run that is gone on with under another lease a job of its own', async () => {
    workspace.server.life = [{ state: 'JOB_STATE_RUNNING' }];
    const request = requestOf();
    const later = { ...request.plan.context, fence: 2 };
    const again = { ...request, plan: { ...request.plan, context: later } };
    const first = await submit(request);
    assert.equal(await runner.attach(runner.handleFor(later), NEVER), undefined);
    await assert.rejects(submit(again), hasCode('RUNNER_UNUSABLE', /has an active job named .* already/));
    await first.cancel(NEVER);
    const second = await submit(again);
    assert.notEqual(second.id, first.id);
    assert.equal((await runner.attach(runner.handleFor(later), NEVER))?.id, second.id);
  });

  it('takes an active job of the same name for another’s', async () => {
    for (const repeated of ['a refusal', 'the active job of that name'] as const) {
      workspace.server.repeated = repeated;
      workspace.server.life = [{ state: 'JOB_STATE_RUNNING' }];
      const request = requestOf();
      await submit(request);
      const context: RunContext = { ...request.plan.context, fence: 2 };
      await assert.rejects(
        submit({ ...request, plan: { ...request.plan, context } }),
        hasCode('RUNNER_UNUSABLE', /has an active job named beamlift-orders-.* already \(2026/),
      );
    }
  });

  it('tells what happens to a job', async () => {
    const run = await live([
      {
        state: 'JOB_STATE_QUEUED',
        messages: [['BASIC', 'Worker configuration: n2-standard-4 in us-central1-f.']],
      },
      { state: 'JOB_STATE_RUNNING', workers: { target: 2 }, messages: [['DETAILED', 'Starting 2 workers.']] },
      {
        workers: { current: 2 },
        counters: { units_done: [1, 0], rows_read: [10, 0] },
        messages: [
          ['DETAILED', 'Autoscaling: Raised the number of workers to 4 based on the rate of progress.'],
        ],
      },
      { counters: { units_done: [3, 2], rows_read: [35, 20] }, messages: [['WARNING', 'Slow.']] },
      {
        state: 'JOB_STATE_DONE',
        counters: { units_done: [3, 3], rows_read: [35, 30] },
        messages: [['BASIC', 'Worker pool stopped.']],
      },
    ]);
    const told = new Told();
    const end = await run.follow(told.listener, NEVER);
    assert.deepEqual(told.states, ['JOB_STATE_QUEUED', 'JOB_STATE_RUNNING', 'JOB_STATE_DONE']);
    assert.deepEqual(told.messages, [
      'info: Worker configuration: n2-standard-4 in us-central1-f.',
      'debug: Starting 2 workers.',
      'debug: Autoscaling: Raised the number of workers to 4 based on the rate of progress.',
      'warn: Slow.',
      'info: Worker pool stopped.',
    ]);
    assert.deepEqual(told.workers, ['? of 2', '? of 4', '2 of 4', '0 of 0']);
    assert.deepEqual(told.counters('units_done'), [1, 3, 3]);
    assert.deepEqual(told.counters('rows_read'), [10, 35, 30]);
    assert.equal(end.state, 'done');
    assert.equal(end.error, undefined);
    assert.deepEqual(
      [...end.counters],
      [
        ['units_done', 3],
        ['rows_read', 30],
      ],
    );
  });

  it('reads messages that come late, in pages and again, each once', async () => {
    const many = Array.from({ length: 1_200 }, (_, index) => ['BASIC', `line ${index}`] as const);
    const run = await live([
      { state: 'JOB_STATE_RUNNING', messages: many },
      { messages: [['BASIC', 'late', 60_000]] },
      { state: 'JOB_STATE_DONE' },
      { messages: [['BASIC', 'after the end']] },
    ]);
    const told = new Told();
    await run.follow(told.listener, NEVER);
    assert.equal(told.messages.length, 1_202);
    assert.equal(new Set(told.messages).size, 1_202);
  });

  it('ends with the error of a worker, although its text comes after the state', async () => {
    const text = errorText(
      new BeamliftError('SECRET_UNRESOLVED', { what: '${env:SHOP} is not set', hint: 'Set it.' }),
    );
    const run = await live([
      { state: 'JOB_STATE_RUNNING' },
      { state: 'JOB_STATE_FAILED' },
      {},
      {},
      {
        messages: [
          ['ERROR', `Error message from worker: generic::unknown: Error: ${text}\n\tat process (x.js:1)`],
        ],
      },
      {},
      {
        messages: [
          [
            'ERROR',
            'Workflow failed. Causes: S02:Stage units failed., The job failed because a work item has failed 4 times. Look in previous log entries for the cause.',
          ],
        ],
      },
    ]);
    const end = await run.follow(() => undefined, NEVER);
    assert.equal(end.state, 'failed');
    assert.equal(end.error?.code, 'SECRET_UNRESOLVED');
    assert.equal(end.error.what, '${env:SHOP} is not set');
    assert.equal(end.error.hint, 'Set it.');
  });

  it('cancels a job and waits for its end', async () => {
    const run = await live([{ state: 'JOB_STATE_RUNNING' }]);
    await run.cancel(NEVER);
    assert.equal(workspace.server.jobs.at(-1)?.state, 'JOB_STATE_CANCELLED');
    await run.cancel(NEVER);
    const told = new Told();
    assert.equal((await run.follow(told.listener, NEVER)).state, 'cancelled');
  });

  it('goes on through lost answers, faults and too many requests', async () => {
    const faults = ['reset', 'drop-answer', 429, 500, 503] as const;
    for (const action of faults) {
      for (const on of [JOBS, /^GET .*\/jobs\/[^/]+$/, /\/messages$/, /\/metrics$/, /^POST \/upload/]) {
        workspace.faults.set({ on, nth: 1, times: 2, action });
        const run = await live([
          { state: 'JOB_STATE_RUNNING' },
          { state: 'JOB_STATE_DONE', counters: { rows_loaded: [7, 7] }, messages: [['BASIC', 'end']] },
        ]);
        const told = new Told();
        const end = await run.follow(told.listener, NEVER);
        assert.ok(workspace.faults.struck, String(on));
        assert.equal(end.state, 'done', String(on));
        assert.equal(end.counters.get('rows_loaded'), 7, `${action} ${String(on)}`);
        assert.deepEqual(told.messages, ['info: end'], `${action} ${String(on)}`);
      }
    }
  });

  it('bears silence for a while, and no longer', async () => {
    const run = await live([{ state: 'JOB_STATE_RUNNING' }]);
    workspace.faults.set({ on: /^GET/, nth: 2, times: 9, action: 503 });
    workspace.server.jobs.at(-1)?.take({});
    const following = run.follow(() => undefined, NEVER);
    await new Promise((resolve) => setTimeout(resolve, 150));
    workspace.server.jobs.at(-1)?.take({ state: 'JOB_STATE_DONE' });
    assert.equal((await following).state, 'done');

    const other = await live([{ state: 'JOB_STATE_RUNNING' }]);
    workspace.faults.set({ on: /^GET/, nth: 2, times: 1e9, action: 503 });
    await assert.rejects(
      other.follow(() => undefined, NEVER),
      hasCode('RUNNER_UNUSABLE', /could not read the state of job .*503/),
    );
  });

  it('stops watching with the signal', async () => {
    const run = await live([{ state: 'JOB_STATE_RUNNING' }]);
    const stop = new AbortController();
    const following = run.follow(() => undefined, stop.signal);
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await assert.rejects(following, /enough/);
    assert.equal(workspace.server.jobs.at(-1)?.isActive, true);
  });

  it('says that a job is gone', async () => {
    const handle = { ...runner.handleFor(fakeContext('/s')), job_id: 'nobody' };
    assert.equal(await runner.attach(handle, NEVER), undefined);
    await assert.rejects(
      runner.attach({ runner: 'portable' }, NEVER),
      hasCode('RUNNER_UNUSABLE', /cannot be read/),
    );
  });

  it('gets another token when one has expired', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = JSON.stringify({
      type: 'service_account',
      project_id: 'my-project',
      client_email: 'etl@my-project.iam.gserviceaccount.com',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      token_uri: 'https://oauth2.googleapis.com/token',
    });
    const options = workspace.options();
    let tokens = 0;
    const throughHttps = (async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (url.includes('/token')) {
        tokens += 1;
        return Response.json({ access_token: `token-${tokens}`, expires_in: 3600, token_type: 'Bearer' });
      }
      const target = url
        .replace('https://dataflow.example', options.endpoint ?? '')
        .replace('https://storage.example', options.storage_endpoint ?? '');
      return await fetch(target, init);
    }) satisfies typeof fetch;
    const logged = await workspace.open(
      { credentials: key, endpoint: 'https://dataflow.example', storage_endpoint: 'https://storage.example' },
      { fetch: throughHttps },
    );
    workspace.server.token = 'token-1';
    workspace.server.life = [
      { state: 'JOB_STATE_RUNNING' },
      { state: 'JOB_STATE_RUNNING' },
      { state: 'JOB_STATE_DONE' },
    ];
    const run = await submit(requestOf(), logged);
    workspace.server.token = 'token-2';
    assert.equal((await run.follow(() => undefined, NEVER)).state, 'done');
    assert.equal(tokens, 2);
    const names = await workspace.gcs.list('staging/', 'bucket');
    const uploaded = await Promise.all(
      names.map(async (name) => (await workspace.gcs.read(name, 'bucket')) ?? ''),
    );
    const written = [
      JSON.stringify(workspace.server.jobs.map(({ request }) => request)),
      ...uploaded.map(String),
    ];
    written.push(JSON.stringify(run.handle));
    assert.ok(written.length > 5);
    for (const text of written)
      assert.ok(!/PRIVATE KEY|token-\d/.test(text) && !text.includes(key.slice(200, 260)));
  });
});
