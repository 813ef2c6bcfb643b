import type { Cell, Row } from '../../core/cells';
import type { ArrowChunk } from '../../core/clients/bigquery-storage-api';
import { BATCH_BYTES, type RowBatch } from '../../core/extractor';
import type { TableField } from '../../core/clients/bigquery-api';
import { asRecord } from '../../core/clients/small-http';
import { BeamliftError, showValue, type ErrorPlace } from '../../core/errors';
import type { Reject } from '../../core/reject';
import { arrowRows, rawArrowRows, rowColumns, type ArrowBatch, type RowColumns } from '../formats/arrow-rows';
import type { ArrowField } from '../formats/arrow-schema';
import { arrowColumns } from './arrow-columns';
import { restReader, UnreadableText, type RestReader } from './rest-cells';

/** What is used of apache-arrow. */
export type ReadIpc = (stream: Uint8Array) => {
  readonly schema: { readonly fields: readonly ArrowField[] };
  readonly batches: readonly ArrowBatch[];
};

/** How many rows of about so many bytes in all make a batch. */
function rowsAtOnce(rows: number, bytes: number): number {
  return Math.max(1, Math.floor((BATCH_BYTES * rows) / Math.max(bytes, 1)));
}

/** The chunks of one stream as batches of rows. */
export class ArrowDecoder {
  private columns: RowColumns | undefined;
  private row = 1;

  constructor(
    private readonly readIpc: ReadIpc,
    private readonly fields: readonly TableField[],
    private readonly place: ErrorPlace,
    private readonly takesRaw = false,
  ) {}

  /** Throws SOURCE_INCOMPLETE where a chunk holds another number of rows than was said. */
  *batches({ schema, batch, rows }: ArrowChunk): Generator<RowBatch> {
    const { schema: arrow, batches } = this.readIpc(joined(schema, batch));
    this.columns ??= rowColumns(arrowColumns(this.place, this.fields, arrow.fields));
    const found = batches.reduce((sum, { numRows }) => sum + numRows, 0);
    if (found !== rows) {
      throw new BeamliftError('SOURCE_INCOMPLETE', {
        what: `BigQuery announced ${rows} rows and sent ${found}`,
        where: this.place,
      });
    }
    const atOnce = rowsAtOnce(rows, batch.length);
    for (const part of batches) {
      if (this.takesRaw) {
        yield {
          ...rawArrowRows(part, this.columns, this.row),
          bytes: Math.round((batch.length * part.numRows) / Math.max(1, rows)),
        };
        this.row += part.numRows;
        continue;
      }
      for (const read of arrowRows(part, this.columns.columns, atOnce, this.row)) {
        const count = read.rows.length + read.rejects.length;
        yield { ...read, bytes: Math.round((batch.length * count) / rows) };
      }
      this.row += part.numRows;
    }
  }
}

/** Arrow's reader takes the schema and the rows as one stream of messages. */
function joined(schema: Uint8Array, batch: Uint8Array): Uint8Array {
  const stream = new Uint8Array(schema.length + batch.length);
  stream.set(schema);
  stream.set(batch, schema.length);
  return stream;
}

/** Pages of REST as batches of rows. */
export class PageDecoder {
  private readonly readers: readonly RestReader[];
  private row = 1;

  constructor(private readonly fields: readonly TableField[]) {
    this.readers = fields.map(restReader);
  }

  /** @param positions where each of the fields is in the rows of the page. */
  *batches(page: readonly unknown[], bytes: number, positions: readonly number[]): Generator<RowBatch> {
    const atOnce = rowsAtOnce(page.length, bytes);
    for (let start = 0; start < page.length; start += atOnce) {
      const part = page.slice(start, start + atOnce);
      const rows: Row[] = [];
      const rejects: Reject[] = [];
      const names: number[] = [];
      for (const served of part) {
        const row = this.row++;
        const cells = this.cellsOf(served, positions, row, rejects);
        if (cells === undefined) continue;
        rows.push(cells);
        names.push(row);
      }
      yield {
        rows,
        rejects,
        bytes: Math.round((bytes * part.length) / page.length),
        nameRow: (index) => `row ${names[index] ?? 0}`,
      };
    }
  }

  private cellsOf(
    served: unknown,
    positions: readonly number[],
    row: number,
    rejects: Reject[],
  ): Cell[] | undefined {
    const { f } = asRecord(served);
    const values: readonly unknown[] = Array.isArray(f) ? f : [];
    const cells: Cell[] = [];
    for (const [index, read] of this.readers.entries()) {
      try {
        cells.push(read(asRecord(values[positions[index] ?? -1])['v']));
      } catch (error) {
        if (!(error instanceof UnreadableText)) throw error;
        const { reason, value } = error;
        rejects.push({
          row: `row ${row}`,
          column: this.fields[index]?.name ?? '',
          value: showValue(value),
          reason,
        });
        return undefined;
      }
    }
    return cells;
  }
}
