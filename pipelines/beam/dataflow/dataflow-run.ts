import type { JsonObject } from '../../../core/plan';
import type { PipelineEnd, PipelineRun } from '../../pipeline-runner';
import type { RunListener } from '../../run-events';
import { consoleUrl, handleOf, type DataflowIdentity } from './job-identity';
import { cancelJob, followJob, type WatchedJob } from './watch-job';

/** A job of Dataflow. */
export class DataflowRun implements PipelineRun {
  readonly id: string;
  readonly handle: JsonObject;
  readonly url: string;

  constructor(
    identity: DataflowIdentity,
    private readonly job: WatchedJob,
  ) {
    this.id = job.id;
    this.handle = handleOf({ ...identity, jobId: job.id });
    this.url = consoleUrl(identity.place, job.id);
  }

  async follow(listener: RunListener, signal: AbortSignal): Promise<PipelineEnd> {
    return await followJob(this.job, listener, signal);
  }

  async cancel(signal: AbortSignal): Promise<void> {
    await cancelJob(this.job, signal);
  }
}
