import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokenTransfer, streamedGet } from '../../../core/clients/streamed-get';
import { calm, UnrulyServer } from './unruly-server';

describe('a GET that is read as it comes', () => {
  let agent: Agent;
  beforeEach(() => {
    agent = new Agent({ keepAlive: true });
  });
  afterEach(() => agent.destroy());

  it('gives up a server that does not answer, or falls silent', async () => {
    await using silent = await UnrulyServer.start(() => undefined);
    const request = { url: silent.url, headers: {}, agent, answerTimeoutMs: 30, silenceTimeoutMs: 30 };
    await assert.rejects(streamedGet(request, calm()), /no answer within 0\.03 s/);
    await using stuck = await UnrulyServer.start((_, response) => void response.write('begin'));
    const { body } = await streamedGet({ ...request, url: stuck.url, answerTimeoutMs: 5_000 }, calm());
    assert.equal(Buffer.from((await body.next()).value ?? []).toString(), 'begin');
    await assert.rejects(body.next(), (error) => {
      assert.ok(error instanceof BrokenTransfer);
      assert.match(error.message, /nothing came for 0\.03 s/);
      return true;
    });
  });

  it('waits for whoever reads slowly', async () => {
    await using server = await UnrulyServer.start((_, response) => void response.end('x'.repeat(2_000_000)));
    const { body } = await streamedGet({ url: server.url, headers: {}, agent, silenceTimeoutMs: 20 }, calm());
    let bytes = 0;
    for await (const piece of body) {
      if (bytes === 0) await sleep(60);
      bytes += piece.length;
    }
    assert.equal(bytes, 2_000_000);
  });

  it('follows no redirect, and uses a connection again', async () => {
    const ports = new Set<number | undefined>();
    await using server = await UnrulyServer.start((_, response) => {
      ports.add(response.socket?.remotePort);
      response.writeHead(302, { location: 'http://127.0.0.1:1/' });
      response.end('elsewhere');
    });
    for (let count = 0; count < 3; count++) {
      const answer = await streamedGet({ url: server.url, headers: {}, agent }, calm());
      assert.equal(answer.status, 302);
      let text = '';
      for await (const piece of answer.body) text += Buffer.from(piece).toString();
      assert.equal(text, 'elsewhere');
    }
    assert.equal(ports.size, 1);
  });

  it('names the connection that could not be made', async () => {
    const server = await UnrulyServer.start(() => undefined);
    await server[Symbol.asyncDispose]();
    await assert.rejects(streamedGet({ url: server.url, headers: {}, agent }, calm()), (error) => {
      assert.ok(error instanceof BrokenTransfer);
      assert.equal(error.code, 'ECONNREFUSED');
      return true;
    });
  });
});
