import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { EncodedStream } from '../../../core/encoding';
import type { RowBatch } from '../../../core/extractor';
import type { RunContext } from '../../../core/plan';
import { UnreadableValue, type PgField, type PgForm } from '../../../core/pg-binary';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { CopyBatches } from '../../../extractors/postgres/copy-batches';
import {
  decodeInt64,
  decodeNumeric,
  decodeText,
  decodeTimestamp,
} from '../../../extractors/postgres/field-decoders';
import type { RelationColumn } from '../../../extractors/postgres/relation';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { encodeRows } from '../../../pipelines/encode-rows';
import { KeptEncoders } from '../../../pipelines/kept-encoders';
import { RejectFile } from '../../../pipelines/reject-file';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { copyStream, int64, numeric } from '../postgres/copy-binary-writer';
import { readRows } from '../transforms/avro-reading';
import { fakeContext, unit } from './fake-equipment';

const COLUMNS: readonly {
  name: string;
  type: ColumnType;
  to?: ColumnType;
  form: PgForm;
  decode: PgField['decode'];
}[] = [
  { name: 'id', type: { kind: 'int', bits: 64 }, form: 'int64', decode: decodeInt64 },
  {
    name: 'amount',
    type: { kind: 'decimal' },
    to: { kind: 'decimal', precision: 10, scale: 2 },
    form: 'numeric',
    decode: decodeNumeric,
  },
  { name: 'note', type: { kind: 'string' }, form: 'text', decode: decodeNote },
  { name: 'at', type: { kind: 'timestamp', unit: 'us' }, form: 'instant', decode: decodeTimestamp },
];

/** `!` cannot be read; the codec is not asked, since the form of such a column is not known to it. */
function decodeNote(...value: Parameters<PgField['decode']>): string {
  const text = decodeText(...value) as string;
  if (text === '!') throw new UnreadableValue('not valid');
  return text;
}

function schemaOf(of: (column: (typeof COLUMNS)[number]) => ColumnType): TableSchema {
  const columns = COLUMNS.map((column) => ({
    name: column.name,
    type: of(column),
    nullable: column.name !== 'id',
  }));
  return { columns, primaryKey: ['id'] };
}

const SOURCE = schemaOf(({ type }) => type);
const DESTINATION = schemaOf(({ type, to }) => to ?? type);

const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('!', 'x'.repeat(700)));
const amount = fc.oneof(
  fc.integer({ min: -99_999, max: 99_999 }).map((cents) => (cents / 100).toFixed(2)),
  fc.constantFrom('NaN', '1.005', '99999999999', '0'),
);
const row = fc.tuple(
  fc.option(fc.bigInt({ min: 0n, max: 9_999n }).map(int64), { freq: 20 }),
  fc.option(amount.map(numeric)),
  fc.option(text.map((value) => Buffer.from(value.replaceAll('\ud800', ''), 'utf8'))),
  fc.option(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }).map(int64)),
);

interface Outcome {
  readonly rows: unknown[];
  readonly counts: unknown;
  readonly partitions: readonly string[];
  readonly rejects: readonly string[];
  readonly progress: number;
}

function codeOf(error: unknown): string {
  assert.ok(error instanceof BeamliftError, String(error));
  return error.code;
}

describe('rows that come undecoded', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-binary-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const contextOf = (changes: Partial<RunContext>): RunContext =>
    fakeContext(folder, {
      stagingFormat: 'avro',
      sourceSchema: SOURCE,
      destinationSchema: DESTINATION,
      maxRejects: 1000,
      columns: COLUMNS.map(({ name, type, to }) => ({
        source: name,
        destination: name,
        sourceType: type,
        destinationType: to ?? type,
      })),
      ...changes,
    });

  /** Reads a COPY stream whose bytes come in chunks of `size`, decoded by the source or here. */
  async function encode(
    bytes: Buffer,
    size: number,
    codecs: CodecMode | 'decoded',
    {
      maxRowBytes = BIGQUERY_RULES.maxRowBytes ?? 0,
      changes = {},
      context = contextOf(changes),
      encoders,
      noteForm = 'other',
    }: {
      readonly maxRowBytes?: number;
      readonly changes?: Partial<RunContext>;
      readonly context?: RunContext;
      readonly encoders?: KeptEncoders;
      /** `text`: there is no `!`, and WebAssembly may write the rows. */
      readonly noteForm?: PgForm;
    } = {},
  ): Promise<Outcome> {
    const relationColumns = COLUMNS.map(({ name, type, form, decode }) => ({
      name,
      reading: { type, decode, form: name === 'note' ? noteForm : form },
    })) as unknown as RelationColumn[];
    async function* read(): AsyncGenerator<RowBatch> {
      const batches = new CopyBatches(relationColumns, [0], codecs !== 'decoded');
      for (let at = 0; at < bytes.length; at += size) {
        yield* batches.push(Buffer.from(bytes.subarray(at, at + size)));
      }
      const last = batches.take();
      if (last !== undefined) yield last;
      assert.ok(batches.sawTrailer);
    }
    let progress = 0;
    const rejectFile = new RejectFile({ folder }, { job: 'j', runId: 'r', unit: 'u', file: undefined });
    const stream = encodeRows(
      context,
      unit('u'),
      { wire: 'cells', batches: read() },
      {
        target: { rules: { ...BIGQUERY_RULES, maxRowBytes }, ndjson: BIGQUERY_NDJSON },
        rejectFile,
        onProgress: (rows) => (progress += rows),
        signal: new AbortController().signal,
        codecs: codecs === 'decoded' ? undefined : codecs,
        encoders,
      },
    );
    const file = await fileOf(stream);
    const rows = await readRows(DESTINATION, file);
    const kept = stream.rejectFile();
    // In the order of the rows; the decoder tells of those that it cannot read first.
    const rejects = kept === undefined ? [] : (await readFile(kept, 'utf8')).split('\n').sort();
    await rejectFile.discard();
    return {
      rows,
      counts: stream.counts(),
      partitions: [...(stream.partitions() ?? [])].sort(),
      rejects,
      progress,
    };
  }

  it('are staged, refused and counted as decoded ones are', async () => {
    const changes: Partial<RunContext> = {
      partitioning: { by: 'month', column: 'at' },
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 30 }),
        fc.integer({ min: 1, max: 4000 }),
        async (rows, size) => {
          const bytes = copyStream(rows);
          const decoded = await encode(bytes, size, 'decoded', { changes });
          for (const mode of ['generated', 'closures'] as const) {
            const { progress, ...outcome } = await encode(bytes, size, mode, { changes });
            const expected: Partial<Outcome> = { ...decoded };
            delete (expected as { progress?: number }).progress;
            assert.deepEqual(outcome, expected);
            assert.ok(progress >= decoded.progress);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are staged, refused and counted as decoded ones are where WebAssembly writes most of them', async () => {
    const changes: Partial<RunContext> = { partitioning: { by: 'month', column: 'at' } };
    const plain = row.filter(([, , note]) => note?.toString() !== '!');
    const sizes = fc.oneof(fc.integer({ min: 1, max: 4000 }), fc.constant(1_000_000));
    await fc.assert(
      fc.asyncProperty(fc.array(plain, { maxLength: 40, size: 'max' }), sizes, async (rows, size) => {
        const bytes = copyStream(rows);
        const options = { changes, noteForm: 'text', maxRowBytes: 500 } as const;
        const decoded = await encode(bytes, size, 'decoded', options);
        for (const mode of ['wasm', 'closures'] as const) {
          const outcome = await encode(bytes, size, mode, options);
          assert.deepEqual({ ...outcome, progress: 0 }, { ...decoded, progress: 0 });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are staged the same with encoders of units before, of which some have failed', async () => {
    const changes: Partial<RunContext> = { partitioning: { by: 'month', column: 'at' } };
    const context = contextOf({ ...changes, maxRejects: 3 });
    const encoders = new KeptEncoders();
    let kept = 0;
    let failed = 0;
    const noteForm = 'text';
    const plain = row.filter(([, , note]) => note?.toString() !== '!');
    const units = fc.array(fc.tuple(fc.array(plain, { maxLength: 30 }), fc.constantFrom(50, 100_000)), {
      minLength: 2,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(units, fc.boolean(), async (all, decoded) => {
        for (const [rows, size] of all) {
          const bytes = copyStream(rows);
          const alone = await encode(bytes, size, 'generated', { context, noteForm }).catch(codeOf);
          // cells now and then, with the blocks of undecoded rows
          const wire = decoded && rows.length % 2 === 0 ? 'decoded' : 'wasm';
          const before = encoders.take(context);
          if (before !== undefined) encoders.giveBack(context, before);
          const outcome = await encode(bytes, size, wire, { context, encoders, noteForm }).catch(codeOf);
          if (typeof outcome === 'string' || typeof alone === 'string') {
            assert.equal(outcome, alone);
            assert.equal(encoders.take(context), undefined, 'what has failed is not used again');
            failed++;
          } else {
            assert.deepEqual({ ...outcome, progress: 0 }, { ...alone, progress: 0 });
            if (before !== undefined) kept++;
          }
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(kept > 20 && failed > 5, `${kept} kept, ${failed} failed`);
  });

  it('are refused where they are too long, and those behind them are staged', async () => {
    const rows = ['short', 'y'.repeat(5000), 'again'].map((note, index) => [
      int64(BigInt(index)),
      numeric('1.5'),
      Buffer.from(note),
      null,
    ]);
    const outcome = await encode(copyStream(rows), 1000, 'generated', { maxRowBytes: 1000 });
    assert.deepEqual(outcome, await encode(copyStream(rows), 1000, 'decoded', { maxRowBytes: 1000 }));
    assert.equal(outcome.rows.length, 2);
  });

  it('are compressed as the job says', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => [
      int64(BigInt(index)),
      null,
      Buffer.from('note'),
      null,
    ]);
    const bytes = copyStream(rows);
    const usual = await encode(bytes, 4_000, 'generated');
    for (const stagingCompression of ['snappy', 'deflate', 'none'] as const) {
      const outcome = await encode(bytes, 4_000, 'generated', { changes: { stagingCompression } });
      assert.deepEqual(outcome, usual);
    }
  });

  it('fill several blocks', async () => {
    const note = Buffer.from('z'.repeat(900));
    const rows = Array.from({ length: 2000 }, (_, index) => [
      int64(BigInt(index)),
      numeric('7.25'),
      note,
      int64(5n),
    ]);
    const outcome = await encode(copyStream(rows), 65_536, 'generated');
    assert.equal(outcome.rows.length, 2000);
    assert.deepEqual(outcome.rows, (await encode(copyStream(rows), 65_536, 'decoded')).rows);
  });
});

async function fileOf(stream: EncodedStream): Promise<Buffer> {
  const pieces = [Buffer.from(stream.header)];
  for await (const { bytes } of stream.blocks) pieces.push(Buffer.from(bytes));
  return Buffer.concat(pieces);
}
