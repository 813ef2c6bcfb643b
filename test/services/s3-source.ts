import { gzipSync } from 'node:zlib';
import type { Row } from '../../core/cells';
import { quietServices } from '../contract/quiet-services';
import type { PreparedSource } from '../contract/source-contract';
import { startS3Server } from './s3-server';

const NOTES = ['plain', 'a "quoted" word', 'two\nlines', 'Müller 📦', ' spaces '];

/** Three objects below a prefix, one of them compressed, with others beside it. */
export async function prepareS3Source(): Promise<PreparedSource> {
  const server = await startS3Server();
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
  try {
    await server.write('exports/2024/a b.csv', csv(0, 150));
    await server.write('exports/2024/new/ü.csv', csv(150, 160));
    await server.write('exports/c.csv.gz', gzipSync(csv(160, 300)));
    await server.write('exports/notes.txt', 'not a part of it');
    await server.write('exports-old/d.csv', 'id,note\n-1,old\n');
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    spec: {
      type: 's3',
      connectionName: 'lake',
      connection: server.connection({ prefix: 'exports' }),
      object: { kind: 'files', pattern: '**/*.csv*', format: 'csv', options: {} },
      maxConnections: 8,
    },
    services: quietServices('/'),
    columns: ['id', 'note'],
    rows,
    dispose: () => server.stop(),
  };
}
