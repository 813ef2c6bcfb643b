const FORMATS_BY_ENDING: ReadonlyMap<string, { format: FileFormat; delimiter?: string }> = new Map([
  ['csv', { format: 'csv' }],
  ['tsv', { format: 'csv', delimiter: '\t' }],
  ['json', { format: 'json' }],
  ['jsonl', { format: 'jsonl' }],
  ['ndjson', { format: 'jsonl' }],
  ['parquet', { format: 'parquet' }],
] as const);

export type FileFormat = 'csv' | 'json' | 'jsonl' | 'parquet';

/** What the ending of a pattern says about its files, a `.gz` or `.zst` behind it left out; undefined: nothing. */
export function formatOfPattern(
  pattern: string,
): { readonly format: FileFormat; readonly delimiter?: string } | undefined {
  const ending = /\.([a-z]+)(?:\.(?:gz|zst))?\*?$/i.exec(pattern)?.[1];
  return ending === undefined ? undefined : FORMATS_BY_ENDING.get(ending.toLowerCase());
}
