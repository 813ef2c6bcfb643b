import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RunContext } from '../../../core/plan';
import { commitPlanSchema, type CommitPlan } from '../../../loaders/bigquery/commit-plan';
import { temporaryTable, TEMPORARY_TABLE_LIFE_MS } from '../../../loaders/bigquery/temporary-tables';
import {
  COLUMNS,
  FIELDS,
  INT,
  MERGE,
  NOW,
  ONE_FILE,
  REPLACE,
  STRICT,
  STRING,
  TABLE,
  TIMESTAMP,
  columnsOf,
  commitContext,
  digestsOf,
  manifestOf,
  partOf,
  planOf,
  queryOf,
  staged,
  tableOf,
} from './commit-fixture';

describe('the plan of a commit', () => {
  it('append: one load job, straight into the table', () => {
    const context = commitContext(COLUMNS);
    const plan = planOf(context, staged(context), tableOf(COLUMNS));
    assert.deepEqual(plan, {
      version: 1,
      runId: 'run-1',
      manifestHash: 'hash-1',
      table: TABLE,
      location: 'US',
      rowsStaged: 3,
      temporaryTables: [],
      prepare: [],
      proofs: [],
      createTable: null,
      addColumns: [],
      publish: {
        step: 'publish',
        configuration: {
          load: {
            sourceUris: ['gs://staging/u1.0.avro', 'gs://staging/u1.1.avro'],
            sourceFormat: 'AVRO',
            useAvroLogicalTypes: true,
            decimalTargetTypes: ['NUMERIC', 'BIGNUMERIC'],
            autodetect: false,
            maxBadRecords: 0,
            ignoreUnknownValues: false,
            schema: { fields: FIELDS },
            destinationTable: TABLE,
            writeDisposition: 'WRITE_APPEND',
            createDisposition: 'CREATE_NEVER',
          },
        },
        expectedRows: 3,
      },
      proofOfPublish: 'output-rows',
    });
  });

  it('append of NDJSON into a new table with everything that can be said of one', () => {
    const context = commitContext(COLUMNS, {
      createTable: true,
      stagingFormat: 'ndjson',
      tableOptions: {
        partitionBy: { by: 'month', column: 'at' },
        clusterBy: ['id', 'name'],
        description: 'Orders',
        kmsKeyName: 'projects/p/key',
      },
    });
    const plan = planOf(context, staged(context), undefined);
    assert.equal(plan.createTable, null);
    assert.deepEqual(plan.publish?.configuration, {
      load: {
        sourceUris: ['gs://staging/u1.0.avro', 'gs://staging/u1.1.avro'],
        sourceFormat: 'NEWLINE_DELIMITED_JSON',
        autodetect: false,
        maxBadRecords: 0,
        ignoreUnknownValues: false,
        schema: { fields: FIELDS },
        destinationTable: TABLE,
        writeDisposition: 'WRITE_EMPTY',
        createDisposition: 'CREATE_IF_NEEDED',
        timePartitioning: { type: 'MONTH', field: 'at' },
        clustering: { fields: ['id', 'name'] },
        destinationTableProperties: { description: 'Orders' },
        destinationEncryptionConfiguration: { kmsKeyName: 'projects/p/key' },
      },
    });
  });

  it('a range of whole numbers divides a table, too', () => {
    const partitionBy = { by: 'range', column: 'id', start: 0, end: 100, interval: 10 } as const;
    const context = commitContext(COLUMNS, {
      createTable: true,
      tableOptions: { partitionBy, clusterBy: [] },
    });
    const plan = planOf(context, staged(context), undefined);
    assert.deepEqual((plan.publish?.configuration['load'] as Record<string, unknown>)['rangePartitioning'], {
      field: 'id',
      range: { start: '0', end: '100', interval: '10' },
    });
  });

  it('replace of a table that is there takes its rows and nothing else', () => {
    const context = commitContext(COLUMNS, { disposition: 'replace' });
    const { publish, addColumns } = planOf(context, staged(context), tableOf(COLUMNS));
    const load = publish?.configuration['load'] as Record<string, unknown>;
    assert.equal(load['writeDisposition'], 'WRITE_TRUNCATE_DATA');
    assert.equal(load['createDisposition'], 'CREATE_NEVER');
    assert.equal(load['schemaUpdateOptions'], undefined);
    assert.deepEqual(addColumns, []);
  });

  it('new columns: an append adds them itself, everything else by a patch before', () => {
    const two = COLUMNS.slice(0, 2);
    const more = { newColumns: COLUMNS.slice(2) };
    const plan = (context: RunContext): CommitPlan => planOf(context, staged(context), tableOf(two));
    const append = plan(commitContext(COLUMNS, more));
    const load = append.publish?.configuration['load'] as Record<string, unknown>;
    assert.deepEqual(load['schemaUpdateOptions'], ['ALLOW_FIELD_ADDITION']);
    assert.deepEqual(load['schema'], { fields: FIELDS });
    assert.deepEqual(append.addColumns, []);
    for (const other of [REPLACE, STRICT, MERGE]) {
      const patched = plan(commitContext(COLUMNS, { ...more, ...other }));
      assert.deepEqual(patched.addColumns, [FIELDS[2]]);
      assert.equal(JSON.stringify(patched).includes('ALLOW_FIELD_ADDITION'), false);
    }
  });

  it('several groups: temporary tables like the destination, and one copy', () => {
    const existing = tableOf(columnsOf({ ID: INT, name: STRING, extra: STRING, at: TIMESTAMP }), {
      timePartitioning: { type: 'DAY', field: 'at', requirePartitionFilter: true },
      clustering: { fields: ['name'] },
      encryptionConfiguration: { kmsKeyName: 'k' },
    });
    const context = commitContext(COLUMNS);
    const plan = planOf(context, staged(context), existing, { limits: ONE_FILE });
    assert.deepEqual(
      plan.temporaryTables.map(({ resource }) => resource),
      [0, 1].map(() => ({
        schema: { fields: existing.schema?.fields },
        timePartitioning: { type: 'DAY', field: 'at' },
        clustering: { fields: ['name'] },
        expirationTime: String(NOW + TEMPORARY_TABLE_LIFE_MS),
        description: 'Rows that beamlift has staged and not published yet. It expires by itself.',
        encryptionConfiguration: { kmsKeyName: 'k' },
      })),
    );
    const references = plan.temporaryTables.map(({ reference }) => reference);
    assert.equal(new Set(references.map(({ tableId }) => tableId)).size, 2);
    for (const [index, { step, configuration, expectedRows }] of plan.prepare.entries()) {
      const load = configuration['load'] as Record<string, unknown>;
      assert.equal(step, `load-${index}`);
      assert.equal(expectedRows, [2, 1][index]);
      assert.deepEqual(load['destinationTable'], references[index]);
      assert.equal(load['writeDisposition'], 'WRITE_TRUNCATE_DATA');
      assert.equal(load['createDisposition'], 'CREATE_NEVER');
      assert.deepEqual(load['schema'], { fields: [{ ...FIELDS[0], name: 'ID' }, FIELDS[1], FIELDS[2]] });
    }
    assert.deepEqual(plan.publish, {
      step: 'publish',
      configuration: {
        copy: {
          sourceTables: references,
          destinationTable: TABLE,
          operationType: 'COPY',
          writeDisposition: 'WRITE_APPEND',
          createDisposition: 'CREATE_NEVER',
        },
      },
      expectedRows: null,
    });
    assert.equal(plan.proofOfPublish, 'copied-rows');
    assert.deepEqual(plan.proofs, []);
  });

  it('a new table of several groups, or proved first, is made before the copy, which wants it empty', () => {
    for (const disposition of ['append', 'replace'] as const) {
      const context = commitContext(COLUMNS, {
        ...{ disposition, createTable: true, verify: 'strict' },
        tableOptions: { clusterBy: ['id'], description: 'Orders', kmsKeyName: 'k' },
      });
      const plan = planOf(context, staged(context), undefined);
      assert.deepEqual(plan.createTable, {
        reference: TABLE,
        resource: {
          schema: { fields: FIELDS },
          clustering: { fields: ['id'] },
          description: 'Orders',
          encryptionConfiguration: { kmsKeyName: 'k' },
        },
      });
      const copy = plan.publish?.configuration['copy'] as Record<string, unknown>;
      assert.equal(copy['writeDisposition'], 'WRITE_EMPTY');
      assert.equal(copy['createDisposition'], 'CREATE_NEVER');
      assert.deepEqual(plan.temporaryTables[0]?.resource['encryptionConfiguration'], { kmsKeyName: 'k' });
      assert.ok(plan.proofs.length > 0);
    }
  });

  it('a replace that is proved first ends in one statement, and keeps what a copy would take away', () => {
    const policyTags = { names: ['secret'] };
    const fields = [{ name: 'id', type: 'INTEGER', policyTags }, FIELDS[1], FIELDS[2]].filter(
      (field) => field !== undefined,
    );
    const existing = tableOf(COLUMNS, { schema: { fields }, timePartitioning: { type: 'DAY', field: 'at' } });
    const context = commitContext(COLUMNS, { disposition: 'replace', verify: 'strict' });
    const plan = planOf(context, staged(context), existing);
    assert.match(queryOf(plan), /^MERGE INTO `test-project`\.`warehouse`\.`orders`/);
    assert.match(
      queryOf(plan),
      /ON FALSE\nWHEN NOT MATCHED BY SOURCE THEN DELETE\nWHEN NOT MATCHED THEN INSERT/,
    );
    assert.equal(plan.proofOfPublish, 'inserted-rows');
    // What is protected in the table is protected in the temporary one.
    assert.deepEqual(plan.temporaryTables[0]?.resource['schema'], { fields });
    assert.equal(JSON.stringify(plan.prepare).includes('secret'), false);
  });

  it('merge: always through a temporary table', () => {
    const context = commitContext(COLUMNS, MERGE);
    const plan = planOf(context, staged(context), tableOf(COLUMNS));
    assert.equal(plan.temporaryTables.length, 1);
    assert.match(queryOf(plan), /^MERGE INTO/);
    assert.equal(plan.proofOfPublish, 'merged-rows');
    assert.equal(plan.createTable, null);
    const created = commitContext(COLUMNS, { ...MERGE, createTable: true });
    assert.notEqual(planOf(created, staged(created), undefined).createTable, null);
  });

  it('no rows: nothing is published, but the table is made and widened', () => {
    const nothing = (more: Partial<RunContext>, existing = tableOf(COLUMNS)): CommitPlan => {
      const context = commitContext(COLUMNS, more);
      return planOf(context, staged(context, 0), more.createTable === true ? undefined : existing);
    };
    for (const more of [{}, STRICT, MERGE]) {
      const plan = nothing(more);
      assert.equal(plan.publish, null);
      assert.equal(plan.proofOfPublish, 'none');
      assert.deepEqual([plan.prepare, plan.temporaryTables, plan.proofs, plan.addColumns], [[], [], [], []]);
      assert.equal(plan.createTable, null);
      const created = nothing({ ...more, createTable: true });
      assert.equal(created.publish, null);
      assert.deepEqual(created.createTable?.resource['schema'], { fields: FIELDS });
    }
    const widened = nothing({ newColumns: COLUMNS.slice(2) }, tableOf(COLUMNS.slice(0, 2)));
    assert.deepEqual(widened.addColumns, [FIELDS[2]]);
    assert.equal(widened.publish, null);
  });

  it('any combination is plain JSON, always the same, loads every file once and publishes by one job', () => {
    const disposition = fc.constantFrom('append' as const, 'replace' as const, 'merge' as const);
    const verify = fc.constantFrom('counts' as const, 'strict' as const);
    const rows = fc.array(fc.array(fc.nat(3), { maxLength: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(
        disposition,
        verify,
        fc.boolean(),
        fc.boolean(),
        rows,
        (how, level, createTable, isNarrow, units) => {
          const context = commitContext(COLUMNS, {
            ...{ disposition: how, verify: level, createTable, allowEmpty: true },
            keyColumns: how === 'merge' ? ['id'] : [],
          });
          const manifests = units.map((files, unit) =>
            manifestOf(
              context,
              `u${unit}`,
              files.map((count, file) => partOf(`${unit}.${file}`, count)),
              {
                digests: digestsOf(context, []),
              },
            ),
          );
          const existing = createTable ? undefined : tableOf(COLUMNS);
          const limits = isNarrow ? { limits: ONE_FILE } : {};
          const plan = planOf(context, manifests, existing, limits);
          assert.deepEqual(planOf(context, manifests.toReversed(), existing, limits), plan);
          assert.deepEqual(commitPlanSchema.parse(JSON.parse(JSON.stringify(plan))), plan);
          const jobs = [...plan.prepare, ...(plan.publish === null ? [] : [plan.publish])];
          const loaded = jobs.flatMap(({ configuration }) => {
            const load = configuration['load'] as { sourceUris: string[] } | undefined;
            return load?.sourceUris ?? [];
          });
          const wanted = manifests.flatMap(({ parts }) => parts).filter((part) => part.rows > 0);
          assert.deepEqual(loaded.sort(), wanted.map(({ uri }) => uri).sort());
          const expected = jobs.reduce((sum, job) => sum + (job.expectedRows ?? 0), 0);
          assert.equal(expected, plan.rowsStaged);
          assert.equal(new Set(jobs.map(({ step }) => step)).size, jobs.length);
          assert.equal(plan.temporaryTables.length, plan.prepare.length);
          const hasQuestions = level === 'strict' && plan.rowsStaged > 0;
          assert.equal(plan.proofs.length > 0, hasQuestions);
        },
      ),
    );
  });
});

describe('temporary tables', () => {
  it('have names of their own for each run and table, which begin as all of ours', () => {
    const names = [
      temporaryTable(TABLE, 'run-1', 0),
      temporaryTable(TABLE, 'run-1', 1),
      temporaryTable(TABLE, 'run_1', 0),
      temporaryTable({ ...TABLE, tableId: 'Orders' }, 'run-1', 0),
      temporaryTable(TABLE, `é\`"${'x'.repeat(500)}`, 1199),
    ].map(({ tableId }) => tableId);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) {
      assert.match(name, /^beamlift_tmp_[A-Za-z0-9_]{1,200}$/);
    }
    const { projectId, datasetId } = temporaryTable(TABLE, 'run-1', 0);
    assert.deepEqual([projectId, datasetId], ['test-project', 'warehouse']);
  });
});
