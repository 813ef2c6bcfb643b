import type { ArrowData } from '../../../core/arrow-buffers';
import type { PageWindow } from './page-window';

/**
 * The values of one leaf in a batch. They are put behind each other first, and moved to the rows that have one afterwards. What a batch was
 * given is in use until the next one begins. All methods throw DamagedPage.
 */
export interface LeafValues {
  /** Begins another batch. */
  begin(): void;
  /** Reads `count` values of the encoding PLAIN as values `start` and those behind it. */
  readPlain(page: PageWindow, start: number, count: number): void;
  /** Reads a dictionary of `count` values, which lasts until the next one. */
  readDictionary(page: PageWindow, count: number): void;
  /** Values of the dictionary by their numbers, as values `start` and those behind it. */
  readNumbers(numbers: Int32Array, start: number, count: number): void;
  /** Moves values from `start` on, each to the next of `count` places whose level is `present`. */
  spread(levels: Int32Array, present: number, start: number, count: number, values: number): void;
  /** The values' own part of the first `length` of Arrow's data. */
  buffers(length: number): Pick<ArrowData, 'values' | 'valueOffsets'>;
  /** Bytes of the first `length`. */
  bytes(length: number): number;
}
