import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Extractor } from '../../core/extractor';
import type { WorkUnit } from '../../core/plan';
import { cutWindow } from '../../partitioning/cut-window';
import { startMysql, type MysqlServer } from './mysql-server';
import { withMysql } from './mysql-opened';
import { never, query, readAll, requestOf, table } from './postgres-source';

const WIDE_ROWS = 60_000;
const PADDING = 500;

async function count(source: Extractor, unit: WorkUnit): Promise<number> {
  return (await readAll(source, { unit })).rows.length;
}

/** The numbers of connections that read, other than the one that asks. */
async function readers(server: MysqlServer): Promise<number[]> {
  const connection = await server.connect();
  try {
    const [rows] = await connection
      .promise()
      .query(
        "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = 'loader' AND COMMAND <> 'Sleep'",
      );
    return (rows as { id: number }[]).map(({ id }) => id);
  } finally {
    connection.destroy();
  }
}

describe('reading from MySQL', () => {
  let server: MysqlServer;
  before(async function () {
    this.timeout(60_000);
    server = await startMysql();
    await server.execute(
      `CREATE TABLE wide (id INT PRIMARY KEY, padding VARCHAR(${PADDING}))`,
      `INSERT INTO wide SELECT seq, REPEAT('x', ${PADDING}) FROM seq_1_to_${WIDE_ROWS}`,
      'CREATE TABLE `we``ird "tab.le ñ` (`__proto__` INT, `constructor` INT, `a ``quoted`` "name"` INT, `Größe` INT, `SELECT` INT)',
      'INSERT INTO `we``ird "tab.le ñ` VALUES (1, 2, 3, 4, 5)',
      'CREATE TABLE words (word VARCHAR(20) PRIMARY KEY, n INT)',
      "INSERT INTO words SELECT CONCAT('word ', seq), seq FROM seq_1_to_100",
      'CREATE VIEW evens AS SELECT * FROM words WHERE n % 2 = 0',
    );
  });
  after(() => server.stop());

  it('reads names of every kind', async () => {
    const name = 'we`ird "tab.le ñ';
    await withMysql(server, { object: table(name, 'shop') }, async (source) => {
      const { columns } = await source.schema(never);
      assert.deepEqual(
        columns.map((column) => column.name),
        ['__proto__', 'constructor', 'a `quoted` "name"', 'Größe', 'SELECT'],
      );
      assert.deepEqual((await readAll(source)).rows, [[1n, 2n, 3n, 4n, 5n]]);
    });
    await withMysql(server, { object: table('shop.`we``ird "tab.le ñ`') }, async (source) => {
      assert.equal((await readAll(source)).rows.length, 1);
    });
  });

  it('reads columns that SELECT * leaves out', async () => {
    await server.execute(
      'CREATE TABLE veiled (id INT PRIMARY KEY, hidden INT INVISIBLE DEFAULT 7)',
      'INSERT INTO veiled (id) VALUES (1)',
    );
    await withMysql(server, { object: table('veiled') }, async (source) => {
      assert.deepEqual((await readAll(source)).rows, [[1n, 7n]]);
    });
  });

  it('reads views, and filters of any wording', async () => {
    await withMysql(
      server,
      { object: table('evens'), filter: "n > 10 OR word = 'a?b' -- note" },
      async (source) => {
        assert.equal((await readAll(source)).rows.length, 45);
        assert.deepEqual(await source.splits(null, never), {
          kind: 'none',
          reason: 'shop.evens has no primary key to cut by',
        });
      },
    );
  });

  it('cuts by ranges of the key and by a hash of it, each row once', async () => {
    for (const [name, kind, rows] of [
      ['wide', 'range', WIDE_ROWS],
      ['words', 'hash', 100],
    ] as const) {
      await withMysql(server, { object: table(name) }, async (source) => {
        const hints = await source.splits(null, never);
        assert.equal(hints.kind, kind);
        const estimate = await source.estimate(null, never);
        assert.equal(estimate.rows, rows);
        const input = { hints, estimate, window: null, limit: null, by: 'auto' as const };
        const { units } = cutWindow({ ...input, rowsPerUnit: rows / 4 });
        assert.ok(units.length >= 4);
        const counts = await Promise.all(units.map((unit) => count(source, unit)));
        assert.equal(
          counts.reduce((sum, size) => sum + size, 0),
          rows,
        );
        assert.ok(counts.every((size) => size > 0));
      });
    }
  });

  it('reads a unit in one snapshot, whatever is written meanwhile', async () => {
    await server.execute(
      'CREATE TABLE moving (id INT PRIMARY KEY, padding VARCHAR(500))',
      `INSERT INTO moving SELECT seq, REPEAT('x', ${PADDING}) FROM seq_1_to_20000`,
    );
    await withMysql(server, { object: table('moving') }, async (source) => {
      const seen = new Set<unknown>();
      for await (const batch of source.read(await requestOf(source), never).batches) {
        if (seen.size === 0)
          await server.execute('UPDATE moving SET id = id + 100000', 'DELETE FROM moving WHERE id > 110000');
        for (const row of batch.rows) seen.add(row[0]);
      }
      assert.equal(seen.size, 20_000);
      assert.ok(seen.has(1n) && seen.has(20_000n));
    });
  });

  it('lets the server wait while nobody takes the rows, in a few batches of memory', async () => {
    await withMysql(server, { object: table('wide') }, async (source) => {
      const batches = source.read(await requestOf(source), never).batches[Symbol.asyncIterator]();
      const first = await batches.next();
      assert.ok(first.done !== true && first.value.rows.length < WIDE_ROWS / 20);
      const before = process.memoryUsage();
      await sleep(300);
      const after = process.memoryUsage();
      assert.ok(after.arrayBuffers - before.arrayBuffers < 2 * 1024 * 1024);
      assert.deepEqual((await readers(server)).length, 1);
      let rows = first.value.rows.length;
      for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
        assert.ok(next.value.bytes < 1024 * 1024);
        rows += next.value.rows.length;
      }
      assert.equal(rows, WIDE_ROWS);
    });
  });

  it('notices a connection that is killed in the middle, and reads the same rows again', async () => {
    await withMysql(server, { object: table('wide') }, async (source) => {
      await assert.rejects(
        async () => {
          for await (const batch of source.read(await requestOf(source), never).batches) {
            assert.ok(batch.rows.length > 0);
            for (const id of await readers(server)) await server.execute(`KILL ${id}`).catch(() => undefined);
          }
        },
        { code: 'CONNECTION_LOST' },
      );
      assert.equal((await readAll(source)).rows.length, WIDE_ROWS);
    });
  });

  it('notices a statement that is killed', async () => {
    const sql = 'SELECT SUM(a.seq * b.seq) AS n FROM seq_1_to_100000 a JOIN seq_1_to_100000 b';
    await withMysql(server, { object: query(sql) }, async (source) => {
      await source.schema(never);
      const failed = assert.rejects(readAll(source), { code: 'SOURCE_INCOMPLETE' });
      let ids = await readers(server);
      for (let tries = 0; tries < 100 && ids.length === 0; tries++) {
        await sleep(20);
        ids = await readers(server);
      }
      for (const id of ids) await server.execute(`KILL QUERY ${id}`);
      await failed;
    });
  });

  it('ends a statement at the server when it is told to stop', async () => {
    await withMysql(server, { object: query('SELECT SLEEP(30) AS s') }, async (source) => {
      const stop = new AbortController();
      await source.schema(never);
      const reading = readAll(source, {}, stop.signal);
      await sleep(300);
      stop.abort(new Error('told to'));
      await assert.rejects(reading, /told to/);
      for (let tries = 0; tries < 100 && (await readers(server)).length > 0; tries++) await sleep(50);
      assert.deepEqual(await readers(server), []);
    });
  });

  it('refuses what is not one reading statement', async () => {
    for (const sql of [
      'SELECT 1 AS a; DROP TABLE words',
      'DELETE FROM words',
      'CALL nothing()',
      "SELECT 1 AS a INTO OUTFILE '/tmp/beamlift-out'",
      "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE words",
      'SELECT 1 AS a, 2 AS a',
      'SELEC 1',
      'SELECT nothing FROM words',
    ]) {
      await withMysql(server, { object: query(sql) }, async (source) => {
        await assert.rejects(source.schema(never), { code: 'QUERY_REFUSED' }, sql);
      });
    }
    await withMysql(server, { object: table('words'), filter: 'n > 1) OR (n < 0' }, async (source) => {
      await assert.rejects(source.schema(never), { code: 'QUERY_REFUSED' });
    });
  });

  it('lets no query write, not even through a function', async () => {
    await server.execute(
      "CREATE FUNCTION add_word() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO words VALUES ('new', 0); RETURN 1; END",
    );
    await withMysql(server, { object: query('SELECT add_word() AS a') }, async (source) => {
      await assert.rejects(readAll(source), { code: 'QUERY_REFUSED' });
    });
    await withMysql(server, { object: query('SELECT 1 FROM words') }, async (source) => {
      assert.equal((await readAll(source)).rows.length, 100);
    });
  });

  it('describes a query without running it', async () => {
    await withMysql(server, { object: query('SELECT SLEEP(20) AS s, 1 AS `a?`') }, async (source) => {
      const started = Date.now();
      assert.equal((await source.schema(never)).columns.length, 2);
      assert.ok(Date.now() - started < 5_000);
    });
  });

  it('says what is missing, and the nearest name', async () => {
    await withMysql(server, { object: table('wrods') }, async (source) => {
      await assert.rejects(source.schema(never), {
        code: 'SOURCE_NOT_FOUND',
        hint: 'Did you mean shop.words?',
      });
    });
    await withMysql(server, { object: table('Words') }, async (source) => {
      await assert.rejects(source.schema(never), { code: 'SOURCE_NOT_FOUND' });
    });
    await withMysql(server, { object: table('nowhere.words') }, async (source) => {
      await assert.rejects(source.schema(never), { code: /SOURCE_NOT_FOUND|DATABASE_NOT_FOUND/ });
    });
  });

  it('notices a table that was altered after it was described', async () => {
    await server.execute(
      'CREATE TABLE altered (id INT PRIMARY KEY, a INT, b INT)',
      'INSERT INTO altered VALUES (1, 2, 3)',
    );
    await withMysql(server, { object: table('altered') }, async (source) => {
      await source.schema(never);
      await server.execute('ALTER TABLE altered MODIFY a VARCHAR(20)');
      await assert.rejects(readAll(source), { code: 'SOURCE_CHANGED' });
      await server.execute('ALTER TABLE altered MODIFY a INT, DROP COLUMN b');
      await assert.rejects(readAll(source), { code: 'SOURCE_CHANGED' });
      await server.execute('DROP TABLE altered');
      await assert.rejects(readAll(source), { code: 'SOURCE_CHANGED' });
    });
  });

  it('refuses a row that memory is not meant for, before all of it is there', async () => {
    await server.execute(
      'SET GLOBAL max_allowed_packet = 1073741824',
      'CREATE TABLE heavy (id INT PRIMARY KEY, a LONGBLOB)',
    );
    await server.execute("INSERT INTO heavy VALUES (1, REPEAT('x', 80000000)), (2, 'small')");
    await withMysql(server, { object: table('heavy') }, async (source) => {
      await assert.rejects(readAll(source), { code: 'LIMIT_EXCEEDED' });
    });
    await withMysql(server, { object: table('heavy'), filter: 'id = 2' }, async (source) => {
      assert.equal((await readAll(source)).rows.length, 1);
    });
  });

  it('reads rows of several packets of the protocol', async () => {
    const length = 20_000_000;
    await server.execute('CREATE TABLE long_rows (id INT PRIMARY KEY, a LONGTEXT, b INT)');
    await server.execute(`INSERT INTO long_rows VALUES (1, REPEAT('é', ${length / 2}), 7), (2, 'x', 8)`);
    await withMysql(server, { object: table('long_rows') }, async (source) => {
      const { rows } = await readAll(source);
      assert.equal(rows.at(0)?.at(1), 'é'.repeat(length / 2));
      assert.deepEqual([rows.at(0)?.at(2), rows.at(1)?.at(2)], [7n, 8n]);
    });
  });
});

describe('a MySQL server with other habits', () => {
  let server: MysqlServer;
  before(async function () {
    this.timeout(60_000);
    server = await startMysql({
      parameters: [
        '--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,PIPES_AS_CONCAT',
        ...[
          '--character-set-server=latin1',
          '--skip-character-set-client-handshake',
          '--lower-case-table-names=1',
        ],
        ...['--net-write-timeout=1', '--max-statement-time=2', '--group-concat-max-len=8', '--autocommit=0'],
      ],
    });
    await server.execute(
      'CREATE TABLE Padded (id INT PRIMARY KEY, c CHAR(5) CHARACTER SET utf8mb4, t TEXT CHARACTER SET utf8mb4)',
      "INSERT INTO Padded VALUES (1, 'ab', 'back\\slash')",
      'COMMIT',
      'SET GLOBAL sql_select_limit = 2',
    );
  });
  after(() => server.stop());

  it('gives the same values', async () => {
    await withMysql(server, { object: table('PADDED'), filter: "t LIKE 'back%'" }, async (source) => {
      assert.deepEqual((await readAll(source)).rows, [[1n, 'ab', 'back\\slash']]);
    });
    await withMysql(server, { object: table('padded') }, async (source) => {
      const window = {
        column: 't',
        lower: { value: 'back\\slash', inclusive: true },
        upper: { value: "x'x", inclusive: false },
      };
      assert.equal((await readAll(source, { window })).rows.length, 1);
    });
  });

  it('cuts nothing off, and may take its time', async () => {
    const sql = `SELECT LENGTH(GROUP_CONCAT(seq)) AS l, "c" || '!' AS c, SLEEP(3) AS s FROM seq_1_to_9 JOIN "padded"`;
    await withMysql(server, { object: query(sql) }, async (source) => {
      assert.deepEqual((await readAll(source)).rows, [[17n, 'ab!', 0n]]);
    });
  }).timeout(20_000);

  it('does not end a reader that was busy for longer than the server would wait', async () => {
    await withMysql(
      server,
      { object: query(`SELECT seq, REPEAT('x', 1000) AS x FROM seq_1_to_30000`) },
      async (source) => {
        let rows = 0;
        for await (const batch of source.read(await requestOf(source), never).batches) {
          if (rows === 0) await sleep(2_500);
          rows += batch.rows.length;
        }
        assert.equal(rows, 30_000);
      },
    );
  }).timeout(20_000);
});
