import { gzipSync } from 'node:zlib';
import type { Row } from '../../core/cells';

const NOTES = ['plain', 'a "quoted" word', 'two\nlines', 'Müller 📦', ' spaces '];

/** Writes 300 rows of `id` and `note` below `exports/`, in three objects of which one is compressed, and others beside them. */
export async function writeBucketRows(
  write: (key: string, body: string | Uint8Array) => Promise<void>,
): Promise<Row[]> {
  const rows: Row[] = [];
  const csv = (from: number, to: number): string => {
    const lines = ['id,note'];
    for (let id = from; id < to; id++) {
      const note = NOTES[id % NOTES.length] ?? '';
      rows.push([String(id), note]);
      lines.push(`${id},"${note.replaceAll('"', '""')}"`);
    }
    return `${lines.join('\n')}\n`;
  };
  await write('exports/2024/a b#1%20.csv', csv(0, 150));
  await write('exports/2024/new/ü.csv', csv(150, 160));
  await write('exports/c.csv.gz', gzipSync(csv(160, 300)));
  await write('exports/notes.txt', 'not a part of it');
  await write('exports-old/d.csv', 'id,note\n-1,old\n');
  return rows;
}
