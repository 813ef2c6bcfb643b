import assert from 'node:assert/strict';
import { ExternalPayload, ProcessPayload } from 'apache-beam/proto/beam_runner_api';
import { JobState_Enum as State } from 'apache-beam/proto/beam_job_api';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import { BeamliftError } from '../../core/errors';
import { errorText } from '../../pipelines/beam/error-text';
import { openPortableRunner } from '../../pipelines/beam/portable/open-portable-runner';
import type { PortableOptions } from '../../pipelines/beam/portable/options';
import { MetricsContainer, MetricsShortIdCache } from 'apache-beam/worker/metrics';
import type { PipelineRunner } from '../../pipelines/pipeline-runner';
import type { RunEvent } from '../../pipelines/run-events';
import { COUNTER_URN } from '../../pipelines/beam/repairs/metric-cells';
import { hasCode } from '../has-code';
import { FakeEquipment, fakeContext, unit } from '../unit/pipelines/fake-equipment';
import { FakeJobService } from './fake-job-service';

describe('a portable runner', function () {
  this.timeout(20_000);
  let service: FakeJobService;
  const runners: PipelineRunner[] = [];
  const { signal } = new AbortController();
  const context = fakeContext('/run');
  const request = { plan: { context, units: [unit('u1')] }, commits: true, concurrency: 2 };

  beforeEach(async () => {
    service = new FakeJobService();
    await service.start();
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.close();
    service.stop();
  });

  const open = async (options: Partial<PortableOptions> = {}): Promise<PipelineRunner> => {
    const { equipment } = new FakeEquipment(async function* () {
      await Promise.resolve();
      yield ['1'];
    });
    const runner = await openPortableRunner(
      { endpoint: service.endpoint, ...options },
      {
        codeVersion: context.codeVersion,
        equipmentFor: async () => await Promise.resolve(equipment),
        listener: () => undefined,
      },
    );
    runners.push(runner);
    return runner;
  };
  const environmentOf = (job = service.jobs[0]) =>
    Object.values(job?.request.pipeline?.components?.environments ?? {})[0];

  it('submits one pipeline for a handle, however often, and finds it by what was kept before', async () => {
    const runner = await open({ environment: 'process:boot' });
    const handle = runner.handleFor(context);
    assert.equal(await runner.attach(handle, signal), undefined);
    const run = await runner.submit(request, handle, signal);
    const again = await runner.submit(request, handle, signal);
    assert.equal(again.id, run.id);
    assert.equal(service.jobs.length, 1);
    const other = await open({ environment: 'process:boot' });
    for (const kept of [handle, run.handle]) assert.equal((await other.attach(kept, signal))?.id, run.id);
    assert.notDeepEqual(runner.handleFor(context), handle);
  });

  it('gives the pipeline its environment, no dependencies and the options', async () => {
    const runner = await open({
      environment: 'process:/opt/boot',
      pipeline_options: { parallelism: 4, numberOfExecutionRetries: 3 },
    });
    await runner.submit(request, runner.handleFor(context), signal);
    const environment = environmentOf();
    assert.equal(environment?.urn, 'beam:env:process:v1');
    assert.equal(ProcessPayload.fromBinary(environment.payload).command, '/opt/boot');
    assert.deepEqual(environment.dependencies, []);
    const { request: prepared } = service.jobs[0] ?? {};
    const options = Struct.toJson(prepared?.pipelineOptions ?? Struct.create()) as Record<string, unknown>;
    assert.equal(options['beam:option:parallelism:v1'], 4);
    assert.equal(options['beam:option:number_of_execution_retries:v1'], 3);
    assert.equal(options['beam:option:job_name:v1'], prepared?.jobName);
    assert.match(prepared?.jobName ?? '', /^beamlift-numbers-run-1-/);
  });

  it('has workers of its own listen on this machine alone, and tells the pipeline what proves it', async () => {
    const runner = await open();
    await runner.submit(request, runner.handleFor(context), signal);
    const { endpoint, params } = ExternalPayload.fromBinary(environmentOf()?.payload ?? new Uint8Array());
    assert.match(endpoint?.url ?? '', /^127\.0\.0\.1:\d+$/);
    assert.match(Object.values(params).join(), /^[0-9a-f-]{36}$/);
  });

  it('stops a pipeline whose workers were those of a process that is gone, and has none then', async () => {
    const gone = await open();
    const handle = gone.handleFor(context);
    await gone.submit(request, handle, signal);
    const runner = await open();
    assert.equal(await runner.attach(handle, signal), undefined);
    assert.equal(service.jobs[0]?.state, State.CANCELLED);
  });

  it('tells how a pipeline failed, by the error of its worker', async () => {
    const runner = await open({ environment: 'process:boot' });
    const run = await runner.submit(request, runner.handleFor(context), signal);
    service.messages = [`bundle failed: ${errorText(new BeamliftError('QUERY_REFUSED', { what: 'no' }))}`];
    const [job] = service.jobs;
    assert.ok(job);
    job.state = State.FAILED;
    const events: RunEvent[] = [];
    const end = await run.follow((event) => events.push(event), signal);
    assert.equal(end.state, 'failed');
    assert.equal(end.error?.code, 'QUERY_REFUSED');
    assert.deepEqual(events.map(({ kind }) => kind).sort(), [
      'runner.counters',
      'runner.message',
      'runner.state',
    ]);
  });

  it('sums the counters of the steps up', async () => {
    const metrics = new MetricsContainer();
    for (const step of ['one', 'two']) {
      metrics.getMetric(step, undefined, { metricType: COUNTER_URN, name: 'rows_read' }).update(2 ** 33);
    }
    const ids = new MetricsShortIdCache();
    service.committed = Array.from(metrics.monitoringData(ids), ([id, payload]) =>
      ids.asMonitoringInfo(id, payload),
    );
    const runner = await open({ environment: 'process:boot' });
    const run = await runner.submit(request, runner.handleFor(context), signal);
    for (const job of service.jobs) job.state = State.DONE;
    const { state, error, counters } = await run.follow(() => undefined, signal);
    assert.equal(state, 'done');
    assert.equal(error, undefined);
    assert.deepEqual([...counters], [['rows_read', 2 ** 34]]);
  });

  it('says at once that a service has forgotten its job, and has nothing to cancel there', async () => {
    const runner = await open({ environment: 'process:boot' });
    const run = await runner.submit(request, runner.handleFor(context), signal);
    service.jobs.length = 0;
    await assert.rejects(
      run.follow(() => undefined, signal),
      hasCode('RUNNER_UNUSABLE'),
    );
    await run.cancel(signal);
  });

  it('goes on watching when the service is away for a moment', async () => {
    const runner = await open({ environment: 'process:boot' });
    const run = await runner.submit(request, runner.handleFor(context), signal);
    const following = run.follow(() => undefined, signal);
    service.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await service.start();
    for (const job of service.jobs) job.state = State.DONE;
    assert.equal((await following).state, 'done');
  });

  it('stops watching with the signal, and leaves the pipeline alone', async () => {
    const runner = await open({ environment: 'process:boot' });
    const run = await runner.submit(request, runner.handleFor(context), signal);
    const stop = new AbortController();
    const following = run.follow(() => undefined, stop.signal);
    const reason = new BeamliftError('CANCELLED', { what: 'enough' });
    stop.abort(reason);
    await assert.rejects(following, reason);
    assert.equal(service.cancels, 0);
    await run.cancel(signal);
    assert.equal(service.cancels, 1);
  });
});
