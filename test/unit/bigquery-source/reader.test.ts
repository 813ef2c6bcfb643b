import assert from 'node:assert/strict';
import { openGoogleLogin } from '../../../core/clients/google-login';
import { openBigQueryReader } from '../../../core/clients/bigquery-reader';
import type { BigQueryReader, QueryRequest } from '../../../core/clients/bigquery-reader-api';
import { BeamliftError } from '../../../core/errors';
import { hasCode } from '../../has-code';
import {
  calm,
  QUICK_RETRY,
  sendError,
  sendJson,
  SILENT,
  UnrulyServer,
  type Answering,
} from '../google/unruly-server';

const REFERENCE = { projectId: 'payer', jobId: 'beamlift_source_x', location: 'EU' };
const REQUEST: QueryRequest = {
  sql: 'SELECT 1',
  jobId: REFERENCE.jobId,
  location: 'EU',
  what: 'The query of the job failed',
};
const ANONYMOUS_TABLE = { projectId: 'payer', datasetId: '_anon', tableId: 'anon1' };
const job = (state: string, more: object = {}): object => ({
  jobReference: REFERENCE,
  configuration: { query: { query: 'SELECT 1', destinationTable: ANONYMOUS_TABLE } },
  status: { state, ...more },
  statistics: { totalBytesProcessed: '77' },
});

async function withReader(
  answer: Answering,
  use: (reader: BigQueryReader, server: UnrulyServer) => Promise<void>,
): Promise<void> {
  await using server = await UnrulyServer.start(answer);
  const login = await openGoogleLogin({ credentials: 'anonymous', environment: {} }, calm());
  const options = { endpoint: server.url, login, log: SILENT, retry: QUICK_RETRY };
  const defaultDataset = { projectId: 'data', datasetId: 'sales' };
  await use(openBigQueryReader({ ...options, project: 'payer', defaultDataset }), server);
}

describe('a query of a source', () => {
  it('is waited for, and says where its rows are', async () => {
    let looks = 0;
    await withReader(
      ({ method }, response) =>
        sendJson(response, 200, job(method === 'POST' || ++looks < 2 ? 'RUNNING' : 'DONE')),
      async (reader, server) => {
        const { table, bytesProcessed } = await reader.runQuery(REQUEST, calm());
        assert.deepEqual(table, ANONYMOUS_TABLE);
        assert.equal(bytesProcessed, 77);
        assert.deepEqual(server.lines, [
          'POST /bigquery/v2/projects/payer/jobs',
          'GET /bigquery/v2/projects/payer/jobs/beamlift_source_x',
          'GET /bigquery/v2/projects/payer/jobs/beamlift_source_x',
        ]);
        assert.equal(server.asked[1]?.query.get('location'), 'EU');
        assert.deepEqual(JSON.parse(server.asked[0]?.body.toString() ?? ''), {
          jobReference: REFERENCE,
          configuration: {
            query: {
              query: 'SELECT 1',
              useLegacySql: false,
              defaultDataset: { projectId: 'data', datasetId: 'sales' },
            },
            labels: { beamlift: 'source' },
          },
        });
      },
    );
  });

  it('is not run twice when the answer of its start is lost', async () => {
    let starts = 0;
    await withReader(
      ({ method }, response) => {
        if (method === 'GET') sendJson(response, 200, job('DONE'));
        else if (++starts === 1) response.socket?.destroy();
        else sendError(response, 409, 'duplicate');
      },
      async (reader) => {
        assert.deepEqual((await reader.runQuery(REQUEST, calm())).table, ANONYMOUS_TABLE);
        assert.equal(starts, 2);
      },
    );
  });

  for (const [reason, message, code, hint] of [
    ['invalidQuery', 'Unrecognized name: x', 'QUERY_REFUSED', /^undefined$/],
    ['responseTooLarge', 'Response too large to return', 'QUERY_REFUSED', /temporary_dataset/],
    ['bytesBilledLimitExceeded', 'Query exceeded limit', 'QUERY_REFUSED', /maximum_bytes_billed/],
    [
      'invalidQuery',
      "Cannot query over table 'a' without a filter over column(s) 'day'",
      'QUERY_REFUSED',
      /filter/,
    ],
    [
      'accessDenied',
      'User does not have bigquery.tables.getData',
      'RIGHTS_MISSING',
      /dataViewer on the dataset/,
    ],
    ['notFound', 'Not found: Table a:b.c', 'SOURCE_NOT_FOUND', /discover/],
    ['quotaExceeded', 'Quota exceeded', 'QUOTA_EXCEEDED', /^undefined$/],
    ['backendError', 'try later', 'CONNECTION_LOST', /again/],
  ] as const) {
    it(`that fails as ${reason} (${message.slice(0, 20)}) is ${code}`, async () => {
      await withReader(
        (_, response) => sendJson(response, 200, job('DONE', { errorResult: { reason, message } })),
        async (reader) => {
          const failure: unknown = await reader.runQuery(REQUEST, calm()).catch((error: unknown) => error);
          assert.ok(hasCode(code, /The query of the job failed/)(failure));
          assert.ok(failure instanceof BeamliftError);
          assert.match(String(failure.hint), hint);
          assert.equal(failure.why, message);
        },
      );
    });
  }

  it('is cancelled when nobody waits for it any longer', async () => {
    const stop = new AbortController();
    await withReader(
      ({ method }, response) => {
        sendJson(response, 200, job('RUNNING'));
        if (method === 'GET') stop.abort(new Error('enough'));
      },
      async (reader, server) => {
        await assert.rejects(reader.runQuery(REQUEST, stop.signal), /enough/);
        assert.match(String(server.lines.at(-1)), /^POST .*\/cancel$/);
      },
    );
  });

  it('is refused at once with the words of the service, and in words of a source', async () => {
    await withReader(
      (_, response) => sendError(response, 400, 'invalidQuery'),
      async (reader) => {
        await assert.rejects(
          reader.dryRun('SELEC', undefined, 'BigQuery refused it', calm()),
          hasCode('QUERY_REFUSED', /BigQuery refused it/),
        );
      },
    );
    await withReader(
      (_, response) => sendError(response, 403, 'accessDenied'),
      async (reader) => {
        const failure: unknown = await reader
          .getTable(ANONYMOUS_TABLE, calm())
          .catch((error: unknown) => error);
        assert.ok(hasCode('RIGHTS_MISSING')(failure));
        assert.match(String((failure as BeamliftError).hint), /dataViewer/);
      },
    );
    await withReader(
      (_, response) => sendError(response, 503, 'backendError'),
      async (reader) => {
        await assert.rejects(reader.listDatasets('p', calm()), hasCode('CONNECTION_LOST'));
      },
    );
  });
});

describe('lists of BigQuery', () => {
  it('are read page by page', async () => {
    await withReader(
      ({ query }, response) =>
        sendJson(
          response,
          200,
          query.get('pageToken') === 'two'
            ? { tables: [{ tableReference: { tableId: 'b' }, type: 'VIEW' }] }
            : { tables: [{ tableReference: { tableId: 'a' }, type: 'TABLE' }], nextPageToken: 'two' },
        ),
      async (reader) => {
        const tables = await reader.listTables('p', 'd', calm());
        assert.deepEqual(
          tables.map(({ reference, type }) => `${reference.tableId} ${type}`),
          ['a TABLE', 'b VIEW'],
        );
      },
    );
  });
});
