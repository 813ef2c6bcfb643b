import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Row } from '../../core/cells';
import { quietServices } from './quiet-services';
import type { PreparedSource } from './source-contract';

const NOTES = ['plain', 'a "quoted" word', 'two\nlines', 'comma, separated', 'Müller 📦', ' spaces '];

/** Three files in folders of their own, one of them compressed. */
export async function prepareLocalSource(): Promise<PreparedSource> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-local-source-'));
  const rows: Row[] = [];
  const csv = (from: number, to: number): string => {
    const lines = ['id,note'];
    for (let id = from; id < to; id++) {
      const note = NOTES[id % NOTES.length] ?? '';
      rows.push([String(id), note]);
      lines.push(`${id},"${note.replaceAll('"', '""')}"`);
    }
    return `${lines.join('\r\n')}\r\n`;
  };
  await mkdir(path.join(folder, '2024', 'new'), { recursive: true });
  await writeFile(path.join(folder, '2024', 'a.csv'), csv(0, 150));
  await writeFile(path.join(folder, '2024', 'new', 'b.csv'), csv(150, 160));
  await writeFile(path.join(folder, 'c.csv.gz'), gzipSync(csv(160, 300)));
  await writeFile(path.join(folder, 'notes.txt'), 'not a part of it');
  return {
    spec: {
      type: 'local',
      connectionName: 'here',
      connection: { path: folder },
      object: { kind: 'files', pattern: '**/*.csv*', format: 'csv', options: {} },
      maxConnections: 8,
    },
    services: quietServices(folder),
    columns: ['id', 'note'],
    rows,
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}
