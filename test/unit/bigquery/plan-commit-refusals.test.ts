import assert from 'node:assert/strict';
import type { CommitPlan } from '../../../loaders/bigquery/commit-plan';
import type { RunContext } from '../../../core/plan';
import { MAX_PARTITIONS_PER_JOB, MAX_TABLES_PER_COPY_JOB } from '../../../loaders/bigquery/job-limits';
import {
  COLUMNS,
  MERGE,
  ONE_FILE,
  REPLACE,
  STRICT,
  STRING,
  TIMESTAMP,
  columnsOf,
  commitContext,
  digestsOf,
  inHours,
  manifestOf,
  partOf,
  planOf,
  queryOf,
  refuses,
  staged,
  tableOf,
} from './commit-fixture';

describe('a commit is refused before anything is sent', () => {
  it('no rows replace some only where the job says so', () => {
    const plan = (more: Partial<RunContext>, numRows: string | undefined): CommitPlan => {
      const context = commitContext(COLUMNS, { disposition: 'replace', ...more });
      const { tableReference, schema } = tableOf(COLUMNS);
      const rest = { tableReference, ...(schema === undefined ? {} : { schema }) };
      return planOf(context, staged(context, 0), numRows === undefined ? rest : { ...rest, numRows });
    };
    refuses('EMPTY_REPLACE', /has 3 rows.*allow_empty: true/s, () => plan({}, '3'));
    refuses('EMPTY_REPLACE', /allow_empty/, () => plan({}, undefined));
    assert.equal(plan({}, '0').publish, null);
    assert.equal(
      queryOf(plan({ allowEmpty: true }, '3')),
      'TRUNCATE TABLE `test-project`.`warehouse`.`orders`',
    );
    assert.equal(plan({ allowEmpty: true }, '3').proofOfPublish, 'none');
    const context = commitContext(COLUMNS, { disposition: 'replace', createTable: true });
    assert.equal(planOf(context, staged(context, 0), undefined).publish, null);
  });

  it('4,000 partitions are one job, one more are refused unless rows are appended', () => {
    const plan = (partitions: number, more: Partial<RunContext>): CommitPlan => {
      const context = commitContext(COLUMNS, { partitioning: { by: 'hour', column: 'at' }, ...more });
      const units = inHours(partitions).map((some, index) =>
        manifestOf(context, `u${index}`, [partOf(`f${index}`, 1)], { partitions: some }),
      );
      return planOf(context, units, tableOf(COLUMNS));
    };
    assert.equal(MAX_PARTITIONS_PER_JOB, 4000);
    for (const more of [{}, REPLACE, MERGE]) {
      for (const partitions of [3999, 4000]) assert.notEqual(plan(partitions, more).publish, null);
    }
    for (const partitions of [3999, 4000]) assert.equal(plan(partitions, {}).proofOfPublish, 'output-rows');
    const words = /4,001 partitions.*4000.*--start-date.*partition_by/s;
    for (const more of [REPLACE, MERGE]) refuses('DESTINATION_FAILED', words, () => plan(4001, more));
    for (const partitions of [4001, 10_000]) assert.equal(plan(partitions, {}).proofOfPublish, 'moved-rows');
    const tooMany = /10,001 partitions of the table, or more.*at most 10000.*partition_by/s;
    refuses('DESTINATION_FAILED', tooMany, () => plan(10_001, {}));
  });

  it('1,200 temporary tables are one copy, one more are refused; queries take fewer', () => {
    const plan = (tables: number, more: Partial<RunContext> = {}): CommitPlan => {
      const context = commitContext(COLUMNS, more);
      const parts = Array.from({ length: tables }, (_, index) => partOf(`f${index}`, 1));
      const manifest = manifestOf(context, 'u', parts, { digests: digestsOf(context, []) });
      return planOf(context, [manifest], tableOf(COLUMNS), { limits: ONE_FILE });
    };
    assert.equal(MAX_TABLES_PER_COPY_JOB, 1200);
    for (const tables of [1199, 1200]) assert.equal(plan(tables).temporaryTables.length, tables);
    refuses('DESTINATION_FAILED', /1201 load jobs.*1200/s, () => plan(1201));
    for (const more of [MERGE, REPLACE, STRICT]) {
      assert.equal(plan(999, more).temporaryTables.length, 999);
      refuses('DESTINATION_FAILED', /1000 load jobs.*999/s, () => plan(1000, more));
    }
  });

  it('rows of units that are not in their files are not published', () => {
    const context = commitContext(COLUMNS);
    const manifest = manifestOf(context, 'u', [partOf('f', 3)]);
    const short = { ...manifest, counts: { ...manifest.counts, rowsStaged: 4 } };
    refuses('COUNT_MISMATCH', /3 rows.*4 rows/, () => planOf(context, [short], tableOf(COLUMNS)));
  });

  it('a table that is not what was planned', () => {
    const plan = (context: RunContext, existing: Parameters<typeof planOf>[2]) => () =>
      planOf(context, staged(context), existing);
    const context = commitContext(COLUMNS);
    refuses('DESTINATION_NOT_FOUND', /not there any more/, plan(context, undefined));
    refuses('DESTINATION_FAILED', /Column at is not there/, plan(context, tableOf(COLUMNS.slice(0, 2))));
    const retyped = columnsOf({ id: STRING, name: STRING, at: TIMESTAMP });
    refuses('DESTINATION_FAILED', /Column id has another type/, plan(context, tableOf(retyped)));
    const created = commitContext(COLUMNS, { createTable: true });
    refuses('DESTINATION_FAILED', /is there by now/, plan(created, tableOf(COLUMNS)));
    const required = { name: 'must', type: 'STRING', mode: 'REQUIRED' };
    const fields = [...(tableOf(COLUMNS).schema?.fields ?? []), required];
    refuses(
      'DESTINATION_FAILED',
      /Column must is REQUIRED/,
      plan(context, tableOf(COLUMNS, { schema: { fields } })),
    );
    const withDefault = [...fields.slice(0, 3), { ...required, defaultValueExpression: "'x'" }];
    assert.ok(plan(context, tableOf(COLUMNS, { schema: { fields: withDefault } }))());
    // Somebody has added the new column in the meantime: that is as good.
    const widening = commitContext(COLUMNS, { newColumns: COLUMNS.slice(2) });
    assert.deepEqual(plan(widening, tableOf(COLUMNS))().addColumns, []);
  });

  it('strict needs the sums of every unit with rows', () => {
    const context = commitContext(COLUMNS, { verify: 'strict' });
    const manifest = manifestOf(context, 'u7', [partOf('f', 3)]);
    refuses('INTERNAL', /Unit u7/, () => planOf(context, [manifest], tableOf(COLUMNS)));
  });
});
