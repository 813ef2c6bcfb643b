import type { Row } from './cells';
import type { PgRows } from './pg-binary';

/**
 * Rows of a batch as their source has them, not decoded; one kind for each form, told by `wire`. Their bytes are valid until the next batch is
 * pulled. A codec (`transforms/compiled`) writes them, and decodes those that it leaves to the reference.
 */
export type RawRows = PgRows;

/** A row that a codec has left to the reference. */
export type DecodedRow =
  | { readonly row: Row; readonly problem?: undefined }
  /** `row`: with null in place of what cannot be read. */
  | { readonly row: Row; readonly problem: { readonly field: number; readonly reason: string } };
