import assert from 'node:assert/strict';
import type { ArrowData } from '../../../../core/arrow-buffers';
import type { ArrowLayout } from '../../../../core/arrow-layout';
import type { Cell } from '../../../../core/cells';
import { arrowCellReader } from '../../../../extractors/formats/arrow-cells';
import { ArrowDecoding } from '../../../../extractors/formats/parquet-arrow';
import { ParquetBatchSize } from '../../../../extractors/formats/parquet-batch-size';
import { readParquetFooter } from '../../../../extractors/formats/parquet-footer';
import { unpackBatch } from '../../../../extractors/formats/packed-arrow';
import { DecoderThreads } from '../../../../extractors/formats/parquet-threads';
import { PageDecoder } from '../../../../extractors/formats/pages/page-decoder';
import { pageMemory } from '../../../../extractors/formats/pages/page-memory';
import { planColumns, planRowGroup, type PageColumn } from '../../../../extractors/formats/pages/page-plan';
import { goldenCell, memoryFile } from '../parquet-files';

const { signal } = new AbortController();

/** Columns by their names: type, and what each row holds, as `goldenCell` writes it. */
export interface Decoded {
  readonly columns: readonly { name: string; nullable: boolean; layout: ArrowLayout }[];
  readonly cells: Readonly<Record<string, unknown[]>>;
}

/** Decodes a file page by page alone. Throws where a column is refused. `rows`: of a batch. */
export async function decodePages(content: Uint8Array, rows?: number): Promise<Decoded> {
  const file = memoryFile(content);
  const footer = await readParquetFooter(file, signal);
  const memory = pageMemory();
  assert.ok(memory !== undefined);
  const decoder = new PageDecoder(file, footer, memory, signal);
  const names = footer.columns.map(({ name }) => name);
  const plans = planColumns(footer);
  const planned = names.map((name): PageColumn => {
    const plan = plans.get(name);
    return plan === undefined || 'refused' in plan ? assert.fail(`${name} ${plan?.refused ?? ''}`) : plan;
  });
  const cells: Record<string, unknown[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (const [index, group] of footer.rowGroups.entries()) {
    const columns = planRowGroup(footer, plans, index, names);
    if ('refused' in columns) assert.fail(columns.refused);
    const size = new ParquetBatchSize(0, false);
    if (rows !== undefined) size.rows = rows;
    let done = 0;
    for await (const { batch } of decoder.rowGroup(index, columns, size)) {
      done += batch.numRows;
      columns.forEach(({ name, layout }, column) => {
        const data = batch.data.children[column];
        assert.ok(data !== undefined);
        addCells(cells[name] ?? [], layout, data, batch.numRows);
      });
    }
    assert.equal(done, group.rows);
  }
  return { columns: planned.map(({ name, nullable, layout }) => ({ name, nullable, layout })), cells };
}

/** Decodes a file with Rust's Arrow. */
export async function decodeArrow(content: Uint8Array, threads = new DecoderThreads()): Promise<Decoded> {
  const file = memoryFile(content);
  const footer = await readParquetFooter(file, signal);
  const arrow = new ArrowDecoding(threads, file, footer, signal);
  try {
    const { columns, decoder } = await arrow.open();
    const layouts = new Map(columns.map(({ name, layout }) => [name, layout]));
    const names = columns.map(({ name }) => name);
    const cells: Record<string, unknown[]> = Object.fromEntries(names.map((name) => [name, []]));
    for (const rowGroup of footer.rowGroups.keys()) {
      const request = { rowGroup, columns: names, batchRows: 1000, offset: 0, limit: undefined };
      for await (const packed of decoder.rowGroup(request)) {
        assert.ok('content' in packed);
        const { numRows, data } = unpackBatch(packed, layouts);
        columns.forEach(({ name, layout }, column) => {
          const child = data.children[column];
          assert.ok(child !== undefined);
          addCells(cells[name] ?? [], layout, child, numRows);
        });
      }
    }
    return { columns: columns.map(({ name, nullable, layout }) => ({ name, nullable, layout })), cells };
  } finally {
    await arrow.close();
  }
}

function addCells(cells: unknown[], layout: ArrowLayout, data: ArrowData, rows: number): void {
  assert.equal(data.length, rows);
  const read = arrowCellReader(layout, data);
  let nulls = 0;
  for (let index = 0; index < rows; index++) {
    const cell: Cell = read(index);
    if (cell === null) nulls++;
    cells.push(goldenCell(cell));
  }
  if (layout.kind !== 'null') assert.equal(data.nullCount, nulls);
  if (nulls === 0 && layout.kind !== 'null') assert.ok(data.nullBitmap === null || data.nullCount === 0);
}

/** Asserts that both decoders read the same, with batches of some sizes. */
export async function assertDecodedTheSame(
  content: Uint8Array,
  rows: readonly number[],
  threads?: DecoderThreads,
): Promise<void> {
  const expected = await decodeArrow(content, threads);
  for (const count of [undefined, ...rows]) assert.deepEqual(await decodePages(content, count), expected);
}
