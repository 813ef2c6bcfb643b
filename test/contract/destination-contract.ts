import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Row } from '../../core/cells';
import type { EncodedStream } from '../../core/encoding';
import type { SourceServices } from '../../core/extractor';
import type { DestinationModule, JobIdentity, Lease, Loader } from '../../core/loader';
import { manifestSchema, type Manifest } from '../../core/manifest';
import type { DestinationSpec, RunContext, WorkUnit } from '../../core/plan';
import { DEFAULT_POLICIES } from '../../core/policies';
import type { TableSchema } from '../../core/schema';
import { compileNdjsonEncoder } from '../../transforms/encode/ndjson';
import { hasCode } from '../has-code';

/** A destination that is empty, and a way to look into it that is not the loader's. */
export interface PreparedDestination {
  /** `table` of it is set by the suite. */
  readonly spec: DestinationSpec;
  readonly services: SourceServices;
  /** The values of a table as texts, in any order; undefined: there is no such table. Called while no loader is open. */
  readonly readTable: (table: string, columns: readonly string[]) => Promise<(string | null)[][] | undefined>;
  dispose(): Promise<void>;
}

/** How the contract suite gets at a kind of destination. */
export interface DestinationCase {
  /** Whether `prepare` needs nothing but a folder; otherwise the case runs with the service tests. */
  readonly selfContained: boolean;
  readonly prepare: () => Promise<PreparedDestination>;
}

const COLUMNS = ['id', '__proto__'] as const;

const SCHEMA: TableSchema = {
  columns: [
    { name: COLUMNS[0], type: { kind: 'int', bits: 64 }, nullable: true },
    { name: COLUMNS[1], type: { kind: 'string' }, nullable: true },
  ],
  primaryKey: [],
};

const BIG = 9_007_199_254_740_993n;

function unit(id: string): WorkUnit {
  return { id, kind: 'range', column: 'id', lower: null, upper: null };
}

function rowsOf(...ids: (bigint | number)[]): Row[] {
  return ids.map((id) => [BigInt(id), `note "${id}"\n📦`]);
}

/** What a table should show for `rowsOf(…)`. */
function shown(...ids: (bigint | number)[]): string[] {
  return ids.map((id) => JSON.stringify([String(id), `note "${id}"\n📦`])).sort();
}

/** As it is written: a manifest that was read back has no prototypes where names from data are keys. */
function asJson(manifest: Manifest | undefined): unknown {
  return JSON.parse(JSON.stringify(manifest));
}

/** What every loader promises, whatever it writes to. */
export function describeDestinationContract(module: DestinationModule, { prepare }: DestinationCase): void {
  describe(`destination ${module.type}`, () => {
    let prepared: PreparedDestination;
    let folder: string;
    let tables = 0;
    const { signal } = new AbortController();

    before(async function () {
      this.timeout(60_000);
      folder = await mkdtemp(path.join(tmpdir(), 'beamlift-destination-'));
      prepared = await prepare();
    });
    after(async () => {
      await prepared.dispose();
      await rm(folder, { recursive: true, force: true });
    });

    /** A job over a table of its own. */
    class Job {
      readonly table = `orders ${++tables}`;
      readonly identity: JobIdentity = { job: `job ${tables}`, fingerprint: 'f1' };
      private runs = 0;

      async open(): Promise<Loader> {
        return await module.open({ ...prepared.spec, table: this.table }, prepared.services, signal);
      }

      async rows(): Promise<string[] | undefined> {
        const rows = await prepared.readTable(this.table, COLUMNS);
        return rows?.map((row) => JSON.stringify(row)).sort();
      }

      /** Opens, takes the lease, does the work with a context of a new run, and closes. */
      async run<Result>(
        changes: Partial<RunContext>,
        work: (loader: Loader, context: RunContext, lease: Lease) => Promise<Result>,
      ): Promise<Result> {
        const loader = await this.open();
        const runId = `run-${this.identity.job.replace(' ', '-')}-${++this.runs}`;
        let lease: Lease | undefined;
        try {
          lease = await loader.acquireLease(this.identity, runId, 'fail', signal);
          const exists = (await loader.schema(signal)) !== undefined;
          const context: RunContext = {
            planVersion: 1,
            codeVersion: 'test',
            runId,
            job: this.identity.job,
            fingerprint: this.identity.fingerprint,
            fence: lease.fence,
            source: {
              type: 'none',
              connectionName: 'none',
              connection: {},
              object: { kind: 'table', name: 'none' },
              maxConnections: 1,
            },
            destination: { ...prepared.spec, table: this.table },
            disposition: 'append',
            keyColumns: [],
            columns: SCHEMA.columns.map(({ name, type }) => ({
              source: name,
              destination: name,
              sourceType: type,
              destinationType: type,
            })),
            sourceSchema: SCHEMA,
            destinationSchema: SCHEMA,
            createTable: !exists,
            newColumns: [],
            allowEmpty: false,
            window: null,
            limit: null,
            nextWatermark: null,
            backfill: false,
            stagingFormat: 'ndjson',
            verify: 'counts',
            tableOptions: { clusterBy: [] },
            partitioning: null,
            policies: { ...DEFAULT_POLICIES, columns: {} },
            maxRejects: 0,
            stagingFolder: path.join(folder, runId),
            rejectFolder: path.join(folder, `${runId}-rejects`),
            ...changes,
          };
          await begin(loader, context, lease);
          return await work(loader, context, lease);
        } finally {
          await lease?.release();
          await loader.close();
        }
      }

      /** A whole run that stages `rows` as one unit and commits. */
      async load(rows: readonly Row[], changes: Partial<RunContext> = {}): Promise<number> {
        return await this.run(changes, async (loader, context) => {
          const manifest = await loader.stage(context, unit('r0001'), encoded(rows), signal);
          const report = await loader.commit(context, [manifest], {}, signal);
          await loader.sweep(context);
          return report.rowsLoaded;
        });
      }
    }

    /** What a launcher does before it stages: destinations whose runs outlive their process keep the plan. */
    async function begin({ recovery }: Loader, context: RunContext, { unfinished }: Lease): Promise<void> {
      if (recovery === undefined) return;
      if (unfinished !== null) await recovery.endRun(unfinished.runId, 'failed', signal);
      await recovery.beginRun(
        {
          context,
          units: [unit('r0001'), unit('r0002')],
          estimate: { rows: null, bytes: null, quality: 'unknown' },
          runner: 'in-process',
          runnerReason: '',
          large: false,
          splitReason: '',
          notices: [],
        },
        signal,
      );
    }

    function encoded(rows: readonly Row[], stop?: () => void): EncodedStream {
      const encode = compileNdjsonEncoder(SCHEMA, module.ndjson);
      const counts = {
        rowsExtracted: rows.length,
        rowsStaged: rows.length,
        rowsRejected: 0,
        rowsFiltered: 0,
      };
      async function* blocks(): AsyncGenerator<{ bytes: Uint8Array; rows: number }> {
        for (const row of rows) yield { bytes: Buffer.from(encode(row)), rows: 1 };
        stop?.();
      }
      return {
        format: 'ndjson',
        header: new Uint8Array(),
        blocks: blocks(),
        counts: () => ({ ...counts, losses: {} }),
        rejectFile: () => undefined,
        digests: () => undefined,
        partitions: () => undefined,
      };
    }

    it('knows that a table is not there, and has no state of a job that never ran', async () => {
      const job = new Job();
      const loader = await job.open();
      try {
        assert.equal(await loader.schema(signal), undefined);
        assert.equal(await loader.readState(job.identity, signal), null);
      } finally {
        await loader.close();
        await loader.close();
      }
      assert.equal(await job.rows(), undefined);
    });

    it('shows rows when they are committed, exactly, and not before', async () => {
      const job = new Job();
      await job.load(rowsOf(1));
      await job.run({}, async (loader, context) => {
        const manifests = [
          await loader.stage(context, unit('r0001'), encoded(rowsOf(BIG, 3)), signal),
          await loader.stage(context, unit('r0002'), encoded([[null, null]]), signal),
        ];
        for (const manifest of manifests) {
          assert.deepEqual(manifestSchema.parse(JSON.parse(JSON.stringify(manifest))).parts, manifest.parts);
        }
        assert.equal((await loader.readState(job.identity, signal))?.lastCommit?.rows, 1);
        const report = await loader.commit(context, manifests, {}, signal);
        assert.deepEqual([report.rowsLoaded, report.alreadyCommitted], [3, false]);
        await loader.sweep(context);
        await loader.sweep(context);
      });
      assert.deepEqual(await job.rows(), [...shown(1, BIG, 3), '[null,null]'].sort());
    });

    it('creates a table whose schema it then knows', async () => {
      const job = new Job();
      await job.load([]);
      const loader = await job.open();
      try {
        const columns = (await loader.schema(signal))?.columns.map(({ name, type }) => ({
          name,
          kind: type.kind,
        }));
        assert.deepEqual(columns, [
          { name: 'id', kind: 'int' },
          { name: '__proto__', kind: 'string' },
        ]);
      } finally {
        await loader.close();
      }
      assert.deepEqual(await job.rows(), []);
    });

    it('adds nothing when a unit is staged again: the first manifest counts', async () => {
      const job = new Job();
      await job.run({}, async (loader, context) => {
        assert.equal(await loader.findManifest(context, unit('r0001'), signal), undefined);
        const first = await loader.stage(context, unit('r0001'), encoded(rowsOf(1, 2)), signal);
        const second = await loader.stage(context, unit('r0001'), encoded(rowsOf(1, 2)), signal);
        assert.deepEqual(asJson(second), asJson(first));
        assert.deepEqual(asJson(await loader.findManifest(context, unit('r0001'), signal)), asJson(first));
        await loader.commit(context, [first], {}, signal);
      });
      assert.deepEqual(await job.rows(), shown(1, 2));
    });

    it('stages nothing of a stream that fails or is stopped', async () => {
      const job = new Job();
      await job.run({}, async (loader, context) => {
        const broken = encoded(rowsOf(1), () => {
          throw new Error('the source broke');
        });
        await assert.rejects(loader.stage(context, unit('r0001'), broken, signal), /the source broke/);
        const stop = new AbortController();
        const stopped = encoded(rowsOf(1), () => stop.abort(new Error('told to')));
        await assert.rejects(loader.stage(context, unit('r0001'), stopped, stop.signal));
        assert.equal(await loader.findManifest(context, unit('r0001'), signal), undefined);
        const manifest = await loader.stage(context, unit('r0001'), encoded(rowsOf(1)), signal);
        await loader.commit(context, [manifest], {}, signal);
      });
      assert.deepEqual(await job.rows(), shown(1));
    });

    it('recognises a commit that was done', async () => {
      const job = new Job();
      await job.run({}, async (loader, context) => {
        const manifest = await loader.stage(context, unit('r0001'), encoded(rowsOf(1)), signal);
        await loader.commit(context, [manifest], {}, signal);
        const again = await loader.commit(context, [manifest], {}, signal);
        assert.deepEqual([again.alreadyCommitted, again.rowsLoaded], [true, 1]);
      });
      assert.deepEqual(await job.rows(), shown(1));
    });

    it('remembers watermark, files and intervals with the commit, and only then', async () => {
      const job = new Job();
      const window = { column: 'id', lower: null, upper: { value: '5', inclusive: false } };
      const files = Object.fromEntries([
        ['constructor', 'v1'],
        ['a/b.csv', 'v2'],
      ]);
      await job.run({ nextWatermark: '5', window }, async (loader, context) => {
        const manifest = await loader.stage(context, unit('r0001'), encoded(rowsOf(1)), signal);
        assert.equal((await loader.readState(job.identity, signal))?.watermark ?? null, null);
        await loader.commit(context, [manifest], files, signal);
      });
      await job.load(rowsOf(2), { backfill: true, window });
      await job.run({}, async (_loader, context, { state }) => {
        assert.equal(state?.watermark, '5');
        assert.deepEqual(Object.entries(state.files).sort(), Object.entries(files).sort());
        assert.deepEqual(state.intervals, [window]);
        assert.equal(state.lastCommit?.rows, 1);
        assert.equal(state.fingerprint, 'f1');
        assert.ok(context.fence > 2);
      });
    });

    it('gives the lease of a job to one run at a time, with a higher fence each time', async () => {
      const job = new Job();
      const fences: number[] = [];
      for (let round = 0; round < 3; round++) {
        await job.run({}, async (loader, _context, lease) => {
          fences.push(lease.fence);
          assert.equal(lease.lost.aborted, false);
          await assert.rejects(
            loader.acquireLease(job.identity, 'other', 'fail', signal),
            hasCode('LEASE_HELD'),
          );
        });
      }
      assert.deepEqual(
        [...fences].sort((a, b) => a - b),
        fences,
      );
      assert.equal(new Set(fences).size, 3);
    });

    it('refuses the commit of a run whose lease has been taken over', async () => {
      const job = new Job();
      await job.load(rowsOf(1));
      await job.run({ disposition: 'replace' }, async (loader, context) => {
        const late = { ...context, fence: context.fence - 1, runId: 'late' };
        const manifest = await loader.stage(late, unit('r0001'), encoded(rowsOf(9)), signal);
        await assert.rejects(loader.commit(late, [manifest], {}, signal), hasCode('FENCED'));
        await loader.sweep(late);
      });
      assert.deepEqual(await job.rows(), shown(1));
    });

    it('asks what to do with the state of another source', async () => {
      const job = new Job();
      await job.load(rowsOf(1), { nextWatermark: '2' });
      const other = { ...job.identity, fingerprint: 'f2' };
      const loader = await job.open();
      try {
        await assert.rejects(loader.acquireLease(other, 'r1', 'fail', signal), hasCode('STATE_CONFLICT'));
        const adopted = await loader.acquireLease(other, 'r2', 'adopt', signal);
        assert.equal(adopted.state?.watermark, '2');
        await adopted.release();
        await adopted.release();
        const fresh = await loader.acquireLease(job.identity, 'r3', 'fresh', signal);
        assert.equal(fresh.state?.watermark ?? null, null);
        assert.ok(fresh.fence > adopted.fence);
        await fresh.release();
      } finally {
        await loader.close();
      }
    });

    it('replaces all rows at once, but not by none', async () => {
      const job = new Job();
      await job.load(rowsOf(1, 2));
      assert.equal(await job.load(rowsOf(3), { disposition: 'replace' }), 1);
      assert.deepEqual(await job.rows(), shown(3));
      await assert.rejects(job.load([], { disposition: 'replace' }), hasCode('EMPTY_REPLACE'));
      assert.deepEqual(await job.rows(), shown(3));
      await job.load([], { disposition: 'replace', allowEmpty: true });
      assert.deepEqual(await job.rows(), []);
    });

    it('merges by key: what is there is updated, what is new is added', async () => {
      const job = new Job();
      await job.load([
        [1n, 'old'],
        [2n, 'stays'],
      ]);
      await job.load(
        [
          [1n, 'new'],
          [3n, 'added'],
        ],
        { disposition: 'merge', keyColumns: ['id'] },
      );
      assert.deepEqual(await job.rows(), ['["1","new"]', '["2","stays"]', '["3","added"]']);
    });

    it('publishes nothing when it is told to stop before the commit', async () => {
      const job = new Job();
      await job.load(rowsOf(1));
      await job.run({ disposition: 'replace' }, async (loader, context) => {
        const manifest: Manifest = await loader.stage(context, unit('r0001'), encoded(rowsOf(2)), signal);
        await assert.rejects(loader.commit(context, [manifest], {}, AbortSignal.abort(new Error('told to'))));
      });
      assert.deepEqual(await job.rows(), shown(1));
    });
  });
}
