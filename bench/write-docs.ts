import type { PeerResults } from './peer-results';
import type { Results } from './results';

export async function writeBenchmarkDocs(_results: Results): Promise<void> {
  await Promise.resolve();
}

export async function writePeerDocs(_results: PeerResults): Promise<void> {
  await Promise.resolve();
}
