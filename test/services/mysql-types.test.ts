import assert from 'node:assert/strict';
import type { Cell } from '../../core/cells';
import { fitsType } from '../contract/cell-shapes';
import { startMysql, type MysqlServer } from './mysql-server';
import { withMysql } from './mysql-opened';
import { never, query, readAll, table } from './postgres-source';
import { days, micros, MYSQL_TYPES } from './types/mysql-types';

describe('types of MySQL', () => {
  let server: MysqlServer;
  before(async function () {
    this.timeout(60_000);
    server = await startMysql();
    const columns = MYSQL_TYPES.map(
      ({ sql }, index) => `c${index} ${sql}${/TIMESTAMP/.test(sql) ? ' NULL' : ''}`,
    );
    await server.execute(
      "SET GLOBAL sql_mode = ''",
      `CREATE TABLE kinds (id INT PRIMARY KEY AUTO_INCREMENT, ${columns.join(', ')})`,
    );
    const inserts = MYSQL_TYPES.flatMap(({ values }, index) => [
      ...values.map(([literal]) => `INSERT INTO kinds (c${index}) VALUES (${literal})`),
      `INSERT INTO kinds (c${index}) VALUES (NULL)`,
    ]);
    await server.execute(...inserts);
  });
  after(() => server.stop());

  it('has the types of its columns from the catalogue', async () => {
    await withMysql(server, { object: table('kinds') }, async (source) => {
      const { columns } = await source.schema(never);
      for (const [index, expected] of MYSQL_TYPES.entries()) {
        const column = columns.find(({ name }) => name === `c${index}`);
        assert.deepEqual(column?.type, expected.type, expected.sql);
        assert.deepEqual(column.inferredType, expected.inferred, expected.sql);
        assert.equal(column.nullable, true);
      }
    });
  });

  it('reads the extremes of every type exactly', async () => {
    await withMysql(server, { object: table('kinds') }, async (source) => {
      const { rows, rejects } = await readAll(source);
      assert.deepEqual(rejects, []);
      assertExtremes(rows);
      for (const [index, { type, sql }] of MYSQL_TYPES.entries()) {
        for (const row of rows) assert.ok(fitsType(type, row[index + 1] ?? null), sql);
      }
    });
  });

  it('reads the same through a query', async () => {
    await withMysql(server, { object: query('SELECT * FROM kinds ORDER BY id;') }, async (source) => {
      assertExtremes((await readAll(source)).rows);
    });
  });

  it('rejects a day that no calendar has, and names the row', async () => {
    await server.execute(
      'CREATE TABLE invalid_days (id INT PRIMARY KEY, d DATE)',
      "SET sql_mode = 'ALLOW_INVALID_DATES'",
      "INSERT INTO invalid_days VALUES (1, '2024-02-28'), (2, '2024-02-31')",
    );
    await withMysql(server, { object: table('invalid_days') }, async (source) => {
      const { rows, rejects } = await readAll(source);
      assert.deepEqual(rows, [[1n, days('2024-02-28')]]);
      assert.deepEqual(rejects, [
        { row: 'id=2', column: 'd', reason: '2024-02-31 is not a day of the calendar' },
      ]);
    });
  });

  it('reads what columns are computed to, and says so', async () => {
    await server.execute(
      'CREATE TABLE computed (a INT, twice INT AS (a * 2) VIRTUAL, thrice INT AS (a * 3) STORED, at DATETIME DEFAULT CURRENT_TIMESTAMP)',
      "INSERT INTO computed (a, at) VALUES (21, '2024-01-01')",
    );
    await withMysql(server, { object: table('computed') }, async (source) => {
      const { columns } = await source.schema(never);
      assert.deepEqual(
        columns.map(({ generated }) => generated === true),
        [false, true, true, false],
      );
      assert.deepEqual((await readAll(source)).rows, [[21n, 42n, 63n, micros('2024-01-01T00:00:00Z')]]);
    });
  });

  function assertExtremes(rows: readonly (readonly Cell[])[]): void {
    let at = 0;
    for (const [index, { sql, values }] of MYSQL_TYPES.entries()) {
      for (const [literal, cell] of [...values, ['NULL', null] as const]) {
        const read = rows[at++]?.[index + 1];
        const plain = read instanceof Uint8Array ? Uint8Array.from(read) : read;
        assert.deepEqual(plain, cell, `${sql} ${literal}`);
      }
    }
    assert.equal(rows.length, at);
  }
});
