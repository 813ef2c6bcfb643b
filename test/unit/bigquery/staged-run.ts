import { DEFAULT_POLICIES } from '../../../core/policies';
import type { EncodedStream } from '../../../core/encoding';
import type { UnitCounts } from '../../../core/manifest';
import { PLAN_VERSION, type RunContext, type WorkUnit } from '../../../core/plan';
import { stagingLayout } from '../../../loaders/bigquery/staging-layout';

/** A signal that never aborts. */
export const NEVER = new AbortController().signal;

export const LAYOUT = stagingLayout('beamlift/');

export const CONTEXT: RunContext = {
  planVersion: PLAN_VERSION,
  codeVersion: 'test',
  runId: 'run-1',
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
  destination: { type: 'bigquery', destinationName: 'd', config: {}, dataset: 'raw', table: 'orders' },
  disposition: 'append',
  keyColumns: [],
  columns: [],
  sourceSchema: { columns: [], primaryKey: [] },
  destinationSchema: { columns: [], primaryKey: [] },
  createTable: true,
  newColumns: [],
  allowEmpty: false,
  window: null,
  limit: null,
  nextWatermark: null,
  backfill: false,
  stagingFormat: 'avro',
  verify: 'counts',
  tableOptions: { clusterBy: [] },
  partitioning: null,
  policies: { ...DEFAULT_POLICIES, columns: {} },
  maxRejects: 0,
  stagingFolder: '/nowhere/staging/run-1',
  rejectFolder: '/nowhere/rejects/run-1',
};

export function unit(id: string): WorkUnit {
  return { id, kind: 'all' };
}

/** A stream with a block of `rowsPerBlock` rows for each text, behind a header. */
export function stream(
  texts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  more: Partial<EncodedStream> = {},
  rowsPerBlock = 1,
): EncodedStream {
  let rows = 0;
  async function* blocks(): AsyncGenerator<{ bytes: Uint8Array; rows: number }> {
    for await (const text of texts) {
      const bytes = Buffer.from(text as string);
      yield { bytes, rows: rowsPerBlock };
      rows += rowsPerBlock;
      // As the contract says: a block is valid until the next one is pulled.
      bytes.fill(0);
    }
  }
  return {
    format: 'avro',
    header: Buffer.from('HEAD'),
    blocks: blocks(),
    counts: (): UnitCounts => ({
      rowsExtracted: rows,
      rowsStaged: rows,
      rowsRejected: 0,
      rowsFiltered: 0,
      losses: Object.create(null) as UnitCounts['losses'],
    }),
    rejectFile: () => undefined,
    digests: () => undefined,
    partitions: () => undefined,
    ...more,
  };
}
