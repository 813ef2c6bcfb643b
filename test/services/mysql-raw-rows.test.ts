import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import type { Extractor, ReadRequest, RowBatch } from '../../core/extractor';
import type { RunContext } from '../../core/plan';
import type { TableSchema } from '../../core/schema';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from '../../loaders/bigquery/rules';
import { typeFor } from '../../loaders/bigquery/types';
import { encodeRows } from '../../pipelines/encode-rows';
import { RejectFile } from '../../pipelines/reject-file';
import type { CodecMode } from '../../transforms/compiled/row-writer';
import { fakeContext, unit } from '../unit/pipelines/fake-equipment';
import { readRows } from '../unit/transforms/avro-reading';
import { startMysql, type MysqlServer } from './mysql-server';
import { withMysql } from './mysql-opened';
import { MYSQL_TYPES } from './types/mysql-types';
import { never, query, requestOf, table } from './postgres-source';

interface Staged {
  readonly rows: readonly unknown[];
  readonly counts: unknown;
  readonly rejects: readonly string[];
}

describe('rows of MySQL that come undecoded', () => {
  let server: MysqlServer;
  let folder: string;
  before(async function () {
    this.timeout(60_000);
    server = await startMysql({ tls: true });
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-mysql-raw-'));
    const columns = MYSQL_TYPES.map(
      ({ sql }, index) => `c${index} ${sql}${/TIMESTAMP/.test(sql) ? ' NULL' : ''}`,
    );
    await server.execute(
      "SET GLOBAL sql_mode = ''",
      'SET GLOBAL max_allowed_packet = 1073741824',
      `CREATE TABLE kinds (id INT PRIMARY KEY AUTO_INCREMENT, ${columns.join(', ')})`,
    );
    await server.execute(
      ...MYSQL_TYPES.flatMap(({ values }, index) => [
        ...values.map(([literal]) => `INSERT INTO kinds (c${index}) VALUES (${literal})`),
        `INSERT INTO kinds (c${index}) VALUES (NULL)`,
      ]),
      'CREATE TABLE wide (id INT PRIMARY KEY, padding VARCHAR(500), at DATETIME(3))',
      "INSERT INTO wide SELECT seq, REPEAT('xé', 200), '2024-01-01' + INTERVAL seq SECOND FROM seq_1_to_20000",
      'CREATE TABLE days (id INT PRIMARY KEY, d DATE)',
      "SET sql_mode = 'ALLOW_INVALID_DATES'",
      "INSERT INTO days VALUES (1, '2024-02-28'), (2, '2024-02-31'), (3, NULL), (4, '2024-03-01')",
      'CREATE TABLE long_rows (id INT PRIMARY KEY, a LONGTEXT, d DATE)',
      "INSERT INTO long_rows VALUES (1, 'x', NULL), (2, REPEAT('é', 9000000), '2024-02-31'), (3, REPEAT('y', 17000000), NULL), (4, 'z', NULL)",
    );
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Reads and encodes all rows for BigQuery, whose table was created for them. */
  async function stage(source: Extractor, codecs: CodecMode | 'decoded'): Promise<Staged> {
    const { columns } = await source.schema(never);
    const sourceSchema: TableSchema = { columns, primaryKey: ['id'] };
    const destinationSchema: TableSchema = {
      columns: columns.map(({ name, type, inferredType, nullable }) => ({
        ...{ name, nullable, type: typeFor(inferredType ?? type) },
      })),
      primaryKey: [],
    };
    const changes: Partial<RunContext> = {
      ...{ stagingFormat: 'avro', maxRejects: 1000, sourceSchema, destinationSchema },
      columns: columns.map(({ name, type }, index) => ({
        ...{ source: name, destination: name, sourceType: type },
        destinationType: destinationSchema.columns[index]?.type ?? type,
      })),
    };
    const request: ReadRequest = await requestOf(source, { takesRaw: codecs !== 'decoded' });
    const rejectFile = new RejectFile({ folder }, { job: 'j', runId: 'r', unit: 'u', file: undefined });
    let raw = 0;
    const { batches } = source.read(request, never);
    async function* watched(): AsyncGenerator<RowBatch> {
      for await (const batch of batches) {
        raw += batch.raw?.rows ?? 0;
        yield batch;
      }
    }
    const stream = encodeRows(
      fakeContext(folder, changes),
      unit('u'),
      { wire: 'cells', batches: watched() },
      {
        target: { rules: { ...BIGQUERY_RULES, maxRowBytes: 64 * 1024 * 1024 }, ndjson: BIGQUERY_NDJSON },
        rejectFile,
        onProgress: () => undefined,
        signal: never,
        codecs: codecs === 'decoded' ? undefined : codecs,
      },
    );
    const pieces = [Buffer.from(stream.header)];
    for await (const { bytes } of stream.blocks) pieces.push(Buffer.from(bytes));
    assert.equal(raw > 0, codecs !== 'decoded');
    const rows = await readRows(destinationSchema, Buffer.concat(pieces));
    const kept = stream.rejectFile();
    const rejects = kept === undefined ? [] : (await readFile(kept, 'utf8')).split('\n').sort();
    await rejectFile.discard();
    return { rows, counts: stream.counts(), rejects };
  }

  async function sameAsDecoded(source: Extractor): Promise<Staged> {
    const decoded = await stage(source, 'decoded');
    for (const mode of ['generated', 'closures'] as const)
      assert.deepEqual(await stage(source, mode), decoded);
    return decoded;
  }

  it('are staged as decoded ones are, whatever their type', async () => {
    await withMysql(server, { object: table('kinds') }, async (source) => {
      const { rows } = await sameAsDecoded(source);
      assert.ok(rows.length > MYSQL_TYPES.length);
    });
  });

  it('are staged as decoded ones are, also through TLS', async () => {
    for (const sslmode of ['disable', 'require']) {
      await withMysql(server, { object: table('wide'), connection: { sslmode } }, async (source) => {
        assert.equal((await sameAsDecoded(source)).rows.length, 20_000);
      });
    }
  });

  it('are refused as decoded ones are', async () => {
    await withMysql(server, { object: table('days') }, async (source) => {
      const { rows, rejects } = await sameAsDecoded(source);
      assert.equal(rows.length, 3);
      assert.match(rejects.join('\n'), /"row":"id=2","column":"d","reason":"2024-02-31 is not a day/);
    });
  });

  it('may be longer than a packet of the protocol', async () => {
    await withMysql(server, { object: table('long_rows') }, async (source) => {
      const { rows, rejects } = await sameAsDecoded(source);
      assert.equal(rows.length, 3);
      assert.match(rejects.join('\n'), /"row":"id=2","column":"d"/);
    });
  }).timeout(60_000);

  it('end with an error where the server fails in the middle', async () => {
    const sql =
      'SELECT id, IF(id > 15000, (SELECT 1 FROM wide AS w WHERE w.id < 3 AND wide.id > 0), 1) AS n, padding FROM wide';
    await withMysql(server, { object: query(sql) }, async (source) => {
      await assert.rejects(stage(source, 'generated'), (error: Error) =>
        /more than 1 row/.test(inspect(error)),
      );
    });
  });

  async function killReaders(): Promise<void> {
    const connection = await server.connect();
    try {
      const [rows] = await connection
        .promise()
        .query(
          "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = 'loader' AND COMMAND <> 'Sleep'",
        );
      for (const { id } of rows as { id: number }[]) await connection.promise().query(`KILL ${id}`);
    } finally {
      connection.destroy();
    }
  }

  it('are not whole where the connection breaks', async () => {
    await withMysql(server, { object: table('wide') }, async (source) => {
      const request = await requestOf(source, { takesRaw: true });
      await assert.rejects(
        async () => {
          for await (const batch of source.read(request, never).batches) {
            assert.ok((batch.raw?.rows ?? 0) > 0);
            await killReaders();
          }
        },
        { code: 'CONNECTION_LOST' },
      );
      assert.equal((await stage(source, 'generated')).rows.length, 20_000);
    });
  });

  it('wait for whoever takes them', async () => {
    await withMysql(server, { object: table('wide') }, async (source) => {
      let rows = 0;
      for await (const { raw, bytes } of source.read(await requestOf(source, { takesRaw: true }), never)
        .batches) {
        if (raw?.wire !== 'mysql-text') continue;
        const first = raw.bytes[raw.start];
        await new Promise((resolve) => setTimeout(resolve, 5));
        assert.equal(raw.bytes[raw.start], first);
        assert.ok(bytes < 1024 * 1024);
        rows += raw.rows;
      }
      assert.equal(rows, 20_000);
    });
  });
});
