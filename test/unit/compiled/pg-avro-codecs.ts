import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LossLedger } from '../../../core/loss-ledger';
import type { PgField } from '../../../core/pg-binary';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { Column, ColumnType, TableSchema } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { AvroSinks } from '../../../transforms/compiled/avro-sinks';
import { PgCodec } from '../../../transforms/compiled/pg-codec';
import { compilePgRow } from '../../../transforms/compiled/pg-row';
import { FOR_REFERENCE, type CodecMode, type RowWriter } from '../../../transforms/compiled/row-writer';
import { AVRO_BLOCK_BYTES, compileAvroEncoder, type AvroEncoder } from '../../../transforms/encode/avro';
import { BlockLimit } from '../../../transforms/encode/block-buffer';
import { compileConverter } from '../../../transforms/schema-aware-converter';
import { arrayOfText, pgColumn, type PgColumn } from './arbitrary-pg';

const SYNC = Buffer.alloc(16, 7);
const policies = { ...DEFAULT_POLICIES, columns: {} };

export type PgRow = readonly (Buffer | null)[];

export interface PlannedPgColumn {
  readonly column: PgColumn;
  readonly to: Column;
  readonly isKey: boolean;
}

/** A column and what it goes into. */
export const plannedColumn = pgColumn.chain((column) =>
  fc
    .tuple(fc.constantFrom(...column.destinations), fc.boolean(), fc.constantFrom(false, false, false, true))
    .map(([type, nullable, isKey]) => ({ column, type, nullable, isKey })),
);

/** Rows of these columns. */
export function rowOf(columns: readonly { readonly column: PgColumn }[], freq = 6): fc.Arbitrary<PgRow> {
  return fc.tuple(...columns.map(({ column }) => fc.option(column.value, { freq })));
}

/** The codec and the reference of one plan, each with an encoder of its own. */
export class PgAvroCodecs {
  readonly schema: TableSchema;
  readonly source: TableSchema;
  readonly input;
  readonly fields: readonly PgField[];
  private readonly writers = new Map<CodecMode, PgRowOfOne>();

  constructor(readonly columns: readonly PlannedPgColumn[]) {
    this.schema = { columns: columns.map(({ to }) => to), primaryKey: [] };
    this.fields = columns.map(({ column }) => column.field);
    this.source = {
      columns: columns.map(({ column, to }) => ({ name: to.name, type: column.type, nullable: true })),
      primaryKey: [],
    };
    this.input = {
      columns: columns.map(({ column, to }) => ({
        source: to.name,
        destination: to.name,
        sourceType: column.type,
        destinationType: to.type,
      })),
      source: this.source,
      destination: this.schema,
      policies,
      rules: BIGQUERY_RULES,
      keyColumns: columns.flatMap(({ to, isKey }) => (isKey ? [to.name] : [])),
    };
  }

  /** Of the row that was written last, by whomever. */
  losses: readonly string[] = [];

  /** What the reference writes of a row; undefined: it refuses the row. */
  reference(row: PgRow): Buffer | undefined {
    const ledger = new LossLedger();
    const converter = compileConverter({ ...this.input, ledger });
    let converted;
    try {
      converted = converter.convert(
        row.map((bytes, index) => {
          const decode = this.columns[index]?.column.field.decode;
          if (bytes === null || decode === undefined) return null;
          return decode(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
        }),
      );
    } catch {
      return undefined;
    }
    if (converted === undefined) return undefined;
    this.losses = losses(ledger);
    const encoder = compileAvroEncoder(this.schema, { codec: 'null', sync: SYNC });
    assert.ok(encoder.add(converted));
    return Buffer.from(encoder.block.bytes.subarray(0, encoder.block.end));
  }

  /** What the codec writes of a row; undefined: it leaves it to the reference. */
  compiled(row: PgRow, mode: CodecMode): Buffer | undefined {
    let writer = this.writers.get(mode);
    if (writer === undefined) this.writers.set(mode, (writer = this.writer(mode)));
    const { encoder, sinks, write } = writer;
    const ledger = (writer.ledger = new LossLedger());
    const bytes = wire(row);
    sinks.beginRow();
    const end = write(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 3);
    if (end === FOR_REFERENCE) {
      sinks.takeBackRow();
      return undefined;
    }
    assert.equal(end, bytes.length);
    assert.ok(sinks.endRow());
    this.losses = losses(ledger);
    const written = Buffer.from(encoder.block.bytes.subarray(0, encoder.block.end));
    encoder.takeBlock();
    return written;
  }

  private writer(mode: CodecMode): PgRowOfOne {
    const encoder = compileAvroEncoder(this.schema, { codec: 'null', sync: SYNC });
    const sinks = new AvroSinks(encoder, this.schema);
    const write = compilePgRow(this.fields, {
      ...this.input,
      sinks: sinks.columns,
      lose: (column, rule) => writer.ledger.add(this.schema.columns[column]?.name ?? '', rule),
      mode,
    });
    assert.ok(write !== undefined);
    const writer: PgRowOfOne = { encoder, sinks, write, ledger: new LossLedger() };
    return writer;
  }

  /** What becomes of rows that come in one batch. */
  batch(rows: readonly PgRow[], mode: CodecMode, options: BatchOptions = {}): Batch {
    return this.batches(mode, options).read(rows);
  }

  /** One codec, for batch after batch. */
  batches(mode: CodecMode, options: BatchOptions = {}): PgBatches {
    return new PgBatches(this, mode, options);
  }
}

interface PgRowOfOne {
  readonly encoder: AvroEncoder;
  readonly sinks: AvroSinks;
  readonly write: RowWriter;
  /** Of the row at hand. */
  ledger: LossLedger;
}

/**
 * Blocks of rows that come in batches, `gap` bytes apart, and which of them are left to the reference. `eachRow` is called for each of the others, with its first cell.
 */
class PgBatches {
  private readonly encoder: AvroEncoder;
  private readonly sinks: AvroSinks;
  private readonly codec: PgCodec;
  private lost: [number, Parameters<LossLedger['add']>[1], number][] = [];

  constructor(
    private readonly codecs: PgAvroCodecs,
    mode: CodecMode,
    private readonly options: BatchOptions,
  ) {
    const { maxRowBytes = Infinity } = options;
    this.encoder = compileAvroEncoder(codecs.schema, { codec: 'null', sync: SYNC, maxRowBytes });
    this.sinks = new AvroSinks(this.encoder, codecs.schema);
    this.codec = new PgCodec(codecs.fields, {
      ...codecs.input,
      sinks: this.sinks.columns,
      many: this.sinks,
      lose: (column, rule, times = 1) => this.lost.push([column, rule, times]),
      mode,
    });
  }

  read(rows: readonly PgRow[]): Batch {
    const { codec, encoder, sinks, options } = this;
    const { gap = 0, eachRow } = options;
    const ledger = new LossLedger();
    const each = eachRow === undefined ? undefined : () => eachRow(codec.cell(0));
    const bytes = batchOf(rows, gap);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    codec.begin({ wire: 'pg-copy', fields: [], bytes, view, start: 3, gap, rows: rows.length });
    const blocks: Buffer[] = [];
    const left: number[] = [];
    let atOnce = 0;
    let calls = 0;
    const take = (): number => blocks.push(Buffer.from(encoder.takeBlock()));
    for (let row = 0; row < rows.length;) {
      if (encoder.bytes >= AVRO_BLOCK_BYTES) take();
      this.lost = [];
      const written = codec.writeMany(rows.length - row, each);
      calls++;
      this.countLosses(ledger);
      row += written;
      atOnce += written;
      if (written > 0) continue;
      this.lost = [];
      sinks.beginRow();
      if (isWritten(codec) && sinks.endRow()) {
        this.countLosses(ledger);
        each?.();
      } else {
        sinks.takeBackRow();
        left.push(row);
        codec.decode();
      }
      codec.next();
      row++;
    }
    if (encoder.rows > 0) take();
    return { blocks, left, losses: losses(ledger), atOnce, calls };
  }

  private countLosses(ledger: LossLedger): void {
    for (const [column, rule, times] of this.lost)
      ledger.add(this.codecs.schema.columns[column]?.name ?? '', rule, times);
  }
}

/** Nullable columns of these types that go into the same; documents are texts. */
export function planOf(...types: readonly ColumnType[]): PgAvroCodecs {
  const columns = fc.sample(pgColumn, { numRuns: 2000, seed: 1 });
  return new PgAvroCodecs(
    types.map((type, index) => {
      const wanted = type.kind === 'array' ? [arrayOfText] : columns;
      const column = wanted.find(
        (each) => JSON.stringify(each.type) === JSON.stringify(type) && each.field.form !== 'jsonb',
      );
      assert.ok(column !== undefined, type.kind);
      return { column, to: { name: `c${index}`, type, nullable: true }, isKey: false };
    }),
  );
}

interface BatchOptions {
  readonly gap?: number;
  readonly maxRowBytes?: number;
  readonly eachRow?: ((cell: unknown) => void) | undefined;
}

interface Batch {
  readonly blocks: readonly Buffer[];
  /** Numbers of rows that are for the reference. */
  readonly left: readonly number[];
  readonly losses: readonly string[];
  /** Rows that were written many at once, and in how many calls. */
  readonly atOnce: number;
  readonly calls: number;
}

function isWritten(codec: PgCodec): boolean {
  try {
    return codec.write();
  } catch (thrown) {
    assert.ok(thrown instanceof BlockLimit);
    return false;
  }
}

/** Rows as in a COPY, `gap` bytes of something else apart, behind three bytes of something else. */
function batchOf(rows: readonly PgRow[], gap: number): Buffer {
  const between = Buffer.alloc(gap, 0xee);
  const pieces: Buffer[] = [Buffer.of(1, 2, 3)];
  for (const row of rows) {
    const count = Buffer.alloc(2);
    count.writeInt16BE(row.length);
    pieces.push(count, wire(row).subarray(3), between);
  }
  return Buffer.concat(pieces);
}

/** In the order of their columns. */
function losses(ledger: LossLedger): string[] {
  return Object.entries(ledger.toJSON()).flatMap(([column, rules]) =>
    Object.entries(rules).map(([rule, times]) => `${column} ${rule} ${times}`),
  );
}

/** The fields of a row behind three bytes of something else. */
function wire(row: readonly (Buffer | null)[]): Buffer {
  const pieces: Buffer[] = [Buffer.of(1, 2, 3)];
  for (const bytes of row) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes?.length ?? -1);
    pieces.push(length, bytes ?? Buffer.alloc(0));
  }
  return Buffer.concat(pieces);
}
