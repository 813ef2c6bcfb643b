import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { JsonObject } from '../../core/plan';
import { checkJob, Refusal, REGIONS } from './job-checks';
import { StandInJob, type Life } from './stand-in-job';

/** A server that speaks as Dataflow does, with jobs that live as they are told. */
export interface DataflowServer {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** In the order of their creation. */
  readonly jobs: readonly StandInJob[];
  /** `METHOD path`, with its query. */
  readonly requests: readonly string[];
  /** How the jobs that are created from now on live. */
  life: Life;
  /** What runs the pipelines of jobs that are created from now on, in place of `life`. */
  execute: ((job: StandInJob, pipeline: Buffer) => void) | undefined;
  /** Refuses every request that creates a job. */
  refusal: Refusal | undefined;
  /** A job that is created a second time is answered with (as documented, or as seen). */
  repeated: 'the job' | 'a refusal' | 'the active job of that name';
  /** So many listings from now on leave out the newest job. */
  unlisted: number;
  /** The only token that is let in; undefined: everybody is. */
  token: string | undefined;
  stop(): Promise<void>;
}

/** `storage`: the endpoint of a Cloud Storage, which pipelines are read from. */
export async function startDataflowServer(storage: string): Promise<DataflowServer> {
  const jobs: StandInJob[] = [];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => refuse(response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in has no port');
  const standIn: DataflowServer = {
    endpoint: `http://127.0.0.1:${address.port}`,
    jobs,
    requests,
    life: [{ state: 'JOB_STATE_RUNNING' }, { state: 'JOB_STATE_DONE' }],
    execute: undefined,
    refusal: undefined,
    repeated: 'the job',
    unlisted: 0,
    token: undefined,
    stop: async () => {
      for (const job of jobs) job.onCancel();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
  return standIn;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', standIn.endpoint);
    const body = await textOf(request);
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (standIn.token !== undefined && request.headers.authorization !== `Bearer ${standIn.token}`) {
      throw new Refusal(401, 'authError', 'Request had invalid authentication credentials.');
    }
    const [, project = '', region = '', id, part] =
      /^\/v1b3\/projects\/([^/]+)\/locations\/([^/]+)\/jobs(?:\/([^/]+))?(?:\/(messages|metrics))?$/.exec(
        url.pathname,
      ) ?? [];
    if (project === '') throw new Refusal(404, 'notFound', `There is nothing at ${url.pathname}`);
    if (!REGIONS.includes(region)) {
      throw new Refusal(400, 'badRequest', `(4e5d): The regional endpoint ${region} is not recognized.`);
    }
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(await answer(request.method ?? '', { region, id, part, query: url.searchParams, body })),
    );
  }

  async function answer(method: string, asked: Asked): Promise<JsonObject> {
    const { region, id, part, query } = asked;
    if (id === undefined && method === 'POST') return await create(asked.body, region);
    if (id === undefined) return list(query, region);
    const job = jobs.find((known) => known.id === id && known.region === region);
    if (job === undefined)
      throw new Refusal(
        404,
        'notFound',
        `(7c1a): Information about job ${id} could not be found in our system.`,
      );
    if (part === 'messages')
      return job.news(query.get('startTime'), query.get('pageToken'), Number(query.get('pageSize') ?? 100));
    if (part === 'metrics') return job.metrics();
    if (method === 'PUT') {
      if (!asked.body.includes('"JOB_STATE_CANCELLED"') || !job.cancel()) {
        throw new Refusal(
          400,
          'failedPrecondition',
          '(2b3c): Job state transition is not allowed: the job is in a terminal state.',
        );
      }
      return { id };
    }
    return job.look(query.get('view'));
  }

  async function create(body: string, region: string): Promise<JsonObject> {
    if (standIn.refusal !== undefined) throw standIn.refusal;
    const { job, pipeline } = await checkJob(body, storage);
    const same = jobs.find(
      (known) => known.request['clientRequestId'] === job.clientRequestId && known.name === job.name,
    );
    const active = jobs.find((known) => known.name === job.name && known.isActive);
    if (same !== undefined && standIn.repeated === 'the job') return same.look('JOB_VIEW_ALL');
    if (active !== undefined && standIn.repeated === 'the active job of that name')
      return active.look('JOB_VIEW_ALL');
    if (same !== undefined || active !== undefined) {
      throw new Refusal(
        409,
        'alreadyExists',
        `(a8f4): The workflow could not be created. Causes: (0c9b): There is already an active job named ${job.name}. If you want to submit a second job, try again by setting a different name.`,
      );
    }
    const id = `2026-11-22_05_17_4${jobs.length}-1234567890123456${jobs.length}`;
    const { execute } = standIn;
    const created = new StandInJob(
      id,
      JSON.parse(body) as JsonObject,
      region,
      execute === undefined ? standIn.life : [],
    );
    jobs.push(created);
    execute?.(created, pipeline);
    return { id, name: created.name, clientRequestId: job.clientRequestId, currentState: created.state };
  }

  /** As summaries, without the id of the request. Two a page, so that there are pages. */
  function list(query: URLSearchParams, region: string): JsonObject {
    const name = query.get('name');
    const known = standIn.unlisted > 0 ? jobs.slice(0, -1) : jobs;
    standIn.unlisted = Math.max(0, standIn.unlisted - 1);
    const found = known.filter((job) => job.region === region && (name === null || job.name === name));
    const from = Number(query.get('pageToken') ?? 0);
    const page = found
      .slice(from, from + 2)
      .map(({ id, name: itsName, state }) => ({ id, name: itsName, currentState: state }));
    return {
      ...(page.length === 0 ? {} : { jobs: page }),
      ...(from + 2 >= found.length ? {} : { nextPageToken: String(from + 2) }),
    };
  }
}

interface Asked {
  readonly region: string;
  readonly id: string | undefined;
  readonly part: string | undefined;
  readonly query: URLSearchParams;
  readonly body: string;
}

function refuse(response: ServerResponse, error: unknown): void {
  if (!(error instanceof Refusal)) {
    response.destroy(error instanceof Error ? error : undefined);
    return;
  }
  const { status, reason, message } = error;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      error: { code: status, message, errors: [{ message, domain: 'global', reason }], status: reason },
    }),
  );
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
