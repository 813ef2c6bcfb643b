import assert from 'node:assert/strict';
import type { FileRecord } from '../../launcher/runs/file-record';
import type { RunRecord, RunStatus, RunStore } from '../../launcher/runs/run-store';

/** A record of a run that has ended well; `changes` replace fields. */
export function runRecord(id: string, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id,
    job: 'orders',
    started_at: '2025-03-01T10:00:00.000Z',
    completed_at: '2025-03-01T10:00:12.345Z',
    status: 'success',
    duration_seconds: 12.345,
    rows_processed: 1_000_000,
    rows_processed_base: 1_000_003,
    rows_rejected: 3,
    error_message: null,
    triggered_by: 'cron',
    runner: 'in-process',
    watermark: '2025-03-01T09:59:58.000000Z',
    report: { run_id: id, losses: { amount: { nan: 2 } }, notices: ['späte Zeilen 🐢'] },
    ...changes,
  };
}

/** A file that was loaded by `run`; `changes` replace fields. */
export function fileRecord(run: string, uri: string, changes: Partial<FileRecord> = {}): FileRecord {
  return {
    run_id: run,
    job: 'sales',
    started_at: '2025-03-01T10:00:00.000Z',
    uri,
    version: '1740823200000-17',
    size: 17,
    last_modified: '2025-03-01T09:00:00.000Z',
    status: 'loaded',
    rows_extracted: 3,
    rows_loaded: 2,
    rows_rejected: 1,
    error_code: null,
    error_message: null,
    ...changes,
  };
}

export interface RunStoreUnderTest {
  /** Opens the same, at first empty, store each time it is called. */
  open(): Promise<RunStore>;
  /** Whether what was put is there for a store that is opened later. */
  readonly durable: boolean;
}

/** What every kind of run store must do. `prepare` is called for each test and gives a new, empty store. */
export function runStoreContract(name: string, prepare: () => Promise<RunStoreUnderTest>): void {
  describe(`run store contract: ${name}`, () => {
    let subject: RunStoreUnderTest;
    let store: RunStore;
    beforeEach(async () => {
      subject = await prepare();
      store = await subject.open();
    });
    afterEach(async () => {
      await store.close();
    });
    const ids = async (filter: Parameters<RunStore['list']>[0]): Promise<string[]> =>
      (await store.list(filter)).map((record) => record.id);

    it('knows nothing at first', async () => {
      assert.equal(await store.get('a'), undefined);
      assert.deepEqual(await store.list({ limit: 10 }), []);
    });

    it('gives back exactly what was put', async () => {
      const full = runRecord('full');
      const bare = runRecord('bare', {
        completed_at: null,
        status: 'running',
        duration_seconds: null,
        rows_processed: null,
        rows_processed_base: null,
        rows_rejected: null,
        runner: null,
        watermark: null,
        report: null,
      });
      const large = runRecord('large', { rows_processed: 2 ** 52 + 1, duration_seconds: 86_400.001 });
      const odd = runRecord("o'dd; --", {
        job: 'jobs."ünïcode"',
        error_message: 'line one\nline "two"\t\\',
        status: 'failure',
      });
      for (const record of [full, bare, large, odd]) await store.put(record);
      for (const record of [full, bare, large, odd]) assert.deepEqual(await store.get(record.id), record);
    });

    it('replaces a record that is put again, and only that one', async () => {
      const running: RunRecord = { ...runRecord('one'), status: 'running', completed_at: null };
      await store.put(running);
      await store.put(runRecord('two'));
      await store.put(runRecord('one'));
      assert.equal((await store.get('one'))?.status, 'success');
      assert.equal((await store.list({ limit: 10 })).length, 2);
    });

    it('lists the newest first, ties by id, and no more than the limit', async () => {
      const at = (day: number): string => `2025-03-0${day}T00:00:00.000Z`;
      await store.put(runRecord('b', { started_at: at(2) }));
      await store.put(runRecord('a', { started_at: at(2) }));
      await store.put(runRecord('z', { started_at: at(1) }));
      await store.put(runRecord('m', { started_at: at(3) }));
      assert.deepEqual(await ids({ limit: 10 }), ['m', 'b', 'a', 'z']);
      assert.deepEqual(await ids({ limit: 2 }), ['m', 'b']);
    });

    it('filters by job, status and the beginning of the id', async () => {
      const put = async (id: string, job: string, status: RunStatus): Promise<void> =>
        await store.put(runRecord(id, { job, status }));
      await put('ab1', 'orders', 'success');
      await put('ab2', 'orders', 'failure');
      await put('aB3', 'sales', 'failure');
      await put('a%4', 'sales', 'success');
      assert.deepEqual(await ids({ job: 'orders', limit: 10 }), ['ab2', 'ab1']);
      assert.deepEqual(await ids({ status: 'failure', limit: 10 }), ['ab2', 'aB3']);
      assert.deepEqual(await ids({ job: 'sales', status: 'failure', limit: 10 }), ['aB3']);
      assert.deepEqual(await ids({ idPrefix: 'ab', limit: 10 }), ['ab2', 'ab1'], 'case counts');
      assert.deepEqual(await ids({ idPrefix: 'a%', limit: 10 }), ['a%4'], 'no wildcards');
      assert.deepEqual(await ids({ idPrefix: 'ab2', job: 'sales', limit: 10 }), []);
      assert.deepEqual(await ids({ job: 'ORDERS', limit: 10 }), [], 'job names are exact');
    });

    it('finds runs by ids as the program makes them, a moment before they begin', async () => {
      const id = '20250301T095959Z-aaaa1111';
      await store.put(runRecord(id, { started_at: '2025-03-01T10:00:00.003Z', status: 'running' }));
      await store.put(runRecord('20250301T100000Z-bbbb2222'));
      assert.equal((await store.get(id))?.id, id);
      assert.equal(await store.get('20250301T095959Z-aaaa111'), undefined);
      assert.deepEqual(await ids({ idPrefix: '20250301T09', limit: 10 }), [id]);
      // An id whose time has nothing to do with when the run began.
      await store.put(runRecord('20190101T000000Z-cccc3333'));
      assert.equal((await store.get('20190101T000000Z-cccc3333'))?.job, 'orders');
    });

    it('puts a record in its place again when its beginning is written anew', async () => {
      const at = (day: number): string => `2025-03-0${day}T00:00:00.000Z`;
      await store.put(runRecord('a', { started_at: at(1), status: 'running' }));
      await store.put(runRecord('b', { started_at: at(2) }));
      await store.put(runRecord('a', { started_at: at(3) }));
      assert.deepEqual(await ids({ limit: 10 }), ['a', 'b']);
    });

    it('lets others end a run', async () => {
      if (!subject.durable) return;
      const id = '20250301T100000Z-aaaa1111';
      await store.put(runRecord(id, { status: 'running', completed_at: null }));
      const other = await subject.open();
      try {
        await other.put(runRecord(id, { status: 'cancelled' }));
        assert.deepEqual(
          (await store.list({ limit: 10 })).map(({ status }) => status),
          ['cancelled'],
        );
        await store.put(runRecord(id, { status: 'failure' }));
        assert.deepEqual(
          (await other.list({ limit: 10 })).map(({ status }) => status),
          ['failure'],
        );
      } finally {
        await other.close();
      }
    });

    it('keeps a record whose texts hold what no database likes', async () => {
      const text = 'a\0b\ud800c';
      await store.put(runRecord('odd', { error_message: text, report: { why: text, escaped: '\\u0000' } }));
      const record = await store.get('odd');
      assert.match(record?.error_message ?? '', /^a[\0\ufffd]b[\ud800\ufffd]+c$/);
      assert.equal(record?.report?.['escaped'], '\\u0000');
    });

    it('filters beyond many that do not fit', async () => {
      for (let index = 0; index < 60; index++) {
        const second = String(index).padStart(2, '0');
        const started = `2025-03-01T10:00:${second}.000Z`;
        const status = index % 20 === 0 ? 'needs_attention' : 'success';
        await store.put(runRecord(`r${second}`, { started_at: started, status, job: `j${index % 3}` }));
      }
      assert.deepEqual(await ids({ status: 'needs_attention', limit: 2 }), ['r40', 'r20']);
      assert.deepEqual(await ids({ job: 'j0', limit: 3 }), ['r57', 'r54', 'r51']);
      assert.deepEqual(await ids({ job: 'j1', status: 'needs_attention', limit: 3 }), ['r40']);
    });

    it('lists more records than any page the store reads at once', async () => {
      for (let index = 0; index < 305; index++) await store.put(runRecord(`run-${index}`));
      const all = await ids({ limit: 1_000 });
      assert.equal(new Set(all).size, 305);
    });

    it('takes writes from two handles at once, and both see all', async () => {
      if (!subject.durable) return;
      const other = await subject.open();
      try {
        const put = async (target: RunStore, prefix: string): Promise<void> => {
          for (let index = 0; index < 20; index++) await target.put(runRecord(`${prefix}${index}`));
        };
        await Promise.all([put(store, 'left'), put(other, 'right')]);
        assert.equal((await store.list({ limit: 100 })).length, 40);
        assert.equal((await other.list({ limit: 100 })).length, 40);
      } finally {
        await other.close();
      }
    });

    it('keeps its records over a close', async () => {
      if (!subject.durable) return;
      await store.put(runRecord('kept'));
      await store.close();
      store = await subject.open();
      assert.deepEqual(await store.get('kept'), runRecord('kept'));
    });

    describe('files of runs', () => {
      const names = async (filter: Parameters<RunStore['files']>[0]): Promise<string[]> =>
        (await store.files(filter)).map(({ run_id, uri }) => `${run_id} ${uri}`);
      const failed = (run: string, uri: string, changes: Partial<FileRecord> = {}): FileRecord =>
        fileRecord(run, uri, {
          status: 'failed',
          rows_extracted: null,
          rows_loaded: null,
          rows_rejected: null,
          error_code: 'FORMAT_INVALID',
          error_message: 'line one\n"two" späte 🐢',
          ...changes,
        });

      it('are none at first, and come back exactly as they were put', async () => {
        assert.deepEqual(await store.files({ limit: 10 }), []);
        await store.putFiles([]);
        const records = [
          failed('r1', "a 'b'/ünï #%.csv"),
          fileRecord('r1', 'c.csv', { size: 2 ** 52 + 1, last_modified: null }),
          fileRecord('r1', '__proto__', { rows_extracted: 0, rows_loaded: 0, rows_rejected: 0 }),
        ];
        await store.putFiles(records);
        const found = await store.files({ runId: 'r1', limit: 10 });
        const byName = (a: FileRecord, b: FileRecord): number => (a.uri < b.uri ? -1 : 1);
        assert.deepEqual([...found].sort(byName), [...records].sort(byName));
        assert.equal(await store.get('r1'), undefined, 'a file is no run');
      });

      it('are replaced when they are put again, and only those', async () => {
        await store.putFiles([failed('r1', 'a.csv')]);
        await store.putFiles([failed('r2', 'a.csv')]);
        await store.putFiles([fileRecord('r1', 'a.csv'), fileRecord('r1', 'b.csv')]);
        const found = await store.files({ limit: 10 });
        assert.deepEqual(
          found.map(({ run_id, uri, status }) => [run_id, uri, status]),
          [
            ['r2', 'a.csv', 'failed'],
            ['r1', 'a.csv', 'loaded'],
            ['r1', 'b.csv', 'loaded'],
          ],
        );
      });

      it('are those of a run, a job, a status; the newest first, no more than the limit', async () => {
        const at = (day: number): Partial<FileRecord> => ({ started_at: `2025-03-0${day}T00:00:00.000Z` });
        const old = '20250301T000000Z-aaaa1111';
        await store.putFiles([fileRecord(old, 'b.csv', at(1)), failed(old, 'a.csv', at(1))]);
        await store.putFiles([fileRecord('new', 'a.csv', at(3))]);
        await store.putFiles([failed('other', 'x.csv', { ...at(2), job: 'ord/ers,1' })]);
        assert.deepEqual(await names({ limit: 10 }), [
          'new a.csv',
          'other x.csv',
          `${old} a.csv`,
          `${old} b.csv`,
        ]);
        assert.deepEqual(await names({ limit: 3 }), ['new a.csv', 'other x.csv', `${old} a.csv`]);
        assert.deepEqual(await names({ job: 'sales', limit: 2 }), ['new a.csv', `${old} a.csv`]);
        assert.deepEqual(await names({ job: 'ord/ers,1', limit: 2 }), ['other x.csv']);
        assert.deepEqual(await names({ status: 'failed', limit: 10 }), ['other x.csv', `${old} a.csv`]);
        assert.deepEqual(await names({ job: 'sales', status: 'failed', limit: 1 }), [`${old} a.csv`]);
        assert.deepEqual(await names({ runId: old, limit: 10 }), [`${old} a.csv`, `${old} b.csv`]);
        assert.deepEqual(await names({ runId: old, status: 'loaded', limit: 10 }), [`${old} b.csv`]);
        assert.deepEqual(await names({ runId: 'ne', limit: 10 }), []);
        assert.deepEqual(await names({ runId: 'new', job: 'orders', limit: 10 }), []);
      });

      it('may be more than are written at once, and outlive a close', async () => {
        const many = Array.from({ length: 4_500 }, (_, index) =>
          fileRecord('many', `part-${String(index).padStart(5, '0')}.csv`),
        );
        await store.putFiles(many);
        if (subject.durable) {
          await store.close();
          store = await subject.open();
        }
        assert.deepEqual(await store.files({ runId: 'many', limit: 10_000 }), many);
      });
    });

    it('may be closed twice', async () => {
      await store.close();
      await store.close();
      store = await subject.open();
    });
  });
}
