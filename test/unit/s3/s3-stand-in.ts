import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openS3 } from '../../../core/clients/s3';
import type { ObjectClient } from '../../../core/clients/object-client';
import type { S3Settings } from '../../../core/clients/s3-settings';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a request; what it does not answer stays open. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** A server on this machine that answers as S3 does, in the words of its documentation. */
export class S3StandIn {
  readonly seen: SeenRequest[] = [];
  /** The first answers in turn; the last one stays. */
  answers: Answer[] = [];
  private readonly server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://host');
    const seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
    };
    this.seen.push(seen);
    request.resume();
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    answer?.(response, seen);
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async client(more: Partial<S3Settings> = {}): Promise<ObjectClient> {
    return await openS3(
      {
        bucket: 'lake',
        region: 'us-east-1',
        endpoint: this.endpoint,
        pathStyle: true,
        login: {
          kind: 'keys',
          origin: '`access_key_id` of the connection',
          keys: { accessKeyId: 'AKIATEST', secretAccessKey: 'a-secret-key-for-tests' },
        },
        ...more,
      },
      1,
    );
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** An error as S3 writes it. */
export function refuse(
  status: number,
  code: string,
  message: string,
  more = '',
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return (response, { method }) => {
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}<RequestId>R</RequestId></Error>`;
    response.writeHead(status, { 'content-type': 'application/xml', ...headers });
    response.end(method === 'HEAD' ? undefined : body);
  };
}

export function listing(objects: readonly { key: string; bytes: number }[], next?: string): Answer {
  const contents = objects.map(
    ({ key, bytes }) =>
      `<Contents><Key>${key}</Key><LastModified>2024-02-29T12:00:00.000Z</LastModified><ETag>&quot;tag-${bytes}&quot;</ETag><Size>${bytes}</Size></Contents>`,
  );
  const more =
    next === undefined
      ? '<IsTruncated>false</IsTruncated>'
      : `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`;
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>lake</Name><EncodingType>url</EncodingType>${more}${contents.join('')}</ListBucketResult>`,
    );
  };
}

/** A range of a body. */
export function range(body: Buffer, tag: string): Answer {
  return (response, { headers }) => {
    const [, start = '0', last = '0'] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') ?? [];
    const piece = body.subarray(Number(start), Number(last) + 1);
    response.writeHead(206, {
      etag: `"${tag}"`,
      'content-length': piece.length,
      'content-range': `bytes ${start}-${last}/${body.length}`,
    });
    response.end(piece);
  };
}
