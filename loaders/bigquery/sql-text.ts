import type { TableReference } from '../../core/clients/bigquery-api';

/** A name as GoogleSQL takes it literally: in backquotes, with the escapes of a string literal. */
export function quoteIdentifier(name: string): string {
  return `\`${escaped(name).replaceAll('`', '\\`')}\``;
}

/** A text as GoogleSQL takes it literally. */
export function quoteText(text: string): string {
  return `'${escaped(text).replaceAll("'", "\\'")}'`;
}

/** A table with its project and dataset. */
export function quoteTable({ projectId, datasetId, tableId }: TableReference): string {
  return [projectId, datasetId, tableId].map(quoteIdentifier).join('.');
}

/** Backslashes, and everything that would end a line or could not be seen. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(CONTROL, (found) => {
    const code = found.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
