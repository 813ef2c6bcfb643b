import '../../pipelines/beam/sdk-entry';
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { MonitoringInfo } from 'apache-beam/proto/metrics';
import {
  JobMessage_MessageImportance as Importance,
  JobService,
  JobState_Enum as State,
  type JobMessagesResponse,
  type PrepareJobRequest,
} from 'apache-beam/proto/beam_job_api';

interface FakeJob {
  readonly jobId: string;
  readonly jobName: string;
  readonly request: PrepareJobRequest;
  state: State;
}

/** A Beam job service whose jobs do what a test says. */
export class FakeJobService {
  readonly jobs: FakeJob[] = [];
  /** What is written of every job. */
  messages: string[] = [];
  committed: MonitoringInfo[] = [];
  cancels = 0;
  private server = new Server();
  private port = 0;

  get endpoint(): string {
    return `localhost:${this.port}`;
  }

  async start(): Promise<void> {
    this.server = new Server();
    this.server.addService(definition(), this.handlers());
    this.port = await new Promise<number>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      this.server.bindAsync(this.endpoint, credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
  }

  /** As when it is killed. */
  stop(): void {
    this.server.forceShutdown();
  }

  private handlers(): UntypedServiceImplementation {
    const ofJob =
      <Answer>(work: (job: FakeJob) => Answer) =>
      ({ request }: ServerUnaryCall<{ jobId: string }, Answer>, answer: sendUnaryData<Answer>): void => {
        const job = this.jobs.find(({ jobId }) => jobId === request.jobId);
        if (job === undefined) answer({ code: status.NOT_FOUND, details: 'no such job' });
        else answer(null, work(job));
      };
    return {
      Prepare: ({ request }: ServerUnaryCall<PrepareJobRequest, object>, answer: sendUnaryData<object>) => {
        const jobId = `job-${this.jobs.length + 1}`;
        this.jobs.push({ jobId, jobName: request.jobName, request, state: State.STOPPED });
        answer(null, { preparationId: jobId, stagingSessionToken: '' });
      },
      Run: (
        { request }: ServerUnaryCall<{ preparationId: string }, object>,
        answer: sendUnaryData<object>,
      ) => {
        const jobId = request.preparationId;
        for (const job of this.jobs) if (job.jobId === jobId) job.state = State.RUNNING;
        answer(null, { jobId });
      },
      GetJobs: (_call: unknown, answer: sendUnaryData<object>) =>
        answer(null, { jobInfo: this.jobs.map(({ jobId, jobName, state }) => ({ jobId, jobName, state })) }),
      GetState: ofJob(({ state }) => ({ state })),
      Cancel: ofJob((job) => {
        this.cancels += 1;
        job.state = State.CANCELLED;
        return { state: State.CANCELLING };
      }),
      GetJobMetrics: ofJob(() => ({ metrics: { attempted: [], committed: this.committed } })),
      GetMessageStream: (call: ServerWritableStream<unknown, JobMessagesResponse>) => {
        for (const messageText of this.messages) {
          const messageResponse = {
            messageId: '',
            time: '',
            importance: Importance.JOB_MESSAGE_ERROR,
            messageText,
          };
          call.write({ response: { oneofKind: 'messageResponse', messageResponse } });
        }
        call.end();
      },
    };
  }
}

/** The SDK has the service's client alone. */
function definition(): ServiceDefinition {
  const unused = (): never => {
    throw new Error('a client is not made of this');
  };
  return Object.fromEntries(
    JobService.methods.map(({ name, I, O, serverStreaming }) => [
      name,
      {
        path: `/${JobService.typeName}/${name}`,
        requestStream: false,
        responseStream: serverStreaming,
        requestDeserialize: (bytes: Buffer): unknown => I.fromBinary(bytes),
        responseSerialize: (value: object) => Buffer.from(O.toBinary(O.create(value))),
        requestSerialize: unused,
        responseDeserialize: unused,
      },
    ]),
  );
}
