import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../../../core/logger';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Answers as told; `response.socket?.destroy()` is a broken connection. */
export type Answering = (asked: Asked, response: ServerResponse, count: number) => void | Promise<void>;

/** An HTTP server on loopback that does what the network and services do on a bad day. */
export class UnrulyServer implements AsyncDisposable {
  readonly asked: Asked[] = [];

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly url: string,
  ) {}

  static async start(answer: Answering): Promise<UnrulyServer> {
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', () => undefined);
      incoming.on('end', () => {
        const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
        const asked = {
          method: incoming.method ?? '',
          path: decodeURIComponent(url.pathname),
          query: url.searchParams,
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        };
        started.asked.push(asked);
        void answer(asked, response, started.asked.length);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const started = new UnrulyServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return started;
  }

  /** `GET /path` of every request so far. */
  get lines(): string[] {
    return this.asked.map(({ method, path }) => `${method} ${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** An error as Google's JSON APIs write it. */
export function sendError(
  response: ServerResponse,
  status: number,
  reason: string,
  message = `about ${reason}`,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, status, { error: { code: status, message, errors: [{ reason, message }] } }, headers);
}

export const QUICK_RETRY = { attempts: 4, minDelayMs: 1, maxDelayMs: 4, factor: 2 } as const;

export const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A signal that never aborts. */
export const calm = (): AbortSignal => new AbortController().signal;
