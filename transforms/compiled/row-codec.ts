import type { Cell } from '../../core/cells';
import type { DestinationRules } from '../../core/destination-rules';
import type { LossRule } from '../../core/loss-ledger';
import type { PlannedColumn } from '../../core/plan';
import type { JobPolicies } from '../../core/policies';
import type { DecodedRow, RawRows } from '../../core/raw-rows';
import type { TableSchema } from '../../core/schema';
import type { CodecMode } from './row-writer';
import type { RowSinks, ValueSink } from './value-sink';

/** What a codec is compiled for. */
export interface CodecInput {
  readonly columns: readonly PlannedColumn[];
  readonly source: TableSchema;
  readonly destination: TableSchema;
  readonly policies: JobPolicies;
  readonly rules: DestinationRules;
  readonly keyColumns: readonly string[];
  /** Of the columns of `destination`. */
  readonly sinks: readonly ValueSink[];
  /** Where rows can be written many at once. */
  readonly many?: Pick<RowSinks, 'avroRows' | 'parquetRows'> | undefined;
  /** Called for each loss of a row, by the number of its column, or for so many at once; also of a row that is for the reference afterwards. */
  readonly lose: (column: number, rule: LossRule, times?: number) => void;
  readonly mode: CodecMode;
}

/**
 * Writes rows of one wire to the sinks of the destination's columns. It writes exactly the rows that the reference (`compileConverter`, then the
 * encoder of the staging format) converts without a loss and without a reject, to the same bytes, and those whose only losses are nulls in place of
 * arrays; all others are for the reference.
 */
export interface RowCodec {
  /** The rows from now on; the first is at hand. All of a codec's rows have the same `wire`. */
  begin(rows: RawRows): void;
  /**
   * Writes rows from the one at hand on, at most so many, to what `CodecInput.many` has, and leaves them behind; calls `each` for each of them while it is
   * at hand, for `cell` alone. Returns how many; the next one, if any, is for `write`, unless the block is full. Absent: rows are written one by one.
   */
  writeMany?(rows: number, each: (() => void) | undefined): number;
  /** Writes the row at hand. False: it is for the reference, and what was written of it is to be forgotten. May throw `BlockLimit`: the same. */
  write(): boolean;
  /** The cells of the row at hand, as the source would have decoded them. */
  decode(): DecodedRow;
  /** The cell of one column of the row at hand, which `write` has written. */
  cell(column: number): Cell;
  /** The row at hand, written or decoded, is behind us. */
  next(): void;
}
