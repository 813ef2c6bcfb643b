import assert from 'node:assert/strict';
import { openBigQueryApi } from '../../core/clients/bigquery';
import type { BigQueryApi, JobReference, TableReference } from '../../core/clients/bigquery-api';
import { openGcsBucket } from '../../core/clients/gcs';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import type { Logger } from '../../core/logger';
import { hasCode } from '../has-code';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

const LOG: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const COMMON = { credentials: 'anonymous', environment: {}, log: LOG } as const;
const NAMES = [
  'plain.json',
  'a b.json',
  'ünïcode/名前.json',
  'a#b.json',
  '100%.json',
  'what?.json',
  'a+b&c=d;e.json',
  "it's (fine).json",
  '%2F.json',
];

describe('the clients of Cloud Storage and BigQuery, with servers that stand in for them', function () {
  this.timeout(90_000);
  const { signal } = new AbortController();
  let gcs: GcsServer;
  let server: BigQueryServer;
  let bucket: GcsBucket;
  let api: BigQueryApi;

  before(async () => {
    gcs = await startGcsServer();
    server = await startBigQueryServer({ storage: gcs.endpoint });
    bucket = await openGcsBucket({ ...COMMON, bucket: gcs.bucket, endpoint: gcs.endpoint });
    api = await openBigQueryApi({ ...COMMON, project: server.project, endpoint: server.endpoint });
  });
  after(async () => {
    await server.stop();
    await gcs.stop();
  });

  it('keeps objects under any name', async () => {
    for (const name of NAMES) {
      const written = await bucket.write(`names/${name}`, Buffer.from(name), '0', signal);
      assert.ok(written !== 'conflict');
      const read = await bucket.read(`names/${name}`, 1_000, signal);
      assert.equal(Buffer.from(read?.body ?? []).toString(), name);
      assert.equal(read?.generation, written.generation);
      assert.ok(Math.abs(read.storeTimeMs - Date.now()) < 10_000);
    }
    const listed: string[] = [];
    for await (const { name } of bucket.list('names/', signal)) listed.push(name);
    assert.deepEqual(listed, NAMES.map((name) => `names/${name}`).sort());
    for (const name of listed) await bucket.delete(name, signal);
    assert.deepEqual(await gcs.list('names/'), []);
  });

  it('lets one of many writers win a generation', async () => {
    for (let round = 0; round < 5; round++) {
      const before = (await bucket.read('race', 100, signal))?.generation ?? '0';
      const outcomes = await Promise.all(
        Array.from(
          { length: 8 },
          async (_, writer) => await bucket.write('race', Buffer.from(`${round}/${writer}`), before, signal),
        ),
      );
      const winners = outcomes.flatMap((outcome, writer) =>
        outcome === 'conflict' ? [] : [{ outcome, writer }],
      );
      assert.equal(winners.length, 1);
      const read = await bucket.read('race', 100, signal);
      assert.equal(Buffer.from(read?.body ?? []).toString(), `${round}/${winners[0]?.writer}`);
      assert.equal(read?.generation, winners[0]?.outcome.generation);
    }
  });

  it('uploads 30 MB in chunks, and one byte in one request', async () => {
    for (const size of [0, 1, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1, 30_000_000]) {
      const bytes = Buffer.alloc(size);
      for (let index = 0; index < size; index += 997) bytes[index] = index % 251;
      const upload = bucket.startUpload(`parts/${size}`, 'application/octet-stream', signal);
      for (let from = 0; from < size; from += 1_000_003)
        await upload.write(bytes.subarray(from, from + 1_000_003));
      const object = await upload.finish();
      assert.equal(object.bytes, size);
      assert.ok((await gcs.read(`parts/${size}`))?.equals(bytes), String(size));
    }
  });

  it('leaves nothing of an upload that is given up', async () => {
    const upload = bucket.startUpload('given-up', 'application/octet-stream', signal);
    await upload.write(Buffer.alloc(9_000_000));
    await upload.abort();
    assert.equal(await gcs.read('given-up'), undefined);
  });

  it('does not write over an object that came first', async () => {
    await gcs.write('first', 'first');
    const upload = bucket.startUpload('first', 'application/octet-stream', signal);
    await upload.write(Buffer.alloc(9_000_000));
    await assert.rejects(upload.finish(), hasCode('DESTINATION_FAILED'));
    await upload.abort();
    assert.equal((await gcs.read('first'))?.toString(), 'first');
  });

  it('lists 2,500 objects in order, and their folders', async () => {
    const names = Array.from({ length: 2_500 }, (_, index) => `many/${index % 7}/${index}`);
    for (let from = 0; from < names.length; from += 50) {
      await Promise.all(names.slice(from, from + 50).map(async (name) => await gcs.write(name, '')));
    }
    const listed: string[] = [];
    for await (const { name } of bucket.list('many/', signal)) listed.push(name);
    assert.deepEqual(listed, names.sort());
    const folders: string[] = [];
    for await (const folder of bucket.listFolders('many/', signal)) folders.push(folder);
    assert.deepEqual(folders, ['many/0/', 'many/1/', 'many/2/', 'many/3/', 'many/4/', 'many/5/', 'many/6/']);
  });

  it('tells of a bucket that is not there', async () => {
    const other = await openGcsBucket({ ...COMMON, bucket: 'nowhere', endpoint: gcs.endpoint });
    await assert.rejects(other.settings(signal), hasCode('BUCKET_NOT_FOUND', /gs:\/\/nowhere/));
    await assert.rejects(other.write('x', Buffer.from('x'), '0', signal), hasCode('BUCKET_NOT_FOUND'));
    assert.equal((await bucket.settings(signal)).location, 'US');
  });

  describe('a job', () => {
    const reference = (jobId: string): JobReference => ({ projectId: server.project, jobId, location: 'US' });
    const table = (tableId: string): TableReference => ({
      projectId: server.project,
      datasetId: server.dataset,
      tableId,
    });

    async function finished(job: JobReference): Promise<void> {
      for (;;) {
        const found = await api.getJob(job, signal);
        if (found?.status.state !== 'DONE') continue;
        assert.equal(found.status.errorResult, undefined, JSON.stringify(found.status));
        return;
      }
    }

    it('loads what was staged, once; its rows can be asked for', async () => {
      await bucket.write(
        'load/rows.json',
        Buffer.from('{"id":1,"name":"a"}\n{"id":2,"name":null}\n'),
        '0',
        signal,
      );
      const configuration = {
        load: {
          sourceUris: [`gs://${gcs.bucket}/load/rows.json`],
          sourceFormat: 'NEWLINE_DELIMITED_JSON',
          schema: {
            fields: [
              { name: 'id', type: 'INTEGER' },
              { name: 'name', type: 'STRING' },
            ],
          },
          destinationTable: { ...table('loaded') },
        },
        labels: { beamlift: 'yes' },
      };
      const job = reference('load-1');
      assert.equal(await api.getJob(job, signal), undefined);
      assert.equal((await api.insertJob(job, configuration, signal)).kind, 'accepted');
      assert.deepEqual(await api.insertJob(job, configuration, signal), { kind: 'exists' });
      await finished(job);
      assert.equal((await api.getTable(table('loaded'), signal))?.numRows, '2');
      const found = await api.getJob(job, signal);
      assert.deepEqual((found?.configuration as { labels?: unknown }).labels, { beamlift: 'yes' });

      const query = reference('query-1');
      const sql = `SELECT id, name FROM \`${server.dataset}.loaded\` ORDER BY id`;
      assert.equal(
        (await api.insertJob(query, { query: { query: sql, useLegacySql: false } }, signal)).kind,
        'accepted',
      );
      await finished(query);
      const rows = await api.queryRows(query, signal);
      assert.deepEqual(
        rows.map((row) => ({ ...row })),
        [
          { id: '1', name: 'a' },
          { id: '2', name: null },
        ],
      );
      await api.cancelJob(query, signal);
    });

    it('has tables and datasets to work with', async () => {
      assert.equal((await api.getDataset(server.project, server.dataset, signal))?.location, 'US');
      assert.equal(await api.getDataset(server.project, 'nowhere', signal), undefined);
      const resource = { schema: { fields: [{ name: 'id', type: 'INTEGER' }] } };
      assert.equal(await api.getTable(table('made'), signal), undefined);
      assert.equal(await api.createTable(table('made'), resource, signal), 'created');
      assert.equal(await api.createTable(table('made'), resource, signal), 'exists');
      const made = await api.getTable(table('made'), signal);
      const fields = [
        { name: 'id', type: 'INTEGER' },
        { name: 'more', type: 'STRING' },
      ];
      assert.equal(
        await api.patchTable(table('made'), { schema: { fields } }, made?.etag ?? '', signal),
        'patched',
      );
      assert.equal(
        await api.patchTable(table('made'), { schema: { fields } }, made?.etag ?? '', signal),
        'conflict',
      );
      assert.deepEqual(
        (await api.getTable(table('made'), signal))?.schema?.fields?.map(({ name }) => name),
        ['id', 'more'],
      );
      await api.deleteTable(table('made'), signal);
      await api.deleteTable(table('made'), signal);
      assert.equal(await api.getTable(table('made'), signal), undefined);
      const nowhere = { ...table('x'), datasetId: 'nowhere' };
      await assert.rejects(api.createTable(nowhere, resource, signal), hasCode('DATASET_NOT_FOUND'));
    });
  });
});
