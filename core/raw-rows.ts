import type { ArrowRows } from './arrow-rows';
import type { Row } from './cells';
import type { CsvRows } from './csv-rows';
import type { JsonRows } from './json-rows';
import type { MysqlRows } from './mysql-rows';
import type { PgRows } from './pg-binary';

/**
 * Rows of a batch as their source has them, not decoded; one kind for each form, told by `wire`. Their bytes are valid until the next batch is
 * pulled. A codec (`transforms/compiled`) writes them, and decodes those that it leaves to the reference.
 */
export type RawRows = ArrowRows | CsvRows | JsonRows | MysqlRows | PgRows;

/** A row that a codec has left to the reference. */
export type DecodedRow =
  | { readonly row: Row; readonly problem?: undefined }
  /** `row`: with null in place of what cannot be read. */
  | { readonly row: Row; readonly problem: RowProblem };

/** Why a row cannot be read. */
export interface RowProblem {
  /** By its number. */
  readonly field: number;
  readonly reason: string;
  /** What stands there, shortened for people; absent: it cannot be shown. */
  readonly value?: string;
}
