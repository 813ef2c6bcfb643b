import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { crc32cText } from '../../../core/clients/gcs-objects';
import { openGcsReader, type GcsReaderOptions } from '../../../core/clients/gcs-reader';
import type { GoogleLogin } from '../../../core/clients/google-login';
import type { ObjectClient, ObjectRange } from '../../../core/clients/object-client';
import { crc32c } from '../../../core/crc32c';
import { BeamliftError } from '../../../core/errors';
import { hasCode } from '../../has-code';
import { calm, QUICK_RETRY, sendError, sendJson, SILENT, UnrulyServer, type Asked } from './unruly-server';

const BODY = Buffer.from('0123456789'.repeat(10));
const WHOLE: ObjectRange = { key: 'a b#1.csv', version: '17', start: 0, end: BODY.length };

async function reading(
  { url }: UnrulyServer,
  more: Partial<GcsReaderOptions> = {},
): Promise<ObjectClient & AsyncDisposable> {
  const client = await openGcsReader({
    bucket: 'lake',
    endpoint: url,
    credentials: 'anonymous',
    environment: {},
    log: SILENT,
    retry: QUICK_RETRY,
    ...more,
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

async function all(client: ObjectClient, range: ObjectRange = WHOLE, signal = calm()): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of client.read(range, signal)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** The bytes that the request names, as the service sends them. */
function sendRange(asked: Asked, response: ServerResponse, headers: Record<string, string> = {}): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(asked.headers.range ?? '') ?? [];
  const part = BODY.subarray(Number(first), Number(last) + 1);
  response.writeHead(206, {
    'content-range': `bytes ${first}-${last}/${BODY.length}`,
    'content-length': part.length,
    ...headers,
  });
  response.end(part);
}

/** The error that a refusal becomes, and how often it was asked. */
async function refusal(
  status: number,
  reason: string,
  message: string,
): Promise<{ error: BeamliftError; asked: number }> {
  await using server = await UnrulyServer.start((_, response) =>
    sendError(response, status, reason, message),
  );
  await using client = await reading(server);
  try {
    await all(client);
  } catch (error) {
    assert.ok(error instanceof BeamliftError);
    return { error, asked: server.asked.length };
  }
  assert.fail('it was read');
}

describe('objects of Cloud Storage, read', () => {
  it('by range, in the generation that was listed, as they are stored', async () => {
    const packed = gzipSync(BODY);
    await using server = await UnrulyServer.start((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length });
      response.end(packed);
    });
    await using client = await reading(server);
    const pieces: Uint8Array[] = [];
    for await (const piece of client.read({ ...WHOLE, end: packed.length }, calm())) pieces.push(piece);
    assert.ok(Buffer.concat(pieces).equals(packed));
    const [asked] = server.asked;
    assert.equal(asked?.path, '/storage/v1/b/lake/o/a b#1.csv');
    assert.deepEqual(Object.fromEntries(asked.query), {
      alt: 'media',
      generation: '17',
    });
    assert.equal(asked.headers.range, `bytes=0-${packed.length - 1}`);
    assert.equal(asked.headers['accept-encoding'], 'gzip');
  });

  it('again after faults of the service and broken connections before an answer', async () => {
    await using server = await UnrulyServer.start((asked, response, count) => {
      if (count === 1) sendError(response, 503, 'backendError');
      else if (count === 2) response.socket?.destroy();
      else sendRange(asked, response);
    });
    await using client = await reading(server);
    assert.equal(await all(client, { ...WHOLE, start: 3, end: 12 }), '345678901');
    assert.equal(server.asked.length, 3);
  });

  it('up to where the connection breaks: then it says so', async () => {
    await using server = await UnrulyServer.start((_, response) => {
      response.writeHead(206, {
        'content-range': `bytes 0-${BODY.length - 1}/${BODY.length}`,
        'content-length': BODY.length,
      });
      response.write(BODY.subarray(0, 40), () => response.socket?.destroy());
    });
    await using client = await reading(server);
    let bytes = 0;
    await assert.rejects(
      async () => {
        for await (const piece of client.read(WHOLE, calm())) bytes += piece.length;
      },
      hasCode('CONNECTION_LOST', /after 40 of 100 bytes/),
    );
    assert.equal(bytes, 40);
    assert.equal(server.asked.length, 1);
  });

  it('with proof by its sum where all of it comes', async () => {
    for (const sum of [crc32c(BODY), crc32c(BODY) ^ 1]) {
      await using server = await UnrulyServer.start((asked, response) =>
        sendRange(asked, response, {
          'x-goog-hash': `crc32c=${crc32cText(sum >>> 0)},md5=abc`,
          'x-goog-stored-content-length': String(BODY.length),
        }),
      );
      await using client = await reading(server);
      assert.equal(await all(client, { ...WHOLE, end: 50 }), BODY.toString().slice(0, 50));
      if (sum === crc32c(BODY)) assert.equal(await all(client), BODY.toString());
      else await assert.rejects(all(client), hasCode('SOURCE_INCOMPLETE', /damaged.*CRC-32C/));
    }
  });

  it('not in another generation, and not from a service without ranges', async () => {
    for (const status of [404, 412, 416]) {
      const { error, asked } = await refusal(status, 'whatever', 'No such object: lake/a b#1.csv');
      assert.equal(error.code, 'SOURCE_CHANGED');
      assert.match(`${error.what} ${error.why}`, /gs:\/\/lake\/a b#1\.csv was replaced.*Generation 17/);
      assert.equal(asked, 1);
    }
    await using server = await UnrulyServer.start((_, response) => void response.end(BODY));
    await using client = await reading(server);
    await assert.rejects(all(client, { ...WHOLE, start: 5 }), hasCode('SOURCE_REFUSED', /not the range/));
  });

  it('until somebody stops: the connection ends', async () => {
    let closed: Promise<unknown> | undefined;
    await using server = await UnrulyServer.start((_, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(206, { 'content-range': `bytes 0-99/100`, 'content-length': 100 });
      response.write(BODY.subarray(0, 10));
    });
    await using client = await reading(server);
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const { length } of client.read(WHOLE, controller.signal)) {
        assert.equal(length, 10);
        controller.abort(new Error('enough'));
      }
    }, /enough/);
    await closed;
    const pieces = client.read(WHOLE, calm())[Symbol.asyncIterator]();
    await pieces.next();
    await pieces.return?.();
    await closed;
    assert.equal(server.asked.length, 2);
  });

  it('tells who may not, and what to do', async () => {
    const cases = [
      [
        401,
        'required',
        'Anonymous caller does not have storage.objects.get access',
        'LOGIN_FAILED',
        /public/,
      ],
      [403, 'forbidden', 'x@y does not have storage.objects.get access', 'RIGHTS_MISSING', /this object/],
      [403, 'forbidden', 'x@y does not have storage.objects.list access', 'RIGHTS_MISSING', /objects\.list/],
      [400, 'required', 'Bucket is a requester pays bucket', 'RIGHTS_MISSING', /`project`/],
      [404, 'notFound', 'The specified bucket does not exist.', 'BUCKET_NOT_FOUND', /`bucket`/],
      [400, 'invalid', 'Nonsense', 'SOURCE_REFUSED', /`endpoint`/],
      [503, 'backendError', 'Busy', 'SOURCE_UNAVAILABLE', /Run|run/],
      [429, 'rateLimitExceeded', 'Slow down', 'SOURCE_UNAVAILABLE', /run/],
    ] as const;
    for (const [status, reason, message, code, hint] of cases) {
      const { error, asked } = await refusal(status, reason, message);
      assert.equal(error.code, code, message);
      assert.match(error.hint ?? '', hint);
      assert.equal(asked, error.transient ? QUICK_RETRY.attempts : 1, message);
    }
  });

  it('with another token where the one that worked has expired, once', async () => {
    const expired = new Set<string>();
    await using server = await UnrulyServer.start((asked, response) => {
      const token = asked.headers.authorization ?? '';
      if (expired.has(token)) sendError(response, 401, 'authError', 'Invalid Credentials');
      else sendRange(asked, response);
    });
    let tokens = 1;
    let accepted = '';
    // Calls itself anonymous to be let through without TLS.
    const login: GoogleLogin = {
      isAnonymous: true,
      project: undefined,
      headers: () => Promise.resolve({ authorization: `Bearer ${tokens}` }),
      confirm: ({ authorization = '' }) => {
        accepted = authorization;
      },
      renew: ({ authorization }) => {
        tokens++;
        return authorization === accepted;
      },
    };
    await using client = await reading(server, { login });
    assert.equal(await all(client), BODY.toString());
    expired.add('Bearer 1');
    assert.equal(await all(client), BODY.toString());
    assert.equal(server.asked.length, 3);
    for (let token = 2; token < 9; token++) expired.add(`Bearer ${token}`);
    await assert.rejects(all(client), hasCode('LOGIN_FAILED'));
    assert.equal(server.asked.length, 5);
  });

  it('name who pays where the bucket asks for it', async () => {
    for (const project of ['payer', undefined]) {
      await using server = await UnrulyServer.start((asked, response) => {
        if (asked.query.get('userProject') === 'payer') sendRange(asked, response);
        else
          sendError(
            response,
            400,
            'required',
            'Bucket is a requester pays bucket but no user project provided.',
          );
      });
      await using client = await reading(server, project === undefined ? {} : { project });
      if (project === undefined) {
        await assert.rejects(all(client), hasCode('RIGHTS_MISSING'));
        continue;
      }
      assert.equal(await all(client), BODY.toString());
      assert.equal(await all(client), BODY.toString());
      assert.equal(server.asked.length, 3);
    }
  });

  it('are listed in pages, and found by name', async () => {
    const item = (name: string): object => ({
      name,
      generation: '5',
      size: '7',
      updated: '2026-01-02T03:04:05.678Z',
    });
    await using server = await UnrulyServer.start((asked, response) => {
      if (asked.path.endsWith('/o')) {
        const second = asked.query.get('pageToken') === 'next';
        sendJson(response, 200, second ? {} : { items: [item('p/a')], nextPageToken: 'next' });
      } else if (asked.path.endsWith('/o/p/a')) sendJson(response, 200, item('p/a'));
      else sendError(response, 404, 'notFound', 'No such object');
    });
    await using client = await reading(server);
    const listed = { key: 'p/a', bytes: 7, version: '5', lastModified: '2026-01-02T03:04:05.678Z' };
    const first = await client.listPage('p/', undefined, calm());
    assert.deepEqual(first, { objects: [listed], next: 'next' });
    assert.deepEqual(await client.listPage('p/', first.next, calm()), { objects: [] });
    assert.equal(server.asked[0]?.query.get('prefix'), 'p/');
    assert.deepEqual(await client.find('p/a', calm()), listed);
    assert.equal(await client.find('p/b', calm()), undefined);
  });
});
