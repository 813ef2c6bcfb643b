import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBigQueryApi } from '../../../core/clients/bigquery';
import type { BigQueryApi, JobReference, TableReference } from '../../../core/clients/bigquery-api';
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

const TABLE: TableReference = { projectId: 'p', datasetId: 'd', tableId: 't' };
const JOB: JobReference = { projectId: 'p', jobId: 'load_1', location: 'EU' };
const CONFIGURATION = { load: { sourceFormat: 'AVRO' }, labels: { job: 'orders' } };
const JOB_RESOURCE = { jobReference: JOB, configuration: CONFIGURATION, status: { state: 'RUNNING' } };

async function withApi(
  answer: Answering,
  use: (api: BigQueryApi, server: UnrulyServer) => Promise<void>,
): Promise<void> {
  await using server = await UnrulyServer.start(answer);
  const options = { endpoint: server.url, credentials: 'anonymous', log: SILENT, retry: QUICK_RETRY };
  await use(await openBigQueryApi({ ...options, project: 'p', environment: {} }), server);
}

const refusing =
  (status: number, reason: string): Answering =>
  (_, response) =>
    sendError(response, status, reason);

describe('a job that is inserted', () => {
  it('is sent once, as it was given', async () => {
    await withApi(
      (_, response) => sendJson(response, 200, JOB_RESOURCE),
      async (api, server) => {
        const outcome = await api.insertJob(JOB, CONFIGURATION, calm());
        assert.deepEqual(outcome, { kind: 'accepted', job: JOB_RESOURCE });
        assert.deepEqual(server.lines, ['POST /bigquery/v2/projects/p/jobs']);
        assert.deepEqual(JSON.parse(server.asked[0]?.body.toString() ?? ''), {
          jobReference: JOB,
          configuration: CONFIGURATION,
        });
        assert.equal(server.asked[0]?.headers.authorization, undefined);
      },
    );
  });

  it('has the outcome that the answer proves, after exactly one request', async () => {
    const outcomes: [what: string, answer: Answering, kind: string, retry?: boolean][] = [
      ['409', refusing(409, 'duplicate'), 'exists'],
      ['429', refusing(429, 'rateLimitExceeded'), 'refused', true],
      ['403 of a rate', refusing(403, 'rateLimitExceeded'), 'refused', true],
      ['403 of a job rate', refusing(403, 'jobRateLimitExceeded'), 'refused', true],
      ['403 of a quota', refusing(403, 'quotaExceeded'), 'refused', false],
      ['403 of rights', refusing(403, 'accessDenied'), 'refused', false],
      ['400', refusing(400, 'invalid'), 'refused', false],
      ['401', refusing(401, 'authError'), 'refused', false],
      ['404', refusing(404, 'notFound'), 'refused', false],
      ['413', refusing(413, 'uploadTooLarge'), 'refused', false],
      ['408', refusing(408, 'timeout'), 'unclear'],
      ['500', refusing(500, 'internalError'), 'unclear'],
      ['503', refusing(503, 'backendError'), 'unclear'],
      ['502 of a proxy', (_, response) => void response.writeHead(502).end('<html>'), 'unclear'],
      ['a redirect', (_, response) => void response.writeHead(307, { location: '/x' }).end(), 'unclear'],
      ['no answer', (_, response) => void response.socket?.destroy(), 'unclear'],
      ['an endless answer', (_, response) => void response.end(`{"a":"${'x'.repeat(17 << 20)}"}`), 'unclear'],
      ['half an answer', (_, response) => void response.end('{"jobReference":'), 'unclear'],
      ['a strange answer', (_, response) => sendJson(response, 200, {}), 'unclear'],
    ];
    for (const [what, answer, kind, retry] of outcomes) {
      await withApi(answer, async (api, server) => {
        const outcome = await api.insertJob(JOB, CONFIGURATION, calm());
        assert.equal(outcome.kind, kind, what);
        if (outcome.kind === 'refused') assert.equal(outcome.retry, retry, what);
        await sleep(10);
        assert.equal(server.asked.length, 1, what);
      });
    }
  });

  it('keeps the service’s word and words of a refusal', async () => {
    await withApi(
      (_, response) =>
        sendError(response, 403, 'accessDenied', 'Access Denied: Permission bigquery.jobs.create denied'),
      async (api) => {
        const outcome = await api.insertJob(JOB, CONFIGURATION, calm());
        assert.ok(outcome.kind === 'refused');
        assert.equal(outcome.error.status, 403);
        assert.equal(outcome.error.reason, 'accessDenied');
        assert.match(outcome.error.message, /bigquery\.jobs\.create denied/);
      },
    );
  });

  it('is given up with the signal’s reason', async () => {
    await withApi(
      () => undefined,
      async (api) => {
        const stop = new AbortController();
        setTimeout(() => stop.abort(new Error('enough')), 30);
        await assert.rejects(api.insertJob(JOB, CONFIGURATION, stop.signal), /enough/);
      },
    );
  });
});

describe('tables, datasets and jobs', () => {
  it('are asked for at their paths', async () => {
    await withApi(
      ({ path }, response) => {
        if (path.endsWith('/cancel') || path.endsWith('/tables')) {
          sendJson(response, 200, {});
          return;
        }
        if (path.includes('/jobs/')) {
          sendJson(response, 200, JOB_RESOURCE);
          return;
        }
        if (path.endsWith('/datasets/d')) {
          sendJson(response, 200, { location: 'EU' });
          return;
        }
        sendJson(response, 200, { tableReference: TABLE, numRows: '5' });
      },
      async (api, server) => {
        assert.equal((await api.getDataset('p', 'd', calm()))?.location, 'EU');
        assert.equal((await api.getTable(TABLE, calm()))?.numRows, '5');
        assert.equal(await api.createTable(TABLE, { schema: { fields: [] } }, calm()), 'created');
        assert.equal(await api.patchTable(TABLE, { description: 'x' }, '"e1"', calm()), 'patched');
        await api.deleteTable(TABLE, calm());
        assert.deepEqual(await api.getJob(JOB, calm()), JOB_RESOURCE);
        await api.cancelJob(JOB, calm());
        assert.deepEqual(server.lines, [
          'GET /bigquery/v2/projects/p/datasets/d',
          'GET /bigquery/v2/projects/p/datasets/d/tables/t',
          'POST /bigquery/v2/projects/p/datasets/d/tables',
          'PATCH /bigquery/v2/projects/p/datasets/d/tables/t',
          'DELETE /bigquery/v2/projects/p/datasets/d/tables/t',
          'GET /bigquery/v2/projects/p/jobs/load_1',
          'POST /bigquery/v2/projects/p/jobs/load_1/cancel',
        ]);
        assert.deepEqual(
          server.asked.slice(-2).map(({ query }) => query.get('location')),
          ['EU', 'EU'],
        );
        assert.equal(server.asked[3]?.headers['if-match'], '"e1"');
        assert.deepEqual(JSON.parse(server.asked[2]?.body.toString() ?? ''), {
          schema: { fields: [] },
          tableReference: TABLE,
        });
      },
    );
  });

  it('that are not there are told by undefined, or need nothing done', async () => {
    await withApi(refusing(404, 'notFound'), async (api) => {
      assert.equal(await api.getDataset('p', 'd', calm()), undefined);
      assert.equal(await api.getTable(TABLE, calm()), undefined);
      assert.equal(await api.getJob(JOB, calm()), undefined);
      await api.deleteTable(TABLE, calm());
      await api.cancelJob(JOB, calm());
      assert.equal(await api.patchTable(TABLE, {}, 'e', calm()), 'conflict');
      await assert.rejects(api.createTable(TABLE, {}, calm()), hasCode('DATASET_NOT_FOUND'));
    });
  });

  it('that were changed meanwhile are told apart', async () => {
    await withApi(refusing(409, 'duplicate'), async (api) => {
      assert.equal(await api.createTable(TABLE, {}, calm()), 'exists');
    });
    await withApi(refusing(412, 'conditionNotMet'), async (api) => {
      assert.equal(await api.patchTable(TABLE, {}, 'e', calm()), 'conflict');
    });
  });

  it('are asked for again after a fault', async () => {
    await withApi(
      (_, response, count) =>
        count < 3 ? sendError(response, 503, 'backendError') : sendJson(response, 200, JOB_RESOURCE),
      async (api, server) => {
        assert.equal((await api.getJob(JOB, calm()))?.status.state, 'RUNNING');
        assert.equal(server.asked.length, 3);
      },
    );
  });
});

describe('rows of a query', () => {
  const schema = { fields: [{ name: 'n' }, { name: '__proto__' }, { name: 'list' }] };
  const row = (n: string | null, other: string): unknown => ({
    f: [{ v: n }, { v: other }, { v: [{ v: '1' }] }],
  });

  it('come from all pages, by column name', async () => {
    await withApi(
      ({ query }, response) => {
        const second = query.get('pageToken') === 'two';
        sendJson(response, 200, {
          jobComplete: true,
          schema,
          rows: second ? [row(null, 'b')] : [row('1', 'a')],
          ...(second ? {} : { pageToken: 'two' }),
        });
      },
      async (api, server) => {
        const rows = await api.queryRows(JOB, calm());
        assert.deepEqual(
          rows.map((one) => Object.entries(one)),
          [
            [
              ['n', '1'],
              ['__proto__', 'a'],
              ['list', '[{"v":"1"}]'],
            ],
            [
              ['n', null],
              ['__proto__', 'b'],
              ['list', '[{"v":"1"}]'],
            ],
          ],
        );
        assert.equal(server.asked[0]?.path, '/bigquery/v2/projects/p/queries/load_1');
        assert.equal(server.asked[0].query.get('location'), 'EU');
      },
    );
  });

  it('are none where the query has none', async () => {
    await withApi(
      (_, response) => sendJson(response, 200, { jobComplete: true, schema, totalRows: '0' }),
      async (api) => assert.deepEqual(await api.queryRows(JOB, calm()), []),
    );
  });

  it('are waited for, and never half a row', async () => {
    await withApi(
      (_, response, count) =>
        sendJson(
          response,
          200,
          count === 1 ? { jobComplete: false } : { jobComplete: true, schema, rows: [{ f: [{ v: '1' }] }] },
        ),
      async (api, server) => {
        await assert.rejects(
          api.queryRows(JOB, calm()),
          hasCode('DESTINATION_UNAVAILABLE', /one value for each column/),
        );
        assert.equal(server.asked.length, QUICK_RETRY.attempts);
      },
    );
  });

  it('of a query that failed are its error', async () => {
    await withApi(refusing(400, 'invalidQuery'), async (api) => {
      await assert.rejects(api.queryRows(JOB, calm()), hasCode('DESTINATION_FAILED', /invalidQuery/));
    });
  });
});

describe('the project of jobs', () => {
  it('is the one that is given, or that of the environment, or nobody knows it', async () => {
    const open = async (environment: Record<string, string>, project?: string): Promise<string> =>
      (
        await openBigQueryApi({
          credentials: 'anonymous',
          environment,
          log: SILENT,
          ...(project === undefined ? {} : { project }),
        })
      ).project;
    assert.equal(await open({ GOOGLE_CLOUD_PROJECT: 'env' }, 'given'), 'given');
    assert.equal(await open({ GOOGLE_CLOUD_PROJECT: 'env' }), 'env');
    await assert.rejects(open({}), hasCode('CONFIG_INVALID', /No Google Cloud project/));
  });
});
