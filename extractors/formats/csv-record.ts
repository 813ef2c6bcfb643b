/** The record that the tokenizer has just found; gone when `onRecord` returns. */
export interface CsvRecord {
  /** Physical line where it starts, from 1; line ends inside quotes count. */
  readonly line: number;
  /** Fields in it, stored or not; at least 1. */
  readonly count: number;
  /** Why its fields cannot be trusted, in words; then `text` must not be called. */
  readonly problem: string | undefined;
  /** Nothing between two line ends. */
  readonly blank: boolean;
  /** Whether the field (of `index` below `count` and `MAX_FIELDS`) is quoted or has at least one byte. */
  hasContent(index: number): boolean;
  isQuoted(index: number): boolean;
  /** Whether an escape in it took the meaning from a character. */
  hasEscapes(index: number): boolean;
  /** Undefined: its bytes are not valid UTF-8. */
  text(index: number): string | undefined;
  /** The first bytes of the record as they are in the file, for reject files and errors. */
  preview(): string;
  /** Whether all records of the piece are valid UTF-8; in Latin-1, ASCII. */
  readonly isValid: boolean;
  /** Where its fields begin among those of its buffer. */
  readonly base: number;
  /** Adds null fields up to so many. */
  padTo(count: number): void;
}

/** Fields of one record whose places are kept: a record of 64 MiB of delimiters must not cost a gigabyte of places. */
export const MAX_FIELDS = 65_536;
