import assert from 'node:assert/strict';
import '../../pipelines/beam/sdk-entry';
import { Pipeline } from 'apache-beam/internal/pipeline';
import type { Pipeline as PipelineProto } from 'apache-beam/proto/beam_runner_api';
import { Root } from 'apache-beam/pvalue';
import type { Manifest } from '../../core/manifest';
import type { Plan } from '../../core/plan';
import { CommitStep } from '../../pipelines/beam/commit-step';
import { runGraph, type GraphOptions } from '../../pipelines/beam/graph';
import { registerRunSteps, runStepNames, type RunWorker } from '../../pipelines/beam/run-steps';
import { readStagedUnits, stagedUnitText } from '../../pipelines/beam/staged-unit';
import { operatorConstructor } from '../../pipelines/beam/sdk-operators';
import { hasCode } from '../has-code';
import { FakeEquipment, fakeContext, unit } from '../unit/pipelines/fake-equipment';

const OPTIONS: GraphOptions = { concurrency: 3, commits: true, scope: '' };

function protoOf(plan: Pick<Plan, 'context' | 'units'>, options = OPTIONS): PipelineProto {
  const pipeline = new Pipeline();
  runGraph(plan, options)(new Root(pipeline));
  return pipeline.getProto();
}

/** The steps that the user sees in a console: those right below the root. */
function stepsOf(proto: PipelineProto): string[] {
  const transforms = proto.components?.transforms ?? {};
  return proto.rootTransformIds.map((id) => transforms[id]?.uniqueName ?? '');
}

describe('runGraph', () => {
  const context = fakeContext('/staging');

  it('has the steps of a run, under names for the console', () => {
    const plan = { context, units: [unit('a'), unit('b')] };
    const staging = ['Create units', 'Spread units', 'Stage units'];
    assert.deepEqual(stepsOf(protoOf(plan)), [...staging, 'Group manifests', 'Commit', 'Report']);
    assert.deepEqual(stepsOf(protoOf(plan, { ...OPTIONS, commits: false })), staging);
  });

  it('is of the kinds of transforms that every runner knows', () => {
    const { components } = protoOf({ context, units: [unit('a')] });
    const urns = Object.values(components?.transforms ?? {}).map(({ spec }) => spec?.urn ?? '');
    assert.deepEqual([...new Set(urns.filter((urn) => urn !== ''))].sort(), [
      'beam:transform:group_by_key:v1',
      'beam:transform:impulse:v1',
      'beam:transform:pardo:v1',
    ]);
    for (const { coderId } of Object.values(components?.pcollections ?? {})) {
      assert.ok(components?.coders[coderId] !== undefined);
    }
  });

  it('carries the plan in its steps without the units', () => {
    const units = Array.from({ length: 500 }, (_, index) => unit(`unit-${index}`));
    const transforms = Object.values(protoOf({ context, units }).components?.transforms ?? {});
    const payloadOf = (name: string): string =>
      Buffer.from(transforms.find(({ uniqueName }) => uniqueName === name)?.spec?.payload ?? '').toString();
    for (const name of ['Stage units', 'Commit', 'Report']) {
      assert.ok(payloadOf(name).includes('"runId":"run-1"'), name);
      assert.ok(!payloadOf(name).includes('unit-1'), name);
    }
  });

  it('is refused for a plan without units', () => {
    assert.throws(() => runGraph({ context, units: [] }, OPTIONS), hasCode('INTERNAL'));
  });
});

describe('steps of a run', () => {
  const fake = new FakeEquipment(async function* () {
    yield ['1'];
  });
  const worker: RunWorker = {
    codeVersion: 'test',
    equipmentFor: async () => fake.equipment,
    listener: () => undefined,
    commitRetried: () => undefined,
  };
  const bundle = { bundleId: 'b', signal: new AbortController().signal, count: () => undefined };

  function staged(id: string, attempt = 'a'): string {
    const counts = { rowsExtracted: 1, rowsStaged: 1, rowsRejected: 0, rowsFiltered: 0, losses: {} };
    const parts = [{ uri: id, rows: 1, bytes: 2 }];
    const manifest: Manifest = { runId: 'run-1', unit: id, attempt, parts, bytesStaged: 2, counts };
    return stagedUnitText({ unit: unit(id), manifest });
  }

  async function commit(units: number, texts: string[]): Promise<string[]> {
    fake.published.length = 0;
    const step = new CommitStep({ context: fakeContext('/staging'), units, concurrency: 1 }, worker);
    const reports: string[] = [];
    const emit = async (report: string): Promise<void> => void reports.push(report);
    await step.process({ key: 'run-1', value: texts }, emit, bundle);
    return reports;
  }

  it('commit what came, once each and in the order of the units', async () => {
    const reports = await commit(3, [staged('c'), staged('a'), staged('b'), staged('a')]);
    assert.equal(JSON.parse(reports[0] ?? '').report.rowsLoaded, 3);
    assert.deepEqual(
      fake.published.map((manifest) => manifest.unit),
      ['a', 'b', 'c'],
    );
  });

  it('publish nothing where a unit is missing, or staged twice', async () => {
    await assert.rejects(
      commit(3, [staged('a'), staged('b')]),
      hasCode('COUNT_MISMATCH', /3 work units.*2 manifests/),
    );
    await assert.rejects(commit(2, [staged('a'), staged('a', 'other')]), hasCode('COUNT_MISMATCH'));
    assert.deepEqual(fake.published, []);
  });

  it('keep names and numbers as they are between workers', () => {
    const text = staged('__proto__').replace(
      '"losses":{}',
      '"losses":{"$ref":{"nan":3000000000},"__proto__":{"nan":1}}',
    );
    const [one] = readStagedUnits([text]);
    assert.deepEqual(Object.entries(one?.manifest.counts.losses ?? {}), [
      ['$ref', { nan: 3_000_000_000 }],
      ['__proto__', { nan: 1 }],
    ]);
  });

  it('refuse a run that another version has planned', () => {
    const unregister = registerRunSteps('v', { ...worker, codeVersion: 'newer' }, bundle.signal);
    try {
      const plan = { context: fakeContext('/staging'), units: [unit('a')] };
      const { components } = protoOf(plan, { ...OPTIONS, scope: 'v' });
      const stage = Object.entries(components?.transforms ?? {}).find(
        ([, { uniqueName }]) => uniqueName === 'Stage units',
      );
      assert.ok(stage !== undefined);
      const construct = operatorConstructor('beam:transform:pardo:v1');
      assert.throws(
        () => construct(stage[0], stage[1], {} as never),
        hasCode('RUNNER_UNUSABLE', /planned by beamlift test.*newer/),
      );
    } finally {
      unregister();
    }
    assert.notEqual(runStepNames('v').stage, runStepNames('').stage);
  });
});
