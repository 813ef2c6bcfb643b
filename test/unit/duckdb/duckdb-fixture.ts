import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Row } from '../../../core/cells';
import type { EncodedBlock, EncodedStream, StagingFormat } from '../../../core/encoding';
import type { Logger } from '../../../core/logger';
import type { Losses } from '../../../core/loss-ledger';
import type { Manifest } from '../../../core/manifest';
import { PLAN_VERSION, type RunContext, type WorkUnit } from '../../../core/plan';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { DuckdbLoader, type DuckdbSettings } from '../../../loaders/duckdb/duckdb-loader';
import { DUCKDB_NDJSON, DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { openRowBlocks } from '../../../pipelines/row-blocks';
import type { Oracle } from './oracle';

export const NEVER = new AbortController().signal;
const QUICK = { attempts: 3, minDelayMs: 5, maxDelayMs: 20, factor: 2 };

/** What was logged: the event and its fields. */
export type LogLine = readonly [level: string, event: string, fields: Readonly<Record<string, unknown>>];

export class DuckdbFixture {
  readonly logged: LogLine[] = [];

  private constructor(
    readonly folder: string,
    private readonly oracle: Oracle,
  ) {}

  static async make(oracle: Oracle): Promise<DuckdbFixture> {
    return new DuckdbFixture(await mkdtemp(path.join(tmpdir(), 'beamlift-duckdb-')), oracle);
  }

  static at(folder: string, oracle: Oracle): DuckdbFixture {
    return new DuckdbFixture(folder, oracle);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  get file(): string {
    return path.join(this.folder, 'warehouse.duckdb');
  }

  loader(settings: Partial<DuckdbSettings> = {}): DuckdbLoader {
    return new DuckdbLoader({
      path: this.file,
      table: { schema: 'main', name: 't' },
      memoryLimit: undefined,
      threads: 1,
      log: this.log,
      lockPolicy: QUICK,
      ...settings,
    });
  }

  private readonly log: Logger = {
    debug: (event, fields = {}) => void this.logged.push(['debug', event, fields]),
    info: (event, fields = {}) => void this.logged.push(['info', event, fields]),
    warn: (event, fields = {}) => void this.logged.push(['warn', event, fields]),
    error: (event, fields = {}) => void this.logged.push(['error', event, fields]),
  };

  context(columns: readonly (readonly [string, ColumnType])[], more: Partial<RunContext> = {}): RunContext {
    const schema: TableSchema = {
      columns: columns.map(([name, type]) => ({ name, type, nullable: true })),
      primaryKey: [],
    };
    const runId = more.runId ?? 'run-1';
    return {
      planVersion: PLAN_VERSION,
      codeVersion: 'test',
      runId,
      job: 'orders',
      fingerprint: 'f1',
      fence: 1,
      source: {
        type: 'fake',
        connectionName: 'c',
        connection: {},
        object: { kind: 'table', name: 's' },
        maxConnections: 1,
      },
      destination: { type: 'duckdb', destinationName: 'd', config: { path: this.file }, table: 't' },
      disposition: 'append',
      keyColumns: [],
      columns: columns.map(([name, type]) => ({
        source: name,
        destination: name,
        sourceType: type,
        destinationType: type,
      })),
      sourceSchema: schema,
      destinationSchema: schema,
      createTable: true,
      newColumns: [],
      allowEmpty: false,
      window: null,
      limit: null,
      nextWatermark: null,
      backfill: false,
      stagingFormat: 'parquet',
      verify: 'counts',
      tableOptions: { clusterBy: [] },
      partitioning: null,
      policies: { ...DEFAULT_POLICIES, columns: {} },
      maxRejects: 0,
      stagingFolder: path.join(this.folder, 'staging', runId),
      rejectFolder: path.join(this.folder, 'rejects', runId),
      ...more,
    };
  }

  /** Takes the lease, stages one unit for each list of rows, commits, releases. */
  async load(
    columns: readonly (readonly [string, ColumnType])[],
    units: readonly (readonly Row[])[],
    more: Partial<RunContext> = {},
    settings: Partial<DuckdbSettings> = {},
  ) {
    const loader = this.loader(settings);
    const identity = { job: more.job ?? 'orders', fingerprint: 'f1' };
    const lease = await loader.acquireLease(identity, more.runId ?? 'run-1', 'fail', NEVER);
    try {
      const context = this.context(columns, { ...more, fence: lease.fence });
      const manifests = await stageRows(loader, context, units);
      return await loader.commit(context, manifests, {}, NEVER);
    } finally {
      await lease.release();
    }
  }

  /** Asks another process: every value as text, null for SQL NULL. */
  async ask(sql: string): Promise<(string | null)[][]> {
    return await this.oracle.ask(this.file, sql);
  }

  /** Statements by another process, as a user would make them. */
  async change(...statements: string[]): Promise<void> {
    await this.oracle.change(this.file, statements);
  }
}

export function unit(id: string): WorkUnit {
  return { id, kind: 'all' };
}

/** One unit (`u0`, `u1`, …) for each list of rows. */
export async function stageRows(
  loader: DuckdbLoader,
  context: RunContext,
  units: readonly (readonly Row[])[],
): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const [index, rows] of units.entries()) {
    const id = `u${String(index).padStart(5, '0')}`;
    manifests.push(await loader.stage(context, unit(id), encoded(context, rows), NEVER));
  }
  return manifests;
}

/** Rows as runUnit encodes them, `rowsPerBlock` in a block. */
export function encoded(
  { stagingFormat, destinationSchema }: Pick<RunContext, 'stagingFormat' | 'destinationSchema'>,
  rows: readonly Row[],
  rowsPerBlock = 100,
): EncodedStream {
  const blocks = openRowBlocks(stagingFormat, destinationSchema, {
    rules: DUCKDB_RULES,
    ndjson: DUCKDB_NDJSON,
  });
  async function* encode(): AsyncGenerator<EncodedBlock> {
    for (const [index, row] of rows.entries()) {
      blocks.add(row);
      if (!blocks.isFull && (index + 1) % rowsPerBlock !== 0) continue;
      const block = blocks.take();
      if (block !== undefined) yield block;
    }
    const last = blocks.take();
    if (last !== undefined) yield await Promise.resolve(last);
  }
  return streamOf(stagingFormat, encode(), rows.length, blocks);
}

/** Lines of NDJSON as they are. */
export function encodedTexts(lines: readonly string[], rowsPerBlock = 100): EncodedStream {
  return streamOf('ndjson', blocksOf(lines, rowsPerBlock), lines.length);
}

function streamOf(
  format: StagingFormat,
  blocks: AsyncIterable<EncodedBlock>,
  rows: number,
  { header, footer }: Partial<Pick<EncodedStream, 'header' | 'footer'>> = {},
): EncodedStream {
  return {
    format,
    header: header ?? new Uint8Array(),
    footer,
    blocks,
    counts: () => ({
      rowsExtracted: rows,
      rowsStaged: rows,
      rowsRejected: 0,
      rowsFiltered: 0,
      losses: Object.create(null) as Losses,
    }),
    rejectFile: () => undefined,
    digests: () => undefined,
    partitions: () => undefined,
  };
}

async function* blocksOf(lines: readonly string[], rowsPerBlock: number): AsyncGenerator<EncodedBlock> {
  for (let from = 0; from < lines.length; from += rowsPerBlock) {
    const some = lines.slice(from, from + rowsPerBlock);
    yield await Promise.resolve({ bytes: Buffer.from(some.join(''), 'utf8'), rows: some.length });
  }
}
