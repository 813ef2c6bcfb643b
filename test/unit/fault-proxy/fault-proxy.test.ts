import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { startFaultProxy, type FaultProxy } from '../../fault-proxy/fault-proxy';
import { Faults, type FaultAction } from '../../fault-proxy/faults';

describe('fault proxy', () => {
  let target: Server;
  let proxy: FaultProxy;
  let faults: Faults;
  let served: string[];
  let killed: number;
  beforeEach(async () => {
    served = [];
    killed = 0;
    target = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        served.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
        response.setHeader('location', `http://${request.headers.host ?? ''}/next?upload_id=1`);
        response.end(JSON.stringify({ n: served.length }));
      });
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    const address = target.address();
    assert.ok(address !== null && typeof address !== 'string');
    faults = new Faults(() => {
      killed += 1;
      return Promise.resolve();
    });
    proxy = await startFaultProxy(`http://127.0.0.1:${address.port}`, faults);
  });
  afterEach(async () => {
    await proxy.stop();
    await new Promise((resolve) => target.close(resolve));
  });

  const manifest = '/upload/storage/v1/b/staging/o?uploadType=media&name=p/runs/j/r/units/u.json';
  const write = async (): Promise<number> =>
    (await fetch(`${proxy.endpoint}${manifest}`, { method: 'POST', body: 'body' })).status;

  it('passes requests on, and answers back, with addresses that lead to itself', async () => {
    const response = await fetch(`${proxy.endpoint}${manifest}`, { method: 'POST', body: 'body' });
    assert.deepEqual(await response.json(), { n: 1 });
    assert.deepEqual(served, [`POST ${manifest} body`]);
    assert.equal(response.headers.get('location'), `${proxy.endpoint}/next?upload_id=1`);
    assert.deepEqual(faults.requests, [
      {
        effect: 'manifest.write',
        method: 'POST',
        path: '/upload/storage/v1/b/staging/o',
        status: 200,
        fault: undefined,
      },
    ]);
  });

  const unanswered: [FaultAction, { done: number; killed: number }][] = [
    ['kill-before', { done: 0, killed: 1 }],
    ['kill-after', { done: 1, killed: 1 }],
    ['drop-answer', { done: 1, killed: 0 }],
    ['reset', { done: 0, killed: 0 }],
  ];
  for (const [action, expected] of unanswered) {
    it(`${JSON.stringify(action)}: ${JSON.stringify(expected)}, and no answer`, async () => {
      faults.set({ on: 'manifest.write', nth: 1, action });
      await assert.rejects(write());
      assert.equal(faults.struck, true);
      assert.deepEqual({ done: served.length, killed }, expected);
      assert.equal(await write(), 200);
    });
  }

  it('answers with a failure as often as it is told, and forwards none of these', async () => {
    faults.set({ on: 'manifest.write', nth: 2, action: 429, times: 2 });
    assert.deepEqual([await write(), await write(), await write(), await write()], [200, 429, 429, 200]);
    assert.equal(served.length, 2);
  });

  it('strikes the effect that it is told, or a method and path', async () => {
    faults.set({ on: 'state.write', nth: 1, action: 503 });
    assert.equal(await write(), 200);
    assert.equal(faults.struck, false);
    faults.set({ on: /^POST \/upload/, nth: 1, action: 503 });
    assert.equal(await write(), 503);
  });

  it('does something meanwhile, and forwards then', async () => {
    faults.set({
      on: 'manifest.write',
      nth: 1,
      action: {
        meanwhile: () => {
          assert.equal(served.length, 0);
          killed += 1;
          return Promise.resolve();
        },
      },
    });
    assert.equal(await write(), 200);
    assert.equal(killed, 1);
  });
});
