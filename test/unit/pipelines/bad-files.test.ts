import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { ErrorCode } from '../../../core/error-codes';
import { BeamliftError } from '../../../core/errors';
import type { RowBatch } from '../../../core/extractor';
import { filesOfUnit } from '../../../core/files-of-unit';
import { manifestSchema, type Manifest } from '../../../core/manifest';
import type { WorkUnit } from '../../../core/plan';
import { commitRun, totalOf } from '../../../pipelines/commit-run';
import { fileOutcomes } from '../../../pipelines/file-outcomes';
import { runInProcess } from '../../../pipelines/in-process';
import { hasCode } from '../../has-code';
import { FakeEquipment, fakeContext } from './fake-equipment';

/** What reading a file gives: rows (`x` is a row that no table takes), then perhaps an error. */
interface FakeFile {
  readonly rows: readonly string[];
  readonly error?: ErrorCode;
}

function unitOf(id: string, names: readonly string[]): WorkUnit {
  const [first, ...others] = names.map((uri) => ({ uri, bytes: 1, version: '1' }));
  assert.ok(first);
  return others.length === 0
    ? { id, kind: 'file', ...first }
    : { id, kind: 'files', files: [first, ...others] };
}

/** Equipment whose source has these files; it tells rows by file, as file sources do. */
class FakeFiles extends FakeEquipment {
  constructor(private readonly files: ReadonlyMap<string, FakeFile>) {
    super(async function* () {
      yield [];
    });
  }

  override get equipment() {
    const { extractor, ...others } = super.equipment;
    return {
      ...others,
      extractor: {
        ...extractor,
        read: ({ unit }: { unit: WorkUnit }) => ({ wire: 'cells' as const, batches: this.readFiles(unit) }),
      },
    };
  }

  private async *readFiles(unit: WorkUnit): AsyncGenerator<RowBatch> {
    for (const { uri } of filesOfUnit(unit)) {
      const { rows, error } = this.files.get(uri) ?? { rows: [] };
      for (const row of rows) yield { rows: [[row]], rejects: [], bytes: 1, file: uri };
      if (error !== undefined) throw new BeamliftError(error, { what: 'bad', where: { object: uri } });
    }
  }
}

describe('files that are left out of their units', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-bad-files-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const load = async (
    units: readonly WorkUnit[],
    files: ReadonlyMap<string, FakeFile>,
    changes: Parameters<typeof fakeContext>[1] = {},
  ): Promise<{ fake: FakeFiles; manifests: Manifest[]; remembered: string[] }> => {
    const fake = new FakeFiles(files);
    const context = fakeContext(folder, { skipBadFiles: true, ...changes });
    const { signal } = new AbortController();
    const options = { concurrency: 2, listener: () => undefined, signal };
    const staged = await runInProcess(context, units, fake.equipment, options);
    // As they come back from a bucket.
    const manifests = staged.map((manifest) => manifestSchema.parse(JSON.parse(JSON.stringify(manifest))));
    const remembered: string[] = [];
    const { loader } = fake.equipment;
    const remembering: typeof loader = {
      ...loader,
      commit: async (published, all, versions, commitSignal) => {
        remembered.push(...Object.keys(versions));
        return await loader.commit(published, all, versions, commitSignal);
      },
    };
    await commitRun(context, units, manifests, remembering, () => undefined, signal);
    return { fake, manifests, remembered };
  };

  it('are staged with no row, and the others with each row once, whatever is bad', async () => {
    const content = fc.record(
      {
        rows: fc.array(fc.constantFrom('1', '2', '3', 'x'), { maxLength: 4 }),
        error: fc.constantFrom<ErrorCode>('FORMAT_INVALID', 'SOURCE_CHANGED', 'RIGHTS_MISSING'),
      },
      { requiredKeys: ['rows'] },
    );
    const names = ['a', 'b', 'c', '__proto__', 'e'];
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 5, maxLength: 5 }), async (contents) => {
        const files = new Map(names.map((name, index) => [name, contents[index] ?? { rows: [] }]));
        const units = [unitOf('u1', ['a', 'b', 'c']), unitOf('u2', ['__proto__']), unitOf('u3', ['e'])];
        const good = names.filter((name) => {
          const { rows = [], error } = files.get(name) ?? {};
          return error === undefined && !rows.includes('x');
        });
        const { fake, manifests, remembered } = await load(units, files);
        const expected = good.flatMap((name) => files.get(name)?.rows ?? []);
        assert.deepEqual(
          fake.staged.map((line) => String((JSON.parse(line) as { n: number }).n)).sort(),
          [...expected].sort(),
        );
        assert.deepEqual(remembered.sort(), [...good].sort());
        const totals = totalOf(manifests);
        assert.deepEqual(
          [totals.rowsExtracted, totals.rowsStaged, totals.rowsRejected],
          [expected.length, expected.length, 0],
        );
        for (const { file, rowsExtracted, failure } of fileOutcomes(units, manifests)) {
          const isGood = good.includes(file.uri);
          assert.equal(failure === undefined, isGood);
          assert.equal(rowsExtracted, isGood ? files.get(file.uri)?.rows.length : 0);
        }
      }),
      { numRuns: 60 },
    );
    assert.deepEqual(await readdir(folder), [], 'rejects of what was left out are not kept');
  });

  it('are only those that are at fault themselves', async () => {
    const files = new Map<string, FakeFile>([
      ['a', { rows: ['1'] }],
      ['b', { rows: ['2'], error: 'LOGIN_FAILED' }],
    ]);
    await assert.rejects(load([unitOf('u', ['a', 'b'])], files), hasCode('LOGIN_FAILED'));
    const bad = new Map<string, FakeFile>([['b', { rows: [], error: 'FORMAT_INVALID' }]]);
    await assert.rejects(
      load([unitOf('u', ['a', 'b'])], bad, { skipBadFiles: false }),
      hasCode('FORMAT_INVALID'),
    );
  });

  it('may not be all, where a table is made or replaced', async () => {
    const files = new Map<string, FakeFile>([['a', { rows: ['1'], error: 'FORMAT_INVALID' }]]);
    const units = [unitOf('u', ['a'])];
    await assert.rejects(load(units, files, { createTable: true }), hasCode('FORMAT_INVALID'));
    await assert.rejects(load(units, files, { disposition: 'replace' }), hasCode('FORMAT_INVALID'));
    assert.deepEqual((await load(units, files)).remembered, []);
  });

  it('count their rejected rows by themselves; those of the run still count together', async () => {
    const files = new Map<string, FakeFile>([
      ['a', { rows: ['1', 'x'] }],
      ['b', { rows: ['x', '2', 'x'] }],
      ['c', { rows: ['3'] }],
    ]);
    const { manifests } = await load([unitOf('u', ['a', 'b', 'c'])], files, { maxRejects: 1 });
    const outcomes = fileOutcomes([unitOf('u', ['a', 'b', 'c'])], manifests);
    assert.deepEqual(
      outcomes.map(({ rowsExtracted, rowsRejected, failure }) => [
        rowsExtracted,
        rowsRejected,
        failure?.code,
      ]),
      [
        [2, 1, undefined],
        [0, 0, 'REJECTS_EXCEEDED'],
        [1, 0, undefined],
      ],
    );
    files.set('c', { rows: ['x'] });
    await assert.rejects(
      load([unitOf('u', ['a', 'b', 'c'])], files, { maxRejects: 1 }),
      hasCode('REJECTS_EXCEEDED'),
    );
  });
});

describe('fileOutcomes', () => {
  it('add up the ranges of a file, also where they share a unit with others', () => {
    const range = { by: 'byte' as const, start: 0, end: 1, bytes: 1 };
    const file = { uri: 'big.csv', bytes: 2, version: '1', range };
    const counts = { rowsStaged: 0, rowsFiltered: 0, losses: {} };
    const manifest = (unit: string, own: Manifest['counts']): Manifest => ({
      runId: 'r',
      unit,
      attempt: 'a',
      parts: [],
      bytesStaged: 0,
      counts: own,
    });
    const units: WorkUnit[] = [
      { id: '1', kind: 'file', ...file },
      { id: '2', kind: 'files', files: [file, { uri: 'small.csv', bytes: 1, version: '1' }] },
      { id: '3', kind: 'file', uri: 'unstaged.csv', bytes: 1, version: '1' },
      { id: '4', kind: 'all' },
    ];
    const outcomes = fileOutcomes(units, [
      manifest('1', { ...counts, rowsExtracted: 5, rowsRejected: 1 }),
      manifest('2', {
        ...counts,
        rowsExtracted: 7,
        rowsRejected: 0,
        files: {
          'big.csv': { rowsExtracted: 3, rowsRejected: 0, unknownColumns: { x: 2 } },
          'small.csv': { rowsExtracted: 4, rowsRejected: 0 },
        },
      }),
      manifest('4', { ...counts, rowsExtracted: 9, rowsRejected: 0 }),
    ]);
    assert.deepEqual(
      outcomes.map((one) => [one.file.uri, one.rowsExtracted, one.rowsRejected, [...one.unknownColumns]]),
      [
        ['big.csv', 8, 1, [['x', 2]]],
        ['small.csv', 4, 0, []],
      ],
    );
  });
});
