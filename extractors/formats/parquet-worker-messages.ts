import type { PackedBatch } from './arrow-c-data';

/** Rows of a row group. */
export interface RowGroupRequest {
  readonly rowGroup: number;
  readonly columns: readonly string[];
  /** Rows of a batch, at most. */
  readonly batchRows: number;
  /** Rows to leave out at the beginning. */
  readonly offset: number;
  /** Rows to read; undefined: all that are left. */
  readonly limit: number | undefined;
}

/**
 * What a Parquet decoder and its thread say to each other. One request is answered before the next is made, but while it works on one
 * the thread may ask for bytes of the file.
 */
export type DecoderRequest =
  /** Opens the file of so many bytes. Answered by `opened`. */
  | { readonly kind: 'open'; readonly bytes: number }
  /** Starts with a row group, or a part of it. Answered by the first `batch`, or `end`. */
  | ({ readonly kind: 'row-group' } & RowGroupRequest)
  /** Answered by the next `batch`, or `end`. `spare`: what a batch came in and is no longer needed, for another one. */
  | { readonly kind: 'next'; readonly spare?: ArrayBuffer }
  /** Answered by `closed`; the thread is then ready for another file. */
  | { readonly kind: 'close' }
  /** The next of the bytes that were asked for, in order until all are there; undefined: reading them failed. No answer. */
  | { readonly kind: 'bytes'; readonly id: number; readonly content: ArrayBuffer | undefined };

/** Rows in Arrow's buffers, or those that these do not hold as an Arrow IPC stream. */
export type DecodedBatch = PackedBatch | { readonly stream: Uint8Array };

export type DecoderAnswer =
  /** The schema of the file as an Arrow IPC stream without rows. */
  | { readonly kind: 'opened'; readonly schema: Uint8Array }
  | { readonly kind: 'batch'; readonly batch: DecodedBatch }
  /** The row group has no more rows. */
  | { readonly kind: 'end' }
  /** `memory`: what the wasm instance holds on to, in bytes. */
  | { readonly kind: 'closed'; readonly memory: number }
  | { readonly kind: 'failed'; readonly why: string }
  /** Not an answer: bytes `start` to `end` (exclusive) of the file are needed. */
  | { readonly kind: 'want'; readonly id: number; readonly start: number; readonly end: number };
