import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TableReference } from '../../core/clients/bigquery-api';
import type { Cell, Row } from '../../core/cells';
import type { Column } from '../../core/schema';
import { INT, ONE_FILE, STRING, TIMESTAMP, columnsOf, commitContext } from '../unit/bigquery/commit-fixture';
import { compilePartitionKeys } from '../../transforms/partition-keys';
import { CommitStandIn } from './commit-stand-in';

describe('the jobs of a commit, as the stand-in for BigQuery runs them', function () {
  this.timeout(120_000);
  let standIn: CommitStandIn;
  before(async () => {
    standIn = await CommitStandIn.start();
  });
  after(() => standIn.stop());

  const COLUMNS = columnsOf({ id: INT, name: STRING, at: TIMESTAMP });
  const row = (id: number, name: string | null, at = 0): Row => [BigInt(id), name, BigInt(at)];
  const read = async (table: TableReference, columns = 'id, name, UNIX_MICROS(`at`)'): Promise<string[]> =>
    (await standIn.bigquery.query(`SELECT ${columns} FROM \`${table.tableId}\` ORDER BY id, name`)).map(
      (found) => Object.values(found).map(String).join(' '),
    );
  const seed = async (
    rows: readonly Row[],
    columns: readonly Column[] = COLUMNS,
  ): Promise<TableReference> => {
    const table = standIn.newTable();
    const context = commitContext(columns, { createTable: true, runId: `seed-${table.tableId}` });
    await standIn.load(context, [rows], table);
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
      const table = standIn.newTable();
      const context = commitContext(COLUMNS, { ...common, createTable: true });
      assert.equal(await standIn.load(context, units, table, limits), 3);
      assert.deepEqual(await read(table), staged);
    });

    it(`append to a table with rows, which gets a column: ${title}`, async () => {
      const table = await seed([[0n, 'old']], columnsOf({ id: INT, name: STRING }));
      const context = commitContext(COLUMNS, { ...common, newColumns: COLUMNS.slice(2) });
      assert.equal(await standIn.load(context, units, table, limits), 3);
      assert.deepEqual(await read(table), ['0 old null', ...staged]);
    });

    it(`replace: ${title}`, async () => {
      const table = await seed([row(7, 'old'), row(8, 'old')]);
      const context = commitContext(COLUMNS, { ...common, disposition: 'replace' });
      assert.equal(await standIn.load(context, units, table, limits), 3);
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
      const merging = await standIn.plan(context, await standIn.stage(context, staged), table, limits);
      assert.equal(await standIn.carryOut(merging), 3);
      const after = ['1 one 5', '2 newer 99', '3 three again 2', '4 four 1', '9 kept 0'];
      assert.deepEqual(await read(table), after);
    });
  }

  it('no rows make a new table, and empty one only where that is wanted', async () => {
    const table = standIn.newTable();
    const tableOptions = {
      partitionBy: { by: 'day', column: 'at' },
      clusterBy: ['id'],
      description: 'Orders',
    } as const;
    const creating = commitContext(COLUMNS, {
      ...{ createTable: true, runId: 'none-1' },
      tableOptions: { ...tableOptions, clusterBy: [...tableOptions.clusterBy] },
    });
    assert.equal(await standIn.load(creating, [], table), undefined);
    const { schema, timePartitioning, clustering, numRows } = (await standIn.getTable(table)) ?? {};
    assert.deepEqual(
      schema?.fields?.map(({ name, type }) => `${name} ${type}`),
      ['id INTEGER', 'name STRING', 'at TIMESTAMP'],
    );
    assert.equal(timePartitioning?.field, 'at');
    assert.deepEqual(clustering?.fields, ['id']);
    assert.equal(numRows, '0');
    const full = await seed([row(1, 'a')]);
    const emptying = commitContext(COLUMNS, { disposition: 'replace', allowEmpty: true, runId: 'none-2' });
    await standIn.carryOut(await standIn.plan(emptying, [], full));
    assert.deepEqual(await read(full), []);
    assert.equal((await standIn.getTable(full))?.schema?.fields?.length, COLUMNS.length);
  });

  it('a table that is made has the partitioning, clustering and description of the job, also where rows are proved first', async () => {
    for (const verify of ['counts', 'strict'] as const) {
      const table = standIn.newTable();
      const context = commitContext(COLUMNS, {
        ...{ createTable: true, verify, runId: `made-${verify}` },
        tableOptions: {
          partitionBy: { by: 'month', column: 'at' },
          clusterBy: ['name', 'id'],
          description: 'Orders',
        },
      });
      await standIn.load(context, [[row(1, 'a')]], table);
      const made = await standIn.getTable(table);
      assert.ok(made);
      const { timePartitioning, clustering } = made;
      assert.deepEqual([timePartitioning?.type, timePartitioning?.field], ['MONTH', 'at']);
      assert.deepEqual(clustering?.fields, ['name', 'id']);
      assert.equal(made.expirationTime, undefined);
      if (verify === 'strict') assert.equal((made as { description?: string }).description, 'Orders');
      assert.deepEqual(await read(table), ['1 a 0']);
    }
  });

  for (const [kind, by, step] of [
    ['timestamp', 'hour', 3_600n],
    ['datetime', 'hour', 3_600n],
    ['timestamp', 'day', 86_400n],
  ] as const) {
    it(`moves rows of more than 4,000 partitions from several tables, each once: ${by} of ${kind}`, async () => {
      const columns = columnsOf({ id: INT, name: STRING, at: { kind, unit: 'us' } });
      const partitioning = { by, column: 'at' } as const;
      const context = commitContext(columns, {
        ...{ createTable: true, partitioning, runId: `moved-${kind}-${by}` },
        tableOptions: { partitionBy: partitioning, clusterBy: [] },
      });
      // The last moment of each partition, so that a bound that is off by anything would move a row twice or never.
      const all = Array.from({ length: 4_001 }, (_, index) => {
        return row(index, `r${index}`, Number(BigInt(index + 1) * step * 1_000_000n - 1n));
      });
      const units = [all.slice(0, 2_500), [...all.slice(2_500), [-1n, 'none', null]]];
      const manifests = (await standIn.stage(context, units)).map((manifest, index) => {
        const keys = compilePartitionKeys(partitioning, context.destinationSchema);
        for (const staged of units[index] ?? []) keys.add(staged);
        return { ...manifest, partitions: keys.keys() };
      });
      const table = standIn.newTable();
      const plan = await standIn.plan(context, manifests, table, { limits: ONE_FILE });
      assert.equal(plan.temporaryTables.length, 2);
      await standIn.carryOut(plan);
      const found = await standIn.bigquery.query(
        `SELECT id, name, CAST(\`at\` AS STRING) AS at FROM \`${table.tableId}\` ORDER BY id`,
      );
      assert.deepEqual(
        found.map(({ id, name }) => `${String(id)} ${String(name)}`),
        ['-1 none', ...all.map((_, index) => `${index} r${index}`)],
      );
      assert.equal(new Set(found.map(({ at }) => at)).size, all.length + 1);
    });
  }

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
      const merging = await standIn.plan(context, await standIn.stage(context, [fresh]), table);
      const changed = await standIn.carryOut(merging);
      const found = new Map(
        (
          await standIn.bigquery.query(`SELECT id, name, UNIX_MICROS(at) AS micros FROM \`${table.tableId}\``)
        ).map((one) => [String(one['id']), one]),
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
      const again = await standIn.plan(
        { ...context, runId: `random-${index}-again` },
        await standIn.stage(context, [fresh]),
        table,
      );
      await standIn.carryOut(again);
      const after = await standIn.bigquery.query(
        `SELECT id, name, UNIX_MICROS(at) AS micros FROM \`${table.tableId}\``,
      );
      assert.deepEqual(new Map(after.map((one) => [String(one['id']), one])), found);
    }
  });
});
