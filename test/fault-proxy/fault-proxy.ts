import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { effectOf } from './effects';
import { failureBody, hold, refusalBody, type Faults, type RecordedRequest } from './faults';
import type { OneAtATime } from './one-at-a-time';
import { UploadSessions } from './upload-sessions';

/** HTTP in front of one server, that records every request and breaks what its faults say. */
export interface FaultProxy {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Headers of one hop, and the length, which is counted anew. */
const OWN_HEADERS = ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive'];

/**
 * `target`: `http://HOST:PORT`. Bodies are held in memory whole. `posts`: POST requests go on one at a time, among all proxies that share it:
 * where two make the same table or job at the same moment, the stand-in for BigQuery fails one of them ("write-write conflict", "Failed to
 * commit"), and BigQuery answers 409.
 */
export async function startFaultProxy(
  target: string,
  faults: Faults,
  posts?: OneAtATime,
): Promise<FaultProxy> {
  const sessions = new UploadSessions();
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // The server behind is gone, or the client is.
      response.destroy(error instanceof Error ? error : undefined);
    });
  });

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = { method: request.method ?? '', url: request.url ?? '', body: await bodyOf(request) };
    const path = decodeURIComponent(seen.url.replace(/\?.*/s, ''));
    const record: RecordedRequest = {
      effect: effectOf(seen),
      method: seen.method,
      path,
      status: undefined,
      fault: undefined,
    };
    faults.requests.push(record);
    const action = faults.next(record);
    record.fault = action;
    if (action === 'kill-before') await faults.kill();
    if (action === 'kill-before' || action === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    if (typeof action === 'number') {
      record.status = action;
      response.writeHead(action, { 'content-type': 'application/json' });
      response.end(failureBody(action));
      return;
    }
    if (typeof action === 'object' && 'refuse' in action) {
      record.status = action.refuse.status;
      response.writeHead(action.refuse.status, { 'content-type': 'application/json' });
      response.end(refusalBody(action.refuse));
      return;
    }
    await hold(action);
    const doIt = async (): Promise<Answer> => await forward(seen, request.headers);
    const answer = await (seen.method === 'POST' ? (posts?.run(doIt) ?? doIt()) : doIt());
    if (action === 'kill-after') await faults.kill();
    if (action === 'kill-after' || action === 'drop-answer') {
      request.socket.resetAndDestroy();
      return;
    }
    record.status = answer.status;
    response.writeHead(answer.status, answersHeaders(answer, endpoint));
    response.end(answer.body);
  };

  const forward = async (
    seen: { method: string; url: string; body: Buffer },
    headers: IncomingHttpHeaders,
  ): Promise<Answer> => {
    const session = new URL(seen.url, target).searchParams.get('upload_id');
    if (session === null || seen.method !== 'PUT')
      return await send(seen.method, seen.url, headers, seen.body);
    const turn = sessions.turn(session, headers['content-range'], seen.body);
    if (turn.kind === 'answer') return { ...turn, body: Buffer.from(turn.body) };
    const answer = await send(seen.method, seen.url, { ...headers, 'content-range': turn.range }, turn.body);
    sessions.answered(session, turn.body.byteLength, answer.status, answer.body.toString());
    return answer;
  };

  const send = async (
    method: string,
    url: string,
    headers: IncomingHttpHeaders,
    body: Uint8Array,
  ): Promise<Answer> => {
    const kept = Object.entries(headers).filter(
      ([name, value]) => !OWN_HEADERS.includes(name) && value !== undefined,
    );
    return await new Promise((resolve, reject) => {
      // Without keep-alive: a server that closes an idle connection would break a request that nobody asked to break.
      const outgoing = httpRequest(
        new URL(url, target),
        { method, agent: false, headers: { ...Object.fromEntries(kept), 'content-length': body.byteLength } },
        (incoming) => {
          bodyOf(incoming).then((answered) => {
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: answered });
          }, reject);
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  };

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const endpoint = `http://127.0.0.1:${address.port}`;
  return {
    endpoint,
    stop: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };

  function answersHeaders({ headers }: Answer, own: string): Record<string, string | string[]> {
    const kept: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined && !OWN_HEADERS.includes(name)) kept[name] = value;
    }
    // A session of an upload goes on through the proxy.
    if (headers.location !== undefined) kept['location'] = headers.location.replace(target, own);
    return kept;
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
