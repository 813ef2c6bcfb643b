/** A row that cannot be loaded, as it goes to the reject file and into errors. */
export interface Reject {
  /** The row's key, or `line 12`, `record 7`: whatever lets a person find it. */
  row: string;
  /** The file that it was read from, where its unit has several. */
  file?: string;
  /** The source column; absent where the whole record is unreadable. */
  column?: string;
  /** The value, one line, shortened. */
  value?: string;
  /** Why, in words: `not a whole number`, `beyond int32`, `3 fields where the header has 5`. */
  reason: string;
}
