import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import type { Row } from '../../../core/cells';
import type { DestinationRules } from '../../../core/destination-rules';
import {
  STAGING_FORMATS,
  type EncodedStream,
  type PlacedBlock,
  type StagingFormat,
} from '../../../core/encoding';
import type { RowBatch } from '../../../core/extractor';
import type { RunContext } from '../../../core/plan';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { encodeRows } from '../../../pipelines/encode-rows';
import { RejectFile } from '../../../pipelines/reject-file';
import { hasCode } from '../../has-code';
import { readRows } from '../transforms/avro-reading';
import { fakeContext, RULES, unit } from './fake-equipment';

const TEXT: ColumnType = { kind: 'string' };
const INT: ColumnType = { kind: 'int', bits: 64 };
const TIMESTAMP: ColumnType = { kind: 'timestamp', unit: 'us' };

const SCHEMA: TableSchema = {
  columns: [
    { name: 'id', type: INT, nullable: false },
    { name: 'at', type: TIMESTAMP, nullable: true },
    { name: 'note', type: TEXT, nullable: true },
  ],
  primaryKey: ['id'],
};

interface Encoding {
  readonly stream: EncodedStream;
  readonly progress: { rows: number; sourceBytes: number; stagedBytes: number };
}

describe('encodeRows', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-encode-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function context(format: StagingFormat, changes: Partial<RunContext> = {}): RunContext {
    return fakeContext(folder, {
      stagingFormat: format,
      sourceSchema: SCHEMA,
      destinationSchema: SCHEMA,
      columns: SCHEMA.columns.map(({ name, type }) => ({
        source: name,
        destination: name,
        sourceType: type,
        destinationType: type,
      })),
      ...changes,
    });
  }

  function encode(
    run: RunContext,
    batches: readonly (readonly Row[])[],
    rules: Partial<DestinationRules> = {},
  ): Encoding {
    const progress = { rows: 0, sourceBytes: 0, stagedBytes: 0 };
    const rejectFile = new RejectFile(
      { folder },
      { job: run.job, runId: run.runId, unit: 'u', file: undefined },
    );
    async function* read(): AsyncGenerator<RowBatch> {
      for (const rows of batches) yield { rows, rejects: [], bytes: 10 };
    }
    const stream = encodeRows(
      run,
      unit('u'),
      { wire: 'cells', batches: read() },
      {
        target: {
          rules: { ...RULES, ...rules },
          ndjson: { bytes: 'base64', json: 'raw', zone: 'Z', eraSuffix: undefined, floatAsNumber: true },
        },
        rejectFile,
        onProgress: (rows, sourceBytes, stagedBytes) => {
          progress.rows += rows;
          progress.sourceBytes += sourceBytes;
          progress.stagedBytes += stagedBytes;
        },
        signal: new AbortController().signal,
      },
    );
    return { stream, progress };
  }

  /** The bytes of each block are copied as they come, as a loader must. */
  async function fileOf(
    stream: EncodedStream,
  ): Promise<{ file: Buffer; blocks: { bytes: number; rows: number }[] }> {
    const pieces = [Buffer.from(stream.header)];
    const blocks: { bytes: number; rows: number }[] = [];
    const placed: PlacedBlock[] = [];
    let start = stream.header.length;
    for await (const { bytes, rows, index } of stream.blocks) {
      pieces.push(Buffer.from(bytes));
      blocks.push({ bytes: bytes.length, rows });
      if (index !== undefined) placed.push({ start, rows, index });
      start += bytes.length;
    }
    const footer = stream.footer?.(placed);
    return { file: Buffer.concat(footer === undefined ? pieces : [...pieces, footer]), blocks };
  }

  /** The ids of a file's rows, and the length of their notes. */
  async function notesOf(format: StagingFormat, file: Buffer): Promise<[bigint, number | null][]> {
    if (format === 'avro') {
      const rows = await readRows(SCHEMA, file);
      return rows.map(([id, , note]) => [id as bigint, note === null ? null : (note as string).length]);
    }
    if (format === 'parquet') {
      const rows = await parquetReadObjects({ file: Uint8Array.from(file).buffer });
      return rows.map(({ id, note }) => [id as bigint, (note as string | null)?.length ?? null]);
    }
    const lines = file.toString('utf8').split('\n');
    assert.equal(lines.pop(), '');
    return lines.map((line) => {
      const { id, note } = JSON.parse(line) as { id: number; note: string | null };
      return [BigInt(id), note?.length ?? null];
    });
  }

  for (const format of STAGING_FORMATS) {
    describe(`as ${format}`, () => {
      it('writes all rows, in blocks of about the size of the format, and says what it wrote', async () => {
        // The block is compressed, and snappy is good at this: what counts is its size before.
        const batches = Array.from({ length: 40 }, (_, batch) =>
          Array.from({ length: 100 }, (__, row): Row => [
            BigInt(batch * 100 + row),
            null,
            'é'.repeat(row * 3),
          ]),
        );
        const { stream, progress } = encode(context(format), batches);
        const { file, blocks } = await fileOf(stream);
        const expected = batches.flat().map(([id, , note]) => [id, (note as string).length]);
        assert.deepEqual(await notesOf(format, file), expected);
        assert.equal(stream.format, format);
        const [least, most] = format === 'parquet' ? [1, 1] : [4, 7];
        assert.ok(blocks.length >= least && blocks.length <= most, `${blocks.length}`);
        assert.equal(
          blocks.reduce((sum, { rows }) => sum + rows, 0),
          4000,
        );
        assert.deepEqual(stream.counts(), {
          rowsExtracted: 4000,
          rowsStaged: 4000,
          rowsRejected: 0,
          rowsFiltered: 0,
          losses: Object.create(null),
        });
        const stagedBytes = blocks.reduce((sum, { bytes }) => sum + bytes, 0);
        assert.deepEqual(progress, { rows: 4000, sourceBytes: 400, stagedBytes });
        assert.equal(stream.digests(), undefined);
        assert.equal(stream.partitions(), undefined);
        assert.equal(stream.rejectFile(), undefined);
      });

      it('writes rows that are longer than a block, between others', async () => {
        const lengths = [1, 300_000, 2, 1_000_000, 0, 700_000, 3];
        const rows = lengths.map((length, index): Row => [BigInt(index), null, 'x'.repeat(length)]);
        const { stream } = encode(context(format), [rows]);
        const { file, blocks } = await fileOf(stream);
        assert.deepEqual(
          await notesOf(format, file),
          lengths.map((length, index) => [BigInt(index), length]),
        );
        assert.deepEqual(
          blocks.map(({ rows: count }) => count),
          format === 'parquet' ? [7] : [2, 2, 2, 1],
        );
      });

      it('has no block where there are no rows', async () => {
        const { blocks } = await fileOf(encode(context(format), [[]]).stream);
        assert.deepEqual(blocks, []);
      });

      it('rejects rows that are too long when encoded, named, counted, and kept apart', async () => {
        const rows: Row[] = [
          [1n, 0n, 'short'],
          [2n, 3_600_000_000n, 'é'.repeat(1000)],
          [3n, 0n, null],
        ];
        const run = context(format, {
          maxRejects: 1,
          verify: 'strict',
          partitioning: { by: 'hour', column: 'at' },
        });
        const { stream } = encode(run, [rows], { maxRowBytes: 2000 });
        const { file } = await fileOf(stream);
        assert.deepEqual(await notesOf(format, file), [
          [1n, 5],
          [3n, null],
        ]);
        const { rowsExtracted, rowsStaged, rowsRejected } = stream.counts();
        assert.deepEqual([rowsExtracted, rowsStaged, rowsRejected], [3, 2, 1]);
        const written = await readFile(stream.rejectFile() ?? '', 'utf8');
        const reject = JSON.parse(written) as Record<string, unknown>;
        assert.equal(reject['row'], 'id=2');
        assert.equal(
          reject['reason'],
          `row too long: more than 2,000 bytes as ${format}; most of it is in column note`,
        );
        // Of the rows that are staged, and no others.
        assert.deepEqual(stream.partitions(), ['1970010100']);
        assert.equal(stream.digests()?.['id']?.values, 2);
      });

      it('ends with the first row that is too long and one more than allowed', async () => {
        const rows = [1n, 2n].map((id): Row => [id, null, 'x'.repeat(3000)]);
        const { stream } = encode(context(format, { maxRejects: 1 }), [rows], { maxRowBytes: 2000 });
        await assert.rejects(
          fileOf(stream),
          hasCode('REJECTS_EXCEEDED', /2 rows .* row too long: more than 2,000 bytes/),
        );
      });

      it('takes a row of exactly the limit, and none of a byte more', async () => {
        for (const length of [100, 90_000, 400_000]) {
          const row: Row = [1n, null, `${'é'.repeat(length)}x`];
          const { stream } = encode(context(format), [[row]]);
          const { file } = await fileOf(stream);
          const bytes = format === 'ndjson' ? file.length : ROW_BYTES[format](length * 2 + 1);
          const fits = encode(context(format), [[row]], { maxRowBytes: bytes });
          assert.equal((await fileOf(fits.stream)).blocks.length, 1);
          const tight = encode(context(format, { maxRejects: 1 }), [[row]], { maxRowBytes: bytes - 1 });
          assert.equal((await fileOf(tight.stream)).blocks.length, 0);
          assert.equal(tight.stream.counts().rowsRejected, 1);
        }
      });

      it('counts no losses for rows that are too long', async () => {
        const { policies } = context(format);
        const run = context(format, { maxRejects: 1, policies: { ...policies, nul_character: 'drop' } });
        const texts = ['a\u0000b', `a\u0000${'b'.repeat(5000)}`];
        const rows = texts.map((note, index): Row => [BigInt(index), null, note]);
        const { stream } = encode(run, [rows], { maxRowBytes: 2000, nulCharacter: false });
        await fileOf(stream);
        assert.equal(stream.counts().rowsRejected, 1);
        assert.deepEqual({ ...stream.counts().losses }, { note: { nul_character: 1 } });
      });

      it('rejects halves of surrogate pairs before they are encoded', async () => {
        const { stream } = encode(context(format, { maxRejects: 1 }), [[[1n, null, 'a\ud800']]]);
        assert.deepEqual((await fileOf(stream)).blocks, []);
        assert.equal(stream.counts().rowsRejected, 1);
      });

      it('notes partitions and digests where the run asks for them', async () => {
        const run = context(format, { verify: 'strict', partitioning: { by: 'day', column: 'at' } });
        const day = 86_400_000_000n;
        const batches = [
          [0n, day, null],
          [day + 5n, 20_000n * day],
        ].map((cells, batch) => cells.map((at, index): Row => [BigInt(batch * 10 + index), at, null]));
        const { stream } = encode(run, batches);
        await fileOf(stream);
        assert.deepEqual(stream.partitions(), ['19700101', '19700102', '__NULL__', '20241004']);
        const digests = stream.digests();
        assert.deepEqual(Object.keys(digests ?? {}), ['id', 'at', 'note']);
        assert.deepEqual(
          ['id', 'at', 'note'].map((name) => digests?.[name]?.values),
          [5, 4, 0],
        );
      });
    });
  }
});

/** Of a row with an id, a null and a text of so many bytes. */
const ROW_BYTES = { avro: avroRowBytes, parquet: (textBytes: number) => 8 + 4 + textBytes };

/** Of a row with an id below 64, a null and a text of so many bytes. */
function avroRowBytes(textBytes: number): number {
  const length = [6, 13, 20].findIndex((bits) => textBytes < 2 ** bits) + 1;
  return 1 + 1 + 1 + length + textBytes;
}
