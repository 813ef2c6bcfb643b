import type { DestinationRules } from '../core/destination-rules';
import type { EncodedStream, NdjsonDialect } from '../core/encoding';
import { BATCH_BYTES, type RowBatch, type RowStream } from '../core/extractor';
import { LossLedger } from '../core/loss-ledger';
import type { RunContext, WorkUnit } from '../core/plan';
import type { Reject } from '../core/reject';
import { compileNdjsonEncoder } from '../transforms/encode/ndjson';
import { compileConverter, nameRowByKey } from '../transforms/schema-aware-converter';
import { rejectsExceeded, valueRefused } from './reject-errors';
import type { RejectFile } from './reject-file';

/** What the encoder must know of a destination. */
export interface EncodingTarget {
  readonly rules: DestinationRules;
  readonly ndjson: NdjsonDialect;
}

/** Rows, source bytes and staged bytes since the last call. */
export type ProgressListener = (rows: number, sourceBytes: number, stagedBytes: number) => void;

/**
 * The rows of a unit, converted to the destination's schema and encoded, pulled batch by batch: at most one batch and one block are in memory.
 * Rows that cannot be converted go to `rejectFile`; with more than `context.maxRejects` of them the stream fails with REJECTS_EXCEEDED.
 */
export function encodeRows(
  context: RunContext,
  unit: WorkUnit,
  source: RowStream,
  target: EncodingTarget,
  rejectFile: RejectFile,
  onProgress: ProgressListener,
  signal: AbortSignal,
): EncodedStream {
  const ledger = new LossLedger();
  const converter = compileConverter({
    columns: context.columns,
    source: context.sourceSchema,
    destination: context.destinationSchema,
    policies: context.policies,
    rules: target.rules,
    keyColumns: context.keyColumns,
    ledger,
  });
  const encode = compileNdjsonEncoder(context.destinationSchema, target.ndjson);
  const nameByKey = nameRowByKey(context.sourceSchema);

  let rowsExtracted = 0;
  let rowsStaged = 0;
  let rowsRejected = 0;
  const firstRejects: Reject[] = [];

  const nameRow = (batch: RowBatch, index: number, firstRow: number): string => {
    const row = batch.rows[index];
    return (
      batch.nameRow?.(index) ?? (row && nameByKey?.(row)) ?? `row ${firstRow + index + 1} of unit ${unit.id}`
    );
  };

  async function* blocks(): AsyncGenerator<{ bytes: Uint8Array; rows: number }> {
    const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    let end = 0;
    let rows = 0;
    for await (const batch of source.batches) {
      signal.throwIfAborted();
      const rejects: Reject[] = [...batch.rejects];
      const firstRow = rowsExtracted;
      let staged = 0;
      for (let index = 0; index < batch.rows.length; index++) {
        const row = batch.rows[index];
        if (row === undefined) continue;
        const converted = converter.convert(row);
        if (converted === undefined) {
          const { fatal, ...reject } = converter.lastReject();
          const named = { row: nameRow(batch, index, firstRow), ...reject };
          if (fatal) throw valueRefused(context, unit, named);
          rejects.push(named);
          continue;
        }
        const line = encode(converted);
        const mostBytes = line.length * MAX_UTF8_BYTES;
        if (end + mostBytes > BLOCK_BYTES && rows > 0) {
          yield { bytes: block.subarray(0, end), rows };
          staged += end;
          end = 0;
          rows = 0;
        }
        if (mostBytes > BLOCK_BYTES) {
          const bytes = Buffer.from(line, 'utf8');
          yield { bytes, rows: 1 };
          staged += bytes.length;
          continue;
        }
        end += block.write(line, end, 'utf8');
        rows += 1;
      }
      rowsExtracted += batch.rows.length + batch.rejects.length;
      rowsRejected += rejects.length;
      rowsStaged += batch.rows.length + batch.rejects.length - rejects.length;
      for (const [column, values] of batch.unknownColumns ?? []) ledger.add(column, 'unknown_column', values);
      onProgress(batch.rows.length, batch.bytes, staged);
      if (rejects.length > 0) {
        await rejectFile.write(rejects);
        firstRejects.push(...rejects.slice(0, MAX_SHOWN_REJECTS - firstRejects.length));
        if (rowsRejected > context.maxRejects) {
          throw rejectsExceeded(context, unit, rowsRejected, firstRejects, rejectFile.path);
        }
      }
    }
    if (rows > 0) {
      yield { bytes: block.subarray(0, end), rows };
      onProgress(0, 0, end);
    }
  }

  return {
    format: 'ndjson',
    header: new Uint8Array(),
    blocks: blocks(),
    counts: () => ({ rowsExtracted, rowsStaged, rowsRejected, rowsFiltered: 0, losses: ledger.toJSON() }),
    rejectFile: () => rejectFile.path,
    digests: () => undefined,
    partitions: () => undefined,
  };
}

/** Of a block of encoded rows; a row that may be longer is a block of its own. */
const BLOCK_BYTES = BATCH_BYTES;
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const MAX_UTF8_BYTES = 3;

/** So many rejects are told in the error itself; all are in the file. */
const MAX_SHOWN_REJECTS = 5;
