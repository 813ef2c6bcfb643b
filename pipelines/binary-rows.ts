import type { Cell, Row } from '../core/cells';
import { BeamliftError } from '../core/errors';
import type { LossLedger, LossRule } from '../core/loss-ledger';
import type { RunContext } from '../core/plan';
import { PG_NULL, UnreadableValue, type PgField, type PgRows } from '../core/pg-binary';
import { compileCell } from '../transforms/cells';
import { compilePgToAvro } from '../transforms/compiled/pg-avro';
import { FOR_REFERENCE, type CodecMode, type RowWriter } from '../transforms/compiled/row-writer';
import type { AvroEncoder } from '../transforms/encode/avro';
import { BlockLimit } from '../transforms/encode/block-buffer';
import { policiesOf } from '../transforms/schema-aware-converter';
import { AvroBlocks } from './avro-blocks';
import type { EncodingTarget } from './row-blocks';
import type { StagedRows } from './staged-rows';

/** Bytes in front of a row's fields: their number. */
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;

/** Whether rows that are not decoded can be staged: what must look at every value needs cells. */
export function takesBinary({ stagingFormat, verify }: RunContext): boolean {
  return stagingFormat === 'avro' && verify !== 'strict';
}

/** A row that the codec has left to the reference. */
export type DecodedRow =
  | { readonly row: Row; readonly problem?: undefined }
  /** `row`: with null in place of what cannot be read. */
  | { readonly row: Row; readonly problem: { readonly field: number; readonly reason: string } };

/** For rows of these fields. Throws INTERNAL where `takesBinary` says no. */
export function openBinaryRows(
  fields: readonly PgField[],
  context: RunContext,
  target: EncodingTarget,
  staged: StagedRows,
  ledger: LossLedger,
  mode: CodecMode,
): BinaryRows {
  const { blocks } = staged;
  if (blocks instanceof AvroBlocks)
    return new BinaryRows(fields, context, target, staged, blocks, ledger, mode);
  throw new BeamliftError('INTERNAL', { what: 'Rows came undecoded that are not staged as Avro' });
}

/** Encodes rows of PostgreSQL's binary form; those that the codec does not take come back as cells. */
export class BinaryRows {
  private readonly encoder: AvroEncoder;
  private readonly write: RowWriter | undefined;
  private readonly partitionOf: ((row: number) => Cell) | undefined;
  private readonly names: readonly string[];
  /** Losses of the row at hand: columns and rules, `pending` of them. */
  private readonly lostColumns: number[] = [];
  private readonly lostRules: LossRule[] = [];
  private pending = 0;
  private rows: PgRows | undefined;
  private at = 0;
  private left = 0;

  constructor(
    private readonly fields: readonly PgField[],
    context: RunContext,
    target: EncodingTarget,
    private readonly staged: Pick<StagedRows, 'partitions'>,
    private readonly blocks: AvroBlocks,
    private readonly ledger: LossLedger,
    mode: CodecMode,
  ) {
    this.encoder = blocks.encoder;
    this.names = context.columns.map(({ destination }) => destination);
    this.write = compilePgToAvro({
      fields,
      columns: context.columns,
      source: context.sourceSchema,
      destination: context.destinationSchema,
      policies: context.policies,
      rules: target.rules,
      keyColumns: context.keyColumns,
      buffer: this.encoder.block,
      lose: (column, rule) => {
        this.lostColumns[this.pending] = column;
        this.lostRules[this.pending] = rule;
        this.pending++;
      },
      mode,
    });
    this.partitionOf = this.compilePartition(context, target);
  }

  /** How many of them are behind us. */
  get done(): number {
    return (this.rows?.rows ?? 0) - this.left;
  }

  /** The rows that `encode` takes from now on. */
  begin(rows: PgRows): void {
    this.rows = rows;
    this.at = rows.start;
    this.left = rows.rows;
  }

  /** Encodes rows until there are none left, the block is full, or one is for the reference: then `decode` is to be called. */
  encode(): 'done' | 'full' | 'reference' {
    const { rows, write, encoder, partitionOf } = this;
    if (rows === undefined) return 'done';
    const { bytes, view } = rows;
    while (this.left > 0) {
      if (this.blocks.isFull) return 'full';
      if (write === undefined) return 'reference';
      const start = encoder.beginRow();
      this.pending = 0;
      let end: number;
      try {
        end = write(bytes, view, this.at + COUNT_BYTES);
      } catch (thrown) {
        if (!(thrown instanceof BlockLimit)) throw thrown;
        end = FOR_REFERENCE;
      }
      if (end === FOR_REFERENCE) {
        encoder.block.end = start;
        return 'reference';
      }
      if (!encoder.endRow(start)) return 'reference';
      if (this.pending > 0) this.countLosses();
      if (partitionOf !== undefined) this.staged.partitions?.addCell(partitionOf(this.at));
      this.at = end;
      this.left--;
    }
    return this.blocks.isFull ? 'full' : 'done';
  }

  private countLosses(): void {
    for (let at = 0; at < this.pending; at++) {
      const column = this.names[this.lostColumns[at] ?? -1];
      const rule = this.lostRules[at];
      if (column !== undefined && rule !== undefined) this.ledger.add(column, rule, 1);
    }
  }

  /** The cells of the row that is next, which is then behind us. */
  decode(): DecodedRow {
    const { rows, fields } = this;
    if (rows === undefined) throw new BeamliftError('INTERNAL', { what: 'There is no row to decode' });
    const { bytes, view } = rows;
    let at = this.at + COUNT_BYTES;
    let problem: { field: number; reason: string } | undefined;
    const row = fields.map(({ decode }, field): Cell => {
      const length = view.getInt32(at);
      at += LENGTH_BYTES;
      if (length === PG_NULL) return null;
      const start = at;
      at += length;
      try {
        return decode(bytes, view, start, length);
      } catch (error) {
        problem ??= { field, reason: reasonOf(error) };
        return null;
      }
    });
    this.at = at;
    this.left--;
    return problem === undefined ? { row } : { row, problem };
  }

  /** The cell of the column by which the table is divided. */
  private compilePartition(
    { partitioning, columns, policies }: RunContext,
    target: EncodingTarget,
  ): ((row: number) => Cell) | undefined {
    if (partitioning === null) return undefined;
    const field = columns.findIndex(({ destination }) => destination === partitioning.column);
    const planned = columns[field];
    const decode = this.fields[field]?.decode;
    if (planned === undefined || decode === undefined) return undefined;
    const convert = compileCell(planned.sourceType, planned.destinationType, {
      rules: target.rules,
      policies: policiesOf(policies, planned.source),
      // The codec has taken the row: nothing of it is lost.
      lose: () => undefined,
    });
    return (row) => {
      const { bytes, view } = this.rows ?? { bytes: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)) };
      let at = row + COUNT_BYTES;
      for (let index = 0; index < field; index++) at += LENGTH_BYTES + Math.max(0, view.getInt32(at));
      const length = view.getInt32(at);
      return length === PG_NULL ? null : convert(decode(bytes, view, at + LENGTH_BYTES, length));
    };
  }
}

/** Why a field cannot be read; anything else is no problem of the value. */
function reasonOf(error: unknown): string {
  if (error instanceof UnreadableValue) return error.message;
  // DataView's: the value is shorter than its type
  if (error instanceof RangeError) return 'the value has fewer bytes than its type';
  throw error;
}
