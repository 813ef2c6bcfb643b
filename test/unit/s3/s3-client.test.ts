import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { ObjectClient } from '../../../core/clients/object-client';
import { BeamliftError } from '../../../core/errors';
import { hasCode } from '../../has-code';
import { listing, range, refuse, S3StandIn, type Answer } from './s3-stand-in';

describe('client of S3', () => {
  const { signal } = new AbortController();
  const server = new S3StandIn();
  const clients: ObjectClient[] = [];
  before(() => server.start());
  after(() => server.stop());
  afterEach(async () => {
    server.seen.length = 0;
    for (const client of clients.splice(0)) await client.close();
  });

  const open = async (...answers: Answer[]): Promise<ObjectClient> => {
    server.answers = answers;
    const client = await server.client();
    clients.push(client);
    return client;
  };
  const readAll = async (
    client: ObjectClient,
    { start = 0, end = 10, version = 'v1' } = {},
    readSignal = signal,
  ): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of client.read({ key: 'a b', version, start, end }, readSignal)) {
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  };
  const body = Buffer.from('0123456789');

  it('lists by pages, and decodes keys', async () => {
    const client = await open(
      listing([{ key: 'a+b/%C3%BC%23%25%2B%0A.csv', bytes: 1 }], 'n/2='),
      listing([{ key: 'z', bytes: 3_000_000_000_000 }]),
    );
    assert.deepEqual(await client.listPage('a b', undefined, signal), {
      objects: [
        { key: 'a b/ü#%+\n.csv', bytes: 1, version: 'tag-1', lastModified: '2024-02-29T12:00:00.000Z' },
      ],
      next: 'n/2=',
    });
    const last = await client.listPage('a b', 'n/2=', signal);
    assert.deepEqual(
      last.objects.map(({ bytes }) => bytes),
      [3_000_000_000_000],
    );
    assert.equal('next' in last, false);
    assert.deepEqual(
      server.seen.map(({ path, query }) => [path, query.get('prefix'), query.get('continuation-token')]),
      [
        ['/lake/', 'a b', null],
        ['/lake/', 'a b', 'n/2='],
      ],
    );
  });

  it('finds an object by its listing, and by itself where it may not be listed', async () => {
    const listed = await open(listing([{ key: 'a', bytes: 7 }]));
    assert.equal((await listed.find('a', signal))?.bytes, 7);
    const another = await open(listing([{ key: 'ab', bytes: 7 }]));
    assert.equal(await another.find('a', signal), undefined);
    const denied = refuse(403, 'AccessDenied', 'Access Denied');
    const headed = await open(denied, (response) => {
      response.writeHead(200, {
        etag: '"t"',
        'content-length': '9',
        'last-modified': 'Thu, 29 Feb 2024 12:00:00 GMT',
      });
      response.end();
    });
    assert.deepEqual(await headed.find('a', signal), {
      key: 'a',
      bytes: 9,
      version: 't',
      lastModified: '2024-02-29T12:00:00.000Z',
    });
    await assert.rejects((await open(denied)).find('a', signal), hasCode('RIGHTS_MISSING', /Access Denied/));
    const gone = await open(denied, refuse(404, 'NoSuchKey', 'gone'));
    assert.equal(await gone.find('a', signal), undefined);
  });

  it('reads a range of one version', async () => {
    const client = await open(range(body, 'v1'));
    assert.equal((await readAll(client, { start: 3, end: 7 })).toString(), '3456');
    const [{ path, headers } = { path: '', headers: {} }] = server.seen;
    assert.equal(path, '/lake/a%20b');
    assert.equal(headers['range'], 'bytes=3-6');
    assert.equal(headers['if-match'], '"v1"');
  });

  it('refuses another version, whether the service or nobody else sees it', async () => {
    const refused = await open(refuse(412, 'PreconditionFailed', 'At least one of the preconditions failed'));
    await assert.rejects(readAll(refused), hasCode('SOURCE_CHANGED'));
    await assert.rejects(
      readAll(await open(range(body, 'v2'))),
      hasCode('SOURCE_CHANGED', /entity tag v1, and has v2/),
    );
    await assert.rejects(
      readAll(await open(refuse(404, 'NoSuchKey', 'no'))),
      hasCode('SOURCE_CHANGED', /gone/),
    );
    await assert.rejects(readAll(await open(refuse(416, 'InvalidRange', 'no'))), hasCode('SOURCE_CHANGED'));
  });

  it('refuses a service that does not heed ranges', async () => {
    const whole: Answer = (response) => {
      response.writeHead(200, { etag: '"v1"', 'content-length': body.length });
      response.end(body);
    };
    assert.deepEqual(await readAll(await open(whole)), body);
    await assert.rejects(readAll(await open(whole), { start: 2, end: 10 }), hasCode('SOURCE_REFUSED'));
    await assert.rejects(readAll(await open(whole), { start: 0, end: 5 }), hasCode('SOURCE_REFUSED'));
  });

  it('ends with CONNECTION_LOST where an answer breaks, after the pieces that came', async () => {
    const client = await open((response) => {
      response.writeHead(206, {
        etag: '"v1"',
        'content-length': body.length,
        'content-range': 'bytes 0-9/10',
      });
      response.write(body.subarray(0, 4));
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    });
    const came: string[] = [];
    await assert.rejects(
      async () => {
        for await (const piece of client.read({ key: 'a', version: 'v1', start: 0, end: 10 }, signal)) {
          came.push(Buffer.from(piece).toString());
        }
      },
      hasCode('CONNECTION_LOST', /after 4 bytes/),
    );
    assert.deepEqual(came, ['0123']);
  });

  it('ends with the reason of the signal, before and within an answer', async () => {
    const silent = await open(() => undefined);
    const stop = new AbortController();
    setTimeout(() => {
      stop.abort(new Error('enough'));
    }, 10);
    await assert.rejects(readAll(silent, {}, stop.signal), /enough/);
    await assert.rejects(silent.listPage('', undefined, stop.signal), /enough/);

    let open1: ServerResponse | undefined;
    const slow = await open((response) => {
      open1 = response;
      response.writeHead(206, { etag: '"v1"', 'content-length': 10, 'content-range': 'bytes 0-9/10' });
      response.write('0');
    });
    const within = new AbortController();
    setTimeout(() => {
      within.abort(new Error('within'));
    }, 30);
    await assert.rejects(readAll(slow, {}, within.signal), /within/);
    assert.equal(await closed(open1), true);
  });

  it('ends the request of a reader who leaves early', async () => {
    let response1: ServerResponse | undefined;
    const client = await open((response) => {
      response1 = response;
      response.writeHead(206, { etag: '"v1"', 'content-length': 10, 'content-range': 'bytes 0-9/10' });
      response.write('0');
    });
    for await (const piece of client.read({ key: 'a', version: 'v1', start: 0, end: 10 }, signal)) {
      assert.equal(piece.length, 1);
      break;
    }
    assert.equal(await closed(response1), true);
  });

  it('sends nothing of a login when anonymous', async () => {
    server.answers = [listing([])];
    const client = await server.client({ login: { kind: 'anonymous' } });
    clients.push(client);
    await client.listPage('', undefined, signal);
    assert.equal(server.seen[0]?.headers.authorization, undefined);
    server.answers = [refuse(403, 'AccessDenied', 'Access Denied')];
    await assert.rejects(client.listPage('', undefined, signal), (error) => {
      assert.ok(error instanceof BeamliftError);
      assert.match(error.hint ?? '', /not public/);
      return true;
    });
  });

  it('tries again what may pass, and says so in the end', async () => {
    const busy = refuse(503, 'SlowDown', 'Please reduce your request rate.');
    await assert.rejects(
      (await open(busy)).listPage('', undefined, signal),
      hasCode('SOURCE_UNAVAILABLE', /reduce your request rate/),
    );
    assert.equal(server.seen.length, 2);
    const better = await open(refuse(500, 'InternalError', 'We encountered an internal error.'), listing([]));
    assert.deepEqual((await better.listPage('', undefined, signal)).objects, []);
  });

  it('refuses keys that are not encoded as the listing says', async () => {
    const client = await open(listing([{ key: '100%.csv', bytes: 1 }]));
    await assert.rejects(client.listPage('', undefined, signal), hasCode('SOURCE_REFUSED'));
  });

  it('is not led astray by an answer that is not of S3', async () => {
    for (const text of ['<html><body>Welcome<br></body>', '<html><body>Welcome</body></html>', '{}', '']) {
      const page = await open((response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end(text);
      });
      await assert.rejects(page.listPage('', undefined, signal), hasCode('SOURCE_REFUSED'));
    }
  });
});

async function closed(response: ServerResponse | undefined): Promise<boolean> {
  for (let waits = 0; waits < 50 && response?.destroyed === false; waits++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return response?.destroyed === true;
}
