/** A name as DuckDB takes it literally. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as DuckDB takes it literally. U+0000 cannot be in a statement. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A table with its schema. */
export function quoteTable({ schema, name }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** A table as users write it: the default schema goes without saying. */
export function showTable({ schema, name }: TableName): string {
  return schema.toLowerCase() === DEFAULT_SCHEMA ? name : `${schema}.${name}`;
}

/** The schema that every DuckDB file has. */
export const DEFAULT_SCHEMA = 'main';
