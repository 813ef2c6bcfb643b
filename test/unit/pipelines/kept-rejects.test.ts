import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BeamliftError } from '../../../core/errors';
import type { RowBatch } from '../../../core/extractor';
import type { Loader } from '../../../core/loader';
import type { Manifest } from '../../../core/manifest';
import type { RunContext } from '../../../core/plan';
import { rejectsExceededTogether } from '../../../pipelines/reject-errors';
import { runUnit, type UnitEquipment } from '../../../pipelines/run-unit';
import { FakeEquipment, fakeContext, unit } from './fake-equipment';

interface Kept {
  readonly file: string;
  readonly text: string;
}

const { signal } = new AbortController();

describe('rejects that a destination keeps', () => {
  let folder: string;
  let kept: Kept[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-kept-'));
    kept = [];
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const keepRejects: Required<Loader>['keepRejects'] = async (_context, { id }, file) => {
    kept.push({ file, text: await readFile(file, 'utf8') });
    return `gs://bucket/rejects/${id}.${kept.length}`;
  };

  /** Rows that are texts, some of them no numbers, into a destination that keeps rejects. */
  function equipmentOf(fake: FakeEquipment, loader: Partial<Loader> = {}): UnitEquipment {
    const { equipment } = fake;
    return { ...equipment, loader: { ...equipment.loader, keepRejects, ...loader } };
  }

  const rowsOf = (...texts: readonly string[]): FakeEquipment =>
    new FakeEquipment(async function* () {
      yield texts;
    });

  const run = async (equipment: UnitEquipment, changes: Partial<RunContext> = {}): Promise<Manifest> =>
    await runUnit(fakeContext(folder, changes), unit('u'), 1, equipment, () => undefined, signal);

  const failure = async (promise: Promise<unknown>): Promise<BeamliftError> => {
    const error: unknown = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof BeamliftError, String(error));
    return error;
  };

  it('are taken away before the manifest, which names them, and are gone here', async () => {
    const fake = rowsOf('1', 'one', 'two');
    const { loader } = fake.equipment;
    const order: string[] = [];
    const equipment = equipmentOf(fake, {
      keepRejects: async (...call) => {
        assert.equal(fake.manifests.size, 0);
        order.push('kept');
        return await keepRejects(...call);
      },
      stage: async (...call) => {
        const manifest = await loader.stage(...call);
        order.push('manifest');
        return manifest;
      },
    });
    const manifest = await run(equipment, { maxRejects: 2 });
    assert.equal(manifest.rejectFile, 'gs://bucket/rejects/u.1');
    assert.deepEqual(order, ['kept', 'manifest']);
    const rejects = (kept[0]?.text ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { value: string });
    assert.deepEqual(
      rejects.map(({ value }) => value),
      ['one', 'two'],
    );
    assert.ok(!existsSync(kept[0]?.file ?? folder));
    assert.deepEqual(await readdir(folder), []);
  });

  it('are not asked for where there are none', async () => {
    assert.equal((await run(equipmentOf(rowsOf('1')))).rejectFile, undefined);
    assert.equal(kept.length, 0);
  });

  it('are kept and named when they are too many', async () => {
    const error = await failure(run(equipmentOf(rowsOf('one'))));
    assert.equal(error.code, 'REJECTS_EXCEEDED');
    assert.match(error.hint ?? '', /gs:\/\/bucket\/rejects\/u\.1\.$/);
    assert.ok(!existsSync(kept[0]?.file ?? folder));
  });

  it('stay on this machine where they cannot be taken away, and that does not hide why the run ends', async () => {
    const refuse = async (): Promise<never> => {
      throw new BeamliftError('DESTINATION_UNAVAILABLE', { what: 'gone' });
    };
    const error = await failure(run(equipmentOf(rowsOf('one'), { keepRejects: refuse })));
    assert.equal(error.code, 'REJECTS_EXCEEDED');
    const file = /are in (.*)\.$/.exec(error.hint ?? '')?.[1] ?? '';
    assert.match(await readFile(file, 'utf8'), /"value":"one"/);
    await rm(file);
  });

  it('that cannot be taken away fail an attempt that could have counted, and leave nothing here', async () => {
    let file = '';
    const refuse: typeof keepRejects = async (_context, _unit, given) => {
      file = given;
      throw new BeamliftError('DESTINATION_UNAVAILABLE', { what: 'gone' });
    };
    const fake = rowsOf('1', 'one');
    const error = await failure(run(equipmentOf(fake, { keepRejects: refuse }), { maxRejects: 1 }));
    assert.equal(error.code, 'DESTINATION_UNAVAILABLE');
    assert.equal(fake.manifests.size, 0);
    assert.ok(file !== '' && !existsSync(file));
  });

  it('of a second attempt are others, and the manifest names those that it was written with', async () => {
    const fake = rowsOf('1', 'one');
    let fails = true;
    const { loader } = fake.equipment;
    const equipment = equipmentOf(fake, {
      stage: async (context, staged, rows, aborts) => {
        if (!fails) return await loader.stage(context, staged, rows, aborts);
        fails = false;
        for await (const block of rows.blocks) assert.ok(block.rows > 0);
        throw new BeamliftError('DESTINATION_UNAVAILABLE', { what: 'gone' });
      },
    });
    await failure(run(equipment, { maxRejects: 1 }));
    assert.equal((await run(equipment, { maxRejects: 1 })).rejectFile, 'gs://bucket/rejects/u.2');
    assert.equal((await run(equipment, { maxRejects: 1 })).rejectFile, 'gs://bucket/rejects/u.2');
    assert.notEqual(kept[0]?.file, kept[1]?.file);
  });

  it('are nowhere where a policy ends the run: its error has the row', async () => {
    const fake = new FakeEquipment(async function* () {
      yield ['one'];
      yield ['NaN'];
    });
    const policies = { ...fakeContext(folder).policies, nan: 'fail' as const };
    const error = await failure(run(fake.equipment, { maxRejects: 5, policies }));
    assert.equal(error.code, 'REJECTS_EXCEEDED');
    assert.equal(error.where.value, 'NaN');
    assert.deepEqual(await readdir(folder), []);
  });

  it('of a unit of several files name their file', async () => {
    const batches = (async function* (): AsyncGenerator<RowBatch> {
      for (const file of ['a.csv', 'b.csv']) {
        yield {
          rows: [['1'], [file]],
          rejects: [{ row: `${file} line 9`, reason: 'torn' }],
          bytes: 2,
          file,
          nameRow: (index) => `${file} line ${index + 1}`,
        };
      }
    })();
    const { equipment } = rowsOf();
    const extractor = { ...equipment.extractor, read: () => ({ wire: 'cells' as const, batches }) };
    await run({ ...equipmentOf(rowsOf()), extractor }, { maxRejects: 4 });
    const lines = (kept[0]?.text ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      lines.map(({ file, row }) => [file, row]),
      [
        ['a.csv', 'a.csv line 9'],
        ['a.csv', 'a.csv line 2'],
        ['b.csv', 'b.csv line 9'],
        ['b.csv', 'b.csv line 2'],
      ],
    );
  });

  it('of several units are named together', () => {
    const error = rejectsExceededTogether(fakeContext(folder), 7, ['gs://b/u.1', 'gs://b/v.1']);
    assert.match(error.hint ?? '', /are in gs:\/\/b\/u\.1, gs:\/\/b\/v\.1\.$/);
  });
});
