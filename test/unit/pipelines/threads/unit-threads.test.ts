import assert from 'node:assert/strict';
import { unit } from '../fake-equipment';
import { MoodyThreads } from './moody-threads';

describe('UnitThreads', () => {
  let moody: MoodyThreads;
  afterEach(async () => await moody.close());

  it('stages units on threads, each of which opens the source once and closes it', async () => {
    moody = await MoodyThreads.open();
    const context = moody.context();
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const manifests = await Promise.all(
      ids.map(async (id) => await moody.threads.stage(context, unit(id), moody.options())),
    );
    assert.deepEqual(
      manifests.map((manifest) => manifest.unit),
      ids,
    );
    assert.ok(manifests.every(({ counts }) => counts.rowsStaged === 1));
    await moody.threads.close();
    const lines = await moody.journal(true);
    const threads = new Set(lines.map((line) => line.split(' ')[0]));
    assert.equal(threads.size, 2);
    assert.ok(!threads.has('0'));
    assert.equal(lines.filter((line) => line.endsWith('opened')).length, 2);
    assert.equal(lines.filter((line) => line.endsWith('closed')).length, 2);
  });
});
