import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { openAzureContainer } from '../../../core/clients/azure-blob';
import type { AzureLogin } from '../../../core/clients/azure-settings';
import type { ObjectClient, ObjectRange } from '../../../core/clients/object-client';
import { hasCode } from '../../has-code';
import { calm, QUICK_RETRY, UnrulyServer, type Asked } from '../google/unruly-server';

const BODY = Buffer.from('0123456789'.repeat(10));
const RANGE: ObjectRange = { key: 'a b#1.csv', version: '0x8D', start: 20, end: 60 };
const KEY: AzureLogin = { kind: 'key', account: 'shop', key: Buffer.from('k'.repeat(64)).toString('base64') };
const SAS: AzureLogin = { kind: 'sas', token: 'sp=rl&sig=S3CRET' };

async function opened(
  { url }: UnrulyServer,
  login: AzureLogin = KEY,
): Promise<ObjectClient & AsyncDisposable> {
  const client = await openAzureContainer({
    settings: { endpoint: `${url}/shop`, account: 'shop', container: 'raw', login },
    retry: QUICK_RETRY,
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

async function all(client: ObjectClient, range = RANGE): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of client.read(range, calm())) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function sendFailure(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-ms-error-code': code, 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>About ${code}.\nRequestId:1</Message></Error>`,
  );
}

function beginRange(asked: Asked, response: ServerResponse, more: Record<string, string> = {}): Buffer {
  const said = asked.headers['x-ms-range'] ?? asked.headers.range;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(String(said)) ?? [];
  const part = BODY.subarray(Number(first), Number(last) + 1);
  response.writeHead(206, {
    'content-range': `bytes ${first}-${last}/${BODY.length}`,
    'content-length': part.length,
    etag: '"0x8D"',
    ...more,
  });
  return part;
}

describe('blobs of Azure, read', function () {
  // The library takes a second to load while other tests run.
  this.timeout(20_000);

  it('by range at the entity tag that was listed, as they are stored', async () => {
    await using server = await UnrulyServer.start((asked, response) => {
      response.end(beginRange(asked, response, { 'content-encoding': 'gzip' }));
    });
    await using client = await opened(server);
    assert.equal(await all(client), BODY.toString().slice(20, 60));
    const [asked] = server.asked;
    assert.equal(asked?.path, '/shop/raw/a b#1.csv');
    assert.equal(asked.headers['if-match'], '"0x8D"');
    assert.match(asked.headers.authorization ?? '', /^SharedKey shop:/);
  });

  it('again after faults of the service and broken connections before an answer', async () => {
    await using server = await UnrulyServer.start((asked, response, count) => {
      if (count === 1) sendFailure(response, 503, 'ServerBusy');
      else if (count === 2) response.socket?.destroy();
      else response.end(beginRange(asked, response));
    });
    await using client = await opened(server);
    assert.equal(await all(client), BODY.toString().slice(20, 60));
    assert.equal(server.asked.length, 3);
  });

  it('up to where the connection breaks: then it says so', async () => {
    await using server = await UnrulyServer.start((asked, response) => {
      const part = beginRange(asked, response);
      response.write(part.subarray(0, 10), () => setTimeout(() => response.socket?.destroy(), 20));
    });
    await using client = await opened(server);
    let text = '';
    await assert.rejects(async () => {
      for await (const piece of client.read(RANGE, calm())) text += Buffer.from(piece).toString();
    }, hasCode('CONNECTION_LOST'));
    assert.equal(text, '0123456789');
    assert.equal(server.asked.length, 1);
  });

  it('never in another version, and asked for once', async () => {
    for (const [status, code] of [
      [412, 'ConditionNotMet'],
      [404, 'BlobNotFound'],
    ] as const) {
      await using server = await UnrulyServer.start((_, response) => sendFailure(response, status, code));
      await using client = await opened(server);
      await assert.rejects(all(client), hasCode('SOURCE_CHANGED', /a b#1\.csv was replaced or deleted/));
      assert.equal(server.asked.length, 1);
    }
  });

  it('until somebody stops: the connection ends', async () => {
    let closed: Promise<unknown> | undefined;
    await using server = await UnrulyServer.start((asked, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.write(beginRange(asked, response).subarray(0, 10));
    });
    await using client = await opened(server);
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const { length } of client.read(RANGE, controller.signal)) {
        assert.equal(length, 10);
        controller.abort(new Error('enough'));
      }
    }, /enough/);
    await closed;
    assert.equal(server.asked.length, 1);
  });

  it('without carrying a token to where a redirect leads', async () => {
    await using other = await UnrulyServer.start((_, response) => void response.end(BODY));
    await using server = await UnrulyServer.start((_, response) => {
      response.writeHead(307, { location: `${other.url}/elsewhere` });
      response.end();
    });
    await using client = await opened(server, SAS);
    await assert.rejects(all(client), (error) => {
      hasCode('SOURCE_REFUSED')(error);
      assert.ok(!JSON.stringify(error).includes('S3CRET'));
      return true;
    });
    assert.equal(server.asked[0]?.query.get('sig'), 'S3CRET');
    assert.equal(other.asked.length, 0);
  });

  it('are listed in pages, folders of a hierarchy left out', async () => {
    const blob = (name: string, metadata = ''): string =>
      `<Blob><Name>${name}</Name><Properties><Last-Modified>Fri, 01 May 2026 11:00:00 GMT</Last-Modified><Etag>0x8D</Etag><Content-Length>7</Content-Length><BlobType>BlockBlob</BlobType></Properties><Metadata>${metadata}</Metadata></Blob>`;
    const page = (blobs: string, next: string): string =>
      `<?xml version="1.0"?><EnumerationResults ServiceEndpoint="x" ContainerName="raw"><Blobs>${blobs}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`;
    await using server = await UnrulyServer.start((asked, response) => {
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(
        asked.query.get('marker') === 'next'
          ? page('', '')
          : page(blob('p', '<hdi_isfolder>true</hdi_isfolder>') + blob('p/a &amp; b'), 'next'),
      );
    });
    await using client = await opened(server);
    const first = await client.listPage('p', undefined, calm());
    assert.deepEqual(first, {
      objects: [{ key: 'p/a & b', bytes: 7, version: '0x8D', lastModified: '2026-05-01T11:00:00.000Z' }],
      next: 'next',
    });
    assert.deepEqual(await client.listPage('p', first.next, calm()), { objects: [] });
    assert.equal(server.asked[0]?.query.get('prefix'), 'p');
  });

  it('not from another service', async () => {
    await using server = await UnrulyServer.start((_, response) => void response.end('{"hello":1}'));
    await using client = await opened(server);
    await assert.rejects(client.listPage('', undefined, calm()), hasCode('SOURCE_REFUSED'));
    await assert.rejects(client.find('x', calm()), hasCode('SOURCE_REFUSED'));
  });
});
