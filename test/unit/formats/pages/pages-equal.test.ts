import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import type { Encoding, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { DecoderThreads } from '../../../../extractors/formats/parquet-threads';
import { TYPE_CASES } from '../parquet-type-cases';
import { assertDecodedTheSame } from './both-decoders';

const GOLDEN = path.join(__dirname, '../../../golden/parquet/duckdb-types.parquet');

/** Types whose stored values the property test makes. */
const KINDS = {
  INT32: fc.integer(),
  INT64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  FLOAT: fc.float(),
  DOUBLE: fc.double(),
  BOOLEAN: fc.boolean(),
  BYTE_ARRAY: fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.integer({ min: 0, max: 3 }).map((letter) => Uint8Array.of(97 + letter)),
    fc.integer({ min: 1, max: 300 }).map((length) => new Uint8Array(length).fill(length)),
  ),
  FIXED_LEN_BYTE_ARRAY: fc.uint8Array({ minLength: 5, maxLength: 5 }),
} as const;
type Kind = keyof typeof KINDS;

/** Encodings that a type has. Undefined: the writer chooses. */
function encodingsOf(kind: Kind): readonly (Encoding | undefined)[] {
  switch (kind) {
    case 'INT32':
    case 'INT64':
      return [undefined, 'PLAIN', 'DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT'];
    case 'FLOAT':
    case 'DOUBLE':
    case 'FIXED_LEN_BYTE_ARRAY':
      return [undefined, 'PLAIN', 'BYTE_STREAM_SPLIT'];
    case 'BYTE_ARRAY':
      return [undefined, 'PLAIN', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'];
    case 'BOOLEAN':
      return [undefined, 'PLAIN', 'RLE'];
  }
}

interface TestColumn {
  readonly kind: Kind;
  readonly isList: boolean;
  readonly encoding: Encoding | undefined;
  readonly data: unknown[];
}

/** A column of some rows: nulls, runs, values that repeat; or lists of such. */
function columnOf(kind: Kind, rows: number): fc.Arbitrary<TestColumn> {
  const value = KINDS[kind] as fc.Arbitrary<unknown>;
  const pool = fc.array(value, { minLength: 1, maxLength: 6 });
  const isSame = fc.boolean();
  return fc
    .record({
      pool,
      isSame,
      isList: fc.boolean(),
      encoding: fc.constantFrom(...encodingsOf(kind)),
      nulls: fc.constantFrom(0, 0.02, 0.5, 1),
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fresh: fc.array(value, { minLength: 30, maxLength: 60 }),
    })
    .map(({ pool: few, isSame: same, isList, encoding, nulls, seed, fresh }) => {
      let state = seed;
      const random = (): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
        return state / 2 ** 31;
      };
      const one = (): unknown => {
        if (random() < nulls) return null;
        const from = same ? few : fresh;
        return from[Math.floor(random() * from.length)] ?? null;
      };
      const data = Array.from({ length: rows }, () => {
        if (!isList) return one();
        if (random() < 0.1) return null;
        return Array.from({ length: Math.floor(random() * 4) }, one);
      });
      return { kind, isList, encoding, data };
    });
}

function schemaOf(name: string, kind: Kind, isList: boolean): SchemaElement[] {
  const leaf = { type: kind, ...(kind === 'FIXED_LEN_BYTE_ARRAY' ? { type_length: 5 } : {}) };
  if (!isList) return [{ name, repetition_type: 'OPTIONAL', ...leaf }];
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', ...leaf },
  ];
}

describe('pages of Parquet files', () => {
  let folder: string;
  let connection: DuckDBConnection;

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'parquet-pages-'));
    connection = await (await DuckDBInstance.create(':memory:')).connect();
  });
  after(async () => {
    connection.closeSync();
    await fs.rm(folder, { recursive: true });
  });

  async function copy(sql: string, options: string): Promise<Buffer> {
    const file = path.join(folder, 'copy.parquet');
    await connection.run(`COPY (${sql}) TO '${file}' (FORMAT parquet, ${options})`);
    return fs.readFile(file);
  }

  it('are decoded as Rust does it, whatever the types, values, nulls and sizes', async () => {
    const threads = new DecoderThreads();
    const rows = fc.integer({ min: 1, max: 400 });
    const files = rows.chain((count) =>
      fc.record({
        columns: fc.array(
          fc.constantFrom(...(Object.keys(KINDS) as Kind[])).chain((kind) => columnOf(kind, count)),
          { minLength: 1, maxLength: 4 },
        ),
        pageSize: fc.constantFrom(16, 100, 1000, 1_000_000),
        rowGroupSize: fc.constantFrom(7, 150, 100_000),
        codec: fc.constantFrom('UNCOMPRESSED', 'SNAPPY', 'GZIP'),
        batch: fc.constantFrom(1, 3, 64),
      }),
    );
    await fc.assert(
      fc.asyncProperty(files, async ({ columns, pageSize, rowGroupSize, codec, batch }) => {
        const bytes = new ByteWriter();
        const writer = new ParquetWriter({
          writer: bytes,
          codec,
          compressors: { GZIP: gzipSync },
          schema: [
            { name: 'root', num_children: columns.length },
            ...columns.flatMap(({ kind, isList }, index) => schemaOf(`c${index}`, kind, isList)),
          ],
        });
        void writer.write({
          columnData: columns.map(({ data, encoding }, index) => ({
            name: `c${index}`,
            data,
            ...(encoding === undefined ? {} : { encoding }),
          })),
          rowGroupSize,
          pageSize,
        });
        void writer.finish();
        await assertDecodedTheSame(new Uint8Array(bytes.getBytes()), [batch], threads);
      }),
      { numRuns: 60 },
    );
  });

  it('have every type that DuckDB writes, with each codec', async () => {
    const { columns } = JSON.parse(await fs.readFile(GOLDEN.replace('.parquet', '.json'), 'utf8')) as {
      columns: Record<string, string>;
    };
    const flat = Object.entries(columns)
      .filter(([, type]) => !/struct|array<array/.test(type))
      .map(([name]) => `"${name}"`);
    assert.ok(flat.length > 20);
    for (const codec of ['uncompressed', 'snappy', 'gzip', 'zstd']) {
      const sql = `SELECT ${flat.join(', ')} FROM '${GOLDEN}', range(700)`;
      await assertDecodedTheSame(await copy(sql, `COMPRESSION ${codec}, ROW_GROUP_SIZE 2048`), [5]);
    }
  });

  it('have the encodings of version 2', async () => {
    await assertDecodedTheSame(await copy(LARGE, 'PARQUET_VERSION V2, ROW_GROUP_SIZE 30000'), [777]);
  });

  const LARGE = `SELECT i AS id, CASE WHEN i % 11 < 3 THEN NULL ELSE i * 7919 END AS n, hash(i)::hugeint::decimal(38, 2) AS d,
    CASE WHEN i % 5 = 0 THEN NULL ELSE 'text ' || hash(i) || repeat(chr(97 + (i % 20)::int), (i % 300)::int) END AS t,
    CASE WHEN i % 977 = 0 THEN repeat('long ', 20000) ELSE 'ż' || i END AS u, uuid() AS k, i % 3 = 0 AS b,
    CASE WHEN i % 13 = 0 THEN NULL ELSE ['a' || i % 9, NULL, repeat('b', (i % 40)::int)][: (i % 4)::int] END AS l,
    [i * 3, i, NULL][: (i % 3)::int] AS m, 'word' || i % 300 AS w FROM range(40000) t(i)`;

  for (const codec of ['snappy', 'zstd', 'gzip', 'uncompressed']) {
    it(`may be larger than what is in memory of them, with ${codec}`, async () => {
      await assertDecodedTheSame(await copy(LARGE, `COMPRESSION ${codec}, ROW_GROUP_SIZE 30000`), [777]);
    });
  }

  it('hold integers that do not fit their type, of which the lower bytes count', async () => {
    const cases = TYPE_CASES.filter(({ name }) => /^U?INT_(?:8|16)$/.test(name));
    assert.equal(cases.length, 4);
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      writer: bytes,
      schema: [
        { name: 'root', num_children: cases.length },
        ...cases.map(({ name }): SchemaElement => ({ name, type: 'INT32', repetition_type: 'REQUIRED' })),
      ],
    });
    void writer.write({
      columnData: cases.map(({ name }) => ({ name, data: [-1, 300, 70_000, -70_000, 2 ** 31 - 1] })),
    });
    cases.forEach(({ name, element }, index) => {
      writer.schema[index + 1] = { name, repetition_type: 'REQUIRED', ...element };
    });
    void writer.finish();
    await assertDecodedTheSame(new Uint8Array(bytes.getBytes()), []);
  });
});
