import assert from 'node:assert/strict';
import type { RunContext } from '../../../core/plan';
import { commitPlanSchema, type CommitPlan } from '../../../loaders/bigquery/commit-plan';
import { publishedRows } from '../../../loaders/bigquery/finish-run';
import {
  COLUMNS,
  FIELDS,
  ONE_FILE,
  STRICT,
  TABLE,
  commitContext,
  digestsOf,
  inHours,
  manifestOf,
  partOf,
  planOf,
  queryOf,
  tableOf,
} from './commit-fixture';

describe('the plan of an append to more partitions than a job may change', () => {
  const HOURS = { by: 'hour', column: 'at' } as const;
  const layout = { timePartitioning: { type: 'HOUR', field: 'at' } };
  const plan = (
    more: Partial<RunContext> = {},
    limits = {},
    existing = tableOf(COLUMNS, layout),
  ): CommitPlan => {
    const context = commitContext(COLUMNS, { partitioning: HOURS, ...more });
    const units = inHours(4001).map((partitions, index) =>
      manifestOf(context, `u${index}`, [partOf(`f${index}`, 2001 + index)], {
        partitions,
        digests: digestsOf(context, []),
      }),
    );
    return planOf(context, units, context.createTable ? undefined : existing, limits);
  };
  const moved = (index: number): string => `\`test-project\`.\`warehouse\`.\`${tmp(index)}\``;
  const tmp = (index: number): string =>
    plan({}, { limits: ONE_FILE }).temporaryTables[index]?.reference.tableId ?? '';

  it('is a plain temporary table, ordered by the partitioning column, and one transaction', () => {
    const planned = plan();
    const [temporary, ...others] = planned.temporaryTables;
    assert.deepEqual(others, []);
    assert.deepEqual(temporary?.resource['clustering'], { fields: ['at'] });
    assert.equal(temporary.resource['timePartitioning'], undefined);
    assert.deepEqual(temporary.resource['schema'], { fields: FIELDS });
    assert.deepEqual(
      planned.prepare.map(({ step, expectedRows }) => [step, expectedRows]),
      [['load-0', 4003]],
    );
    assert.deepEqual(planned.moves, { mark: temporary.reference, rows: 4003 });
    assert.equal(planned.createTable, null);
    const insert = [
      'INSERT INTO `test-project`.`warehouse`.`orders` (`id`, `name`, `at`)',
      `SELECT beamlift_staged.\`id\`, beamlift_staged.\`name\`, beamlift_staged.\`at\` FROM (SELECT * FROM ${moved(0)}) AS beamlift_staged`,
    ];
    assert.deepEqual(queryOf(planned).split('\n'), [
      'DECLARE beamlift_rows INT64 DEFAULT 0;',
      'BEGIN TRANSACTION;',
      ...insert,
      "WHERE (beamlift_staged.`at` < TIMESTAMP '1970-06-16 16:00:00+00' OR beamlift_staged.`at` IS NULL);",
      'SET beamlift_rows = beamlift_rows + @@row_count;',
      ...insert,
      "WHERE beamlift_staged.`at` >= TIMESTAMP '1970-06-16 16:00:00+00';",
      'SET beamlift_rows = beamlift_rows + @@row_count;',
      "ASSERT beamlift_rows = 4003 AS 'there are not 4003 staged rows any more';",
      `TRUNCATE TABLE ${moved(0)};`,
      'COMMIT TRANSACTION;',
    ]);
    assert.deepEqual(commitPlanSchema.parse(JSON.parse(JSON.stringify(planned))), planned);
  });

  it('empties the largest of several temporary tables, and never the destination', () => {
    const planned = plan({}, { limits: ONE_FILE });
    assert.equal(planned.temporaryTables.length, 2);
    assert.deepEqual(planned.moves, { mark: { ...TABLE, tableId: tmp(1) }, rows: 2002 });
    assert.equal(
      queryOf(planned).split(`SELECT * FROM ${moved(0)} UNION ALL SELECT * FROM ${moved(1)}`).length,
      3,
    );
    assert.deepEqual(queryOf(planned).match(/TRUNCATE TABLE .*/g), [`TRUNCATE TABLE ${moved(1)};`]);
  });

  it('makes a table that is not there, and takes it only as it made it', () => {
    const planned = plan({ createTable: true, tableOptions: { partitionBy: HOURS, clusterBy: ['id'] } });
    assert.deepEqual(planned.createTable?.reference, TABLE);
    assert.deepEqual(planned.createTable.resource['timePartitioning'], layout.timePartitioning);
    assert.match(
      queryOf(planned),
      /BEGIN TRANSACTION;\nASSERT NOT EXISTS \(SELECT 1 FROM [^ ]+`orders`\) AS '.*';\nINSERT/,
    );
    assert.doesNotMatch(queryOf(plan()), /NOT EXISTS/);
  });

  it('verify: strict looks at the temporary table first; new columns are added before', () => {
    const planned = plan(
      { ...STRICT, newColumns: COLUMNS.slice(1, 2) },
      {},
      {
        ...tableOf(
          COLUMNS.filter(({ name }) => name !== 'name'),
          layout,
        ),
      },
    );
    assert.equal(planned.proofs.length, 1);
    assert.match(planned.proofs[0]?.sql ?? '', /beamlift_tmp_/);
    assert.deepEqual(planned.addColumns, FIELDS.slice(1, 2));
    assert.equal(planned.proofOfPublish, 'moved-rows');
  });

  it('goes by the name that the table has for the column', () => {
    const existing = tableOf(COLUMNS, layout);
    const fields = (existing.schema?.fields ?? []).map((field) => ({
      ...field,
      name: field.name.toUpperCase(),
    }));
    const planned = plan({}, {}, { ...existing, schema: { fields } });
    assert.match(queryOf(planned), /beamlift_staged\.`AT` IS NULL/);
    assert.deepEqual(planned.temporaryTables[0]?.resource['clustering'], { fields: ['AT'] });
  });

  it('its script has compared the rows itself', () => {
    const job = {
      jobReference: { projectId: 'p', jobId: 'j', location: 'US' },
      configuration: {},
      status: { state: 'DONE' as const },
      statistics: { numChildJobs: '9', query: { statementType: 'SCRIPT' } },
    };
    assert.deepEqual(publishedRows({ plan: plan(), files: {} }, job), {
      loaded: 4003,
      superseded: 0,
      mismatch: undefined,
    });
  });
});
