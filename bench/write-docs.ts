import type { Results } from './results';

export async function writeBenchmarkDocs(_results: Results): Promise<void> {
  await Promise.resolve();
}
