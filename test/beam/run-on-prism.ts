import '../../pipelines/beam/sdk-entry';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  JobMessage_MessageImportance as Importance,
  JobState_Enum as State,
} from 'apache-beam/proto/beam_job_api';
import { DockerPayload, Environment, ExternalPayload, Pipeline } from 'apache-beam/proto/beam_runner_api';
import { neverAborts } from '../../core/never-aborts';
import { codeVersion } from '../../pipelines/code-version';
import { openEquipment, type OpenEquipment } from '../../pipelines/open-equipment';
import { JobService } from '../../pipelines/beam/portable/job-service';
import { LoopbackPool } from '../../pipelines/beam/portable/loopback-pool';
import { optionsStruct } from '../../pipelines/beam/portable/pipeline-proto';
import { userCounters } from '../../pipelines/beam/portable/user-counters';
import { applySdkRepairs } from '../../pipelines/beam/repairs/apply-sdk-repairs';
import { quietServices } from '../contract/quiet-services';
import type { StandInJob } from '../dataflow-stand-in/stand-in-job';

const NEVER = neverAborts();
/** Between two looks at Prism, in milliseconds. */
const LOOK_MS = 100;

/** Really runs the pipelines of jobs: on Prism, with workers in this process that have what a machine of its own would. To be stopped. */
export class RunsOnPrism {
  private constructor(
    private readonly service: JobService,
    private readonly pool: LoopbackPool,
    private readonly opened: Map<string, OpenEquipment>,
  ) {}

  static async start(prism: string): Promise<RunsOnPrism> {
    applySdkRepairs();
    const opened = new Map<string, OpenEquipment>();
    const pool = await LoopbackPool.start('', {
      codeVersion: codeVersion(),
      equipmentFor: async (context, signal) => {
        const known = opened.get(context.runId);
        if (known !== undefined) return known;
        const equipment = await openEquipment(context, quietServices('/'), signal);
        opened.set(context.runId, equipment);
        return equipment;
      },
      joinsLease: true,
      concurrency: 4,
      listener: () => undefined,
      commitRetried: () => undefined,
    });
    return new RunsOnPrism(new JobService(prism), pool, opened);
  }

  async stop(): Promise<void> {
    await this.pool.stop();
    for (const equipment of this.opened.values()) await equipment.close();
    this.service.close();
  }

  /** For `DataflowServer.execute`. */
  readonly execute = (job: StandInJob, bytes: Buffer): void => {
    this.run(job, bytes).catch((error: unknown) => {
      job.take({
        state: 'JOB_STATE_FAILED',
        messages: [['ERROR', `Workflow failed. Causes: ${String(error)}`]],
      });
    });
  };

  private async run(job: StandInJob, bytes: Buffer): Promise<void> {
    const { service } = this;
    const pipeline = Pipeline.fromBinary(bytes);
    const environments = pipeline.components?.environments ?? {};
    for (const [id, { urn, payload, capabilities }] of Object.entries(environments)) {
      if (urn !== 'beam:env:docker:v1' || DockerPayload.fromBinary(payload).containerImage === '') {
        throw new Error(`environment ${id} is ${urn}`);
      }
      const { address, params } = this.pool.environment;
      const external = ExternalPayload.toBinary(
        ExternalPayload.create({ endpoint: { url: address }, params }),
      );
      environments[id] = Environment.create({ urn: 'beam:env:external:v1', payload: external, capabilities });
    }
    const pipelineOptions = optionsStruct({ jobName: job.name });
    const preparation = await service.prepare({ jobName: job.name, pipeline, pipelineOptions }, NEVER);
    const id = await service.run(preparation, NEVER);
    job.onCancel = () => void service.cancel(id, NEVER).catch(() => undefined);
    job.take({ state: 'JOB_STATE_RUNNING', workers: { current: 1, target: 1 } });
    const stream = service.messages(id, ({ response }) => {
      if (response.oneofKind !== 'messageResponse') return;
      const { importance, messageText } = response.messageResponse;
      job.take({
        messages: [[importance === Importance.JOB_MESSAGE_ERROR ? 'ERROR' : 'BASIC', messageText]],
      });
    });
    for (;;) {
      await sleep(LOOK_MS);
      const counters = userCounters(await service.metrics(id, NEVER));
      job.take({
        counters: Object.fromEntries([...counters].map(([name, value]) => [name, [value, value]])),
      });
      const state = await service.state(id, NEVER);
      if (state === State.DONE) job.take({ state: 'JOB_STATE_DONE' });
      if (state === State.FAILED) {
        job.take({ state: 'JOB_STATE_FAILED' });
        await stream.ended;
        job.take({
          messages: [
            [
              'ERROR',
              'Workflow failed. Causes: a work item has failed 4 times. Look in previous log entries.',
            ],
          ],
        });
      }
      if (!job.isActive || state === State.CANCELLED) return;
    }
  }
}
