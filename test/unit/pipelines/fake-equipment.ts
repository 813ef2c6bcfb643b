import type { Extractor, ReadRequest, RowBatch } from '../../../core/extractor';
import type { Loader } from '../../../core/loader';
import type { Manifest } from '../../../core/manifest';
import type { RunContext, WorkUnit } from '../../../core/plan';
import type { DestinationRules } from '../../../core/destination-rules';
import type { UnitEquipment } from '../../../pipelines/run-unit';
import { DEFAULT_POLICIES } from '../../../core/policies';

export const RULES: DestinationRules = {
  decimal: { maxPrecision: 38, maxScale: 38 },
  unboundedDecimal: { precision: 38, scale: 9 },
  nonFiniteFloat: true,
  infiniteInstant: true,
  dateRange: [-1_000_000n, 1_000_000n],
  instantRange: [-(2n ** 62n), 2n ** 62n],
  nullInArray: true,
  nestedArray: true,
  nulCharacter: true,
  names: {
    maxLength: 100,
    allowed: undefined,
    mayStartWithDigit: true,
    reservedPrefixes: [],
    caseInsensitive: true,
  },
};

/** A run context of one text column `n` that is loaded as int64. */
export function fakeContext(folder: string, changes: Partial<RunContext> = {}): RunContext {
  const text = { kind: 'string' as const };
  const int = { kind: 'int' as const, bits: 64 as const };
  return {
    planVersion: 1,
    codeVersion: 'test',
    runId: 'run-1',
    job: 'numbers',
    fingerprint: 'f',
    fence: 1,
    source: {
      type: 'fake',
      connectionName: 'fake',
      connection: {},
      object: { kind: 'table', name: 'numbers' },
      maxConnections: 8,
    },
    destination: { type: 'fake', destinationName: 'fake', config: {}, table: 'numbers' },
    disposition: 'append',
    keyColumns: [],
    columns: [{ source: 'n', destination: 'n', sourceType: text, destinationType: int }],
    sourceSchema: { columns: [{ name: 'n', type: text, nullable: true }], primaryKey: ['n'] },
    destinationSchema: { columns: [{ name: 'n', type: int, nullable: true }], primaryKey: [] },
    createTable: false,
    newColumns: [],
    allowEmpty: false,
    window: null,
    limit: null,
    nextWatermark: null,
    backfill: false,
    stagingFormat: 'ndjson',
    verify: 'counts',
    tableOptions: { clusterBy: [] },
    partitioning: null,
    policies: { ...DEFAULT_POLICIES, columns: {} },
    maxRejects: 0,
    stagingFolder: folder,
    rejectFolder: folder,
    ...changes,
  };
}

export function unit(id: string, estimatedRows = 1): WorkUnit {
  return { id, kind: 'range', column: 'n', lower: null, upper: null, estimatedRows };
}

/** Batches of a unit's attempt; a thrown error is the source's. */
export type Batches = (
  request: ReadRequest,
  attempt: number,
  signal: AbortSignal,
) => AsyncIterable<readonly string[]>;

/** A source that yields texts, and a loader that keeps what was staged and published in memory, first manifest wins. */
export class FakeEquipment {
  readonly attempts = new Map<string, number>();
  readonly staged: string[] = [];
  readonly manifests = new Map<string, Manifest>();
  readonly published: Manifest[] = [];
  running = 0;
  mostRunning = 0;

  constructor(private readonly batches: Batches) {}

  get equipment(): UnitEquipment {
    return {
      extractor: this.extractor(),
      loader: this.loader(),
      target: {
        rules: RULES,
        ndjson: { bytes: 'hex', json: 'string', zone: '+00', eraSuffix: undefined, floatAsNumber: true },
      },
      resumed: true,
    };
  }

  private extractor(): Extractor {
    const refuse = async (): Promise<never> => {
      throw new Error('not asked for while units run');
    };
    return {
      schema: refuse,
      notices: refuse,
      files: refuse,
      estimate: refuse,
      splits: refuse,
      upperBound: refuse,
      pin: refuse,
      close: async () => undefined,
      read: (request, signal) => ({ wire: 'cells', batches: this.read(request, signal) }),
    };
  }

  private async *read(request: ReadRequest, signal: AbortSignal): AsyncGenerator<RowBatch> {
    const { id } = request.unit;
    const attempt = (this.attempts.get(id) ?? 0) + 1;
    this.attempts.set(id, attempt);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      for await (const texts of this.batches(request, attempt, signal)) {
        yield { rows: texts.map((text) => [text]), rejects: [], bytes: texts.length };
      }
    } finally {
      this.running -= 1;
    }
  }

  private loader(): Loader {
    const refuse = async (): Promise<never> => {
      throw new Error('not asked for while units run');
    };
    return {
      schema: refuse,
      readState: refuse,
      acquireLease: refuse,
      sweep: async () => undefined,
      close: async () => undefined,
      findManifest: async (_context, { id }) => this.manifests.get(id),
      stage: async (context, { id }, rows) => {
        let text = '';
        let bytes = 0;
        for await (const block of rows.blocks) {
          text += Buffer.from(block.bytes).toString('utf8');
          bytes += block.bytes.length;
        }
        const first = this.manifests.get(id);
        if (first !== undefined) return first;
        const rejectFile = rows.rejectFile();
        const counts = rows.counts();
        const manifest: Manifest = {
          runId: context.runId,
          unit: id,
          attempt: 'a',
          parts: [{ uri: id, rows: counts.rowsStaged, bytes }],
          bytesStaged: bytes,
          counts,
          ...(rejectFile === undefined ? {} : { rejectFile }),
        };
        this.manifests.set(id, manifest);
        this.staged.push(...text.split('\n').filter((line) => line !== ''));
        return manifest;
      },
      commit: async (_context, manifests) => {
        this.published.push(...manifests);
        const rowsLoaded = manifests.reduce((sum, manifest) => sum + manifest.counts.rowsStaged, 0);
        return { rowsLoaded, alreadyCommitted: false, table: 'numbers' };
      },
    };
  }
}
