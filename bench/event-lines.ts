const ROWS_PER_PIECE = 2_000;

/** About so many bytes of rows of one shape, as CSV with a header or as JSON lines, in pieces. */
export function* eventLines(bytes: number, format: 'csv' | 'jsonl'): Generator<string> {
  if (format === 'csv') yield 'id,created_at,name,amount,note\n';
  let id = 0;
  for (let written = 0; written < bytes;) {
    let piece = '';
    for (let row = 0; row < ROWS_PER_PIECE; row++, id++)
      piece += format === 'csv' ? csvLine(id) : jsonLine(id);
    written += piece.length;
    yield piece;
  }
}

function csvLine(id: number): string {
  return `${id},${momentOf(id)},customer ${id % 5000},${(id % 100_000) / 100},"a note, with the number ${id}"\n`;
}

function jsonLine(id: number): string {
  return `{"id":${id},"created_at":"${momentOf(id)}","name":"customer ${id % 5000}","amount":${(id % 100_000) / 100},"note":"a note, with the number ${id}"}\n`;
}

function momentOf(id: number): string {
  return `2024-02-${String((id % 28) + 1).padStart(2, '0')} 12:30:00`;
}
