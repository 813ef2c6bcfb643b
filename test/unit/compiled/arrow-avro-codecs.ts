import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ArrowData } from '../../../core/arrow-buffers';
import type { ArrowLayout } from '../../../core/arrow-layout';
import { UnreadableCell, type ArrowRows, type CellReader } from '../../../core/arrow-rows';
import { LossLedger } from '../../../core/loss-ledger';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { Column, ColumnType, TableSchema } from '../../../core/schema';
import { arrowCellReader } from '../../../extractors/formats/arrow-cells';
import { columnTypeOf } from '../../../extractors/formats/arrow-schema';
import { cellWidening } from '../../../extractors/formats/cell-widening';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { ArrowCodec } from '../../../transforms/compiled/arrow-codec';
import { AvroSinks } from '../../../transforms/compiled/avro-sinks';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { conversionProblem } from '../../../transforms/conversions';
import { AVRO_BLOCK_BYTES, compileAvroEncoder } from '../../../transforms/encode/avro';
import { avroSchemaOf } from '../../../transforms/encode/avro-schema';
import { compileConverter } from '../../../transforms/schema-aware-converter';
import { arrowData, destinationsOf, sourcesOf, type ArrowCase, type Stored } from './arbitrary-arrow';

const SYNC = Buffer.alloc(16, 7);
const policies = { ...DEFAULT_POLICIES, columns: {} };

/** A column of a file and what it goes into. */
export interface PlannedArrow {
  readonly column: ArrowCase;
  /** The type that the file shares with others; undefined: its own. */
  readonly source?: ColumnType;
  readonly to: Column;
}

/** Columns that BigQuery's Avro has a type for. */
export function plannedArrow(columns: fc.Arbitrary<ArrowCase>): fc.Arbitrary<PlannedArrow> {
  return columns.chain((column) => {
    return fc.constantFrom(...sourcesOf(column.layout)).chain((source) => {
      const destinations = destinationsOf(source).filter(
        (type) => conversionProblem(source, type, BIGQUERY_RULES) === undefined && isOfAvro(type),
      );
      return fc
        .tuple(destinations, fc.boolean())
        .map(([type, nullable]) => ({ column, source, to: { name: 'c', type, nullable } }));
    });
  });
}

/** The type of its cells. */
export function sourceOf({ column, source }: PlannedArrow): ColumnType {
  return source ?? columnTypeOf(column.layout);
}

/** Cells of a column as the type that it shares with other files has them. */
function wideReader(layout: ArrowLayout, source: ColumnType, data: ArrowData): CellReader {
  const read = arrowCellReader(layout, data);
  const widen = cellWidening(columnTypeOf(layout), source);
  assert.ok(widen !== undefined);
  return (index) => {
    const cell = read(index);
    if (cell === null) return null;
    const wide = widen(cell);
    if (wide === undefined) throw new UnreadableCell('it is none of the wider type', '');
    return wide;
  };
}

export function isOfAvro(type: ColumnType): boolean {
  try {
    avroSchemaOf({ columns: [{ name: 'c', type, nullable: true }], primaryKey: [] });
    return true;
  } catch {
    return false;
  }
}

/** Columns of values: as many of each, in the order of the plan. */
export type ArrowColumns = readonly (readonly Stored[])[];

/** Codecs and the reference of one plan. */
export class ArrowAvroCodecs {
  readonly schema: TableSchema;
  private readonly layouts: readonly ArrowLayout[];
  private readonly input;

  constructor(planned: readonly PlannedArrow[]) {
    const names = planned.map((_, index) => `c${index}`);
    const named = (types: readonly { type: ColumnType; nullable: boolean }[]): TableSchema => ({
      columns: types.map(({ type, nullable }, index) => ({ name: names[index] ?? '', type, nullable })),
      primaryKey: [],
    });
    this.layouts = planned.map(({ column }) => column.layout);
    this.schema = named(planned.map(({ to }) => to));
    const source = named(planned.map((one) => ({ type: sourceOf(one), nullable: true })));
    this.input = {
      columns: names.map((name, index) => ({
        source: name,
        destination: name,
        sourceType: source.columns[index]?.type ?? { kind: 'string' as const },
        destinationType: this.schema.columns[index]?.type ?? { kind: 'string' as const },
      })),
      source,
      destination: this.schema,
      policies,
      rules: BIGQUERY_RULES,
      keyColumns: [],
    };
  }

  /** The columns as Arrow has them. */
  dataOf(columns: ArrowColumns): ArrowData[] {
    return this.layouts.map((layout, index) => arrowData(layout, columns[index] ?? []));
  }

  /** What the reference writes of each row, and loses by it; undefined: it refuses the row. */
  reference(columns: ArrowColumns): ({ bytes: Buffer; losses: string[] } | undefined)[] {
    const data = this.dataOf(columns);
    const readers = this.layouts.map((layout, index) => {
      const column = data[index];
      const type = this.input.source.columns[index]?.type;
      assert.ok(column !== undefined && type !== undefined);
      return wideReader(layout, type, column);
    });
    return (columns[0] ?? []).map((_, row) => {
      const ledger = new LossLedger();
      let converted;
      try {
        converted = compileConverter({ ...this.input, ledger }).convert(readers.map((read) => read(row)));
      } catch (error) {
        if (error instanceof UnreadableCell || (error as Error).name === 'RowRejected') return undefined;
        throw error;
      }
      if (converted === undefined) return undefined;
      const encoder = compileAvroEncoder(this.schema, { codec: 'null', sync: SYNC });
      assert.ok(encoder.add(converted));
      return {
        bytes: Buffer.from(encoder.block.bytes.subarray(0, encoder.block.end)),
        losses: summed(ledger),
      };
    });
  }

  /** A codec that writes rows to blocks of its own. */
  open(mode: CodecMode, maxRowBytes = Infinity): OpenCodec {
    return new OpenCodec(this.schema, this.layouts, this.input, mode, maxRowBytes);
  }
}

export class OpenCodec {
  readonly blocks: Buffer[] = [];
  /** Numbers of rows that are for the reference. */
  readonly left: number[] = [];
  readonly ledger = new LossLedger();
  /** Rows that were written many at once. */
  atOnce = 0;
  calls = 0;
  private rows = 0;
  private lost: [number, Parameters<LossLedger['add']>[1], number][] = [];
  private readonly encoder;
  private readonly source: TableSchema;
  private readonly sinks: AvroSinks;
  private readonly codec: ArrowCodec;

  constructor(
    private readonly schema: TableSchema,
    private readonly layouts: ArrowRows['layouts'],
    input: Omit<ConstructorParameters<typeof ArrowCodec>[0], 'sinks' | 'lose' | 'mode'>,
    mode: CodecMode,
    maxRowBytes: number,
  ) {
    this.encoder = compileAvroEncoder(schema, { codec: 'null', sync: SYNC, maxRowBytes });
    this.source = input.source;
    this.sinks = new AvroSinks(this.encoder, schema);
    this.codec = new ArrowCodec({
      ...input,
      sinks: this.sinks.columns,
      many: this.sinks,
      lose: (column, rule, times = 1) => this.lost.push([column, rule, times]),
      mode,
    });
  }

  /** Writes rows of a batch from `start` on. `each` is called for every row that was written, with its first cell. */
  add(data: readonly ArrowData[], start = 0, each?: (cell: unknown) => void): void {
    const { codec, encoder, sinks } = this;
    const rows = this.begin(data, start);
    const eachRow = each === undefined ? undefined : () => each(codec.cell(0));
    for (let row = 0; row < rows;) {
      if (encoder.bytes >= AVRO_BLOCK_BYTES) this.take();
      this.lost = [];
      const written = codec.writeMany(rows - row, eachRow);
      this.calls++;
      this.countLosses();
      row += written;
      this.atOnce += written;
      if (written > 0) continue;
      sinks.beginRow();
      this.lost = [];
      if (codec.write() && sinks.endRow()) {
        this.countLosses();
        eachRow?.();
      } else {
        sinks.takeBackRow();
        this.left.push(this.rows + row);
      }
      codec.next();
      row++;
    }
    this.rows += rows;
  }

  /** How many rows of a batch the first call for many writes. */
  takes(data: readonly ArrowData[]): number {
    return this.goOn(this.begin(data));
  }

  /** How many of so many rows of the batch at hand one call writes. */
  goOn(rows: number): number {
    return this.codec.writeMany(rows, undefined);
  }

  /** Rows are of this batch from now on. Returns how many. */
  begin(data: readonly ArrowData[], start = 0): number {
    const rows = (data[0]?.length ?? 0) - start;
    const columns = data.map((one, index) => ({
      data: one,
      cells: () =>
        wideReader(
          this.layouts[index] ?? { kind: 'null' },
          this.source.columns[index]?.type ?? { kind: 'string' },
          one,
        ),
    }));
    this.codec.begin({ wire: 'arrow', layouts: this.layouts, columns, start, rows });
    return rows;
  }

  /** The block is written, and another one begun. */
  take(): void {
    this.blocks.push(Buffer.from(this.encoder.takeBlock()));
  }

  end(): { blocks: readonly Buffer[]; content: Buffer } {
    if (this.encoder.rows > 0) this.take();
    return { blocks: this.blocks, content: Buffer.concat(this.blocks.map(contentOf)) };
  }

  private countLosses(): void {
    for (const [column, rule, times] of this.lost)
      this.ledger.add(this.schema.columns[column]?.name ?? '', rule, times);
  }
}

/** Rows of an uncompressed block, without their number and length in front and the mark behind. */
function contentOf(block: Buffer): Buffer {
  let at = 0;
  for (let number = 0; number < 2; number++) while ((block[at++] ?? 0) > 127);
  return block.subarray(at, block.length - SYNC.length);
}

/** In the order of their columns. */
export function summed(ledger: LossLedger): string[] {
  return Object.entries(ledger.toJSON()).flatMap(([column, rules]) =>
    Object.entries(rules).map(([rule, times]) => `${column} ${rule} ${times}`),
  );
}
