import { BeamliftError } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import { formatType } from '../../core/format-type';
import type { FileRange, ParquetDecoderChoice, SourceObject } from '../../core/plan';
import type { Column } from '../../core/schema';
import { sameType } from '../../transforms/infer';
import { rowColumns, type RowColumn } from './arrow-rows';
import { columnTypeOf } from './arrow-schema';
import { cellWidening } from './cell-widening';
import type { FileContent, FileDescription, FormatReader } from './format-reader';
import { PageDecoder } from './pages/page-decoder';
import { pageMemory } from './pages/page-memory';
import { planColumns } from './pages/page-plan';
import { ArrowDecoding } from './parquet-arrow';
import { readParquetFooter } from './parquet-footer';
import { parquetRanges, rowGroupsOf } from './parquet-ranges';
import { readRowGroup, type OpenColumn, type OpenParquet } from './parquet-rows';
import { DecoderThreads } from './parquet-threads';

/** Text of the same values is about so many times as large as a Parquet file: 3,000,000 flights are 13 MB, and 100 MB as CSV. */
const PACKING = 8;

type ParquetOptions = Pick<Extract<SourceObject, { kind: 'files' }>['options'], 'parquet_decoder'>;

interface Decoders {
  readonly threads: DecoderThreads;
  readonly decoder: ParquetDecoderChoice;
}

/**
 * Reads Parquet files by ranges: the footer, then the selected columns of one row group after the other, decoded page by page or, what is not read
 * so, with Rust's Arrow in a thread of its own. `parquet_decoder: arrow` is that for all of them.
 * `describe` is exact. A file that is damaged or lies about its rows ends with FORMAT_INVALID; only seekable files can be read.
 */
export function parquetReader({ parquet_decoder: decoder = 'pages' }: ParquetOptions = {}): FormatReader {
  const decoders: Decoders = { threads: new DecoderThreads(), decoder };
  return {
    describe: (file, signal) => describeParquet(decoders, file, signal),
    read: (file, columns, signal, range, takesRaw = false) =>
      readParquet(decoders, file, { columns, range, takesRaw }, signal),
    ranges: async (file, target, signal) => parquetRanges(await readParquetFooter(file, signal), target),
    packing: PACKING,
  };
}

async function describeParquet(
  decoders: Decoders,
  file: FileContent,
  signal: AbortSignal,
): Promise<FileDescription> {
  const { footer, columns, arrow } = await openParquet(decoders, file, signal);
  await arrow.close();
  return {
    columns: columns.map(({ name, layout, nullable, nativeType }) => ({
      name,
      type: columnTypeOf(layout),
      nullable,
      nativeType,
    })),
    rows: { count: footer.rows, quality: 'exact' },
  };
}

interface ParquetRequest {
  readonly columns: readonly Column[];
  readonly range: FileRange | undefined;
  readonly takesRaw: boolean;
}

async function* readParquet(
  decoders: Decoders,
  file: FileContent,
  { columns, range, takesRaw }: ParquetRequest,
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  const parquet = await openParquet(decoders, file, signal);
  try {
    const wanted = {
      ...rowColumns(columns.map((column) => rowColumn(file, parquet, column))),
      raw: takesRaw,
    };
    const groups = rowGroupsOf(file, parquet.footer, range);
    const rows = groups.reduce((sum, group) => sum + group.rows, 0);
    const bytesToRead = range?.bytes ?? file.bytes;
    let done = 0;
    let bytes = 0;
    for (const group of groups) {
      let row = group.rowsBefore;
      const groupEnd = row + group.rows;
      for await (const batch of readRowGroup(parquet, group.index, wanted, row + 1)) {
        const rowsOfBatch = batch.rows.length + (batch.raw?.rows ?? 0) + batch.rejects.length;
        row += rowsOfBatch;
        done += rowsOfBatch;
        const bytesUntilHere = Math.round((bytesToRead * done) / rows);
        yield { ...batch, bytes: bytesUntilHere - bytes };
        bytes = bytesUntilHere;
      }
      if (row !== groupEnd) {
        throw new BeamliftError('FORMAT_INVALID', {
          what: `Row group ${group.index + 1} should end with row ${groupEnd}, and it ends with row ${row}.`,
          where: { object: file.uri },
          why: 'The data is not what the footer of the file says.',
          hint: 'The file is damaged or was badly written; write it again at its source.',
        });
      }
    }
  } finally {
    await parquet.arrow.close();
  }
}

async function openParquet(
  { threads, decoder }: Decoders,
  file: FileContent,
  signal: AbortSignal,
): Promise<OpenParquet> {
  if (!file.seekable) {
    throw new BeamliftError('FORMAT_INVALID', {
      what: 'A compressed Parquet file cannot be read.',
      where: { object: file.uri },
      why: 'Parquet is read by ranges, and a compressed file can only be read from its beginning.',
      hint: 'Decompress the file; Parquet compresses its data itself.',
    });
  }
  const footer = await readParquetFooter(file, signal);
  const arrow = new ArrowDecoding(threads, file, footer, signal);
  const memory = decoder === 'pages' ? pageMemory() : undefined;
  if (memory === undefined) return { file, footer, arrow, pages: undefined, columns: await columnsOf(arrow) };
  const plans = planColumns(footer);
  const pages = { plans, decoder: new PageDecoder(file, footer, memory, signal) };
  const columns = footer.columns.flatMap(({ name, nativeType, firstLeaf, lastLeaf }): OpenColumn[] => {
    const plan = plans.get(name);
    if (plan === undefined || 'refused' in plan) return [];
    return [{ name, nullable: plan.nullable, layout: plan.layout, nativeType, firstLeaf, lastLeaf }];
  });
  // Types of one column are known only when all of them are asked for.
  const isWhole = columns.length === footer.columns.length;
  return { file, footer, arrow, pages, columns: isWhole ? columns : await columnsOf(arrow) };
}

async function columnsOf(arrow: ArrowDecoding): Promise<readonly OpenColumn[]> {
  try {
    return (await arrow.open()).columns;
  } catch (error) {
    await arrow.close();
    throw error;
  }
}

/** How cells of `column` are made from this file; undefined: the file does not have it. */
function rowColumn(file: FileContent, parquet: OpenParquet, column: Column): RowColumn | undefined {
  const found = parquet.columns.find(({ name }) => name === column.name);
  if (found === undefined) return undefined;
  const { name, layout } = found;
  const type = columnTypeOf(layout);
  if (layout.kind === 'null' || sameType(type, column.type)) return { name, layout, widening: undefined };
  const widening = cellWidening(type, column.type);
  if (widening !== undefined) return { name, layout, widening };
  throw new BeamliftError('FORMAT_INVALID', {
    what: `The column is ${formatType(type)} in this file and ${formatType(column.type)} in the others.`,
    where: { object: file.uri, column: name },
    why: 'There is no exact way from the one type to the other.',
    hint: 'Load files of one schema with one job: narrow `file_pattern`, or leave the column out with `selected_columns`.',
  });
}
