import '../sdk-entry';
import { ChannelCredentials, status, type ServiceError } from '@grpc/grpc-js';
import type {
  JobInfo,
  JobMessagesResponse,
  JobState_Enum,
  MetricResults,
  PrepareJobRequest,
} from 'apache-beam/proto/beam_job_api';
import { JobServiceClient } from 'apache-beam/proto/beam_job_api.grpc-client';
import { BeamliftError } from '../../../core/errors';
import { MAX_MESSAGE_BYTES } from '../repairs/message-limit';

/** Until a question must be answered, in milliseconds: services answer from their memory. */
const ANSWER_MS = 10_000;
/** Until a pipeline must be taken, in milliseconds: those of 20,000 units have 10 MB, and Flink's service translates them first. */
const SUBMIT_MS = 120_000;

/** What a job service writes about a job, until it ends or `close`. */
export interface MessageStream {
  /** Resolves when the stream has ended, for whatever reason. */
  readonly ended: Promise<void>;
  close(): void;
}

/**
 * A Beam job service, question by question; each has a deadline, and ends with the signal's reason when that aborts.
 *
 * There are no keepalive pings, which gRPC's Java servers answer with a hang-up when they come more often than every five minutes:
 * whoever waits for a job asks for its state instead.
 */
export class JobService {
  private readonly client: JobServiceClient;

  constructor(readonly endpoint: string) {
    this.client = new JobServiceClient(endpoint, ChannelCredentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      // The first attempt after a failed one must not wait as long as a runner takes to be given up.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.enable_http_proxy': 0,
    });
  }

  /** Returns the preparation's id. */
  async prepare(request: PrepareJobRequest, signal: AbortSignal): Promise<string> {
    const { preparationId } = await this.ask<{ preparationId: string }>(
      (options, done) => this.client.prepare(request, options, done),
      signal,
      SUBMIT_MS,
    );
    return preparationId;
  }

  /** Returns the job's id. */
  async run(preparationId: string, signal: AbortSignal): Promise<string> {
    const { jobId } = await this.ask<{ jobId: string }>(
      (options, done) => this.client.run({ preparationId, retrievalToken: '' }, options, done),
      signal,
      SUBMIT_MS,
    );
    return jobId;
  }

  async jobs(signal: AbortSignal): Promise<readonly JobInfo[]> {
    const { jobInfo } = await this.ask<{ jobInfo: JobInfo[] }>(
      (options, done) => this.client.getJobs({}, options, done),
      signal,
    );
    return jobInfo;
  }

  async state(jobId: string, signal: AbortSignal): Promise<JobState_Enum> {
    const { state } = await this.ask<{ state: JobState_Enum }>(
      (options, done) => this.client.getState({ jobId }, options, done),
      signal,
    );
    return state;
  }

  async metrics(jobId: string, signal: AbortSignal): Promise<MetricResults | undefined> {
    const { metrics } = await this.ask<{ metrics?: MetricResults }>(
      (options, done) => this.client.getJobMetrics({ jobId }, options, done),
      signal,
    );
    return metrics;
  }

  async cancel(jobId: string, signal: AbortSignal): Promise<void> {
    await this.ask((options, done) => this.client.cancel({ jobId }, options, done), signal);
  }

  /** Calls `heard` with everything there is from the job's beginning on, and what comes. */
  messages(jobId: string, heard: (message: JobMessagesResponse) => void): MessageStream {
    const stream = this.client.getMessageStream({ jobId });
    const ended = new Promise<void>((resolve) => {
      stream.on('data', heard);
      stream.on('error', () => resolve());
      stream.on('end', resolve);
      stream.on('close', resolve);
    });
    return { ended, close: () => stream.cancel() };
  }

  close(): void {
    this.client.close();
  }

  private async ask<Answer>(
    call: (
      options: { deadline: number },
      done: (error: ServiceError | null, answer?: Answer) => void,
    ) => { cancel(): void },
    signal: AbortSignal,
    patienceMs = ANSWER_MS,
  ): Promise<Answer> {
    signal.throwIfAborted();
    return await new Promise<Answer>((resolve, reject) => {
      const stop = (): void => asked.cancel();
      const asked = call({ deadline: Date.now() + patienceMs }, (error, answer) => {
        signal.removeEventListener('abort', stop);
        if (signal.aborted) reject(signal.reason as Error);
        else if (error !== null) reject(new JobServiceError(this.endpoint, error));
        else if (answer === undefined) reject(new Error('an answer without content'));
        else resolve(answer);
      });
      signal.addEventListener('abort', stop);
    });
  }
}

/** What a job service answered, or that it did not. */
export class JobServiceError extends BeamliftError {
  /** Nobody answered: perhaps it does again. */
  readonly silent: boolean;
  /** It answers, and has no such job (Prism says so with the code UNKNOWN). */
  readonly unknownJob: boolean;

  constructor(endpoint: string, { code, details }: ServiceError) {
    const silent = code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED;
    super('RUNNER_UNUSABLE', {
      what: silent
        ? `The Beam job service at ${endpoint} does not answer`
        : `The Beam job service at ${endpoint} refused`,
      why: `${status[code]}: ${details}`,
      hint: silent
        ? 'Start it, or correct `runners.portable.endpoint`.'
        : 'Its own log says more. Check that `runners.portable.endpoint` is the port of a job service.',
    });
    this.silent = silent;
    this.unknownJob = code === status.NOT_FOUND || /not found|unknown jobid/i.test(details);
  }
}
