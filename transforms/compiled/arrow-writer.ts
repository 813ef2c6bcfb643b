import type { ArrowData } from '../../core/arrow-buffers';

/** Writes values of a column of Arrow's buffers, one batch after the other. */
export interface ArrowWriter<Data = ArrowData> {
  /** The values are of this data from now on. */
  readonly bind: (data: Data) => void;
  /**
   * Writes a value that is not null. False: not a value that it writes; what it has written of it is taken back by the caller, and the row
   * goes by the reference.
   */
  readonly write: (index: number) => boolean;
}
