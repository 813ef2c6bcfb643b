import { setImmediate } from 'node:timers/promises';
import { BeamliftError } from '../../../core/errors';
import type { ArrowBatch } from '../arrow-rows';
import type { FileContent } from '../format-reader';
import type { ParquetBatchSize } from '../parquet-batch-size';
import type { ParquetFooter } from '../parquet-footer';
import type { ParquetChunk } from '../parquet-metadata';
import { ChunkBytes, fetchWithNeighbours, planReads } from './chunk-bytes';
import { FlatColumn } from './flat-column';
import { ListColumn } from './list-column';
import type { ColumnDecoder } from './column-decoder';
import { DamagedPage } from './page-errors';
import type { PageMemory } from './page-memory';
import type { PageColumn } from './page-plan';

/** So many column chunks are asked for before their turn. */
const CHUNKS_AHEAD = 4;

/** Rows in Arrow's buffers, which are used again for the next ones. */
export interface PageBatch {
  readonly batch: ArrowBatch;
  /** Of the buffers. */
  readonly bytes: number;
}

interface OpenColumn {
  readonly column: PageColumn;
  readonly chunk: ParquetChunk;
  readonly source: ChunkBytes;
  readonly decoder: ColumnDecoder;
}

/**
 * Decodes columns of a Parquet file page by page, in this thread: of each column a part of one page is in memory, and Arrow's buffers of one
 * batch. One row group at a time.
 */
export class PageDecoder {
  private readonly decoders = new Map<string, ColumnDecoder>();

  constructor(
    private readonly file: FileContent,
    private readonly footer: ParquetFooter,
    private readonly memory: PageMemory,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * The rows of a row group, batch by batch; `size` says how many rows one has, and learns from them. Throws FORMAT_INVALID with the column that
   * is damaged, and UnreadPage.
   */
  async *rowGroup(
    rowGroup: number,
    columns: readonly PageColumn[],
    size: ParquetBatchSize,
  ): AsyncGenerator<PageBatch> {
    const rows = this.footer.rowGroups[rowGroup]?.rows ?? 0;
    const open = this.open(rowGroup, columns);
    try {
      const fields = columns.map(({ name }) => ({ name }));
      for (let done = 0; done < rows;) {
        const probe = done === 0 ? size.probeRows : undefined;
        const wanted = Math.min(probe ?? size.rows, rows - done);
        const isLast = done + wanted === rows;
        let bytes = 0;
        const children = [];
        for (const [index, one] of open.entries()) {
          if (done === 0) open.slice(index, index + CHUNKS_AHEAD).forEach(({ source }) => source.begin());
          try {
            children.push(await this.decode(one, wanted, isLast));
          } catch (error) {
            throw error instanceof DamagedPage ? this.damaged(error, rowGroup, one.column) : error;
          }
          bytes += one.decoder.bytes();
        }
        // All bytes may have come, so that nothing else would let timers and signals have their turn.
        await setImmediate();
        yield { batch: { numRows: wanted, schema: { fields }, data: { children } }, bytes };
        done += wanted;
        if (probe === undefined) size.isTooLarge(wanted, bytes);
        else size.learn(wanted, bytes);
      }
    } finally {
      for (const { decoder } of open) decoder.close();
      await Promise.all(open.map(async ({ source }) => await source.close()));
    }
  }

  private async decode(
    { decoder }: OpenColumn,
    rows: number,
    isLast: boolean,
  ): Promise<ReturnType<ColumnDecoder['data']>> {
    this.signal.throwIfAborted();
    decoder.begin();
    while (!decoder.advance(rows)) await decoder.nextPage();
    if (isLast) await decoder.finish();
    return decoder.data();
  }

  private open(rowGroup: number, columns: readonly PageColumn[]): OpenColumn[] {
    const chunks = this.footer.rowGroups[rowGroup]?.chunks ?? [];
    const places = chunks.map(({ start, bytes }) => ({ start, end: start + bytes }));
    const wanted = columns.flatMap(({ leaf }) => places[leaf] ?? []);
    const { pieceBytes, spans } = planReads(wanted);
    const known = { bytes: this.footer.before, end: this.footer.start };
    const fetch = fetchWithNeighbours(this.file, spans, known, this.signal);
    return columns.map((column) => {
      const chunk = chunks[column.leaf];
      const place = places[column.leaf];
      if (chunk === undefined || place === undefined)
        throw new BeamliftError('INTERNAL', {
          what: 'A row group without a column.',
          where: { object: this.file.uri },
        });
      const source = new ChunkBytes(fetch, place, pieceBytes);
      const decoder = this.decoderOf(column);
      decoder.open(source, chunk.codec, chunk.values);
      return { column, chunk, source, decoder };
    });
  }

  private decoderOf(column: PageColumn): ColumnDecoder {
    const { name, shape, list } = column;
    const known = this.decoders.get(name);
    if (known !== undefined) return known;
    const decoder =
      list === undefined ? new FlatColumn(this.memory, shape) : new ListColumn(this.memory, shape, list);
    this.decoders.set(name, decoder);
    return decoder;
  }

  private damaged(cause: DamagedPage, rowGroup: number, { name: column }: PageColumn): BeamliftError {
    return new BeamliftError('FORMAT_INVALID', {
      what: 'The Parquet file cannot be decoded.',
      where: { object: this.file.uri, row: `row group ${rowGroup + 1}`, column },
      why: `It has ${cause.message}.`,
      hint: 'Check that the file is complete; write it again at its source.',
      cause,
    });
  }
}
