import type { ColumnDigests, UnitCounts } from './manifest';

/** How NDJSON spells the types for which JSON has no value of its own. */
export interface NdjsonDialect {
  /** bytes as text. */
  readonly bytes: 'hex' | 'base64';
  /** json columns: their text as a JSON string, or the document itself in place. */
  readonly json: 'string' | 'raw';
  /** Instants: `YYYY-MM-DD HH:MM:SS.ffffff`, with `+00` behind timestamps where `zone` says so. Years outside of 0001–9999: see `eraSuffix`. */
  readonly zone: '+00' | 'Z' | '';
  /** What marks years before 1: PostgreSQL and DuckDB write ` (BC)`. */
  readonly eraSuffix: ' (BC)' | undefined;
  /** Whether floats may be written as JSON numbers (else as text, which also holds NaN). */
  readonly floatAsNumber: boolean;
}

/** How rows are written where a destination loads them from. */
export const STAGING_FORMATS = ['avro', 'ndjson', 'parquet'] as const;
export type StagingFormat = (typeof STAGING_FORMATS)[number];

/** How blocks of staged Avro are compressed. */
export const STAGING_COMPRESSIONS = ['snappy', 'deflate', 'none'] as const;
export type StagingCompression = (typeof STAGING_COMPRESSIONS)[number];

/** Those that a job may ask for. */
export const STAGING_FORMAT_CHOICES = ['avro', 'ndjson'] as const satisfies readonly StagingFormat[];

/** What the footer of a part must know of a block; only the format itself can read it. */
export type BlockIndex = readonly number[];

/** Some rows, encoded. */
export interface EncodedBlock {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Of formats with footers. Unlike `bytes` it stays valid. */
  readonly index?: BlockIndex;
}

/** A block of a part. */
export interface PlacedBlock {
  /** Where it begins, in bytes from the start of the part. */
  readonly start: number;
  readonly rows: number;
  readonly index: BlockIndex;
}

/** Rows of a unit, encoded for staging. Pulling `blocks` is what reads the source; the bytes of a block are valid until the next one is pulled. */
export interface EncodedStream {
  readonly format: StagingFormat;
  /** What every part begins with, before its first block; empty for NDJSON. */
  readonly header: Uint8Array;
  readonly blocks: AsyncIterable<EncodedBlock>;
  /** What a part ends with that has these blocks, in this order and right behind its header. Absent: with its last block. */
  readonly footer?: ((blocks: readonly PlacedBlock[]) => Uint8Array) | undefined;
  /** Final once `blocks` has ended. */
  counts(): UnitCounts;
  /** Where the rejects were written; undefined: none. Final once `blocks` has ended. */
  rejectFile(): string | undefined;
  /** Sums over the values of each column, where the context asks for them (`RunContext.verify`). Final once `blocks` has ended. */
  digests(): ColumnDigests | undefined;
  /** The partitions of the destination table that the rows go to, where the context asks for them. Final once `blocks` has ended. */
  partitions(): readonly string[] | undefined;
}
