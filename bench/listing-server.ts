import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Of S3, for one page. */
const PAGE_KEYS = 1_000;
const DAYS = 365;

/** What every object holds: 1,024 bytes. */
const BODY = Buffer.from(`id1\n${'1\n'.repeat(510)}`);

/** A bucket of S3 with so many objects of the same few bytes; its listing is made as it is asked for. */
export interface ListingServer {
  readonly endpoint: string;
  readonly bucket: string;
  stop(): Promise<void>;
}

/** Answers ListObjectsV2 and reads of objects, and no other request; keys are `events/day=NNN/part-NNNNNNN.csv`, in order. */
export async function startListingServer(keys: number): Promise<ListingServer> {
  const server = createServer((request, response) => {
    const { searchParams, pathname } = new URL(request.url ?? '', 'http://localhost');
    request.resume();
    if (searchParams.get('list-type') !== '2') {
      sendObject(request, response, pathname);
      return;
    }
    const most = Math.min(PAGE_KEYS, Number(searchParams.get('max-keys') ?? PAGE_KEYS));
    const first = Number(searchParams.get('continuation-token') ?? 0);
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(page(pathname.split('/')[1] ?? '', searchParams.get('prefix') ?? '', first, most, keys));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: 'lake',
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendObject({ method, headers }: IncomingMessage, response: ServerResponse, pathname: string): void {
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(501).end();
    return;
  }
  const [, start = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const end = last === '' ? BODY.length : Math.min(BODY.length, Number(last) + 1);
  const range =
    headers.range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${BODY.length}` };
  response.writeHead(headers.range === undefined ? 200 : 206, {
    ...{ 'content-length': end - Number(start), ...range },
    ...{ etag: `"${tagOf(pathname)}"`, 'last-modified': 'Thu, 29 Feb 2024 12:00:00 GMT' },
  });
  response.end(method === 'HEAD' ? undefined : BODY.subarray(Number(start), end));
}

function tagOf(key: string): string {
  return /part-(\d+)/.exec(key)?.[1] ?? '';
}

function page(bucket: string, prefix: string, first: number, most: number, keys: number): string {
  const entries: string[] = [];
  let index = first;
  for (; index < keys && entries.length < most; index++) {
    const key = keyOf(index, keys);
    if (key.startsWith(prefix))
      entries.push(
        `<Contents><Key>${key}</Key><LastModified>2024-02-29T12:00:00.000Z</LastModified><ETag>&quot;${tagOf(key)}&quot;</ETag><Size>${BODY.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
      );
  }
  const more =
    index < keys
      ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${index}</NextContinuationToken>`
      : '<IsTruncated>false</IsTruncated>';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>${bucket}</Name><Prefix>${prefix}</Prefix><KeyCount>${entries.length}</KeyCount><MaxKeys>${most}</MaxKeys>${more}${entries.join('')}</ListBucketResult>`;
}

/** In the order of its bytes. */
function keyOf(index: number, keys: number): string {
  const day = Math.floor((index * DAYS) / keys);
  return `events/day=${String(day).padStart(3, '0')}/part-${String(index).padStart(7, '0')}.csv`;
}
