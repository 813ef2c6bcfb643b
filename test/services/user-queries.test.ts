import assert from 'node:assert/strict';
import { BeamliftError } from '../../core/errors';
import type { Extractor } from '../../core/extractor';
import { withMysql } from './mysql-opened';
import { startMysql, type MysqlServer } from './mysql-server';
import { startPostgres, type PostgresServer } from './postgres-server';
import { never, query, readAll, withSource } from './postgres-source';

type WithSource = <T>(sql: string, work: (source: Extractor) => Promise<T>) => Promise<T>;

/** What both databases say of a query before anything is run. */
function describeRefusals(withQuery: WithSource): void {
  const refusal = async (sql: string): Promise<BeamliftError> =>
    await withQuery(sql, async (source) => {
      const error: unknown = await source.schema(never).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof BeamliftError, `${sql}: ${String(error)}`);
      assert.equal(error.code, 'QUERY_REFUSED', sql);
      assert.equal(error.where.connection, 'shop');
      return error;
    });

  it('takes comments and semicolons around a query, and CTEs', async () => {
    for (const sql of [
      'SELECT n AS a FROM words; -- done',
      '/* of; words */ SELECT n AS a FROM words /* ; */ ;;\n',
      'WITH w AS (SELECT n AS a FROM words) SELECT a FROM w -- ;',
      "SELECT n AS a FROM words WHERE 'x;--' <> 'y';",
    ]) {
      await withQuery(sql, async (source) => {
        assert.deepEqual(
          (await source.schema(never)).columns.map(({ name }) => name),
          ['a'],
          sql,
        );
        assert.equal((await readAll(source)).rows.length, 3, sql);
      });
    }
  });

  it('says where in the text the syntax is wrong', async () => {
    assert.match((await refusal('SELECT n AS a\n  FRM words x y')).what, /\(line 2, character \d+\)$/);
    assert.match((await refusal('SELECT n AS a FROM words WHERE')).what, /\(at its end\)$/);
    assert.match((await refusal("SELECT n AS 'ü' 'é' FROM\n\n words WHERE (")).what, /\((at its end|line)/);
  });

  it('says what is no query that reads', async () => {
    const several = await refusal('SELECT 1 AS a;\nDROP TABLE words');
    assert.match(several.what, /more than one statement: the second begins at line 2, character 1$/);
    assert.match(several.hint ?? '', /one statement that only reads/);
    for (const [sql, word] of [
      ['DELETE FROM words', 'DELETE'],
      ['update words set n = 0', 'UPDATE'],
      ['-- nothing\ncreate table x (i int)', 'CREATE'],
      ['CALL nothing()', 'CALL'],
    ] as const) {
      assert.equal((await refusal(sql)).what, `The query of the job is no SELECT: it begins with ${word}`);
    }
    assert.equal((await refusal(' ; -- nothing')).what, 'The query of the job is empty');
    await refusal('WITH gone AS (DELETE FROM words RETURNING n) SELECT n FROM gone');
    await refusal('SELECT 1 AS a) AS q; DELETE FROM words; -- ');
    await withQuery('SELECT n AS a FROM words', async (source) => {
      assert.equal((await readAll(source)).rows.length, 3);
    });
  });

  it('needs a name for each column', async () => {
    const { what, why = '' } = await refusal('SELECT 1 AS a, 2 AS a');
    assert.match(`${what} ${why}`, /called "a"|column name 'a'/);
  });
}

describe('queries of users: PostgreSQL', () => {
  let server: PostgresServer;
  before(async function () {
    this.timeout(60_000);
    server = await startPostgres();
    await server.execute(
      `CREATE TABLE words (n int); INSERT INTO words VALUES (1), (2), (3); CREATE SEQUENCE s;
       CREATE FUNCTION add_word() RETURNS int LANGUAGE sql AS 'INSERT INTO words VALUES (4) RETURNING n'`,
    );
  });
  after(() => server.stop());
  const withQuery: WithSource = async (sql, work) => await withSource(server, { object: query(sql) }, work);

  describeRefusals(withQuery);

  it('describes columns and types without running the query', async () => {
    const sql =
      "SELECT pg_sleep(60)::text AS slept, n::numeric(9,2) AS amount, now() AS at, s.nextval FROM words, (SELECT nextval('s')) s";
    await withQuery(sql, async (source) => {
      const { columns } = await source.schema(never);
      assert.deepEqual(
        columns.map(({ name, nativeType }) => `${name} ${nativeType ?? ''}`),
        ['slept text', 'amount numeric(9,2)', 'at timestamp with time zone', 'nextval bigint'],
      );
    });
    const client = await server.connect();
    const { rows } = await client.query<{ is_called: boolean }>('SELECT is_called FROM s');
    await client.end();
    assert.equal(rows[0]?.is_called, false);
  });

  it('lets functions write nothing', async () => {
    for (const sql of ['SELECT add_word() AS a', "SELECT nextval('s') AS a"]) {
      await withQuery(sql, async (source) => {
        await assert.rejects(readAll(source), { code: 'QUERY_REFUSED' });
      });
    }
  });

  it('refuses an expression without a name', async () => {
    await withQuery('SELECT n, n + 1 FROM words', async (source) => {
      await assert.rejects(source.schema(never), {
        code: 'QUERY_REFUSED',
        what: 'Column 2 of the query has no name',
      });
    });
  });
});

describe('queries of users: MySQL', () => {
  let server: MysqlServer;
  before(async function () {
    this.timeout(60_000);
    server = await startMysql();
    await server.execute('CREATE TABLE words (n INT)', 'INSERT INTO words VALUES (1), (2), (3)');
  });
  after(() => server.stop());
  const withQuery: WithSource = async (sql, work) => await withMysql(server, { object: query(sql) }, work);

  describeRefusals(withQuery);

  it('says at which character the syntax is wrong', async () => {
    await withQuery('SELECT n AS a,\n  n AS b FORM words', async (source) => {
      await assert.rejects(source.schema(never), (error: BeamliftError) => {
        assert.match(error.what, /\(line 2, character 10\)$/, error.what);
        return true;
      });
    });
  });

  it('describes columns and types without running the query, and names expressions as MySQL does', async () => {
    await withQuery(
      'SELECT SLEEP(60) AS slept, CAST(n AS DECIMAL(9,2)) AS amount, n + 1 FROM words # three',
      async (source) => {
        const { columns } = await source.schema(never);
        assert.deepEqual(
          columns.map(({ name }) => name),
          ['slept', 'amount', 'n + 1'],
        );
      },
    );
  });

  it('refuses a column whose name is empty', async () => {
    await withQuery("SELECT n, '' FROM words", async (source) => {
      await assert.rejects(source.schema(never), { code: 'QUERY_REFUSED' });
    });
  });
});
