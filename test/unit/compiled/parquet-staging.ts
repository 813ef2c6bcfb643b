import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RowBatch } from '../../../core/extractor';
import type { RunContext } from '../../../core/plan';
import type { Column, ColumnType, TableSchema } from '../../../core/schema';
import type { FormatReader } from '../../../extractors/formats/format-reader';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { encodeRows } from '../../../pipelines/encode-rows';
import { RejectFile } from '../../../pipelines/reject-file';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import type { MemoryFile } from '../formats/parquet-files';
import { fakeContext, unit } from '../pipelines/fake-equipment';
import { readRows } from '../transforms/avro-reading';

const signal = new AbortController().signal;

/** What a column becomes in Avro. */
function destinationOf(type: ColumnType): ColumnType {
  switch (type.kind) {
    case 'int':
      return type.bits === 64 && type.unsigned === true
        ? { kind: 'decimal', precision: 20, scale: 0 }
        : { kind: 'int', bits: 64 };
    case 'float':
      return { kind: 'float', bits: 64 };
    case 'decimal':
      return (type.scale ?? 0) <= 38 && (type.scale ?? 0) >= 0
        ? { kind: 'decimal', precision: 76, scale: 38 }
        : { kind: 'string' };
    case 'time':
    case 'datetime':
    case 'timestamp':
      return { kind: type.kind, unit: 'us' };
    case 'array': {
      const { kind } = type.element;
      if (kind === 'array' || kind === 'struct') return { kind: 'json' };
      return { kind: 'array', element: destinationOf(type.element) };
    }
    case 'struct':
      return { kind: 'json' };
    case 'interval':
    case 'uuid':
    case 'variant':
      return { kind: 'string' };
    default:
      return type;
  }
}

export interface Outcome {
  readonly rows: unknown[];
  readonly counts: unknown;
  readonly rejects: readonly string[];
}

/** Stages the files' rows as Avro from cells and from what lies in Arrow's buffers, both ways, and compares. */
export async function assertStagedTheSame(
  reader: FormatReader,
  columns: readonly Column[],
  files: readonly MemoryFile[],
): Promise<Outcome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-arrow-'));
  try {
    const expected = await encode(reader, folder, columns, files, 'cells');
    for (const mode of ['wasm', 'generated', 'closures'] as const)
      assert.deepEqual(await encode(reader, folder, columns, files, mode), expected);
    return expected;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function encode(
  reader: FormatReader,
  folder: string,
  columns: readonly Column[],
  files: readonly MemoryFile[],
  mode: CodecMode | 'cells',
): Promise<Outcome> {
  const named = columns.map((column, index) => ({ ...column, name: `c${index}`, nullable: true }));
  const source: TableSchema = { columns: named, primaryKey: [] };
  const destination: TableSchema = {
    columns: named.map(({ name, type }) => ({ name, type: destinationOf(type), nullable: true })),
    primaryKey: [],
  };
  const changes: Partial<RunContext> = {
    stagingFormat: 'avro',
    sourceSchema: source,
    destinationSchema: destination,
    maxRejects: 100_000,
    columns: named.map(({ name, type }) => ({
      source: name,
      destination: name,
      sourceType: type,
      destinationType: destinationOf(type),
    })),
  };
  let undecoded = 0;
  async function* batches(): AsyncGenerator<RowBatch> {
    for (const file of files) {
      for await (const batch of reader.read(file, columns, signal, undefined, mode !== 'cells')) {
        undecoded += batch.raw?.rows ?? 0;
        yield batch;
      }
    }
  }
  const rejectFile = new RejectFile({ folder }, { job: 'j', runId: 'r', unit: 'u', file: undefined });
  const stream = encodeRows(
    fakeContext(folder, changes),
    unit('u'),
    { wire: 'cells', batches: batches() },
    {
      target: { rules: BIGQUERY_RULES, ndjson: BIGQUERY_NDJSON },
      rejectFile,
      onProgress: () => undefined,
      signal,
      codecs: mode === 'cells' ? undefined : mode,
    },
  );
  const pieces = [Buffer.from(stream.header)];
  for await (const { bytes } of stream.blocks) pieces.push(Buffer.from(bytes));
  const rows = await readRows(destination, Buffer.concat(pieces));
  const kept = stream.rejectFile();
  const rejects = kept === undefined ? [] : (await readFile(kept, 'utf8')).trim().split('\n');
  await rejectFile.discard();
  assert.equal(undecoded > 0, mode !== 'cells');
  return { rows, counts: stream.counts(), rejects: rejects.sort() };
}
