import assert from 'node:assert/strict';
import { BeamliftError } from '../../../../core/errors';
import type { RunContext } from '../../../../core/plan';
import { runInProcess, type InProcessOptions } from '../../../../pipelines/in-process';
import type { OpenEquipment } from '../../../../pipelines/open-equipment';
import type { UnitEquipment } from '../../../../pipelines/run-unit';
import { quietServices } from '../../../contract/quiet-services';
import { hasCode } from '../../../has-code';
import { FakeEquipment, unit } from '../fake-equipment';
import { openEquipment } from './moody-equipment';
import { MoodyThreads } from './moody-threads';

/** The same of both, with a source whose behaviour is its units' names. */
for (const place of ['on threads', 'on the main thread'])
  describe(`runInProcess ${place}`, () => {
    const onThreads = place === 'on threads';
    let moody: MoodyThreads;
    let here: OpenEquipment;
    before(async () => {
      moody = await MoodyThreads.open();
    });
    beforeEach(async () => {
      released = 0;
      here = await openEquipment(moody.context(), quietServices(moody.folder));
    });
    afterEach(async () => {
      await here.close();
      await moody.clear();
    });
    after(async () => await moody.close());

    let released = 0;
    /** On threads, what is open here must not be read. */
    const elsewhere = (): UnitEquipment => {
      if (!onThreads) return here;
      const { equipment } = new FakeEquipment(() => {
        throw new Error('read here');
      });
      const releaseIdle = async (): Promise<void> => {
        released++;
        await Promise.resolve();
      };
      return { ...equipment, extractor: { ...equipment.extractor, releaseIdle } };
    };
    const options = (changes: Partial<InProcessOptions> = {}): InProcessOptions => ({
      ...moody.options(),
      concurrency: 2,
      ...(onThreads ? { threads: moody.threads } : {}),
      ...changes,
    });
    const context = (changes: Partial<RunContext> = {}): RunContext => moody.context(changes);

    it('stages every unit once, the largest first, and gives manifests back in order', async () => {
      const units = ['a', 'b', 'c', 'd', 'e'].map((id, index) => unit(id, index + 1));
      const manifests = await runInProcess(context(), units, elsewhere(), options());
      assert.deepEqual(
        manifests.map((manifest) => manifest.unit),
        ['a', 'b', 'c', 'd', 'e'],
      );
      const started = moody.events.flatMap((event) => (event.kind === 'unit.started' ? [event.unit] : []));
      assert.deepEqual(started, ['e', 'd', 'c', 'b', 'a']);
      assert.equal((await moody.journal()).filter((line) => line.startsWith('read')).length, 5);
      assert.equal(released, onThreads ? 1 : 0);
    });

    if (onThreads)
      it('runs units here as well, where that is asked for', async () => {
        const units = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => unit(id));
        const read: string[] = [];
        const { equipment } = new FakeEquipment((request) => {
          read.push(request.unit.id);
          throw new BeamliftError('RIGHTS_MISSING', { what: 'read here' });
        });
        await assert.rejects(
          runInProcess(context(), units, equipment, options({ unitsHere: 1 })),
          hasCode('RIGHTS_MISSING', /read here/),
        );
        assert.equal(read.length, 1);
        const elsewhereToo = await openEquipment(moody.context(), quietServices(moody.folder));
        try {
          const manifests = await runInProcess(
            context({ runId: 'run-both' }),
            units,
            elsewhereToo,
            options({ unitsHere: 1 }),
          );
          assert.deepEqual(
            manifests.map((manifest) => manifest.unit),
            units.map(({ id }) => id),
          );
        } finally {
          await elsewhereToo.close();
        }
      });

    it('aborts the other units at the first final failure, and reads nothing more', async () => {
      const units = [unit('RIGHTS_MISSING', 2), unit('wait', 3), unit('late', 1)];
      await assert.rejects(runInProcess(context(), units, elsewhere(), options()), (error) =>
        // Where nothing crosses threads, whoever shows it takes secrets out.
        hasCode('RIGHTS_MISSING', onThreads ? /what \*\*\*/ : /what/)(error),
      );
      const lines = (await moody.journal()).filter((line) => line !== 'opened');
      assert.ok(!lines.includes('read late'));
      assert.deepEqual(
        lines.filter((line) => line.endsWith('wait')),
        ['read wait', 'stopped wait'],
      );
    });

    it('counts rejects over all units together', async () => {
      const units = [unit('bad-1'), unit('bad-2'), unit('bad-3')];
      const manifests = await runInProcess(
        context({ maxRejects: 3, runId: 'run-3' }),
        units,
        elsewhere(),
        options(),
      );
      assert.deepEqual(
        manifests.map(({ counts }) => counts.rowsRejected),
        [1, 1, 1],
      );
      await assert.rejects(
        runInProcess(context({ maxRejects: 2, runId: 'run-2' }), units, elsewhere(), options()),
        hasCode('REJECTS_EXCEEDED', /3 rows/),
      );
    });

    it('looks for what was staged before where the run goes on from another', async () => {
      const started = async (resumed: boolean, runId: string): Promise<number> => {
        await moody.clear();
        const equipment = { ...elsewhere(), resumed };
        // One thread keeps the manifests of one run in the memory of its fake.
        for (let time = 0; time < 2; time++) {
          await runInProcess(context({ runId }), [unit('a')], equipment, options());
        }
        return (await moody.journal()).filter((line) => line === 'read a').length;
      };
      assert.equal(await started(true, 'resumed'), 1);
      assert.equal(await started(false, 'new'), 2);
    });
  });
