import type { MysqlField } from '../core/mysql-rows';
import type { PgField } from '../core/pg-binary';
import type { RawRows } from '../core/raw-rows';

/** What a codec is compiled for, of the rows themselves: the others tell it how they lie with each batch. */
export type RowsReading =
  | { readonly wire: 'pg-copy'; readonly fields: readonly PgField[] }
  | { readonly wire: 'mysql-text'; readonly fields: readonly MysqlField[] }
  | { readonly wire: Exclude<RawRows['wire'], 'pg-copy' | 'mysql-text'> };

export function readingOf(rows: RawRows): RowsReading {
  switch (rows.wire) {
    case 'pg-copy':
      return { wire: rows.wire, fields: rows.fields };
    case 'mysql-text':
      return { wire: rows.wire, fields: rows.fields };
    default:
      return { wire: rows.wire };
  }
}

/** Whether a codec for the one reads the other. Fields that are made anew for the same column are taken for others. */
export function readsAlike(one: RowsReading, other: RowsReading): boolean {
  if (one.wire === 'pg-copy') {
    return (
      other.wire === one.wire &&
      sameFields(one.fields, other.fields, (a, b) => a.form === b.form && a.decode === b.decode)
    );
  }
  if (one.wire === 'mysql-text') {
    return (
      other.wire === one.wire &&
      sameFields(one.fields, other.fields, (a, b) => a.family === b.family && a.decode === b.decode)
    );
  }
  return one.wire === other.wire;
}

function sameFields<Field>(
  one: readonly Field[],
  other: readonly Field[],
  isSame: (a: Field, b: Field) => boolean,
): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  return one.every((field, index) => {
    const counterpart = other[index];
    return counterpart !== undefined && isSame(field, counterpart);
  });
}
