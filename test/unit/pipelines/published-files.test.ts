import assert from 'node:assert/strict';
import type { Loader } from '../../../core/loader';
import type { WorkUnit } from '../../../core/plan';
import { commitRun } from '../../../pipelines/commit-run';
import { runInProcess } from '../../../pipelines/in-process';
import { FakeEquipment, fakeContext } from './fake-equipment';

const units: WorkUnit[] = [
  { id: 'f0001', kind: 'file', uri: '__proto__', bytes: 1, version: 'v1' },
  {
    id: 'f0002',
    kind: 'files',
    files: [
      { uri: 'a.csv', bytes: 1, version: 'v2' },
      { uri: 'b.csv', bytes: 0, version: 'v3' },
    ],
  },
  { id: 'all', kind: 'all' },
];

async function rememberedFiles(limit: number | null): Promise<[string, string][]> {
  const fake = new FakeEquipment(async function* () {
    yield ['1'];
  });
  const context = fakeContext('unused', { limit });
  const { signal } = new AbortController();
  const manifests = await runInProcess(context, units, fake.equipment, {
    concurrency: 1,
    listener: () => undefined,
    signal,
  });
  let remembered: [string, string][] = [];
  const loader: Loader = {
    ...fake.equipment.loader,
    commit: async (committed, all, files, commitSignal) => {
      remembered = Object.entries(files);
      return await fake.equipment.loader.commit(committed, all, files, commitSignal);
    },
  };
  await commitRun(context, units, manifests, loader, () => undefined, signal);
  return remembered;
}

describe('files that a commit remembers as published', () => {
  it('are those of its units', async () => {
    assert.deepEqual(await rememberedFiles(null), [
      ['__proto__', 'v1'],
      ['a.csv', 'v2'],
      ['b.csv', 'v3'],
    ]);
  });

  it('are none where a limit left rows behind', async () => {
    assert.deepEqual(await rememberedFiles(10), []);
  });
});
