import { BeamliftError } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import { formatType } from '../../core/format-type';
import type { FileRange } from '../../core/plan';
import type { Column } from '../../core/schema';
import { sameType } from '../../transforms/infer';
import { rowColumns, type RowColumn } from './arrow-rows';
import { arrowLayout, columnTypeOf, type ArrowField } from './arrow-schema';
import { cellWidening } from './cell-widening';
import type { FileContent, FileDescription, FormatReader } from './format-reader';
import { ParquetDecoder } from './parquet-decoder';
import { readParquetFooter } from './parquet-footer';
import { parquetRanges, rowGroupsOf } from './parquet-ranges';
import { readRowGroup, type OpenColumn, type OpenParquet } from './parquet-rows';
import { DecoderThreads } from './parquet-threads';

/** Text of the same values is about so many times as large as a Parquet file: 3,000,000 flights are 13 MB, and 100 MB as CSV. */
const PACKING = 8;

/**
 * Reads Parquet files by ranges: the footer, then the selected columns of one row group after the other, decoded in a thread of its own.
 * `describe` is exact. A file that is damaged or lies about its rows ends with FORMAT_INVALID; only seekable files can be read.
 */
export function parquetReader(): FormatReader {
  const threads = new DecoderThreads();
  return {
    describe: (file, signal) => describeParquet(threads, file, signal),
    read: (file, columns, signal, range, takesRaw = false) =>
      readParquet(threads, file, { columns, range, takesRaw }, signal),
    ranges: async (file, target, signal) => parquetRanges(await readParquetFooter(file, signal), target),
    packing: PACKING,
  };
}

async function describeParquet(
  threads: DecoderThreads,
  file: FileContent,
  signal: AbortSignal,
): Promise<FileDescription> {
  const { footer, columns, decoder } = await openParquet(threads, file, signal);
  await decoder.close();
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
  threads: DecoderThreads,
  file: FileContent,
  { columns, range, takesRaw }: ParquetRequest,
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  const parquet = await openParquet(threads, file, signal);
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
      for await (const batch of readRowGroup(parquet, group.index, wanted, row + 1, signal)) {
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
    await parquet.decoder.close();
  }
}

async function openParquet(
  threads: DecoderThreads,
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
  const { tableFromIPC } = await import('apache-arrow');
  const decoder = new ParquetDecoder(threads, file, footer, signal);
  try {
    const fields = tableFromIPC(await decoder.open()).schema.fields as readonly ArrowField[];
    const columns = fields.map((field, index): OpenColumn => {
      const column = footer.columns[index];
      if (column?.name !== field.name || fields.length !== footer.columns.length) {
        throw new BeamliftError('FORMAT_INVALID', {
          what: 'The footer of the Parquet file can be read in two ways.',
          where: { object: file.uri, column: field.name },
          hint: 'The file is damaged or was badly written; write it again at its source.',
        });
      }
      const { firstLeaf, lastLeaf, nativeType } = column;
      const annotations = footer.leaves.slice(firstLeaf, lastLeaf).map((leaf) => leaf.annotation);
      const layout = arrowLayout({ object: file.uri, column: field.name }, field.type, annotations);
      return { name: field.name, nullable: field.nullable, layout, nativeType, firstLeaf, lastLeaf };
    });
    return { threads, file, footer, decoder, columns, tableFromIPC };
  } catch (error) {
    await decoder.close();
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
