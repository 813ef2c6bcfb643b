import type { QueryRow } from './bigquery-api';
import { unreadable } from './google-answers';
import { asRecord } from './small-http';

/** Names of the columns of a query's answer, in order. */
export function columnNames(answer: Readonly<Record<string, unknown>>): string[] {
  const fields = asRecord(answer['schema'])['fields'];
  if (!Array.isArray(fields)) throw unreadable('it has no schema');
  return fields.map((field: unknown) => {
    const { name } = asRecord(field);
    if (typeof name !== 'string') throw unreadable('a column has no name');
    return name;
  });
}

/** Rows of a page, `{f: [{v}]}` each. Structs and arrays are given as the JSON text of what the API sent. */
export function rowsOf(answer: Readonly<Record<string, unknown>>, columns: readonly string[]): QueryRow[] {
  const rows = answer['rows'];
  if (rows === undefined) return [];
  if (!Array.isArray(rows)) throw unreadable('its rows are not a list');
  return rows.map((row: unknown) => {
    const cells = asRecord(row)['f'];
    if (!Array.isArray(cells) || cells.length !== columns.length) {
      throw unreadable('a row does not have one value for each column');
    }
    const values = Object.create(null) as Record<string, string | null>;
    columns.forEach((column, index) => (values[column] = cellText(asRecord(cells[index])['v'])));
    return values;
  });
}

function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
