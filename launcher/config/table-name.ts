/** A table as a source knows it. */
export interface TableName {
  readonly schema: string | undefined;
  readonly name: string;
}

const PART = /"((?:[^"]|"")+)"|([^".\s][^".]*)/y;

/**
 * Reads `orders`, `public.orders`, `public."order.lines"`. Unquoted names stay as they are written: the source's catalogue decides
 * which table is meant. Undefined: not a name of one or two parts.
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
  const [first = '', second, ...more] = parts;
  if (more.length > 0) return undefined;
  return second === undefined ? { schema: undefined, name: first } : { schema: first, name: second };
}

/** `{schema}_{table}` with the names of a table in it. */
export function fillTableTemplate(template: string, table: TableName): string {
  return template.replace(/\{(schema|table)\}/g, (_, part) =>
    part === 'table' ? table.name : (table.schema ?? ''),
  );
}
