import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { Extractor } from '../../core/extractor';
import { hasCode } from '../has-code';
import { openBigquery, readEverything, sortedRows, type SourceQuestion } from './bigquery-opened';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { StorageProxy } from './storage-proxy';

const ROWS = 12_000;
/** Of a message; two streams of three messages each. */
const MESSAGE_ROWS = 2_048;

const { signal } = new AbortController();
const ids = { kind: 'table', name: 'ids' } as const;

describe('BigQuery as a source: streams', () => {
  let server: BigQueryServer;
  let proxy: StorageProxy;
  let opened: Extractor[] = [];

  before(async function () {
    this.timeout(60_000);
    server = await startBigQueryServer({
      storage: 'http://127.0.0.1:1',
      streamRows: ROWS / 2,
      messageRows: MESSAGE_ROWS,
    });
    proxy = await StorageProxy.start(server.storageEndpoint);
    await server.query('CREATE TABLE ids (id INT64 NOT NULL, word STRING)');
    await server.query(
      `INSERT INTO ids SELECT n, CONCAT('word ', CAST(n AS STRING)) FROM UNNEST(GENERATE_ARRAY(1, ${ROWS})) AS n`,
    );
    await server.query('CREATE VIEW few AS SELECT id FROM ids WHERE id <= 5');
  });
  beforeEach(() => proxy.reset());
  afterEach(async () => {
    await Promise.all(opened.map(async (extractor) => await extractor.close()));
    opened = [];
  });
  after(async () => {
    proxy.stop();
    await server.stop();
  });

  const open = async (question: Partial<SourceQuestion> = {}): Promise<Extractor> => {
    const { connection, ...rest } = question;
    const extractor = await openBigquery(server, {
      object: ids,
      ...rest,
      connection: { storage_read_endpoint: proxy.endpoint, ...connection },
    });
    opened.push(extractor);
    return extractor;
  };
  const expected = (): string[] =>
    Array.from({ length: ROWS }, (_, index) => `["${index + 1}n","word ${index + 1}"]`).sort();

  it('goes on at the row that a broken stream had come to', async () => {
    // Every first try of a stream breaks behind its first message, every second one behind its next.
    const broken = new Map<string, number>();
    proxy.faults.stream = ({ stream }) => {
      const times = (broken.get(stream) ?? 0) + 1;
      broken.set(stream, times);
      return times > 2 ? undefined : { after: 1, code: status.UNAVAILABLE, details: 'the server goes away' };
    };
    const { rows } = await readEverything(await open(), signal);
    assert.deepEqual(sortedRows(rows), expected());
    assert.deepEqual(
      proxy.streams.map(({ offset }) => offset),
      [0, MESSAGE_ROWS, 2 * MESSAGE_ROWS, 0, MESSAGE_ROWS, 2 * MESSAGE_ROWS],
    );
  });

  it('does not take a stream that breaks at its end for a whole one', async () => {
    let calls = 0;
    proxy.faults.stream = () =>
      ++calls > 1
        ? undefined
        : { after: 99, code: status.INTERNAL, details: 'Received RST_STREAM with code 2' };
    const { rows } = await readEverything(await open(), signal);
    assert.deepEqual(sortedRows(rows), expected());
    assert.deepEqual(
      proxy.streams.map(({ offset }) => offset),
      [0, ROWS / 2, 0],
    );
  });

  it('reads the same rows when a unit is read again after it was left', async () => {
    const extractor = await open();
    const pin = await extractor.pin(signal);
    const hints = await extractor.splits(null, signal, ['id']);
    assert.ok(hints.kind === 'streams' && hints.streams.length === 2);
    const unit = { id: 's1', kind: 'stream', stream: hints.streams[0]?.name ?? '' } as const;
    const request = { unit, window: null, columns: ['id'], limit: null, pin };
    const first: unknown[] = [];
    for await (const batch of extractor.read(request, signal).batches) {
      first.push(...batch.rows);
      break;
    }
    assert.ok(first.length > 0 && first.length < ROWS / 2);
    // Another process, such as a worker, has nothing but the plan.
    const other = await open();
    const again: unknown[] = [];
    for await (const batch of other.read(request, signal).batches) again.push(...batch.rows);
    assert.equal(again.length, ROWS / 2);
    assert.deepEqual(again.slice(0, first.length), first);
  });

  it('can be read without the process that planned it, unless a result is its own to take away', async () => {
    const lasts = async (question: Partial<SourceQuestion>): Promise<unknown> => {
      const extractor = await open(question);
      await extractor.pin(signal);
      await extractor.splits(null, signal, ['id']);
      return extractor.pinLasts;
    };
    const few = { kind: 'table', name: 'few' } as const;
    assert.equal(await lasts({}), true);
    assert.equal(await lasts({ object: few }), true);
    assert.equal(await lasts({ object: few, connection: { temporary_dataset: server.dataset } }), false);
  });

  it('asks for one moment, the columns and the window of the job', async () => {
    const extractor = await open({ filter: "word != 'word 3'" });
    const pin = await extractor.pin(signal);
    const window = {
      column: 'id',
      lower: { value: '2', inclusive: false },
      upper: { value: '5', inclusive: true },
    };
    const hints = await extractor.splits(window, signal, ['id']);
    assert.ok(hints.kind === 'streams');
    const [session] = proxy.sessions;
    assert.deepEqual(
      { ...session, snapshotSeconds: undefined },
      {
        parent: 'projects/test-project',
        table: 'projects/test-project/datasets/warehouse/tables/ids',
        fields: ['id'],
        restriction: "(word != 'word 3'\n) AND `id` > 2 AND `id` <= 5",
        snapshotSeconds: undefined,
      },
    );
    const snapshot = Math.floor(Date.parse(JSON.stringify(pin?.['snapshotTime']).slice(1, -1)) / 1000);
    assert.equal(session?.snapshotSeconds, snapshot);
    assert.ok(Math.abs(Date.now() / 1000 - snapshot) < 60);
    assert.deepEqual((await readEverything(extractor, signal, window)).rows, [
      [4n, 'word 4'],
      [5n, 'word 5'],
    ]);
  });

  it('says that the run took longer than its read session lasts', async () => {
    proxy.faults.stream = () => ({
      after: 1,
      code: status.FAILED_PRECONDITION,
      details: 'the session expired at 2024-01-01T06:00:00Z',
    });
    const failure = await readEverything(await open(), signal).catch((error: unknown) => error);
    assert.ok(hasCode('SNAPSHOT_LOST')(failure));
    assert.match(String((failure as { why?: string }).why), /expired/);
    assert.equal(proxy.streams.length, 1);
  });

  it('gives up a stream that never comes further', async () => {
    proxy.faults.stream = () => ({ after: 0, code: status.UNKNOWN, details: 'no luck' });
    const stop = new AbortController();
    const reading = readEverything(await open(), stop.signal);
    const stopped = assert.rejects(reading, /that is enough/);
    const wasTriedAgain = (): boolean =>
      new Set(proxy.streams.map(({ stream }) => stream)).size < proxy.streams.length;
    while (!wasTriedAgain()) await sleep(20);
    stop.abort(new Error('that is enough'));
    await stopped;
  });

  it('reads over REST where read sessions are not permitted, and says so', async () => {
    proxy.faults.session = () => ({
      code: status.PERMISSION_DENIED,
      details:
        "request failed: the user does not have 'bigquery.readsessions.create' permission for 'projects/test-project'",
    });
    const { rows, hints } = await readEverything(await open(), signal);
    assert.deepEqual(sortedRows(rows), expected());
    assert.ok(hints.kind === 'streams');
    assert.match(
      hints.reason,
      /^ranges of rows of the REST API: the Storage Read API cannot be used \(.*readsessions\.create/,
    );
    assert.equal(proxy.sessions.length, 1, 'it is not tried again and again');
  });

  it('names the role that is missing where REST is not wanted', async () => {
    proxy.faults.session = () => ({
      code: status.PERMISSION_DENIED,
      details: "the user does not have 'bigquery.readsessions.create' permission",
    });
    const extractor = await open({ connection: { read_method: 'storage' } });
    const failure = await readEverything(extractor, signal).catch((error: unknown) => error);
    assert.ok(hasCode('RIGHTS_MISSING')(failure));
    assert.match(
      String((failure as { hint?: string }).hint),
      /roles\/bigquery\.readSessionUser on the billing project/,
    );
  });

  it('reads over REST where the Storage Read API is not reached', async () => {
    const connection = { storage_read_endpoint: 'http://127.0.0.1:1', connect_timeout: 0.5 };
    const { rows, hints } = await readEverything(await open({ connection, filter: 'id <= 10' }), signal);
    assert.equal(rows.length, 10);
    assert.ok(hints.kind === 'streams');
    assert.match(
      hints.reason,
      /REST API: the Storage Read API cannot be used \(No connection to 127\.0\.0\.1:1\)/,
    );
  });

  it('queries with a filter that read sessions do not take', async () => {
    proxy.faults.session = ({ restriction }) =>
      restriction === ''
        ? undefined
        : { code: status.INVALID_ARGUMENT, details: 'request failed: Unsupported row restriction' };
    const filter = 'id IN (SELECT id FROM warehouse.few)';
    const { rows, hints } = await readEverything(await open({ filter }), signal);
    assert.equal(rows.length, 5);
    assert.ok(hints.kind === 'streams');
    // The result of the query is opened as a session, with nothing left to restrict.
    assert.match(hints.reason, /Storage Read API/);
    assert.equal(proxy.sessions.length, 2);
  });
});
