/**
 * Writes a value of `length` bytes at `start`, behind what the block holds. False: not a value that it writes; what it has written of it is
 * taken back by the caller, and the row goes by the reference.
 */
export type FieldWriter = (bytes: Buffer, view: DataView, start: number, length: number) => boolean;
