import type { Cell } from '../core/cells';
import { BeamliftError } from '../core/errors';
import type { ReadRequest } from '../core/extractor';
import type { LossLedger, LossRule } from '../core/loss-ledger';
import type { RunContext } from '../core/plan';
import type { DecodedRow, RawRows } from '../core/raw-rows';
import { compileCell } from '../transforms/cells';
import { compileCodec } from '../transforms/compiled/compile-codec';
import { compileJsonLines } from '../transforms/compiled/json-lines';
import type { CodecInput, RowCodec } from '../transforms/compiled/row-codec';
import type { CodecMode } from '../transforms/compiled/row-writer';
import type { RowSinks } from '../transforms/compiled/value-sink';
import { BlockLimit } from '../transforms/encode/block-buffer';
import type { PartitionKeys } from '../transforms/partition-keys';
import { policiesOf } from '../transforms/schema-aware-converter';
import type { EncodingTarget, RowBlocks } from './row-blocks';
import { readingOf, readsAlike, type RowsReading } from './rows-reading';
import { rulesOf } from './staged-rows';

/** Which rows that are not decoded can be staged: what must look at every value needs cells, and lines are only made of lines. */
export function takesRaw({ stagingFormat, verify }: RunContext): NonNullable<ReadRequest['takesRaw']> {
  if (verify === 'strict') return false;
  return stagingFormat === 'ndjson' ? 'json' : true;
}

/** For rows that are like `first`, which it has still to be given, once a unit was begun. Throws INTERNAL where `takesRaw` says no. */
export function openRawRows(
  first: RawRows,
  context: RunContext,
  target: EncodingTarget,
  blocks: RowBlocks,
  mode: CodecMode,
): RawRowsEncoder {
  const input = {
    columns: context.columns,
    source: context.sourceSchema,
    destination: context.destinationSchema,
    policies: context.policies,
    rules: rulesOf(context.stagingFormat, target),
    keyColumns: context.keyColumns,
    mode,
  };
  const { sinks, lines } = blocks;
  if (sinks !== undefined) {
    const compile: Compile = (lose) =>
      compileCodec(first, { ...input, sinks: sinks.columns, many: sinks, lose });
    return new RawRowsEncoder(first, compile, context, target, blocks, sinks);
  }
  if (lines !== undefined && first.wire === 'json') {
    const compile: Compile = (lose) =>
      compileJsonLines({ ...input, dialect: target.ndjson, line: lines.line, lose });
    return new RawRowsEncoder(first, compile, context, target, blocks, lines);
  }
  throw new BeamliftError('INTERNAL', { what: 'Rows came undecoded that can only be staged as cells' });
}

type Compile = (lose: CodecInput['lose']) => RowCodec;

/** What has to be known of all rows of a unit that are staged. */
export interface RowNotes {
  readonly ledger: LossLedger;
  readonly partitions: PartitionKeys | undefined;
}

/** Encodes rows that were not decoded, of one unit after another; those that the codec does not take come back as cells. */
export class RawRowsEncoder {
  private readonly codec: RowCodec;
  private readonly reading: RowsReading;
  private notes: RowNotes | undefined;
  private readonly addPartition: (() => void) | undefined;
  private readonly names: readonly string[];
  /** Losses of the row at hand, or of rows that were written at once: columns, rules and how often; `pending` of them. */
  private readonly lostColumns: number[] = [];
  private readonly lostRules: LossRule[] = [];
  private readonly lostTimes: number[] = [];
  private pending = 0;
  private rows = 0;
  private left = 0;

  constructor(
    first: RawRows,
    compile: Compile,
    context: RunContext,
    target: EncodingTarget,
    private readonly blocks: RowBlocks,
    private readonly sinks: Omit<RowSinks, 'columns'>,
  ) {
    this.reading = readingOf(first);
    this.names = context.columns.map(({ destination }) => destination);
    this.codec = compile((column, rule, times = 1) => {
      this.lostColumns[this.pending] = column;
      this.lostRules[this.pending] = rule;
      this.lostTimes[this.pending] = times;
      this.pending++;
    });
    const partitionOf = this.compilePartition(context, target);
    if (partitionOf !== undefined) this.addPartition = () => this.notes?.partitions?.addCell(partitionOf());
  }

  /** How many of them are behind us. */
  get done(): number {
    return this.rows - this.left;
  }

  /** Whether rows are like those that it was opened for. */
  takes(rows: RawRows): boolean {
    return readsAlike(this.reading, readingOf(rows));
  }

  /** Rows are of another unit from now on. */
  beginUnit(notes: RowNotes): void {
    this.notes = notes;
    this.rows = 0;
    this.left = 0;
  }

  /** The rows that `encode` takes from now on. */
  begin(rows: RawRows): void {
    this.codec.begin(rows);
    this.rows = rows.rows;
    this.left = rows.rows;
  }

  /** Encodes rows until there are none left, the block is full, or one is for the reference: then `decode` is to be called. */
  encode(): 'done' | 'full' | 'reference' {
    const { codec, sinks, blocks, addPartition } = this;
    const takesMany = codec.writeMany !== undefined;
    while (this.left > 0) {
      if (blocks.isFull) return 'full';
      this.pending = 0;
      if (takesMany) {
        const written = codec.writeMany?.(this.left, addPartition) ?? 0;
        if (this.pending > 0) this.countLosses();
        this.left -= written;
        if (written > 0) continue;
      }
      sinks.beginRow();
      if (!this.write()) {
        sinks.takeBackRow();
        return 'reference';
      }
      if (!sinks.endRow()) return 'reference';
      if (this.pending > 0) this.countLosses();
      addPartition?.();
      codec.next();
      this.left--;
    }
    return blocks.isFull ? 'full' : 'done';
  }

  private write(): boolean {
    try {
      return this.codec.write();
    } catch (thrown) {
      if (thrown instanceof BlockLimit) return false;
      throw thrown;
    }
  }

  private countLosses(): void {
    for (let at = 0; at < this.pending; at++) {
      const column = this.names[this.lostColumns[at] ?? -1];
      const rule = this.lostRules[at];
      const times = this.lostTimes[at];
      if (column !== undefined && rule !== undefined && times !== undefined)
        this.notes?.ledger.add(column, rule, times);
    }
  }

  /** The cells of the row that is next, which is then behind us. */
  decode(): DecodedRow {
    const decoded = this.codec.decode();
    this.codec.next();
    this.left--;
    return decoded;
  }

  /** The cell of the column by which the table is divided, of the row at hand. */
  private compilePartition(
    { partitioning, columns, policies }: RunContext,
    target: EncodingTarget,
  ): (() => Cell) | undefined {
    if (partitioning === null) return undefined;
    const column = columns.findIndex(({ destination }) => destination === partitioning.column);
    const planned = columns[column];
    if (planned === undefined) return undefined;
    const convert = compileCell(planned.sourceType, planned.destinationType, {
      rules: target.rules,
      policies: policiesOf(policies, planned.source),
      // The codec has taken the row: nothing of it is lost.
      lose: () => undefined,
    });
    return () => {
      const cell = this.codec.cell(column);
      return cell === null ? null : convert(cell);
    };
  }
}
