import type { Row } from '../core/cells';
import type { DestinationRules } from '../core/destination-rules';
import type {
  EncodedBlock,
  NdjsonDialect,
  PlacedBlock,
  StagingCompression,
  StagingFormat,
} from '../core/encoding';
import type { TableSchema } from '../core/schema';
import type { RowSinks } from '../transforms/compiled/value-sink';
import type { BlockBuffer } from '../transforms/encode/block-buffer';
import { AvroBlocks } from './avro-blocks';
import { NdjsonBlocks } from './ndjson-blocks';
import { ParquetBlocks } from './parquet-blocks';

/** Rows of one staging format, gathered into blocks. */
export interface RowBlocks {
  /** What every file of these blocks begins with. */
  readonly header: Uint8Array;
  /** Whether the block at hand has reached its size. */
  readonly isFull: boolean;
  /** Encodes a row behind the others of the block at hand. False: it is longer than allowed when encoded, and was left out. */
  add(row: Row): boolean;
  /** Where rows are written value by value, instead of with `add`; absent: they cannot be. */
  readonly sinks?: RowSinks;
  /** Where rows can be lines that are copied from a source of lines; absent: they cannot be. */
  readonly lines?: RowLines;
  /** Ends the block at hand; undefined: it has no rows. The bytes are valid until the next call of any method. */
  take(): EncodedBlock | undefined;
  /** What every file ends with, made of its blocks; absent: nothing. */
  readonly footer?: (blocks: readonly PlacedBlock[]) => Uint8Array;
}

/** Rows written by others than `add`, as lines of NDJSON; each between `beginRow` and `endRow`, which ends it. */
export interface RowLines extends Omit<RowSinks, 'columns'> {
  readonly line: BlockBuffer;
}

/** What encoding must know of a destination. */
export interface EncodingTarget {
  readonly rules: DestinationRules;
  readonly ndjson: NdjsonDialect;
}

export function openRowBlocks(
  format: StagingFormat,
  schema: TableSchema,
  { rules, ndjson }: EncodingTarget,
  compression: StagingCompression = 'snappy',
): RowBlocks {
  const maxRowBytes = rules.maxRowBytes ?? Infinity;
  switch (format) {
    case 'avro':
      return new AvroBlocks(schema, maxRowBytes, compression);
    case 'ndjson':
      return new NdjsonBlocks(schema, ndjson, maxRowBytes);
    case 'parquet':
      return new ParquetBlocks(schema, ndjson, maxRowBytes);
  }
}
