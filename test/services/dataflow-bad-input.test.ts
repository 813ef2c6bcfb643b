import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { BeamliftError } from '../../core/errors';
import { neverAborts } from '../../core/never-aborts';
import type { DataflowOptions } from '../../pipelines/beam/dataflow/options';
import { DataflowWorkspace, requestOf } from '../dataflow-stand-in/dataflow-workspace';
import { Refusal } from '../dataflow-stand-in/job-checks';
import type { Life } from '../dataflow-stand-in/stand-in-job';
import { fakeContext } from '../unit/pipelines/fake-equipment';
import { freePort } from './free-port';

const NEVER = neverAborts();
const CONSOLE =
  'The logs of the workers tell more: https://console.cloud.google.com/dataflow/jobs/us-central1/ID?project=my-project';

/** As a terminal shows it, without what differs from run to run. */
function textOf(error: unknown): string {
  assert.ok(error instanceof BeamliftError, String(error));
  const { code, what, why, hint } = error;
  return [`${code}: ${what}`, why, hint]
    .filter((line) => line !== undefined)
    .join('\n')
    .replace(/\b20\d\d-\d\d-\d\d_[\d_-]+/g, 'ID')
    .replace(/20261122t\d+z-[0-9a-f]+/g, 'RUN');
}

describe('bad input to Dataflow', function () {
  this.timeout(30_000);
  let workspace: DataflowWorkspace;

  before(async () => {
    workspace = await DataflowWorkspace.start();
  });
  afterEach(() => {
    workspace.server.refusal = undefined;
    workspace.server.life = [{ state: 'JOB_STATE_RUNNING' }, { state: 'JOB_STATE_DONE' }];
  });
  after(async () => await workspace.stop());

  const refused = async (changes: Partial<DataflowOptions> = {}): Promise<string> => {
    const runner = await workspace.open(changes);
    const request = requestOf();
    const handle = runner.handleFor(request.plan.context);
    const error: unknown = await runner.submit(request, handle, NEVER).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return textOf(error);
  };
  const failed = async (life: Life): Promise<string> => {
    workspace.server.life = life;
    const runner = await workspace.open();
    const request = requestOf();
    const run = await runner.submit(request, runner.handleFor(request.plan.context), NEVER);
    const end = await run.follow(() => undefined, NEVER);
    assert.equal(end.state, 'failed');
    return textOf(end.error);
  };
  const obstacles = async (changes: Partial<DataflowOptions>): Promise<string[]> => {
    const runner = await workspace.open(changes);
    const found = await runner.preflight(fakeContext('/staging'), NEVER);
    return found.map(({ what, hint }) => `${what}\n${hint}`);
  };

  it('finds nothing in the way of what is right, and writes nothing', async () => {
    const before = await workspace.gcs.list('', 'bucket');
    assert.deepEqual(await obstacles({}), []);
    assert.deepEqual(await workspace.gcs.list('', 'bucket'), before);
  });

  it('wrong region', async () => {
    const text = `Dataflow does not run in region us-nowhere1`;
    const hint =
      'Correct `region` under runners: dataflow; https://cloud.google.com/dataflow/docs/resources/locations lists the regions.';
    const why = 'HTTP 400: (4e5d): The regional endpoint us-nowhere1 is not recognized.';
    assert.equal(await refused({ region: 'us-nowhere1' }), `RUNNER_UNUSABLE: ${text}\n${why}\n${hint}`);
    assert.deepEqual(await obstacles({ region: 'us-nowhere1' }), [`${text} (${why})\n${hint}`]);
  });

  it('missing bucket', async () => {
    const gone = await refused({ staging_location: 'gs://nobody/staging' });
    assert.match(
      gone,
      /^RUNNER_UNUSABLE: The pipeline could not be uploaded for Dataflow: Cloud Storage: could not write gs:\/\/nobody\/staging\/.*\n.*404.*\nCheck staging_location \(or temp_location\) under runners: dataflow\. Check the name of the bucket; it is never created\.$/,
    );
    assert.equal(
      await refused({ temp_location: 'gs://nobody/temp' }),
      [
        'RUNNER_UNUSABLE: Dataflow: could not create the job beamlift-orders-RUN',
        'HTTP 400: (5f1c): The workflow could not be created. Causes: (8a2b): Unable to access the temp location gs://nobody: the bucket was not found',
        'Check temp_location and staging_location, and whether the service account of the workers may read and write there.',
      ].join('\n'),
    );
    const [obstacle = '', ...others] = await obstacles({ temp_location: 'gs://nobody/temp' });
    assert.deepEqual(others, []);
    assert.match(
      obstacle,
      /^Cloud Storage: could not read the settings of gs:\/\/nobody .*\nCheck the name of the bucket; it is never created\.$/,
    );
  });

  it('image not set', async () => {
    const runner = await workspace.open({}, {}, 'sdk_container_image');
    const hint =
      'Build the image of this version, push it where the workers may read it, and set `sdk_container_image` under runners: dataflow.';
    assert.deepEqual(await runner.preflight(fakeContext('/staging'), NEVER), [
      { what: 'no worker image is set for Dataflow', hint },
    ]);
    const request = requestOf();
    await assert.rejects(runner.submit(request, runner.handleFor(request.plan.context), NEVER), (error) => {
      assert.equal(textOf(error), `RUNNER_UNUSABLE: No worker image is set for Dataflow\n${hint}`);
      return true;
    });
  });

  it('name clash', async () => {
    workspace.server.refusal = new Refusal(
      409,
      'alreadyExists',
      '(0c9b): There is already an active job named x. If you want to submit a second job, try again by setting a different name.',
    );
    assert.equal(
      await refused(),
      [
        'RUNNER_UNUSABLE: Dataflow has an active job named beamlift-orders-RUN already',
        'HTTP 409: (0c9b): There is already an active job named x. If you want to submit a second job, try again by setting a different name.',
        'Wait until it has ended, or cancel it, and run again.',
      ].join('\n'),
    );
  });

  it('quota refusal', async () => {
    for (const [status, reason] of [
      [429, 'rateLimitExceeded'],
      [400, 'failedPrecondition'],
      [403, 'quotaExceeded'],
    ] as const) {
      const words =
        'Too many running jobs. Project my-project is running 25 jobs and project limit for active jobs is 25.';
      workspace.server.refusal = new Refusal(status, reason, words);
      assert.equal(
        await refused(),
        [
          'RUNNER_UNUSABLE: Dataflow refused: a quota of project my-project is used up',
          `HTTP ${status}: ${words}`,
          'The quota is named above. Wait until other jobs have ended, use fewer or smaller workers (max_num_workers, machine_type), or ask for more at https://console.cloud.google.com/iam-admin/quotas?project=my-project.',
        ].join('\n'),
      );
    }
  });

  it('missing rights', async () => {
    workspace.server.refusal = new Refusal(
      403,
      'forbidden',
      '(9d): Could not create workflow; user does not have write access to project: my-project',
    );
    assert.match(
      await refused(),
      /^RUNNER_UNUSABLE: Dataflow: this login may not create the job .*\nHTTP 403.*\nGrant the login roles\/dataflow\.developer on project my-project, and roles\/iam\.serviceAccountUser on the service account of the workers\.$/,
    );
    workspace.server.refusal = new Refusal(
      403,
      'forbidden',
      '(9d): Current user cannot act as service account etl@my-project.iam.gserviceaccount.com.',
    );
    assert.match(
      await refused(),
      /\nGrant the login roles\/iam\.serviceAccountUser on the service account of the workers \(service_account_email\)\.$/,
    );
  });

  it('API not enabled', async () => {
    workspace.server.refusal = new Refusal(
      403,
      'forbidden',
      'Dataflow API has not been used in project 1234 before or it is disabled.',
    );
    assert.equal(
      await refused(),
      [
        'RUNNER_UNUSABLE: The Dataflow API is not enabled in project my-project',
        'HTTP 403: Dataflow API has not been used in project 1234 before or it is disabled.',
        'Enable it, with that of Compute Engine: `gcloud services enable dataflow.googleapis.com compute.googleapis.com --project my-project`.',
      ].join('\n'),
    );
  });

  it('unreachable service', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const text = await refused({ endpoint: nobody });
    assert.match(
      text,
      /^RUNNER_UNUSABLE: Dataflow: could not look for the job .*\n127\.0\.0\.1:\d+: connect ECONNREFUSED .*\nCheck `endpoint` under runners: dataflow where one is set, and the network\.$/,
    );
    const [obstacle] = await obstacles({ endpoint: nobody });
    assert.match(obstacle ?? '', /^Dataflow: could not list the jobs of project my-project in us-central1/);
  });

  it('a job that fails on start', async () => {
    const quota =
      "Startup of the worker pool in zone us-central1-f failed to bring up any of the desired 8 workers. QUOTA_EXCEEDED: Quota 'CPUS' exceeded. Limit: 24.0 in region us-central1.";
    assert.equal(
      await failed([
        { state: 'JOB_STATE_PENDING' },
        { state: 'JOB_STATE_FAILED', messages: [['ERROR', quota]] },
        { messages: [['ERROR', `Workflow failed. Causes: ${quota}`]] },
      ]),
      [
        'QUOTA_EXCEEDED: Dataflow could not start workers: a quota is used up',
        `Workflow failed. Causes: ${quota}`,
        `The quota is named above. Use fewer or smaller workers (max_num_workers, machine_type, disk_size_gb), another region, or ask for more at https://console.cloud.google.com/iam-admin/quotas. ${CONSOLE}`,
      ].join('\n'),
    );
    const image =
      'Workflow failed. Causes: One or more workers could not start: Failed to pull image "us-central1-docker.pkg.dev/x": manifest unknown.';
    assert.match(
      await failed([{ state: 'JOB_STATE_FAILED', messages: [['ERROR', image]] }]),
      /^RUNNER_FAILED: The workers could not start their image\n.*\nCheck sdk_container_image: /,
    );
  });

  it('a job that fails late, with its message after the state', async () => {
    const words =
      'Workflow failed. Causes: The Dataflow job appears to be stuck because no worker activity has been seen in the last 1h.';
    assert.equal(
      await failed([
        { state: 'JOB_STATE_RUNNING' },
        { state: 'JOB_STATE_FAILED' },
        {},
        {},
        {},
        { messages: [['ERROR', words]] },
      ]),
      ['RUNNER_FAILED: The Dataflow job failed', words, `Nothing was published. ${CONSOLE}`].join('\n'),
    );
  });

  it('a job that fails without a word', async () => {
    assert.match(
      await failed([{ state: 'JOB_STATE_FAILED' }]),
      /^RUNNER_FAILED: The Dataflow job failed\nThe service does not say why\.\n/,
    );
  });

  it('messages that may not be read', async () => {
    workspace.faults.set({
      on: /\/messages$/,
      nth: 1,
      times: 100,
      action: { refuse: { status: 403, reason: 'forbidden', message: 'no' } },
    });
    const told: string[] = [];
    const runner = await workspace.open();
    const request = requestOf();
    const run = await runner.submit(request, runner.handleFor(request.plan.context), NEVER);
    const end = await run.follow((event) => {
      if (event.kind === 'runner.message') told.push(event.text);
    }, NEVER);
    workspace.faults.set(undefined);
    assert.equal(end.state, 'done');
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^Dataflow: this login may not read the messages of job/);
  });
});
