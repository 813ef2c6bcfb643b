/** A request as the proxy got it, with its body. */
export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly body: Uint8Array;
}

/** Beginnings of the names of staged objects, below any prefix, and what they are called here. */
const OBJECTS: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)state\/[^/]+$/, 'state'],
  [/(?:^|\/)tables\/[^/]+$/, 'tableLease'],
  [/(?:^|\/)runs\/[^/]+\/[^/]+\/plan\.json$/, 'plan'],
  [/(?:^|\/)runs\/[^/]+\/[^/]+\/commit\.json$/, 'commit'],
  [/(?:^|\/)runs\/[^/]+\/[^/]+\/units\//, 'manifest'],
  [/(?:^|\/)runs\/[^/]+\/[^/]+\/parts\//, 'part'],
  [/(?:^|\/)rejects\//, 'rejects'],
  [/(?:^|\/)runs\//, 'run'],
];

/**
 * What a request is to the commit, in a word: `state.write committing`, `part.upload`, `manifest.write`, `tableLease.write`, `job.insert publish`,
 * `job.get publish`, `job.burn publish`, `part.delete`, `table.patch`, … What it knows nothing of keeps its method and path.
 */
export function effectOf(request: SeenRequest): string {
  const url = new URL(request.url, 'http://proxy');
  const path = url.pathname
    .split('/')
    .filter((piece) => piece !== '')
    .map(decodeURIComponent);
  const storage = path.indexOf('storage');
  if (storage >= 0) return storageEffect(request, url, path.slice(storage + 2), path[0] === 'upload');
  const projects = path.indexOf('projects');
  if (projects >= 0) return bigqueryEffect(request, path.slice(projects + 2));
  return `${request.method} ${url.pathname}`;
}

/** Whether a repeated request could change something: what a crash matrix breaks before and after. */
export function isMutation(effect: string): boolean {
  return !/\.(?:get|read|list|rows)\b/.test(effect);
}

/** `path`: from `b` on. */
function storageEffect(request: SeenRequest, url: URL, path: readonly string[], upload: boolean): string {
  const { method } = request;
  const name = path[3] ?? url.searchParams.get('name') ?? nameInBody(request.body);
  const kind = nameKind(name ?? url.searchParams.get('prefix') ?? '');
  if (upload) {
    if (url.searchParams.has('upload_id')) {
      if (method === 'DELETE') return `${kind}.giveUp`;
      return request.body.byteLength === 0 ? `${kind}.upload.list` : `${kind}.upload.chunk`;
    }
    if (url.searchParams.get('uploadType') === 'resumable') return `${kind}.upload.start`;
    if (kind === 'part') return 'part.upload';
    return kind === 'state' ? `state.write ${stepOfState(request.body)}` : `${kind}.write`;
  }
  if (path.length <= 2) return 'bucket.get';
  if (path.length === 3) return `${kind}.list`;
  if (method === 'DELETE') return `${kind}.delete`;
  return url.searchParams.get('alt') === 'media' ? `${kind}.read` : `${kind}.get`;
}

/** What a state object says of its run: the step that is taken by writing it. */
function stepOfState(body: Uint8Array): string {
  const text = Buffer.from(body).toString();
  if (text.includes('"lease":null')) return 'release';
  return /"run":\{[^{}]*"state":"(\w+)"/.exec(text)?.[1] ?? 'lease';
}

function nameKind(name: string): string {
  return OBJECTS.find(([pattern]) => pattern.test(name))?.[1] ?? 'object';
}

/** The name in the description that a multipart body begins with, or that starts a session. */
function nameInBody(body: Uint8Array): string | undefined {
  const text = Buffer.from(body.subarray(0, 2_000)).toString('latin1');
  const name = /"name":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  return name === undefined ? undefined : (JSON.parse(name) as string);
}

/** `path`: below the project. */
function bigqueryEffect({ method, body }: SeenRequest, path: readonly string[]): string {
  const [kind, id, verb, table] = path;
  if (kind === 'jobs') {
    if (id === undefined) return insertEffect(body);
    if (verb === 'cancel') return `job.cancel ${stepOf(id)}`;
    return `job.get ${stepOf(id)}`;
  }
  if (kind === 'queries') return id === undefined ? 'query' : `job.rows ${stepOf(id)}`;
  if (kind === 'datasets') {
    if (verb !== 'tables') return 'dataset.get';
    const name = table ?? tableInBody(body);
    const what = name.startsWith('beamlift_tmp_') ? 'temporaryTable' : 'table';
    const verbs: Record<string, string> = {
      GET: 'get',
      POST: 'create',
      PATCH: 'patch',
      PUT: 'patch',
      DELETE: 'delete',
    };
    return `${what}.${verbs[method] ?? method}`;
  }
  return `${method} ${path.join('/')}`;
}

function insertEffect(body: Uint8Array): string {
  const { jobReference, configuration } = JSON.parse(Buffer.from(body).toString()) as {
    jobReference?: { jobId?: string };
    configuration?: { labels?: Record<string, string> };
  };
  const burning = Object.keys(configuration?.labels ?? {}).some((label) => label.includes('burnt'));
  return `job.${burning ? 'burn' : 'insert'} ${stepOf(jobReference?.jobId ?? '')}`;
}

function tableInBody(body: Uint8Array): string {
  if (body.byteLength === 0) return '';
  const { tableReference } = JSON.parse(Buffer.from(body).toString()) as {
    tableReference?: { tableId?: string };
  };
  return tableReference?.tableId ?? '';
}

/** Ids of jobs end in `_STEP_ATTEMPT`; a step may end in a hash of what it does. */
function stepOf(jobId: string): string {
  const [, step, attempt] = /_([A-Za-z0-9-]+?)(?:-[0-9a-f]{8})?_(\d+)$/.exec(jobId) ?? [];
  if (step === undefined) return jobId;
  return attempt === '0' ? step : `${step}#${attempt ?? ''}`;
}
