import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { ErrorCode } from '../../../core/error-codes';
import type { Manifest } from '../../../core/manifest';
import type { RunContext } from '../../../core/plan';
import { commitPlanSchema, type CommitPlan } from '../../../loaders/bigquery/commit-plan';
import {
  MAX_PARTITIONS_PER_JOB,
  MAX_TABLES_PER_COPY_JOB,
  type LoadLimits,
} from '../../../loaders/bigquery/partition-files';
import {
  isTemporaryTable,
  temporaryTable,
  TEMPORARY_TABLE_LIFE_MS,
} from '../../../loaders/bigquery/temporary-tables';
import {
  INT,
  NOW,
  STRING,
  TABLE,
  TIMESTAMP,
  columnsOf,
  commitContext,
  digestsOf,
  manifestOf,
  partOf,
  planOf,
  tableOf,
} from './commit-fixture';

const COLUMNS = columnsOf({ id: INT, name: STRING, at: TIMESTAMP });
const FIELDS = [
  { name: 'id', type: 'INTEGER', mode: 'NULLABLE' },
  { name: 'name', type: 'STRING', mode: 'NULLABLE' },
  { name: 'at', type: 'TIMESTAMP', mode: 'NULLABLE' },
];
const ONE_FILE: LoadLimits = { maxFiles: 1, maxBytes: 1e9, maxFileBytes: 1e9, maxUriBytes: 1e6 };
const MERGE: Partial<RunContext> = { disposition: 'merge', keyColumns: ['id'] };
const STRICT: Partial<RunContext> = { verify: 'strict' };
const REPLACE: Partial<RunContext> = { disposition: 'replace' };

/** Two units: three rows in two files, and none. */
function staged(context: RunContext, rows = 3): Manifest[] {
  const files = rows === 0 ? [] : [partOf('u1.0.avro', rows - 1), partOf('u1.1.avro', 1)];
  return [
    manifestOf(context, 'u2', [], { digests: digestsOf(context, []) }),
    manifestOf(context, 'u1', files, { digests: digestsOf(context, []) }),
  ];
}

function refuses(code: ErrorCode, words: RegExp, plan: () => unknown): void {
  assert.throws(plan, (error) => {
    assert.ok(error instanceof BeamliftError, String(error));
    assert.equal(error.code, code);
    assert.match(`${error.what} ${error.why ?? ''} ${error.hint ?? ''}`, words);
    return true;
  });
}

function queryOf(plan: CommitPlan): string {
  const query = plan.publish?.configuration['query'] as { query?: string } | undefined;
  return query?.query ?? '';
}

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

  it('4,000 partitions are one commit, one more are refused before anything is sent', () => {
    const context = commitContext(COLUMNS);
    const plan = (partitions: number): CommitPlan => {
      const names = Array.from({ length: partitions }, (_, index) => `p${index}`);
      const units = [names.slice(0, 3000), names.slice(2500)].map((some, index) =>
        manifestOf(context, `u${index}`, [partOf(`f${index}`, 1)], { partitions: some }),
      );
      return planOf(context, units, tableOf(COLUMNS));
    };
    assert.equal(MAX_PARTITIONS_PER_JOB, 4000);
    for (const partitions of [3999, 4000]) assert.notEqual(plan(partitions).publish, null);
    refuses('DESTINATION_FAILED', /4,001 partitions.*4000.*--start-date.*partition_by/s, () => plan(4001));
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
  it('have names of their own for each run and table, which are recognised', () => {
    const names = [
      temporaryTable(TABLE, 'run-1', 0),
      temporaryTable(TABLE, 'run-1', 1),
      temporaryTable(TABLE, 'run_1', 0),
      temporaryTable({ ...TABLE, tableId: 'Orders' }, 'run-1', 0),
      temporaryTable(TABLE, `é\`"${'x'.repeat(500)}`, 1199),
    ].map(({ tableId }) => tableId);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) {
      assert.ok(isTemporaryTable(name), name);
      assert.match(name, /^[a-z][A-Za-z0-9_]{1,200}$/);
    }
    for (const name of [
      'orders',
      'beamlift_tmp_orders',
      'beamlift_tmp_',
      'x_beamlift_tmp_a_0123456789ab_0',
    ]) {
      assert.equal(isTemporaryTable(name), false, name);
    }
    const { projectId, datasetId } = temporaryTable(TABLE, 'run-1', 0);
    assert.deepEqual([projectId, datasetId], ['test-project', 'warehouse']);
  });
});
