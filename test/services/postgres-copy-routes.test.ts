import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { Cell, Row } from '../../core/cells';
import { BeamliftError } from '../../core/errors';
import type { JsonObject, SourceObject } from '../../core/plan';
import type { ColumnType, TableSchema } from '../../core/schema';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from '../../loaders/bigquery/rules';
import { encodeRows } from '../../pipelines/encode-rows';
import { RejectFile } from '../../pipelines/reject-file';
import { fakeContext, unit } from '../unit/pipelines/fake-equipment';
import { readRows } from '../unit/transforms/avro-reading';
import { startPostgres, type PostgresServer } from './postgres-server';
import { never, query, requestOf, table, withSource } from './postgres-source';
import { anyText, decimals, literals, mapped, whole } from './types/source-kind';

/** A column whose values are staged as they are: SQL of values, PostgreSQL's own text of one, and the same text of the cell that Avro has. */
interface Column {
  readonly type: string;
  readonly values: fc.Arbitrary<string>;
  readonly shown: (column: string) => string;
  readonly show: (cell: Cell) => unknown;
  /** Where it is not the source's own type. */
  readonly to?: ColumnType;
}

const LONG: ColumnType = { kind: 'int', bits: 64 };
const asText = (column: string): string => `${column}::text`;
const micros = (column: string): string =>
  `((${column}::date - date '1970-01-01')::numeric * 86400000000 + (extract(epoch FROM ${column}::time) * 1000000)::int8)::text`;
const parsed = (text: Cell): unknown => JSON.parse(String(text)) as unknown;
const number = (cell: Cell): unknown => (Object.is(cell, -0) ? '-0' : String(cell));
const instants = (zone: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .date({ min: new Date('0001-01-02Z'), max: new Date('9999-12-30Z'), noInvalidDate: true })
      .chain((date) => mapped(fc.constant(`${date.toISOString().slice(0, 23)}${zone}`))),
    literals(
      `0001-01-01 00:00:00${zone}`,
      `9999-12-31 23:59:59.999999${zone}`,
      `1969-12-31 23:59:59.999999${zone}`,
    ),
  );
const documents = mapped(
  fc.json({ maxDepth: 2, noUnicodeString: true }).filter((text) => !/\d{15}|\\u0000|e/i.test(text)),
);
const floats = (arbitrary: fc.Arbitrary<number>): fc.Arbitrary<string> =>
  fc.oneof(mapped(arbitrary.filter(Number.isFinite)), literals('NaN', 'Infinity', '-Infinity', '-0', '0.1'));
const listOf = (element: fc.Arbitrary<string>, type: string): fc.Arbitrary<string> =>
  fc.array(element, { maxLength: 4 }).map((items) => `ARRAY[${items.join(', ')}]::${type}`);
const elements = (column: string): string => `coalesce(array_to_json(${column})::text, '[]')`;

const COLUMNS: readonly Column[] = [
  { type: 'bool', values: literals('true', 'false'), shown: (c) => `${c}::text`, show: String },
  ...(['int2', 'int4', 'int8'] as const).map((type, index): Column => {
    const values = whole(16 * 2 ** index);
    return { type, values, shown: asText, show: String, to: LONG };
  }),
  { type: 'oid', values: literals('0', '4294967295'), shown: asText, show: String, to: LONG },
  {
    ...{ type: 'float4', values: floats(fc.float({ noNaN: true })), shown: (c) => `${c}::float8::text` },
    ...{ show: number, to: { kind: 'float', bits: 64 } },
  },
  { type: 'float8', values: floats(fc.double({ noNaN: true })), shown: (c) => `${c}::text`, show: number },
  { type: 'numeric(12,2)', values: mapped(decimals(10, 2)), shown: asText, show: String },
  { type: 'numeric(38,9)', values: mapped(decimals(29, 9)), shown: asText, show: String },
  { type: 'text', values: mappedText(anyText), shown: (c) => c, show: String },
  {
    type: 'text',
    values: mappedText(fc.nat(900).map((length) => 'é'.repeat(length))),
    shown: (c) => c,
    show: String,
  },
  {
    ...{
      type: 'bytea',
      values: fc.uint8Array({ maxLength: 300 }).map((it) => `'\\x${Buffer.from(it).toString('hex')}'`),
    },
    ...{
      shown: (c) => `encode(${c}, 'hex')`,
      show: (cell) => Buffer.from(cell as Uint8Array).toString('hex'),
    },
  },
  { type: 'uuid', values: mapped(fc.uuid()), shown: asText, show: String, to: { kind: 'string' } },
  {
    ...{ type: 'date', values: literals('0001-01-01', '9999-12-31', '1969-12-31', '2024-02-29') },
    ...{ shown: (c) => `(${c} - date '1970-01-01')::text`, show: String },
  },
  { type: 'timestamp', values: instants(''), shown: micros, show: String },
  { type: 'timestamptz', values: instants('Z'), shown: micros, show: String },
  {
    ...{ type: 'time', values: literals('00:00', '23:59:59.999999', '12:34:56.7') },
    ...{ shown: (c) => `(extract(epoch FROM ${c}) * 1000000)::int8::text`, show: String },
  },
  { type: 'jsonb', values: documents, shown: (c) => `${c}::text`, show: parsed },
  { type: 'json', values: documents, shown: (c) => `${c}::text`, show: parsed },
  {
    ...{ type: 'text[]', values: listOf(mappedText(anyText), 'text[]'), shown: elements },
    show: (cell) => (cell as Cell[]).map(String),
  },
  {
    ...{ type: 'int8[]', values: listOf(whole(64), 'int8[]') },
    shown: (c) => `coalesce(array_to_json(${c}::text[])::text, '[]')`,
    ...{ show: (cell) => (cell as Cell[]).map(String), to: { kind: 'array', element: LONG } },
  },
];
/** PostgreSQL's text of a value as `show` has it. */
const wantedOf = (column: Column, text: string): unknown => {
  if (column.type.startsWith('float')) return number(Number(text));
  return column.type.startsWith('json') ? parsed(text) : text;
};

function mappedText(arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> {
  // halves of surrogate pairs are no text for the server
  return mapped(arbitrary.map((text) => text.replaceAll(/\p{Cs}/gu, '')));
}

const READERS = ['socket', 'plain'] as const;

describe('postgres: COPY read from the socket, and through the driver', function () {
  this.timeout(120_000);
  let postgres: PostgresServer;
  let folder: string;
  before(async () => {
    postgres = await startPostgres({ tls: true });
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-copy-'));
  });
  after(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  interface Staged {
    readonly rows: readonly Row[];
    readonly rejected: number;
    readonly batches: number;
    readonly schema: TableSchema;
  }

  /** Stages what a source has as Avro, from undecoded rows, and reads it back with avsc. */
  async function stage(
    object: SourceObject,
    connection: JsonObject,
    to: readonly (ColumnType | undefined)[] = [],
  ): Promise<Staged> {
    return await withSource(postgres, { object, connection }, async (source) => {
      const sourceSchema = await source.schema(never);
      const schema: TableSchema = {
        primaryKey: [],
        columns: sourceSchema.columns.map((column, index) => ({ ...column, type: to[index] ?? column.type })),
      };
      const context = fakeContext(folder, {
        ...{ stagingFormat: 'avro', sourceSchema, destinationSchema: schema, maxRejects: 100 },
        columns: sourceSchema.columns.map(({ name, type }, index) => ({
          ...{ source: name, destination: name, sourceType: type, destinationType: to[index] ?? type },
        })),
      });
      const rejects = new RejectFile({ folder }, { job: 'j', runId: 'r', unit: 'u', file: undefined });
      let batches = 0;
      const request = await requestOf(source, { takesRaw: true });
      async function* counted() {
        for await (const batch of source.read(request, never).batches) {
          batches++;
          yield batch;
        }
      }
      const stream = encodeRows(
        context,
        unit('u'),
        { wire: 'cells', batches: counted() },
        {
          target: { rules: { ...BIGQUERY_RULES, maxRowBytes: 1 << 30 }, ndjson: BIGQUERY_NDJSON },
          rejectFile: rejects,
          onProgress: () => undefined,
          signal: never,
        },
      );
      const pieces = [Buffer.from(stream.header)];
      try {
        for await (const { bytes } of stream.blocks) pieces.push(Buffer.from(bytes));
      } finally {
        await rejects.discard();
      }
      const rows = await readRows(schema, Buffer.concat(pieces));
      return { rows, batches, schema, rejected: stream.counts().rowsRejected };
    });
  }

  async function rowsOf(sql: string): Promise<Record<string, string | null>[]> {
    const client = await postgres.connect();
    try {
      await client.query("SET timezone = 'UTC'");
      const { rows } = await client.query<{ row: Record<string, string | null> }>(sql);
      return rows.map(({ row }) => row);
    } finally {
      await client.end();
    }
  }

  it("stages values of all types as PostgreSQL's own row_to_json shows them, on both routes, with and without TLS", async () => {
    const row = fc.tuple(...COLUMNS.map(({ values }) => fc.option(values, { freq: 9 })));
    for (let round = 0; round < 4; round++) {
      const rows = fc.sample(row, 60);
      const names = COLUMNS.map((_, index) => `c${index}`);
      const values = rows.map(
        (cells, id) => `(${[String(id), ...cells.map((sql) => sql ?? 'NULL')].join(', ')})`,
      );
      await postgres.execute(`SET timezone = 'UTC'; DROP TABLE IF EXISTS anything;
        CREATE TABLE anything (id int PRIMARY KEY, ${COLUMNS.map(({ type }, index) => `c${index} ${type}`).join(', ')});
        INSERT INTO anything VALUES ${values.join(',\n')}`);
      const shown = COLUMNS.map(({ shown: show }, index) => `${show(`c${index}`)} AS c${index}`);
      const expected = await rowsOf(
        `SELECT row_to_json(x) AS row FROM (SELECT ${shown.join(', ')} FROM anything ORDER BY id) x`,
      );
      const to = [LONG, ...COLUMNS.map((column) => column.to)];
      for (const copy_reader of READERS) {
        for (const sslmode of ['disable', 'require']) {
          const staged = await stage(table('anything'), { copy_reader, sslmode }, to);
          assert.equal(staged.rejected, 0);
          assert.equal(staged.rows.length, rows.length);
          for (const cells of staged.rows) {
            const wanted = expected[Number(cells[0])];
            for (const [index, column] of COLUMNS.entries()) {
              const cell = cells[index + 1] ?? null;
              const text = wanted?.[names[index] ?? ''] ?? null;
              const seen = cell === null ? null : column.show(cell);
              const isList = Array.isArray(cell);
              const list = isList && text !== null ? (JSON.parse(text) as unknown[]).map(String) : undefined;
              const want = list ?? (text === null ? null : wantedOf(column, text));
              assert.deepEqual(
                seen,
                want,
                `${column.type}, row ${String(cells[0])}, ${copy_reader}, ${sslmode}`,
              );
            }
          }
        }
      }
    }
  });

  it('reads many rows in few pieces, and notices in between', async () => {
    await postgres.execute(`CREATE FUNCTION tell(n int) RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN IF n % 1000 = 0 THEN RAISE NOTICE 'at %', n; END IF; RETURN n; END $$`);
    const object = query(
      'SELECT tell(n) AS n, repeat(md5(n::text), 3) AS t FROM generate_series(1, 50000) n',
    );
    const [socket, plain] = [
      await stage(object, { copy_reader: 'socket', sslmode: 'disable' }, [LONG]),
      await stage(object, { copy_reader: 'plain', sslmode: 'disable' }, [LONG]),
    ];
    assert.equal(socket.rows.length, 50_000);
    assert.deepEqual(socket.rows, plain.rows);
    assert.ok(socket.batches < 2_000, `${socket.batches} batches`);
  });

  it('reads rows of many megabytes, and rejects what no row may have', async () => {
    const object =
      query(`SELECT n, repeat('x', CASE n WHEN 2 THEN 2000000 WHEN 4 THEN 70000000 WHEN 6 THEN 30000000 ELSE 5 END) AS t
      FROM generate_series(1, 8) n`);
    for (const copy_reader of READERS) {
      const { rows, rejected } = await stage(object, { copy_reader, sslmode: 'disable' }, [LONG]);
      const lengths = rows.map(([n, t]) => [n, String(t).length]);
      assert.deepEqual(lengths, [
        [1n, 5],
        [2n, 2_000_000],
        [3n, 5],
        [5n, 5],
        [6n, 30_000_000],
        [7n, 5],
        [8n, 5],
      ]);
      assert.equal(rejected, 1, copy_reader);
    }
  });

  /** The error of reading, and what it says; `meanwhile` happens after the second batch. */
  async function failure(
    object: SourceObject,
    connection: JsonObject,
    meanwhile: () => Promise<void>,
  ): Promise<BeamliftError> {
    return await withSource(postgres, { object, connection }, async (source) => {
      let batches = 0;
      try {
        for await (const batch of source.read(await requestOf(source, { takesRaw: true }), never).batches) {
          assert.ok(batch.bytes >= 0);
          if (++batches === 2) await meanwhile();
        }
      } catch (error) {
        assert.ok(error instanceof BeamliftError, String(error));
        // another connection takes its place
        assert.equal((await source.schema(never)).columns.length, 2);
        await source.estimate(null, never);
        return error;
      }
      return assert.fail('it was read to its end');
    });
  }
  const BIG = query("SELECT n, repeat('x', 900) AS t FROM generate_series(1, 300000) n");

  it('fails alike when the server ends the connection, or meets an error late', async () => {
    const late = query(
      `SELECT 1 / (250000 - n) AS n, repeat('x', 300) AS t FROM generate_series(1, 300000) n`,
    );
    for (const sslmode of ['disable', 'require']) {
      const seen: string[] = [];
      for (const copy_reader of READERS) {
        const connection = { copy_reader, sslmode };
        const killed = await failure(BIG, connection, () =>
          postgres.execute(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'beamlift' AND query LIKE 'COPY%'`,
          ),
        );
        assert.equal(killed.code, 'CONNECTION_LOST');
        const divided = await failure(late, connection, () => Promise.resolve());
        assert.match(divided.why ?? '', /division by zero.*22012/);
        const of = (error: BeamliftError): string =>
          [error.code, error.what, error.why, error.hint].join(' | ');
        seen.push(of(divided));
      }
      assert.equal(seen[0], seen[1]);
    }
  });

  it('has the server wait while rows are not taken', async () => {
    for (const copy_reader of READERS) {
      for (const sslmode of ['disable', 'require']) {
        const connection = { copy_reader, sslmode };
        await withSource(postgres, { object: BIG, connection }, async (source) => {
          const request = await requestOf(source, { takesRaw: true });
          const batches = source.read(request, never).batches[Symbol.asyncIterator]();
          const first = await batches.next();
          let rows = first.done === true ? 0 : (first.value.raw?.rows ?? 0);
          const waits = `SELECT to_json(wait_event) AS row FROM pg_stat_activity WHERE application_name = 'beamlift' AND query LIKE 'COPY%'`;
          let seen: unknown;
          for (let look = 0; look < 100 && seen !== 'ClientWrite'; look++) {
            await delay(50);
            [seen] = await rowsOf(waits);
          }
          assert.equal(seen, 'ClientWrite', `${copy_reader}, ${sslmode}`);
          for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
            rows += next.value.raw?.rows ?? 0;
          }
          assert.equal(rows, 300_000);
        });
      }
    }
  });
});
