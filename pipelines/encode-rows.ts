import type { DestinationRules } from '../core/destination-rules';
import type { EncodedStream, StagingFormat } from '../core/encoding';
import type { RowBatch, RowStream } from '../core/extractor';
import { LossLedger } from '../core/loss-ledger';
import type { FileFailure } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';
import type { Reject } from '../core/reject';
import { compileColumnDigests } from '../transforms/column-digest';
import { compilePartitionKeys } from '../transforms/partition-keys';
import { compileConverter, nameRowByKey } from '../transforms/schema-aware-converter';
import { FileCounter } from './file-counter';
import { rejectsExceeded, valueRefused } from './reject-errors';
import type { RejectFile } from './reject-file';
import { openRowBlocks, type EncodingTarget } from './row-blocks';
import { rowTooLong } from './row-too-long';

/** Rows, source bytes and staged bytes since the last call. */
export type ProgressListener = (rows: number, sourceBytes: number, stagedBytes: number) => void;

/**
 * The rows of a unit, converted to the destination's schema and encoded, pulled batch by batch: at most one batch and one block are in memory.
 * Rows that cannot be converted, and those that are longer than the destination takes, go to `rejectFile`, which is kept with the end of the rows; with more than
 * `context.maxRejects` of them the stream fails with REJECTS_EXCEEDED; where bad files are left out, with more than that in one file.
 * `failures`: files that have been left out of the unit.
 */
export function encodeRows(
  context: RunContext,
  unit: WorkUnit,
  source: RowStream,
  target: EncodingTarget,
  rejectFile: RejectFile,
  onProgress: ProgressListener,
  signal: AbortSignal,
  failures: ReadonlyMap<string, FileFailure> = new Map(),
): EncodedStream {
  const { destinationSchema: schema, stagingFormat: format, partitioning } = context;
  const ledger = new LossLedger();
  const converter = compileConverter({
    columns: context.columns,
    source: context.sourceSchema,
    destination: schema,
    policies: context.policies,
    rules: rulesOf(format, target),
    keyColumns: context.keyColumns,
    ledger,
  });
  const block = openRowBlocks(format, schema, target);
  const partitions = partitioning === null ? undefined : compilePartitionKeys(partitioning, schema);
  const digests = context.verify === 'strict' ? compileColumnDigests(schema) : undefined;
  const nameByKey = nameRowByKey(context.sourceSchema);

  let rowsExtracted = 0;
  let rowsStaged = 0;
  let rowsRejected = 0;
  const firstRejects: Reject[] = [];
  const counter = new FileCounter(unit);

  const nameRow = (batch: RowBatch, index: number, firstRow: number): string => {
    const row = batch.rows[index];
    return (
      batch.nameRow?.(index) ?? (row && nameByKey?.(row)) ?? `row ${firstRow + index + 1} of unit ${unit.id}`
    );
  };

  async function* blocks(): AsyncGenerator<{ bytes: Uint8Array; rows: number }> {
    for await (const batch of source.batches) {
      signal.throwIfAborted();
      const place = batch.file === undefined ? {} : { file: batch.file };
      const rejects: Reject[] = batch.rejects.map((reject) => ({ ...place, ...reject }));
      const firstRow = rowsExtracted;
      let staged = 0;
      for (let index = 0; index < batch.rows.length; index++) {
        const row = batch.rows[index];
        if (row === undefined) continue;
        const converted = converter.convert(row);
        if (converted === undefined) {
          const { fatal, ...reject } = converter.lastReject();
          const named = { row: nameRow(batch, index, firstRow), ...place, ...reject };
          if (fatal) throw valueRefused(context, unit, named);
          rejects.push(named);
          continue;
        }
        if (!block.add(converted)) {
          converter.takeBackLosses();
          const reason = rowTooLong(converted, schema, format, target.rules.maxRowBytes ?? Infinity);
          rejects.push({ row: nameRow(batch, index, firstRow), ...place, reason });
          continue;
        }
        partitions?.add(converted);
        digests?.add(converted);
        if (!block.isFull) continue;
        const full = block.take();
        if (full === undefined) continue;
        staged += full.bytes.length;
        yield full;
      }
      rowsExtracted += batch.rows.length + batch.rejects.length;
      rowsRejected += rejects.length;
      rowsStaged += batch.rows.length + batch.rejects.length - rejects.length;
      for (const [column, values] of batch.unknownColumns ?? []) ledger.add(column, 'unknown_column', values);
      const rejectedOfFile = counter.add(batch, rejects.length);
      onProgress(batch.rows.length, batch.bytes, staged);
      if (rejects.length > 0) {
        if (context.skipBadFiles === true && rejectedOfFile > context.maxRejects) {
          const own = [...firstRejects, ...rejects].filter(({ file }) => file === batch.file);
          throw rejectsExceeded(context, unit, rejectedOfFile, own.slice(0, MAX_SHOWN_REJECTS), undefined);
        }
        await rejectFile.write(rejects);
        firstRejects.push(...rejects.slice(0, MAX_SHOWN_REJECTS - firstRejects.length));
        if (context.skipBadFiles !== true && rowsRejected > context.maxRejects) {
          const kept = await rejectFile.keepSomewhere(signal);
          throw rejectsExceeded(context, unit, rowsRejected, firstRejects, kept);
        }
      }
    }
    const last = block.take();
    if (last !== undefined) {
      yield last;
      onProgress(0, 0, last.bytes.length);
    }
    await rejectFile.keep(signal);
  }

  return {
    format,
    header: block.header,
    blocks: blocks(),
    counts: () => {
      const files = counter.result(failures);
      const losses = ledger.toJSON();
      const counts = { rowsExtracted, rowsStaged, rowsRejected, rowsFiltered: 0, losses };
      return files === undefined ? counts : { ...counts, files };
    },
    rejectFile: () => rejectFile.keptAs,
    digests: () => digests?.result(),
    partitions: () => partitions?.keys(),
  };
}

/** A document in place cannot be told from no document where it is `null`. */
function rulesOf(format: StagingFormat, { rules, ndjson }: EncodingTarget): DestinationRules {
  return format === 'ndjson' && ndjson.json === 'raw' ? { ...rules, nullDocument: false } : rules;
}

/** So many rejects are told in the error itself; all are in the file. */
const MAX_SHOWN_REJECTS = 5;
