import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MemoryRunStore } from '../../../launcher/runs/memory-run-store';
import { openSqliteRunStore } from '../../../launcher/runs/sqlite-run-store';
import { runStoreContract } from '../../contract/run-store';

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

runStoreContract('sqlite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-runs-'));
  folders.push(folder);
  const file = path.join(folder, 'nested', 'runs.db');
  return { durable: true, open: async () => await openSqliteRunStore(file, { create: true }) };
});

runStoreContract('memory', async () => ({ durable: false, open: async () => new MemoryRunStore() }));
