import assert from 'node:assert/strict';
import type { JobError, JobResource, TableReference } from '../../../core/clients/bigquery-api';
import type { JobDesk } from '../../../loaders/bigquery/job-looks';
import { whetherMoved, type Moved } from '../../../loaders/bigquery/moved-rows';
import { quietServices } from '../../contract/quiet-services';
import { hasCode } from '../../has-code';
import { COLUMNS, TABLE, commitContext, planOf, staged, tableOf } from './commit-fixture';
import { failure, JobService } from './job-service';
import { NEVER } from './staged-run';
import { VirtualClock } from './virtual-clock';

const RUN = { job: 'Orders', runId: 'run-1', fence: 3 };
const ROWS = 70;
const MARK = { ...TABLE, tableId: 'beamlift_tmp_1' };

describe('whether a script that failed has moved its rows', () => {
  let service: JobService;
  let clock: VirtualClock;
  /** Rows that are still in the mark. */
  let left: number;
  let tables: TableReference[];
  /** What the next jobs fail of; then they succeed. */
  let failures: JobError[];

  beforeEach(() => {
    clock = new VirtualClock();
    service = new JobService(clock);
    left = ROWS;
    tables = [MARK];
    failures = [];
  });

  const ask = async (): Promise<Moved> => {
    const counted = (job: JobResource): JobResource => ({
      ...job,
      statistics: { query: { dmlStats: { deletedRowCount: String(left) } } },
    });
    const desk: JobDesk = {
      clock,
      log: quietServices('/').log,
      api: {
        ...service.api,
        getTable: (asked) =>
          Promise.resolve(
            tables.some(({ tableId }) => tableId === asked.tableId) ? tableOf(COLUMNS) : undefined,
          ),
        getJob: async (reference, signal) => {
          const job = await service.getJob(reference, signal);
          return job && counted(job);
        },
        insertJob: async (reference, configuration, signal) => {
          if (!service.jobs.has(reference.jobId)) service.result = failures.shift();
          return await service.insertJob(reference, configuration, signal);
        },
      },
    };
    const context = commitContext(COLUMNS);
    const plan = planOf(context, staged(context), tableOf(COLUMNS));
    return await whetherMoved(desk, RUN, { ...plan, moves: { mark: MARK, rows: ROWS } }, 'US', NEVER);
  };
  const ids = (): string[] => [...service.jobs.keys()];

  it('is told by what one statement finds in the mark, by an id of its own', async () => {
    assert.deepEqual(await ask(), { kind: 'never' });
    assert.deepEqual(ids(), ['beamlift_run-1_hash-1_fence_0']);
    const [job] = service.jobs.values();
    assert.deepEqual(job?.configuration['query'], {
      query: 'DELETE FROM `test-project`.`warehouse`.`beamlift_tmp_1` WHERE TRUE',
      useLegacySql: false,
      useQueryCache: false,
    });
    // Whoever asks again gets the answer of that one, and sends nothing.
    assert.deepEqual(await ask(), { kind: 'never' });
    assert.equal(ids().length, 1);
  });

  it('is published where the mark was empty', async () => {
    left = 0;
    assert.deepEqual(await ask(), { kind: 'published' });
  });

  it('is not known where the mark is gone, or has another number of rows', async () => {
    left = ROWS + 1;
    const changed = await ask();
    assert.match(changed.kind === 'unknown' ? changed.why : '', /had 71 rows, and 70 were loaded/);
    tables = [];
    const gone = await ask();
    assert.match(gone.kind === 'unknown' ? gone.why : '', /beamlift_tmp_1 is gone/);
  });

  it('is asked under the next id when the question fails, four times at once and again later', async () => {
    failures = Array.from({ length: 5 }, () => ({ reason: 'invalidQuery', message: 'no' }));
    await assert.rejects(ask(), hasCode('DESTINATION_FAILED', /no/));
    assert.equal(ids().length, 4);
    assert.deepEqual(await ask(), { kind: 'never' });
    assert.equal(ids().at(-1), 'beamlift_run-1_hash-1_fence_5');
  });

  it('is a question for a person after a hundred', async () => {
    failures = Array.from({ length: 200 }, () => ({ reason: 'invalid', message: 'no' }));
    let asked: Moved | undefined;
    for (let calls = 0; asked === undefined; calls++) {
      assert.ok(calls < 40, 'it is asked for ever');
      asked = await ask().catch(() => undefined);
    }
    assert.equal(asked.kind, 'unknown');
    assert.equal(ids().length, 100);
  });

  it('throws where it cannot be asked', async () => {
    service.fates = [{ refused: failure(403, 'accessDenied', 'no rights'), retry: false }];
    await assert.rejects(ask(), hasCode('RIGHTS_MISSING', /no rights|fence/));
  });
});
