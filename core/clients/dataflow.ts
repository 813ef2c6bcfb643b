import { BeamliftError } from '../errors';
import type { Logger } from '../logger';
import type { JsonObject } from '../plan';
import type { RetryPolicy } from '../retry-policies';
import { counterOf, jobOf, listIn, messageOf, optionalText, scalingOf } from './dataflow-answers';
import type {
  DataflowApi,
  DataflowCounter,
  DataflowJob,
  DataflowMessage,
  DataflowNews,
  DataflowPlace,
  DataflowScaling,
  JobExists,
} from './dataflow-api';
import { dataflowError } from './dataflow-failures';
import { describeAnswer, jsonOf, type GoogleAnswer } from './google-answers';
import { GoogleServiceFailure, type GoogleCall } from './google-failures';
import type { GoogleLogin } from './google-login';
import { checkEndpoint, GoogleRest, type GoogleRequest } from './google-rest';

const SERVICE = 'Dataflow';
export const DATAFLOW_ENDPOINT = 'https://dataflow.googleapis.com';
/** Of messages and jobs, at once; the service gives less where it wants to. */
const PAGE_SIZE = 500;
/** Of one listing: where the service does not look at the name, all jobs of a project would be read. */
const MAX_PAGES = 40;

export interface DataflowApiOptions {
  readonly login: GoogleLogin;
  /** DATAFLOW_ENDPOINT when absent; `http://` only with an anonymous login. */
  readonly endpoint?: string;
  readonly log: Logger;
  /** For tests. */
  readonly fetch?: typeof fetch;
  /** For tests. */
  readonly retry?: RetryPolicy;
}

/** Dataflow's REST API. No request is made yet. Throws CONFIG_INVALID for an endpoint that cannot be used. */
export function openDataflowApi(options: DataflowApiOptions): DataflowApi {
  const { login, log, fetch: fetchUrl, retry } = options;
  return new RestDataflow(
    new GoogleRest({
      service: SERVICE,
      endpoint: checkEndpoint(options.endpoint ?? DATAFLOW_ENDPOINT, login),
      login,
      log,
      ...(fetchUrl === undefined ? {} : { fetch: fetchUrl }),
      ...(retry === undefined ? {} : { retry }),
    }),
  );
}

type Request = Pick<GoogleRequest, 'method' | 'path' | 'headers' | 'body' | 'accepts'>;
type About = Pick<GoogleCall, 'action' | 'object'>;

class RestDataflow implements DataflowApi {
  constructor(private readonly rest: GoogleRest) {}

  async create(place: DataflowPlace, job: JsonObject, signal: AbortSignal): Promise<DataflowJob | JobExists> {
    const name = optionalText(job['name']) ?? '';
    return await this.call(
      place,
      { action: `create the job ${name}`, object: name },
      { method: 'POST', path: jobsPath(place), ...json(job), accepts: [409] },
      (answer) =>
        answer.status === 409 ? { exists: describeAnswer(answer).message } : jobOf(jsonOf(answer)),
      signal,
    );
  }

  async get(place: DataflowPlace, id: string, signal: AbortSignal): Promise<DataflowJob | undefined> {
    return await this.describe(place, id, 'JOB_VIEW_SUMMARY', signal);
  }

  async named(place: DataflowPlace, name: string, signal: AbortSignal): Promise<DataflowJob[]> {
    const about = { action: `look for the job ${name}`, object: name };
    const query = { name, filter: 'ALL', pageSize: String(PAGE_SIZE) };
    const found: DataflowJob[] = [];
    for await (const page of this.pages(place, about, jobsPath(place), query, signal)) {
      const jobs = listIn(page, 'jobs').filter((job) => job['name'] === name);
      found.push(...jobs.map(jobOf));
    }
    const described = found.map(async ({ id }) => await this.describe(place, id, 'JOB_VIEW_ALL', signal));
    return (await Promise.all(described)).filter((job) => job !== undefined);
  }

  async probe(place: DataflowPlace, signal: AbortSignal): Promise<void> {
    const { project, region } = place;
    await this.call(
      place,
      { action: `list the jobs of project ${project} in ${region}`, object: project },
      { method: 'GET', path: `${jobsPath(place)}?pageSize=1` },
      () => undefined,
      signal,
    );
  }

  async news(
    place: DataflowPlace,
    id: string,
    since: string | undefined,
    signal: AbortSignal,
  ): Promise<DataflowNews> {
    const messages: DataflowMessage[] = [];
    const scaling: DataflowScaling[] = [];
    const query = {
      minimumImportance: 'JOB_MESSAGE_DETAILED',
      pageSize: String(PAGE_SIZE),
      ...(since === undefined ? {} : { startTime: since }),
    };
    const about = { action: `read the messages of job ${id}`, object: id };
    for await (const page of this.pages(place, about, `${jobPath(place, id)}/messages`, query, signal)) {
      messages.push(
        ...listIn(page, 'jobMessages')
          .map(messageOf)
          .filter((message) => message !== undefined),
      );
      scaling.push(...listIn(page, 'autoscalingEvents').map(scalingOf));
    }
    return { messages, scaling };
  }

  async counters(place: DataflowPlace, id: string, signal: AbortSignal): Promise<DataflowCounter[]> {
    return await this.call(
      place,
      { action: `read the counters of job ${id}`, object: id },
      { method: 'GET', path: `${jobPath(place, id)}/metrics` },
      (answer) =>
        listIn(jsonOf(answer), 'metrics')
          .map(counterOf)
          .filter((counter) => counter !== undefined),
      signal,
    );
  }

  async cancel(place: DataflowPlace, id: string, signal: AbortSignal): Promise<boolean> {
    return await this.call(
      place,
      { action: `cancel job ${id}`, object: id },
      {
        method: 'PUT',
        path: jobPath(place, id),
        ...json({ requestedState: 'JOB_STATE_CANCELLED' }),
        // It has ended, or is about to.
        accepts: [400, 404, 409],
      },
      (answer) => answer.status < 400,
      signal,
    );
  }

  private async describe(
    place: DataflowPlace,
    id: string,
    view: 'JOB_VIEW_SUMMARY' | 'JOB_VIEW_ALL',
    signal: AbortSignal,
  ): Promise<DataflowJob | undefined> {
    return await this.call(
      place,
      { action: `read the state of job ${id}`, object: id },
      { method: 'GET', path: `${jobPath(place, id)}?view=${view}`, accepts: [404] },
      (answer) => (answer.status === 404 ? undefined : jobOf(jsonOf(answer))),
      signal,
    );
  }

  private async *pages(
    place: DataflowPlace,
    about: About,
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<Readonly<Record<string, unknown>>> {
    let token: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const full = new URLSearchParams({ ...query, ...(token === undefined ? {} : { pageToken: token }) });
      const page = await this.call(
        place,
        about,
        { method: 'GET', path: `${path}?${full.toString()}` },
        jsonOf,
        signal,
      );
      yield page;
      token = optionalText(page['nextPageToken']);
      if (token === undefined) return;
    }
  }

  private async call<Result>(
    place: DataflowPlace,
    about: About,
    request: Request,
    read: (answer: GoogleAnswer) => Result,
    signal: AbortSignal,
  ): Promise<Result> {
    try {
      return await this.rest.call({ ...request, call: { service: SERVICE, ...about } }, read, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BeamliftError && error.cause instanceof GoogleServiceFailure) {
        throw dataflowError(error.cause, about, place);
      }
      throw error;
    }
  }
}

function json(body: JsonObject): Pick<GoogleRequest, 'headers' | 'body'> {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function jobsPath({ project, region }: DataflowPlace): string {
  return `/v1b3/projects/${encodeURIComponent(project)}/locations/${encodeURIComponent(region)}/jobs`;
}

function jobPath(place: DataflowPlace, id: string): string {
  return `${jobsPath(place)}/${encodeURIComponent(id)}`;
}
