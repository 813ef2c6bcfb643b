import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TableReference, TableResource } from '../../core/clients/bigquery-api';
import type { Cell, Row } from '../../core/cells';
import type { Manifest } from '../../core/manifest';
import type { RunContext } from '../../core/plan';
import type { Column } from '../../core/schema';
import { commitPlanSchema, type CommitPlan } from '../../loaders/bigquery/commit-plan';
import { planCommit, type CommitInput } from '../../loaders/bigquery/plan-commit';
import { BIGQUERY_NDJSON } from '../../loaders/bigquery/rules';
import { compileAvroEncoder } from '../../transforms/encode/avro';
import { compileNdjsonEncoder } from '../../transforms/encode/ndjson';
import {
  INT,
  NOW,
  STRING,
  TIMESTAMP,
  columnsOf,
  commitContext,
  digestsOf,
  manifestOf,
} from '../unit/bigquery/commit-fixture';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

describe('the jobs of a commit, as the stand-in for BigQuery runs them', function () {
  this.timeout(120_000);
  let gcs: GcsServer;
  let bigquery: BigQueryServer;
  let tables = 0;
  let jobs = 0;
  before(async () => {
    gcs = await startGcsServer();
    bigquery = await startBigQueryServer({ storage: gcs.endpoint });
  });
  after(async () => {
    await bigquery.stop();
    await gcs.stop();
  });

  const newTable = (): TableReference => ({
    projectId: bigquery.project,
    datasetId: bigquery.dataset,
    tableId: `orders_${tables++}`,
  });

  const expectOk = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await bigquery.request(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };

  const getTable = async (table: TableReference): Promise<TableResource | undefined> => {
    const answer = await bigquery.request('GET', `datasets/${table.datasetId}/tables/${table.tableId}`);
    return answer.status === 404 ? undefined : (answer.body as unknown as TableResource);
  };

  const create = async (table: TableReference, resource: object): Promise<void> => {
    await expectOk('POST', `datasets/${table.datasetId}/tables`, { tableReference: table, ...resource });
  };

  /** One file a unit. */
  const stage = async (context: RunContext, units: readonly (readonly Row[])[]): Promise<Manifest[]> => {
    const manifests: Manifest[] = [];
    for (const [index, rows] of units.entries()) {
      const body = encoded(context, rows);
      const name = `parts/${context.runId}/${index}.${context.stagingFormat}`;
      await gcs.write(name, body);
      const part = { uri: `gs://${gcs.bucket}/${name}`, rows: rows.length, bytes: body.length };
      manifests.push(manifestOf(context, `u${index}`, [part], { digests: digestsOf(context, rows) }));
    }
    return manifests;
  };

  const runJob = async (configuration: object): Promise<Record<string, Record<string, unknown>>> => {
    const jobReference = { projectId: bigquery.project, jobId: `job-${jobs++}`, location: 'US' };
    let job = await expectOk('POST', 'jobs', { jobReference, configuration });
    while ((job['status'] as { state: string }).state !== 'DONE') {
      await new Promise((resolve) => setTimeout(resolve, 20));
      job = await expectOk('GET', `jobs/${jobReference.jobId}?location=US`);
    }
    const { errorResult } = job['status'] as { errorResult?: unknown };
    assert.equal(errorResult, undefined, JSON.stringify(errorResult));
    return job['statistics'] as Record<string, Record<string, unknown>>;
  };

  /** What the proofs say that is not as expected. */
  const disproved = async (plan: CommitPlan): Promise<string[]> => {
    const wrong: string[] = [];
    for (const { sql, expected, meaning } of plan.proofs) {
      const [row] = await bigquery.query(sql);
      for (const [name, value] of Object.entries(expected)) {
        if (row?.[name] !== value)
          wrong.push(`${meaning[name]}: ${String(row?.[name])}, not ${String(value)}`);
      }
    }
    return wrong;
  };

  /** Everything of a plan, in its order; returns what the publishing job counted. */
  const carryOut = async (planned: CommitPlan): Promise<number | undefined> => {
    const plan = commitPlanSchema.parse(JSON.parse(JSON.stringify(planned)));
    for (const { reference, resource } of plan.temporaryTables) await create(reference, resource);
    for (const { configuration, expectedRows } of plan.prepare) {
      const statistics = await runJob(configuration);
      assert.equal(Number(statistics['load']?.['outputRows']), expectedRows);
    }
    assert.deepEqual(await disproved(plan), []);
    if (plan.createTable !== null) await create(plan.createTable.reference, plan.createTable.resource);
    if (plan.addColumns.length > 0) {
      const { datasetId, tableId } = plan.table;
      const fields = [...((await getTable(plan.table))?.schema?.fields ?? []), ...plan.addColumns];
      await expectOk('PATCH', `datasets/${datasetId}/tables/${tableId}`, { schema: { fields } });
    }
    let counted: number | undefined;
    if (plan.publish !== null) {
      const statistics = await runJob(plan.publish.configuration);
      const dml = statistics['query']?.['dmlStats'] as Record<string, string> | undefined;
      counted = {
        'output-rows': Number(statistics['load']?.['outputRows']),
        'copied-rows': Number(statistics['copy']?.['copiedRows']),
        'inserted-rows': Number(dml?.['insertedRowCount']),
        'merged-rows': Number(dml?.['insertedRowCount'] ?? 0) + Number(dml?.['updatedRowCount'] ?? 0),
        none: undefined,
      }[plan.proofOfPublish];
    }
    for (const { reference } of plan.temporaryTables) {
      await expectOk('DELETE', `datasets/${reference.datasetId}/tables/${reference.tableId}`);
    }
    return counted;
  };

  const plan = async (
    context: RunContext,
    manifests: readonly Manifest[],
    table: TableReference,
    more: Partial<CommitInput> = {},
  ): Promise<CommitPlan> =>
    planCommit({
      context,
      manifests,
      manifestHash: 'h',
      table,
      existing: await getTable(table),
      location: 'US',
      nowMs: NOW + 20 * 365 * 86_400_000,
      ...more,
    });

  const ONE_FILE = { maxFiles: 1, maxBytes: 1e9, maxFileBytes: 1e9, maxUriBytes: 1e6 };
  const COLUMNS = columnsOf({ id: INT, name: STRING, at: TIMESTAMP });
  const row = (id: number, name: string | null, at = 0): Row => [BigInt(id), name, BigInt(at)];
  const read = async (table: TableReference, columns = 'id, name, UNIX_MICROS(`at`)'): Promise<string[]> =>
    (await bigquery.query(`SELECT ${columns} FROM \`${table.tableId}\` ORDER BY id, name`)).map((found) =>
      Object.values(found).map(String).join(' '),
    );
  const seed = async (
    rows: readonly Row[],
    columns: readonly Column[] = COLUMNS,
  ): Promise<TableReference> => {
    const table = newTable();
    const context = commitContext(columns, { createTable: true, runId: `seed-${table.tableId}` });
    await carryOut(await plan(context, await stage(context, [rows]), table));
    return table;
  };

  const WAYS = [
    ['avro', 'counts', 'one group'],
    ['avro', 'counts', 'several groups'],
    ['avro', 'strict', 'one group'],
    ['ndjson', 'strict', 'several groups'],
  ] as const;
  for (const [stagingFormat, verify, groups] of WAYS) {
    const limits = groups === 'one group' ? {} : { limits: ONE_FILE };
    const title = `${stagingFormat}, verify ${verify}, ${groups}`;
    const common = { stagingFormat, verify, runId: title.replace(/\W+/g, '-') };
    const units = [[row(1, 'a'), row(2, null)], [row(3, "it's `b` \\ é")]];
    const staged = ['1 a 0', '2 null 0', "3 it's `b` \\ é 0"];

    it(`append to a new table: ${title}`, async () => {
      const table = newTable();
      const context = commitContext(COLUMNS, { ...common, createTable: true });
      assert.equal(await carryOut(await plan(context, await stage(context, units), table, limits)), 3);
      assert.deepEqual(await read(table), staged);
    });

    it(`append to a table with rows, which gets a column: ${title}`, async () => {
      const table = await seed([[0n, 'old']], columnsOf({ id: INT, name: STRING }));
      const context = commitContext(COLUMNS, { ...common, newColumns: COLUMNS.slice(2) });
      assert.equal(await carryOut(await plan(context, await stage(context, units), table, limits)), 3);
      assert.deepEqual(await read(table), ['0 old null', ...staged]);
    });

    it(`replace: ${title}`, async () => {
      const table = await seed([row(7, 'old'), row(8, 'old')]);
      const context = commitContext(COLUMNS, { ...common, disposition: 'replace' });
      assert.equal(await carryOut(await plan(context, await stage(context, units), table, limits)), 3);
      assert.deepEqual(await read(table), staged);
    });

    it(`merge: ${title}`, async () => {
      const table = await seed([row(1, 'same', 5), row(2, 'newer', 99), row(3, 'older', 1), row(9, 'kept')]);
      const context = commitContext(COLUMNS, {
        ...common,
        disposition: 'merge',
        keyColumns: ['id'],
        window: { column: 'at', lower: null, upper: null },
      });
      const staged = [
        [row(1, 'one', 5), row(2, 'two', 98), row(3, 'three', 1)],
        [row(3, 'three again', 2), row(4, 'four', 1), row(4, 'four', 0)],
      ];
      const merging = await plan(context, await stage(context, staged), table, limits);
      assert.equal(await carryOut(merging), 3);
      const after = ['1 one 5', '2 newer 99', '3 three again 2', '4 four 1', '9 kept 0'];
      assert.deepEqual(await read(table), after);
    });
  }

  it('no rows make a new table, and empty one only where that is wanted', async () => {
    const table = newTable();
    const tableOptions = {
      partitionBy: { by: 'day', column: 'at' },
      clusterBy: ['id'],
      description: 'Orders',
    } as const;
    const creating = commitContext(COLUMNS, {
      ...{ createTable: true, runId: 'none-1' },
      tableOptions: { ...tableOptions, clusterBy: [...tableOptions.clusterBy] },
    });
    assert.equal(await carryOut(await plan(creating, await stage(creating, []), table)), undefined);
    const { schema, timePartitioning, clustering, numRows } = (await getTable(table)) ?? {};
    assert.deepEqual(
      schema?.fields?.map(({ name, type }) => `${name} ${type}`),
      ['id INTEGER', 'name STRING', 'at TIMESTAMP'],
    );
    assert.equal(timePartitioning?.field, 'at');
    assert.deepEqual(clustering?.fields, ['id']);
    assert.equal(numRows, '0');
    const full = await seed([row(1, 'a')]);
    const emptying = commitContext(COLUMNS, { disposition: 'replace', allowEmpty: true, runId: 'none-2' });
    await carryOut(await plan(emptying, [], full));
    assert.deepEqual(await read(full), []);
    assert.equal((await getTable(full))?.schema?.fields?.length, COLUMNS.length);
  });

  it('a table that is made has the partitioning, clustering and description of the job, also where rows are proved first', async () => {
    for (const verify of ['counts', 'strict'] as const) {
      const table = newTable();
      const context = commitContext(COLUMNS, {
        ...{ createTable: true, verify, runId: `made-${verify}` },
        tableOptions: {
          partitionBy: { by: 'month', column: 'at' },
          clusterBy: ['name', 'id'],
          description: 'Orders',
        },
      });
      await carryOut(await plan(context, await stage(context, [[row(1, 'a')]]), table));
      const made = await getTable(table);
      assert.ok(made);
      const { timePartitioning, clustering } = made;
      assert.deepEqual([timePartitioning?.type, timePartitioning?.field], ['MONTH', 'at']);
      assert.deepEqual(clustering?.fields, ['name', 'id']);
      assert.equal(made.expirationTime, undefined);
      if (verify === 'strict') assert.equal((made as { description?: string }).description, 'Orders');
      assert.deepEqual(await read(table), ['1 a 0']);
    }
  });

  it('merges of random rows leave for each key the newest, whatever comes twice or is null', async () => {
    const columns = columnsOf({
      id: INT,
      name: STRING,
      at: TIMESTAMP,
      tags: { kind: 'array', element: STRING },
    });
    const cell = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.option(fc.integer({ min: 0, max: 3 })));
    const cases = fc.sample(
      fc.tuple(fc.uniqueArray(cell, { selector: ([id]) => id }), fc.array(cell, { maxLength: 40 })),
      {
        ...{ seed: 7, numRuns: 3 },
      },
    );
    for (const [index, [before, staged]] of cases.entries()) {
      const rows = (from: string, cells: typeof staged): Row[] =>
        cells.map(([id, at], place) => [
          BigInt(id),
          `${from}${place}`,
          at === null ? null : BigInt(at),
          [String(place)],
        ]);
      const [old, fresh] = [rows('old', before), rows('new', staged)];
      const table = await seed(old, columns);
      const context = commitContext(columns, {
        ...{ disposition: 'merge', keyColumns: ['id'], runId: `random-${index}` },
        window: { column: 'at', lower: null, upper: null },
      });
      const merging = await plan(context, await stage(context, [fresh]), table);
      const changed = await carryOut(merging);
      const found = new Map(
        (await bigquery.query(`SELECT id, name, UNIX_MICROS(at) AS micros FROM \`${table.tableId}\``)).map(
          (one) => [String(one['id']), one],
        ),
      );
      const keys = new Set([...old, ...fresh].map(([id]) => String(id)));
      assert.deepEqual(new Set(found.keys()), keys);
      let changes = 0;
      for (const key of keys) {
        const present = old.find(([id]) => String(id) === key);
        const candidates = fresh.filter(([id]) => String(id) === key);
        const newest = candidates
          .map(([, , at]) => at)
          .reduce<Cell>((a, b) => (b !== null && b !== undefined && (a === null || b > a) ? b : a), null);
        const stays =
          present !== undefined &&
          (candidates.length === 0 ||
            (present[2] !== null && newest !== null && (present[2] ?? 0n) > newest));
        const allowed = stays ? [present] : candidates.filter(([, , at]) => at === newest);
        const names = allowed.map(([, name]) => name);
        assert.ok(
          names.includes(String(found.get(key)?.['name'])),
          `${key}: ${JSON.stringify(found.get(key))}, not of ${names.join()}`,
        );
        if (!stays) changes += 1;
      }
      assert.equal(changed ?? 0, changes);
      // Done again, it gives the same table.
      const again = await plan(
        { ...context, runId: `random-${index}-again` },
        await stage(context, [fresh]),
        table,
      );
      await carryOut(again);
      const after = await bigquery.query(
        `SELECT id, name, UNIX_MICROS(at) AS micros FROM \`${table.tableId}\``,
      );
      assert.deepEqual(new Map(after.map((one) => [String(one['id']), one])), found);
    }
  });

  /** Every kind of value, at both ends of its range. */
  const KINDS = columnsOf({
    int: INT,
    bool: { kind: 'bool' },
    float: { kind: 'float', bits: 64 },
    numeric: { kind: 'decimal', precision: 38, scale: 9 },
    money: { kind: 'decimal', precision: 10, scale: 2 },
    // The stand-in keeps 18 digits after the point of a BIGNUMERIC, and 20 before.
    big: { kind: 'decimal', precision: 38, scale: 18 },
    text: STRING,
    raw: { kind: 'bytes' },
    doc: { kind: 'json' },
    day: { kind: 'date' },
    clock: { kind: 'time', unit: 'us' },
    local: { kind: 'datetime', unit: 'us' },
    at: TIMESTAMP,
    many: { kind: 'array', element: INT },
    words: { kind: 'array', element: STRING },
    inner: {
      kind: 'struct',
      fields: [
        { name: 'a', type: INT },
        {
          name: 'b',
          type: { kind: 'array', element: { kind: 'struct', fields: [{ name: 'c', type: STRING }] } },
        },
        { name: 'f', type: { kind: 'float', bits: 64 } },
      ],
    },
  });
  const [FIRST_INSTANT, LAST_INSTANT] = [-62_135_596_800_000_000n, 253_402_300_799_999_999n];
  const KIND_ROWS: Row[] = [
    [
      2n ** 63n - 1n,
      true,
      0.1,
      '12345678901234567890123456789.123456789',
      '-12345678.90',
      '12345678901234567890.123456789012345678',
      'é \u{1f600} "quoted" \\ \n',
      Uint8Array.of(0, 255, 10),
      '{"a": [1, null]}',
      2_932_896n,
      86_399_999_999n,
      LAST_INSTANT,
      LAST_INSTANT,
      [1n, -(2n ** 63n)],
      ['a', '', 'é'],
      [5n, [['x'], [null]], -2.5],
    ],
    [
      -(2n ** 63n),
      false,
      -1.7976931348623157e308,
      '-0.000000001',
      '100.00',
      '-1.000000000000000000',
      '',
      new Uint8Array(),
      'null',
      -719_162n,
      0n,
      FIRST_INSTANT,
      FIRST_INSTANT,
      [],
      [],
      [null, [], NaN],
    ],
    [
      2n ** 63n - 1n,
      true,
      NaN,
      '0',
      '0.10',
      '0',
      'a',
      Uint8Array.of(1),
      '[null]',
      -1n,
      1n,
      -1n,
      -1n,
      [7n],
      ['z'],
      null,
    ],
    KINDS.map(() => null),
    [
      2n ** 63n - 1n,
      null,
      Infinity,
      '7.5',
      '7',
      '7',
      'a',
      Uint8Array.of(1),
      '0',
      0n,
      1n,
      1n,
      1n,
      [7n],
      ['z'],
      [7n, [['y']], 1e300],
    ],
  ];

  for (const stagingFormat of ['avro', 'ndjson'] as const) {
    it(`all kinds of values are what the digests say: ${stagingFormat}`, async () => {
      // JSON has no NaN and no infinities.
      const rows =
        stagingFormat === 'avro' ? KIND_ROWS : KIND_ROWS.map((cells) => cells.map((cell) => finite(cell)));
      const table = newTable();
      const runId = `kinds-${stagingFormat}`;
      const context = commitContext(KINDS, { stagingFormat, verify: 'strict', createTable: true, runId });
      const planned = await plan(context, await stage(context, [rows.slice(0, 2), rows.slice(2)]), table);
      assert.equal(await carryOut(planned), rows.length);
    });
  }

  it('a value that was changed, lost or doubled is found, whatever its kind', async () => {
    const rows = KIND_ROWS.map((cells) => cells.map((cell) => finite(cell)));
    const table = newTable();
    const context = commitContext(KINDS, { verify: 'strict', createTable: true, runId: 'changes' });
    const planned = await plan(context, await stage(context, [rows]), table);
    const [temporary] = planned.temporaryTables;
    assert.ok(temporary);
    await create(temporary.reference, temporary.resource);
    for (const { configuration } of planned.prepare) await runJob(configuration);
    assert.deepEqual(await disproved(planned), []);
    const name = `\`${temporary.reference.tableId}\``;
    const changes: Record<string, string> = {
      int: '9223372036854775806',
      bool: 'FALSE',
      float: '0.10000000000000002',
      numeric: "NUMERIC '12345678901234567890123456789.123456788'",
      money: "NUMERIC '-12345678.91'",
      big: "BIGNUMERIC '12345678901234567890.123456789012345677'",
      text: "'è'",
      raw: "b'\\x00\\xff\\x0b'",
      doc: 'NULL',
      day: "DATE '9999-12-30'",
      clock: "TIME '23:59:59.999998'",
      local: "DATETIME '9999-12-31 23:59:59.999998'",
      at: "TIMESTAMP '9999-12-31 23:59:59.999998+00'",
      many: '[1, -9223372036854775807]',
      words: "['a', 'é', 'é']",
      inner: "STRUCT(5 AS a, [STRUCT('x' AS c), STRUCT('' AS c)] AS b, -2.5 AS f)",
    };
    const replaced = Object.entries(changes).map(
      ([column, value]) => `IF(clock = TIME '23:59:59.999999', ${value}, \`${column}\`) AS \`${column}\``,
    );
    await bigquery.query(`CREATE TABLE saved AS SELECT * FROM ${name}`);
    await bigquery.query(
      `CREATE OR REPLACE TABLE ${name} AS SELECT * REPLACE (${replaced.join(', ')}) FROM saved`,
    );
    const wrong = await disproved(planned);
    const found = new Set(wrong.map((words) => /of "(\w+)"/.exec(words)?.[1]));
    assert.deepEqual([...found].sort(), Object.keys(changes).sort(), wrong.join('\n'));
    await bigquery.query(
      `CREATE OR REPLACE TABLE ${name} AS SELECT * FROM saved UNION ALL SELECT * FROM saved WHERE bool IS FALSE`,
    );
    assert.ok((await disproved(planned)).some((words) => words.startsWith('rows: 6, not 5')));
  });
});

function finite(cell: Cell): Cell {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : 1.5;
  return Array.isArray(cell) ? cell.map((inner: Cell) => finite(inner)) : cell;
}

function encoded(context: RunContext, rows: readonly Row[]): Buffer {
  if (context.stagingFormat === 'ndjson') {
    const encode = compileNdjsonEncoder(context.destinationSchema, BIGQUERY_NDJSON);
    return Buffer.from(rows.map(encode).join(''));
  }
  const encoder = compileAvroEncoder(context.destinationSchema, { codec: 'deflate' });
  for (const row of rows) assert.ok(encoder.add(row));
  return Buffer.concat([encoder.header, encoder.takeBlock()]);
}
