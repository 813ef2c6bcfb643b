import type { ArrowData } from '../../../core/arrow-buffers';
import type { ChunkBytes } from './chunk-bytes';

/** A column of a row group, decoded batch by batch. What a batch was given is in use until the next begins. */
export interface ColumnDecoder {
  /** Begins with a chunk. `values`: how many levels or values the footer says it has. */
  open(chunk: ChunkBytes, codec: number, values: number): void;
  /** Begins another batch. */
  begin(): void;
  /** Decodes until the batch has so many rows; false: another page is needed. Throws DamagedPage and UnreadPage. */
  advance(rows: number): boolean;
  /** Reads another page. Throws DamagedPage and UnreadPage. */
  nextPage(): Promise<void>;
  /** The rows of the batch. Throws DamagedPage. */
  data(): ArrowData;
  /** Of them in memory. */
  bytes(): number;
  /** After the last row that the footer knows. Throws DamagedPage where there are more. */
  finish(): Promise<void>;
  /** Gives all memory back. */
  close(): void;
}
