import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonOf } from '../../../core/clients/google-answers';
import { GoogleServiceFailure } from '../../../core/clients/google-failures';
import type { GoogleLogin } from '../../../core/clients/google-login';
import { checkEndpoint, GoogleRest, type GoogleRequest } from '../../../core/clients/google-rest';
import { hasCode } from '../../has-code';
import {
  calm,
  QUICK_RETRY,
  sendError,
  sendJson,
  SILENT,
  UnrulyServer,
  type Answering,
} from './unruly-server';

const REQUEST: GoogleRequest = {
  call: {
    service: 'BigQuery',
    action: 'read the table p.d.t',
    object: 'p.d.t',
    missing: 'DATASET_NOT_FOUND',
  },
  method: 'GET',
  path: '/thing',
};

/** Tokens t1, t2, …; a new one after each renew. */
class CountedLogin implements GoogleLogin {
  readonly isAnonymous = false;
  readonly project = undefined;
  private tokens = 1;
  private accepted: string | undefined;
  private get token(): string {
    return `Bearer t${this.tokens}`;
  }
  headers(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({ authorization: this.token });
  }
  renew({ authorization }: Readonly<Record<string, string>>): boolean {
    if (authorization !== this.token) return true;
    this.tokens += 1;
    return authorization === this.accepted;
  }
  confirm({ authorization }: Readonly<Record<string, string>>): void {
    this.accepted = authorization;
  }
}

function restOf(server: { url: string }, login: GoogleLogin = new CountedLogin()): GoogleRest {
  return new GoogleRest({
    service: 'BigQuery',
    endpoint: server.url,
    login,
    log: SILENT,
    retry: QUICK_RETRY,
  });
}

async function withServer(
  answer: Answering,
  use: (server: UnrulyServer, rest: GoogleRest) => Promise<void>,
): Promise<void> {
  await using server = await UnrulyServer.start(answer);
  await use(server, restOf(server));
}

describe('one request to a Google service', () => {
  it('carries the token and the body, and gives status, headers and body', async () => {
    await withServer(
      ({ body, headers }, response) =>
        sendJson(response, 200, { got: body.toString(), token: headers.authorization }),
      async (_, rest) => {
        const answer = await rest.once({ ...REQUEST, method: 'POST', body: 'text' }, calm());
        assert.deepEqual(jsonOf(answer), { got: 'text', token: 'Bearer t1' });
      },
    );
  });

  it('carries bytes as they are, many or few, and says how many there are', async () => {
    for (const length of [10, 65_535, 65_536, 8 * 1024 * 1024]) {
      const body = Buffer.from(Array.from({ length }, (_, index) => (index * 31) >> 3));
      await withServer(
        (_, response) => sendJson(response, 200, {}),
        async (server, rest) => {
          // as a chunk of an upload: a part of a larger buffer
          const sent = Buffer.concat([Buffer.alloc(7, 1), body, Buffer.alloc(9, 1)]).subarray(7, 7 + length);
          await rest.once({ ...REQUEST, method: 'PUT', body: sent }, calm());
          const [asked] = server.asked;
          assert.equal(asked?.headers['content-length'], String(length));
          assert.equal(asked.headers['transfer-encoding'], undefined);
          assert.ok(asked.body.equals(body));
          assert.equal(sent.length, length, 'the bytes stay the caller’s');
        },
      );
    }
  });

  it('tries bytes again that were not taken, from where they are', async () => {
    const body = Buffer.alloc(1024 * 1024, 'x');
    await withServer(
      (_, response, count) =>
        count === 1 ? void response.socket?.destroy() : sendJson(response, count === 2 ? 503 : 200, {}),
      async (server, rest) => {
        await rest.call({ ...REQUEST, method: 'PUT', body }, () => undefined, calm());
        assert.deepEqual(
          server.asked.map((asked) => asked.body.equals(body)),
          [true, true, true],
        );
      },
    );
  });

  it('sends no credentials with an address that is one itself', async () => {
    await withServer(
      ({ headers }, response) => sendJson(response, 200, { token: headers.authorization ?? 'none' }),
      async (_, rest) => {
        assert.deepEqual(jsonOf(await rest.once({ ...REQUEST, open: true }, calm())), { token: 'none' });
      },
    );
  });

  it('is never repeated by itself, whatever happens to it', async () => {
    const faults: Answering[] = [
      (_, response) => void response.socket?.destroy(),
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"a":');
        setImmediate(() => response.socket?.destroy());
      },
      (_, response) => sendError(response, 503, 'backendError'),
      (_, response) => sendError(response, 429, 'rateLimitExceeded'),
      (_, response) => sendError(response, 401, 'authError'),
    ];
    for (const fault of faults) {
      await withServer(fault, async (server, rest) => {
        await assert.rejects(
          rest.once({ ...REQUEST, method: 'POST', body: 'x' }, calm()),
          GoogleServiceFailure,
        );
        await sleep(20);
        assert.equal(server.asked.length, 1);
      });
    }
  });

  it('is a failure without a status when there was no whole answer in time', async () => {
    await withServer(
      async (_, response) => {
        response.writeHead(200);
        response.write('{');
        await sleep(400);
        response.end('}');
      },
      async (_, rest) => {
        await assert.rejects(rest.once({ ...REQUEST, timeoutMs: 60 }, calm()), (error) => {
          assert.ok(error instanceof GoogleServiceFailure);
          assert.equal(error.status, undefined);
          assert.match(error.message, /no answer within 0\.06 s/);
          return true;
        });
      },
    );
  });

  it('does not follow a redirect', async () => {
    for (const status of [301, 302, 307, 308]) {
      await withServer(
        ({ path }, response) => {
          response.writeHead(status, { location: '/elsewhere' });
          response.end(path);
        },
        async (server, rest) => {
          await assert.rejects(
            rest.call(REQUEST, jsonOf, calm()),
            hasCode('DESTINATION_FAILED', new RegExp(String(status))),
          );
          assert.deepEqual(server.lines, ['GET /thing']);
        },
      );
    }
  });

  it('reads no more than it may', async () => {
    await withServer(
      (_, response) => sendJson(response, 200, { text: 'x'.repeat(5_000) }),
      async (server, rest) => {
        await assert.rejects(
          rest.call({ ...REQUEST, maxBytes: 1_000 }, jsonOf, calm()),
          hasCode('LIMIT_EXCEEDED', /1000 bytes/),
        );
        assert.equal(server.asked.length, 1);
      },
    );
  });

  it('reads the beginning of a failure, however long it is', async () => {
    await withServer(
      (_, response) => {
        response.writeHead(400);
        response.end(`no good: ${'x'.repeat(1_000_000)}`);
      },
      async (_, rest) => {
        await assert.rejects(
          rest.call({ ...REQUEST, maxBytes: 10 }, jsonOf, calm()),
          hasCode('DESTINATION_FAILED', /HTTP 400: no good: x{400,600}…$/),
        );
      },
    );
  });
});

describe('a request that is safe to repeat', () => {
  it('is made again after dropped connections, faults, rate limits and damaged answers', async () => {
    const faults: Answering[] = [
      (_, response) => void response.socket?.destroy(),
      (_, response) => sendError(response, 500, 'internalError'),
      (_, response) => void response.writeHead(502).end('<html>Bad Gateway</html>'),
      (_, response) => sendError(response, 429, 'rateLimitExceeded'),
      (_, response) => sendError(response, 403, 'rateLimitExceeded'),
      (_, response) => sendError(response, 408, 'timeout'),
      (_, response) => void response.end('{"truncated": tr'),
      (_, response) => void response.end('[]'),
      (_, response) => void response.end(),
    ];
    for (const fault of faults) {
      await withServer(
        (asked, response, count) =>
          count === 1 ? fault(asked, response, count) : sendJson(response, 200, { count }),
        async (_, rest) => {
          assert.deepEqual(
            await rest.call(REQUEST, ({ body, repeated }) => ({ ...jsonOf({ body }), repeated }), calm()),
            {
              count: 2,
              repeated: true,
            },
          );
        },
      );
    }
  });

  it('is given up after the attempts of the policy, with the service’s words', async () => {
    await withServer(
      (_, response) => sendError(response, 503, 'backendError', 'We are sorry'),
      async (server, rest) => {
        await assert.rejects(
          rest.call(REQUEST, jsonOf, calm()),
          hasCode('DESTINATION_UNAVAILABLE', /could not read the table p\.d\.t.*HTTP 503: We are sorry/),
        );
        assert.equal(server.asked.length, QUICK_RETRY.attempts);
      },
    );
  });

  it('is not made again when the answer is final', async () => {
    const finals = [
      [400, 'invalid', 'DESTINATION_FAILED'],
      [401, 'authError', 'LOGIN_FAILED'],
      [403, 'accessDenied', 'RIGHTS_MISSING'],
      [403, 'quotaExceeded', 'QUOTA_EXCEEDED'],
      [404, 'notFound', 'DATASET_NOT_FOUND'],
      [409, 'duplicate', 'DESTINATION_FAILED'],
      [412, 'conditionNotMet', 'DESTINATION_FAILED'],
      [501, 'notImplemented', 'DESTINATION_FAILED'],
    ] as const;
    for (const [status, reason, code] of finals) {
      await withServer(
        (_, response) => sendError(response, status, reason),
        async (server, rest) => {
          await assert.rejects(
            rest.call(REQUEST, jsonOf, calm()),
            hasCode(code, new RegExp(`about ${reason}`)),
          );
          assert.equal(server.asked.length, 1);
        },
      );
    }
  });

  it('waits as long as the service asks for', async () => {
    await withServer(
      (_, response, count) =>
        count === 1
          ? sendError(response, 429, 'rateLimitExceeded', 'slow down', { 'retry-after': '1' })
          : sendJson(response, 200, {}),
      async (_, rest) => {
        const before = performance.now();
        await rest.call(REQUEST, jsonOf, calm());
        assert.ok(performance.now() - before >= 990, `${performance.now() - before} ms`);
      },
    );
  });

  it('asks for a new token once after 401, without counting it as an attempt or a repetition', async () => {
    const seen: (string | undefined)[] = [];
    await withServer(
      ({ headers }, response) => {
        seen.push(headers.authorization);
        if (seen.length === 1 || headers.authorization === 'Bearer t2') sendJson(response, 200, {});
        else sendError(response, 401, 'authError');
      },
      async (server) => {
        const rest = restOf(server);
        await rest.call(REQUEST, jsonOf, calm());
        assert.equal(await rest.call(REQUEST, ({ repeated }) => repeated, calm()), false);
        assert.deepEqual(seen, ['Bearer t1', 'Bearer t1', 'Bearer t2']);
      },
    );
    let asked = 0;
    await withServer(
      (_, response) => (asked++ === 0 ? sendJson(response, 200, {}) : sendError(response, 401, 'authError')),
      async (server) => {
        const rest = restOf(server);
        await rest.call(REQUEST, jsonOf, calm());
        await assert.rejects(rest.call(REQUEST, jsonOf, calm()), hasCode('LOGIN_FAILED'));
        assert.equal(asked, 3);
      },
    );
  });

  it('gets a new token for all that were refused at the same time', async () => {
    let valid = 't1';
    await withServer(
      async ({ headers }, response) => {
        const good = headers.authorization === `Bearer ${valid}`;
        await sleep(20);
        if (good) sendJson(response, 200, {});
        else sendError(response, 401, 'authError');
      },
      async (_, rest) => {
        await rest.call(REQUEST, jsonOf, calm());
        valid = 't2';
        await Promise.all(Array.from({ length: 12 }, async () => await rest.call(REQUEST, jsonOf, calm())));
      },
    );
  });

  it('ends with the signal’s reason at every stage, and nothing is asked after it', async () => {
    const stages: Record<string, Answering> = {
      'before the answer': () => undefined,
      'in the middle of the answer': (_, response) => {
        response.writeHead(200);
        response.write('{');
      },
      'while waiting for the next attempt': (_, response) =>
        sendError(response, 503, 'backendError', 'x', { 'retry-after': '30' }),
    };
    for (const [stage, answer] of Object.entries(stages)) {
      await withServer(answer, async (server, rest) => {
        const stop = new AbortController();
        const call = rest.call(REQUEST, jsonOf, stop.signal);
        setTimeout(() => stop.abort(new Error('enough')), 60);
        await assert.rejects(call, /enough/, stage);
        await assert.rejects(rest.call(REQUEST, jsonOf, stop.signal), /enough/);
        await sleep(30);
        assert.equal(server.asked.length, 1, stage);
      });
    }
  });

  it('tells of a port where nobody listens, and of a name that does not resolve', async () => {
    const gone = await UnrulyServer.start(() => undefined);
    await gone[Symbol.asyncDispose]();
    await assert.rejects(
      restOf(gone).call(REQUEST, jsonOf, calm()),
      hasCode('CONNECTION_REFUSED', /ECONNREFUSED/),
    );
    const nowhere = restOf({ url: 'http://nowhere.invalid' });
    await assert.rejects(
      nowhere.call(REQUEST, jsonOf, calm()),
      hasCode('CONNECTION_DNS', /nowhere\.invalid/),
    );
  });

  it('takes a server that is gone in mid-run for an outage', async () => {
    const server = await UnrulyServer.start((_, response) => sendJson(response, 200, {}));
    const rest = restOf(server);
    await rest.call(REQUEST, jsonOf, calm());
    await server[Symbol.asyncDispose]();
    await assert.rejects(rest.call(REQUEST, jsonOf, calm()), hasCode('DESTINATION_UNAVAILABLE'));
  });
});

describe('the endpoint of a Google service', () => {
  const anonymous = { isAnonymous: true } as GoogleLogin;

  it('gets credentials over https:// alone', () => {
    assert.throws(
      () => checkEndpoint('http://127.0.0.1:9050', new CountedLogin()),
      hasCode('CONFIG_INVALID', /not sent/),
    );
    assert.equal(
      checkEndpoint('https://bigquery.googleapis.com', new CountedLogin()),
      'https://bigquery.googleapis.com',
    );
    assert.equal(checkEndpoint('http://127.0.0.1:9050/', anonymous), 'http://127.0.0.1:9050');
  });

  it('is an address and nothing else', () => {
    for (const endpoint of ['', 'host:9050', 'ftp://x', 'https://u:p@x', 'https://x?a=1', 'https://x#a']) {
      assert.throws(() => checkEndpoint(endpoint, anonymous), hasCode('CONFIG_INVALID'), endpoint);
    }
  });
});
