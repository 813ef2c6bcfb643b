import type { ArrowLayout } from '../../core/arrow-layout';
import { BeamliftError } from '../../core/errors';
import { BATCH_BYTES, type RowBatch } from '../../core/extractor';
import { arrowRows, rawArrowRows, type ArrowBatch, type RowColumn, type RowColumns } from './arrow-rows';
import type { FileContent } from './format-reader';
import type { PageDecoder } from './pages/page-decoder';
import { UnreadPage } from './pages/page-errors';
import { planRowGroup, type ColumnPlans } from './pages/page-plan';
import type { ArrowDecoding } from './parquet-arrow';
import { ParquetBatchSize } from './parquet-batch-size';
import { unpackBatch } from './packed-arrow';
import type { ParquetFooter } from './parquet-footer';
import type { DecodedBatch } from './parquet-worker-messages';

/** A file with its decoders, of which `arrow` is the caller's to close. */
export interface OpenParquet {
  readonly file: FileContent;
  readonly footer: ParquetFooter;
  readonly arrow: ArrowDecoding;
  /** Undefined: nothing is decoded page by page. */
  readonly pages: { readonly plans: ColumnPlans; readonly decoder: PageDecoder } | undefined;
  readonly columns: readonly OpenColumn[];
}

export interface OpenColumn {
  readonly name: string;
  readonly nullable: boolean;
  readonly layout: ArrowLayout;
  readonly nativeType: string;
  readonly firstLeaf: number;
  readonly lastLeaf: number;
}

/** What is read of a file. */
export interface WantedColumns extends RowColumns {
  /** Whether rows are given as they lie. */
  readonly raw: boolean;
}

/**
 * The rows of a row group, from `firstRow` of the file on. Undefined columns give nulls. Throws FORMAT_INVALID with the column that
 * cannot be decoded; whether all rows came is for the caller to see.
 */
export async function* readRowGroup(
  parquet: OpenParquet,
  index: number,
  { columns: wanted, layouts, raw }: WantedColumns,
  firstRow: number,
): AsyncGenerator<RowBatch> {
  const rows = parquet.footer.rowGroups[index]?.rows ?? 0;
  if (rows === 0) return;
  const names = [...new Set(wanted.flatMap((column) => (column === undefined ? [] : [column.name])))];
  if (names.length === 0) {
    yield* emptyRows(rows, wanted, firstRow);
    return;
  }
  const asked = { columns: wanted, layouts, raw };
  const done = yield* pagedRows(parquet, { index, names }, asked, firstRow);
  if (done === rows) return;
  try {
    yield* decodedRows(parquet, { index, rows, names, done }, asked, firstRow);
  } catch (error) {
    if (!(error instanceof BeamliftError) || error.code !== 'FORMAT_INVALID') throw error;
    const column = await findDamagedColumn(parquet, index, names);
    throw error.at({ row: `row group ${index + 1}`, ...(column === undefined ? {} : { column }) });
  }
}

/** Rows that are decoded page by page. Returns how many: those behind them have what only the other decoder reads. */
async function* pagedRows(
  parquet: OpenParquet,
  { index, names }: { readonly index: number; readonly names: readonly string[] },
  wanted: WantedColumns,
  firstRow: number,
): AsyncGenerator<RowBatch, number> {
  const { footer, pages } = parquet;
  if (pages === undefined) return 0;
  const planned = planRowGroup(footer, pages.plans, index, names);
  if ('refused' in planned) return 0;
  let done = 0;
  try {
    const size = batchSize(parquet, index, names);
    for await (const { batch, bytes } of pages.decoder.rowGroup(index, planned, size)) {
      yield* rowsOf(batch, bytes, wanted, firstRow + done);
      done += batch.numRows;
    }
  } catch (error) {
    if (!(error instanceof UnreadPage)) throw error;
  }
  return done;
}

/** The rows of a decoded batch of so many bytes. */
function* rowsOf(
  batch: ArrowBatch,
  bytes: number,
  wanted: WantedColumns,
  firstRow: number,
): Generator<RowBatch> {
  if (wanted.raw) {
    yield rawArrowRows(batch, wanted, firstRow);
    return;
  }
  const rowsAtOnce = Math.max(1, Math.floor((BATCH_BYTES * batch.numRows) / bytes));
  yield* arrowRows(batch, wanted.columns, rowsAtOnce, firstRow);
}

async function* decodedRows(
  parquet: OpenParquet,
  group: {
    readonly index: number;
    readonly rows: number;
    readonly names: readonly string[];
    /** Rows that are left out. */
    readonly done: number;
  },
  wanted: WantedColumns,
  firstRow: number,
): AsyncGenerator<RowBatch> {
  const { index: rowGroup, rows, names } = group;
  const { decoder, columns, tableFromIPC } = await parquet.arrow.open();
  const size = batchSize(parquet, rowGroup, names);
  const layouts = new Map(columns.map(({ name, layout }) => [name, layout]));
  if (size.probeRows !== undefined) {
    const batchRows = size.probeRows;
    const probe = decoder.rowGroup({ rowGroup, columns: names, batchRows, offset: 0, limit: batchRows });
    for await (const batch of probe) size.learn(batchRows, bytesOf(batch));
  }
  let { done } = group;
  let before = -1;
  while (done < rows && done > before) {
    before = done;
    const part = { rowGroup, columns: names, batchRows: size.rows, offset: done, limit: undefined };
    for await (const decoded of decoder.rowGroup(part)) {
      const start = done;
      const bytes = bytesOf(decoded);
      const batches =
        'content' in decoded ? [unpackBatch(decoded, layouts)] : tableFromIPC(decoded.stream).batches;
      for (const batch of batches) {
        yield* rowsOf(batch, bytes, wanted, firstRow + done);
        done += batch.numRows;
      }
      if (size.isTooLarge(done - start, bytes)) break;
    }
  }
}

function bytesOf(decoded: DecodedBatch): number {
  return 'content' in decoded ? decoded.bytes : decoded.stream.length;
}

/** Which column of the row group cannot be decoded, as the decoder's end does not say it. Undefined: each can, or that is not known. */
async function findDamagedColumn(
  parquet: OpenParquet,
  index: number,
  names: readonly string[],
): Promise<string | undefined> {
  const decoder = parquet.arrow.another();
  let candidate: string | undefined;
  try {
    await decoder.open();
    for (const name of names) {
      candidate = name;
      const { rows } = batchSize(parquet, index, [name]);
      const batches = decoder.rowGroup({
        rowGroup: index,
        columns: [name],
        batchRows: rows,
        offset: 0,
        limit: undefined,
      });
      while ((await batches.next()).done !== true);
    }
    return undefined;
  } catch {
    return candidate;
  } finally {
    await decoder.close();
  }
}

/** Rows of which nothing is asked but that they are there. */
function* emptyRows(
  rows: number,
  wanted: readonly (RowColumn | undefined)[],
  firstRow: number,
): Generator<RowBatch> {
  const { rows: rowsAtOnce } = new ParquetBatchSize(0, false);
  const batch = { numRows: rows, data: { children: [] }, schema: { fields: [] } };
  yield* arrowRows(batch, wanted, rowsAtOnce, firstRow);
}

function batchSize(
  { footer, columns }: Pick<OpenParquet, 'footer' | 'columns'>,
  index: number,
  names: readonly string[],
): ParquetBatchSize {
  const group = footer.rowGroups[index];
  const chunks = columns
    .filter(({ name }) => names.includes(name))
    .flatMap(({ firstLeaf, lastLeaf }) => group?.chunks.slice(firstLeaf, lastLeaf) ?? []);
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.decodedBytes, 0);
  return new ParquetBatchSize(
    bytes / Math.max(1, group?.rows ?? 1),
    chunks.some((chunk) => chunk.hidden),
  );
}
