import type { Row } from '../core/cells';
import type { ColumnDigest, ColumnDigests } from '../core/manifest';
import type { TableSchema } from '../core/schema';

/** Takes the rows of a unit, and says what their values add up to. */
export interface DigestingRows {
  add(row: Row): void;
  result(): ColumnDigests;
}

/** Digests of rows of a schema, whatever their order. */
export function compileColumnDigests(schema: TableSchema): DigestingRows {
  const values = schema.columns.map(() => 0);
  return {
    add: (row) => {
      for (let index = 0; index < values.length; index++) {
        if (row[index] !== null) values[index] = (values[index] ?? 0) + 1;
      }
    },
    result: () => {
      const digests = Object.create(null) as Record<string, ColumnDigest>;
      schema.columns.forEach(({ name }, index) => {
        digests[name] = { values: values[index] ?? 0, sums: {} };
      });
      return digests;
    },
  };
}

/** The digests of the rows of both. */
export function addDigests(a: ColumnDigests, b: ColumnDigests): ColumnDigests {
  const sum = Object.create(null) as Record<string, ColumnDigest>;
  for (const [name, digest] of [...Object.entries(a), ...Object.entries(b)]) {
    sum[name] = { values: digest.values + (sum[name]?.values ?? 0), sums: {} };
  }
  return sum;
}
