import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { Row } from '../../../core/cells';
import type { RowBatch } from '../../../core/extractor';
import type { RunContext } from '../../../core/plan';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { jsonlReader } from '../../../extractors/formats/json';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { encodeRows } from '../../../pipelines/encode-rows';
import { RejectFile } from '../../../pipelines/reject-file';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { MemoryFile } from '../formats/memory-file';
import { readRows } from '../transforms/avro-reading';
import { fakeContext, unit } from './fake-equipment';

const COLUMNS: Readonly<Record<string, ColumnType>> = {
  id: { kind: 'int', bits: 64 },
  amount: { kind: 'decimal', precision: 10, scale: 2 },
  note: { kind: 'string' },
  at: { kind: 'timestamp', unit: 'us' },
  tags: { kind: 'array', element: { kind: 'string' } },
};
const VARIANT = { kind: 'variant' } as const;
const NAMES = Object.keys(COLUMNS);

function schemaOf(of: (name: string) => ColumnType): TableSchema {
  return {
    columns: NAMES.map((name) => ({ name, type: of(name), nullable: name !== 'id' })),
    primaryKey: [],
  };
}

const SOURCE = schemaOf(() => VARIANT);
const DESTINATION = schemaOf((name) => COLUMNS[name] ?? VARIANT);

const line = fc
  .record({
    id: fc.option(fc.nat({ max: 9999 }), { freq: 20 }),
    amount: fc.oneof(
      fc.integer({ min: -99_999, max: 99_999 }).map((cents) => cents / 100),
      fc.constantFrom('1.005', 1e12, 'x', '3.50', null),
    ),
    note: fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('é', '"\n', 'x'.repeat(700), '\ud800')),
    at: fc
      .date({ min: new Date(0), max: new Date('2030-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    tags: fc.option(fc.array(fc.constantFrom('a', 'b"', 'é'), { maxLength: 3 })),
  })
  .map((record) => JSON.stringify(record));
const lines = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: line },
    { weight: 1, arbitrary: fc.constantFrom('', '{"id":1', '[]', '{"id":1,"id":2}', '{"id":3,"more":true}') },
  ),
  { maxLength: 30 },
);

const formats = fc.constantFrom('avro' as const, 'ndjson' as const);

interface Options {
  readonly maxRowBytes?: number;
  readonly changes?: Partial<RunContext>;
}

describe('lines of JSON that come undecoded', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-json-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** What becomes of a file, decoded by its reader or here. */
  async function encode(
    content: string,
    chunk: number,
    codecs: CodecMode | 'decoded',
    { maxRowBytes = BIGQUERY_RULES.maxRowBytes ?? 0, changes = {} }: Options = {},
  ): Promise<{ rows: readonly (Row | string)[]; raw: number; outcome: unknown }> {
    const context = fakeContext(folder, {
      stagingFormat: 'avro',
      sourceSchema: SOURCE,
      destinationSchema: DESTINATION,
      maxRejects: 1000,
      columns: NAMES.map((name) => ({
        source: name,
        destination: name,
        sourceType: VARIANT,
        destinationType: COLUMNS[name] ?? VARIANT,
      })),
      ...changes,
    });
    const { signal } = new AbortController();
    const file = new MemoryFile(Buffer.from(content), [chunk]);
    let raw = 0;
    async function* read(): AsyncGenerator<RowBatch> {
      const takesRaw = codecs !== 'decoded';
      for await (const batch of jsonlReader().read(file, SOURCE.columns, signal, undefined, takesRaw)) {
        raw += batch.raw?.rows ?? 0;
        yield batch;
      }
    }
    const rejectFile = new RejectFile({ folder }, { job: 'j', runId: 'r', unit: 'u', file: undefined });
    const stream = encodeRows(
      context,
      unit('u'),
      { wire: 'cells', batches: read() },
      {
        target: { rules: { ...BIGQUERY_RULES, maxRowBytes }, ndjson: BIGQUERY_NDJSON },
        rejectFile,
        onProgress: () => undefined,
        signal,
        codecs: codecs === 'decoded' ? undefined : codecs,
      },
    );
    const pieces = [Buffer.from(stream.header)];
    for await (const { bytes } of stream.blocks) pieces.push(Buffer.from(bytes));
    const bytes = Buffer.concat(pieces);
    const isAvro = context.stagingFormat === 'avro';
    const rows = isAvro ? await readRows(DESTINATION, bytes) : bytes.toString('utf8').split('\n');
    const kept = stream.rejectFile();
    const rejects = kept === undefined ? [] : (await readFile(kept, 'utf8')).split('\n').sort();
    await rejectFile.discard();
    const partitions = [...(stream.partitions() ?? [])].sort();
    return { rows, raw, outcome: { rows, rejects, partitions, counts: stream.counts() } };
  }

  it('are staged, refused, named and counted as decoded ones are', async () => {
    const changes: Partial<RunContext> = { partitioning: { by: 'month', column: 'at' } };
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.integer({ min: 1, max: 2000 }),
        formats,
        async (texts, chunk, stagingFormat) => {
          const content = texts.join('\n');
          const options = { changes: { ...changes, stagingFormat }, maxRowBytes: 300 };
          const decoded = await encode(content, chunk, 'decoded', options);
          assert.equal(decoded.raw, 0);
          for (const mode of ['generated', 'closures'] as const) {
            assert.deepEqual((await encode(content, chunk, mode, options)).outcome, decoded.outcome);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('fill several blocks, and hold what JSON.parse reads', async () => {
    const texts = Array.from({ length: 3000 }, (_, id) =>
      JSON.stringify({ id, amount: id / 4, note: `${'z'.repeat(300)} "é" ${id}`, tags: ['a', String(id)] }),
    );
    const { rows, raw } = await encode(texts.join('\n'), 65_536, 'generated');
    assert.equal(raw, texts.length);
    const notes = rows.map((row) => row[2]);
    assert.deepEqual(
      notes,
      texts.map((text) => (JSON.parse(text) as { note: string }).note),
    );
  });
});
