import type { Row } from '../core/cells';
import type { EncodedBlock, EncodedStream } from '../core/encoding';
import type { RowStream } from '../core/extractor';
import { LossLedger } from '../core/loss-ledger';
import type { FileFailure } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';
import type { RowProblem } from '../core/raw-rows';
import type { Reject } from '../core/reject';
import type { CodecMode } from '../transforms/compiled/row-writer';
import { nameRowByKey } from '../transforms/schema-aware-converter';
import { FileCounter } from './file-counter';
import type { KeptEncoders } from './kept-encoders';
import { openRawRows } from './raw-rows';
import { rejectsExceeded } from './reject-errors';
import type { RejectFile } from './reject-file';
import { openRowBlocks, type EncodingTarget } from './row-blocks';
import { StagedRows } from './staged-rows';

/** Rows, source bytes and staged bytes since the last call. */
export type ProgressListener = (rows: number, sourceBytes: number, stagedBytes: number) => void;

/** What the rows of a unit meet on their way. */
export interface Encoding {
  readonly target: EncodingTarget;
  readonly rejectFile: RejectFile;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
  /** Files that have been left out of the unit. */
  readonly failures?: ReadonlyMap<string, FileFailure>;
  /** How rows that come undecoded are encoded; absent: with WebAssembly. */
  readonly codecs?: CodecMode | undefined;
  /** Of units before, and for those after; absent: it makes its own. */
  readonly encoders?: KeptEncoders | undefined;
}

/**
 * The rows of a unit, converted to the destination's schema and encoded, pulled batch by batch: at most one batch and one block are in memory.
 * Rows that cannot be converted, and those that are longer than the destination takes, go to `rejectFile`, which is kept with the end of the rows; with more than
 * `context.maxRejects` of them the stream fails with REJECTS_EXCEEDED; where bad files are left out, with more than that in one file.
 */
export function encodeRows(
  context: RunContext,
  unit: WorkUnit,
  source: RowStream,
  { target, rejectFile, onProgress, signal, failures = new Map(), codecs = 'wasm', encoders }: Encoding,
): EncodedStream {
  const ledger = new LossLedger();
  const { destinationSchema, stagingFormat, stagingCompression } = context;
  const kept = encoders?.take(context);
  const block = kept?.blocks ?? openRowBlocks(stagingFormat, destinationSchema, target, stagingCompression);
  const staged = new StagedRows(context, unit, target, block, ledger);
  const nameByKey = nameRowByKey(context.sourceSchema);
  let raw = kept?.raw;
  raw?.beginUnit({ ledger, partitions: staged.partitions });

  let rowsExtracted = 0;
  let rowsStaged = 0;
  let rowsRejected = 0;
  const firstRejects: Reject[] = [];
  const counter = new FileCounter(unit);

  const nameRow = (row: Row, number: number): string =>
    nameByKey?.(row) ?? `row ${number} of unit ${unit.id}`;

  async function* blocks(): AsyncGenerator<EncodedBlock> {
    for await (const batch of source.batches) {
      signal.throwIfAborted();
      const { file } = batch;
      const place = file === undefined ? {} : { file };
      const rejects: Reject[] = batch.rejects.map((reject) => ({ ...place, ...reject }));
      let number = rowsExtracted;
      let bytesStaged = 0;
      for (let index = 0; index < batch.rows.length; index++) {
        const row = batch.rows[index];
        if (row === undefined) continue;
        number++;
        const name = (): string => batch.nameRow?.(index) ?? nameRow(row, number);
        const reject = staged.add(row, { name, file });
        if (reject !== undefined) rejects.push(reject);
        if (!block.isFull) continue;
        const full = block.take();
        if (full === undefined) continue;
        bytesStaged += full.bytes.length;
        yield full;
      }
      if (batch.raw !== undefined) {
        if (raw?.takes(batch.raw) !== true) {
          raw = openRawRows(batch.raw, context, target, block, codecs);
          raw.beginUnit({ ledger, partitions: staged.partitions });
        }
        raw.begin(batch.raw);
        for (let state = raw.encode(); state !== 'done'; state = raw.encode()) {
          if (state === 'full') {
            const full = block.take();
            if (full === undefined) continue;
            bytesStaged += full.bytes.length;
            yield full;
            continue;
          }
          const { row, problem } = raw.decode();
          const index = batch.rows.length + raw.done - 1;
          const name = (): string => batch.nameRow?.(index) ?? nameRow(row, rowsExtracted + index + 1);
          const reject =
            problem === undefined
              ? staged.add(row, { name, file })
              : { ...place, ...unreadable(context, problem, name()) };
          if (reject !== undefined) rejects.push(reject);
        }
      }
      const rows = batch.rows.length + (batch.raw?.rows ?? 0);
      rowsExtracted += rows + batch.rejects.length;
      rowsRejected += rejects.length;
      rowsStaged += rows + batch.rejects.length - rejects.length;
      for (const [column, values] of batch.unknownColumns ?? []) ledger.add(column, 'unknown_column', values);
      const rejectedOfFile = counter.add(batch, rejects.length);
      onProgress(rows, batch.bytes, bytesStaged);
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
    encoders?.giveBack(context, { blocks: block, raw });
  }

  return {
    format: context.stagingFormat,
    header: block.header,
    footer: block.footer,
    blocks: blocks(),
    counts: () => {
      const files = counter.result(failures);
      const losses = ledger.toJSON();
      const counts = { rowsExtracted, rowsStaged, rowsRejected, rowsFiltered: 0, losses };
      return files === undefined ? counts : { ...counts, files };
    },
    rejectFile: () => rejectFile.keptAs,
    digests: () => staged.digests?.result(),
    partitions: () => staged.partitions?.keys(),
  };
}

/** A row of which the source could not read a field, as the source would say it. */
function unreadable(
  { sourceSchema }: RunContext,
  { field, value, reason }: RowProblem,
  name: string,
): Reject {
  const column = sourceSchema.columns[field]?.name;
  return {
    row: name,
    ...(column === undefined ? {} : { column }),
    ...(value === undefined ? {} : { value }),
    reason,
  };
}

/** So many rejects are told in the error itself; all are in the file. */
const MAX_SHOWN_REJECTS = 5;
