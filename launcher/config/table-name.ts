/** The last parts of the name of a table. */
export interface TableName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** `database.schema.table` */
const MAX_PARTS = 3;

const PART = /"((?:[^"]|"")+)"|([^".\s][^".]*)/y;

/**
 * Reads `orders`, `public.orders`, `public."order.lines"`. Unquoted names stay as they are written: the source decides
 * which table is meant. Undefined: not a name of up to three parts.
 */
export function parseTableName(text: string): TableName | undefined {
  const parts: string[] = [];
  const written = text.trim();
  let position = 0;
  for (;;) {
    PART.lastIndex = position;
    const match = PART.exec(written);
    if (match === null) return undefined;
    const [whole, quoted, bare] = match;
    parts.push(quoted === undefined ? (bare ?? '').trimEnd() : quoted.replaceAll('""', '"'));
    position += whole.length;
    if (position === written.length) break;
    if (written[position] !== '.') return undefined;
    position++;
  }
  const [name = '', schema] = parts.toReversed();
  return parts.length > MAX_PARTS ? undefined : { schema, name };
}

/** `{schema}_{table}` with the names of a table in it. */
export function fillTableTemplate(template: string, table: TableName): string {
  return template.replace(/\{(schema|table)\}/g, (_, part) =>
    part === 'table' ? table.name : (table.schema ?? ''),
  );
}
