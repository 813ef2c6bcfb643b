import { openSqliteRunStore } from '../../../launcher/runs/sqlite-run-store';
import { runRecord } from '../../contract/run-store';

/** A process of its own that opens a store and writes records: `write-runs.ts FILE PREFIX COUNT`. */
async function main(file: string, prefix: string, count: number): Promise<void> {
  const store = await openSqliteRunStore(file, { create: true });
  for (let index = 0; index < count; index++) {
    await store.put(runRecord(`${prefix}-${index}`, { status: 'running' }));
    await store.put(runRecord(`${prefix}-${index}`));
  }
  await store.close();
}

const [file = '', prefix = '', count = '0'] = process.argv.slice(2);
void main(file, prefix, Number(count));
