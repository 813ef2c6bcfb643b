import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { BeamliftError } from '../../core/errors';
import { BATCH_BYTES, type RowBatch } from '../../core/extractor';
import type { WorkUnit } from '../../core/plan';
import { startPostgres, type PostgresServer } from './postgres-server';
import { never, openSource, query, readAll, requestOf, table, withSource } from './postgres-source';

describe('postgres: reading', () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await startPostgres();
    await postgres.execute(`
      CREATE TABLE big (id int PRIMARY KEY, pad text);
      INSERT INTO big SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, 60000) n;
      CREATE TABLE tiny (id int PRIMARY KEY, name text);
      INSERT INTO tiny SELECT n, CASE WHEN n % 3 = 0 THEN NULL ELSE 'n' || n END FROM generate_series(1, 50) n;
      ANALYZE`);
  });
  after(() => postgres.stop());

  const ids = (rows: readonly (readonly unknown[])[]): unknown[] => rows.map(([id]) => id);
  async function scalar(sql: string): Promise<unknown> {
    const client = await postgres.connect();
    const result = await client.query<{ value: unknown }>(sql).finally(() => client.end());
    return result.rows[0]?.value;
  }
  async function refused(sql: string, code: string, text: RegExp): Promise<void> {
    await withSource(postgres, { object: query(sql) }, async (source) => {
      await assert.rejects(source.schema(never), (error: unknown) => {
        assert.ok(error instanceof BeamliftError, String(error));
        assert.equal(error.code, code, `${sql}: ${error.what} ${error.why ?? ''}`);
        assert.match(`${error.what} ${error.why ?? ''}`, text);
        return true;
      });
    });
  }

  it('reads tables and columns of any name', async () => {
    await postgres.execute(`
      CREATE SCHEMA "We""ird. Schema";
      CREATE TABLE "We""ird. Schema"."a.b; DROP TABLE tiny --" ("__proto__" int, "constructor" text, "x""; y" int, "📦
" bool, "select" int);
      INSERT INTO "We""ird. Schema"."a.b; DROP TABLE tiny --" VALUES (1, 'c', 2, true, 3)`);
    const names = ['"We""ird. Schema"."a.b; DROP TABLE tiny --"', undefined];
    const object = table('a.b; DROP TABLE tiny --', 'We"ird. Schema');
    for (const source of [table(names[0] ?? ''), object]) {
      await withSource(postgres, { object: source }, async (opened) => {
        const { columns } = await opened.schema(never);
        assert.deepEqual(
          columns.map(({ name }) => name),
          ['__proto__', 'constructor', 'x"; y', '📦\n', 'select'],
        );
        const unit: WorkUnit = {
          id: 'u',
          kind: 'range',
          column: 'x"; y',
          lower: { value: '2', inclusive: true },
          upper: null,
        };
        assert.deepEqual((await readAll(opened, { unit })).rows, [[1n, 'c', 2n, true, 3n]]);
      });
    }
    assert.equal(await scalar('SELECT count(*)::int AS value FROM tiny'), 50);
  });

  it('reads views, materialized views, partitioned tables and queries', async () => {
    await postgres.execute(`
      CREATE VIEW v AS SELECT id * 2 AS twice FROM tiny; CREATE MATERIALIZED VIEW mv AS SELECT id FROM tiny WHERE id < 4;
      CREATE TABLE parted (d date, x int) PARTITION BY RANGE (d);
      CREATE TABLE p1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
      CREATE TABLE p2 PARTITION OF parted DEFAULT;
      INSERT INTO parted VALUES ('2024-01-15', 1), ('2025-01-15', 2), (NULL, 3)`);
    const count = async (object: ReturnType<typeof table>): Promise<number> =>
      await withSource(postgres, { object }, async (source) => {
        const pin = await source.pin(never);
        return (await readAll(source, { pin })).rows.length;
      });
    assert.equal(await count(table('v')), 50);
    assert.equal(await count(table('public.mv')), 3);
    assert.equal(await count(table('parted')), 3);
    assert.equal(await count(query('SELECT count(*) FROM tiny -- done;')), 1);
    assert.equal(
      await count(query('WITH a AS (SELECT 1 AS x) SELECT * FROM a UNION ALL TABLE a -- comment')),
      2,
    );
    assert.equal(await count(query('VALUES (1), (2), (3);\n;')), 3);
  });

  it('refuses queries that are not one reading statement, saying where', async () => {
    await refused('SELECT id FROM tiny WHERE', 'QUERY_REFUSED', /at its end.*42601/);
    await refused('SELECT id,\n  nix FROM tiny', 'QUERY_REFUSED', /line 2, character 3.*"nix"/);
    await refused('SELECT * FROM nowhere', 'SOURCE_NOT_FOUND', /line 1, character 15/);
    await refused('SELECT 1; DROP TABLE tiny', 'QUERY_REFUSED', /syntax/);
    await refused(
      'SELECT 1) q; DROP TABLE tiny; SELECT * FROM (SELECT 1',
      'QUERY_REFUSED',
      /multiple commands/,
    );
    await refused('DELETE FROM tiny RETURNING id', 'QUERY_REFUSED', /syntax/);
    await refused(
      'WITH gone AS (DELETE FROM tiny RETURNING id) SELECT * FROM gone',
      'QUERY_REFUSED',
      /data-modifying/,
    );
    await refused('SELECT 1 AS a, 2 AS b, 3 AS a', 'QUERY_REFUSED', /called "a"/);
    await refused('SELECT /* not closed', 'QUERY_REFUSED', /comment/);
    await withSource(postgres, { object: query("SELECT nextval('s') AS n") }, async (source) => {
      await postgres.execute('CREATE SEQUENCE s');
      await assert.rejects(readAll(source), { code: 'QUERY_REFUSED' });
    });
    assert.equal(await scalar('SELECT count(*)::int AS value FROM tiny'), 50);
  });

  it('takes a filter for one condition, whatever is in it', async () => {
    const withFilter = async (filter: string): Promise<unknown[]> =>
      await withSource(postgres, { object: table('tiny'), filter }, async (source) => {
        const window = {
          column: 'id',
          lower: { value: '10', inclusive: true },
          upper: { value: '20', inclusive: false },
        };
        return ids((await readAll(source, { window })).rows).sort();
      });
    assert.deepEqual(await withFilter('id = 1 OR id = 12 -- or more'), [12n]);
    assert.deepEqual(await withFilter('tiny.id IN (SELECT 13);'), [13n]);
    for (const filter of [
      'id = 1) OR (id = 12',
      'true) OR (true',
      'id = 1; DROP TABLE tiny',
      'nix > 1',
      '',
      'true THEN 1 END FROM tiny --',
    ]) {
      await assert.rejects(withFilter(filter), { code: 'QUERY_REFUSED' }, filter);
    }
  });

  it('covers every row once with its units, NULL included', async () => {
    await withSource(postgres, { object: table('tiny') }, async (source) => {
      const bound = (value: string, inclusive = false) => ({ value, inclusive });
      const sets: WorkUnit[][] = [
        [
          { id: '1', kind: 'range', column: 'id', lower: null, upper: bound('17') },
          { id: '2', kind: 'range', column: 'id', lower: bound('17', true), upper: bound('99999999999') },
          { id: '3', kind: 'range', column: 'id', lower: bound('99999999999', true), upper: null },
        ],
        [
          { id: '1', kind: 'range', column: 'name', lower: null, upper: bound('n3') },
          { id: '2', kind: 'range', column: 'name', lower: bound('n3', true), upper: null },
          { id: '3', kind: 'is-null', column: 'name' },
        ],
        ...['id', 'name'].map((column) =>
          [0, 1, 2, 3, 4].map((remainder): WorkUnit => ({
            id: String(remainder),
            kind: 'hash',
            column,
            modulus: 5,
            remainder,
          })),
        ),
      ];
      for (const units of sets) {
        const found: unknown[] = [];
        for (const unit of units) found.push(...ids((await readAll(source, { unit })).rows));
        assert.deepEqual(
          found.map(Number).sort((a, b) => a - b),
          Array.from({ length: 50 }, (_, index) => index + 1),
        );
        assert.ok(units.length > 1);
      }
      assert.equal((await readAll(source, { limit: 7 })).rows.length, 7);
    });
  });

  it('reads in batches of bounded bytes, and the same rows again', async () => {
    await withSource(postgres, { object: table('big') }, async (source) => {
      let rows = 0;
      let largest = 0;
      for await (const batch of source.read(await requestOf(source), never).batches) {
        rows += batch.rows.length;
        largest = Math.max(largest, batch.bytes);
        assert.ok(batch.rows.length > 0);
      }
      assert.equal(rows, 60_000);
      assert.ok(largest >= BATCH_BYTES && largest < 3 * BATCH_BYTES, `${largest} bytes`);
    });
  });

  it('makes all units see one moment, whatever is written meanwhile', async () => {
    await postgres.execute(
      'CREATE TABLE moving (id int PRIMARY KEY, v int); INSERT INTO moving SELECT n, 0 FROM generate_series(1, 2000) n',
    );
    await withSource(postgres, { object: table('moving') }, async (source) => {
      const pin = await source.pin(never);
      assert.ok(pin !== undefined);
      assert.deepEqual(await source.pin(never), pin);
      await postgres.execute(
        'UPDATE moving SET v = 1; DELETE FROM moving WHERE id > 1000; INSERT INTO moving SELECT n, 2 FROM generate_series(5001, 6000) n',
      );
      const rows: (readonly unknown[])[] = [];
      for (let remainder = 0; remainder < 4; remainder++) {
        rows.push(
          ...(
            await readAll(source, {
              pin,
              unit: { id: 'h', kind: 'hash', column: 'id', modulus: 4, remainder },
            })
          ).rows,
        );
        await postgres.execute('UPDATE moving SET v = v + 1');
      }
      assert.equal(rows.length, 2000);
      assert.ok(rows.every(([, v]) => v === 0n));
      // a TRUNCATE would make the snapshot find an empty table; it has to wait
      await assert.rejects(postgres.execute("SET lock_timeout = '200ms'; TRUNCATE moving"), /lock timeout/);
      assert.equal((await readAll(source, { pin })).rows.length, 2000);
      // another process, which only has the plan
      await withSource(postgres, { object: table('moving') }, async (worker) => {
        assert.equal((await readAll(worker, { pin })).rows.length, 2000);
      });
      assert.equal((await readAll(source)).rows.length, 2000);
    });
    await postgres.execute("SET lock_timeout = '2s'; TRUNCATE moving");
  });

  it('locks what views and queries read, too', async () => {
    await postgres.execute(
      'CREATE TABLE below (id int); INSERT INTO below VALUES (1); CREATE VIEW above AS SELECT * FROM below',
    );
    for (const object of [table('above'), query('SELECT * FROM above')]) {
      await withSource(postgres, { object }, async (source) => {
        const pin = await source.pin(never);
        await assert.rejects(postgres.execute("SET lock_timeout = '200ms'; TRUNCATE below"), /lock timeout/);
        assert.equal((await readAll(source, { pin })).rows.length, 1);
      });
    }
  });

  it('reports a lost snapshot for every later unit, and never mixes moments', async () => {
    const source = await openSource(postgres, { object: table('tiny') });
    const worker = await openSource(postgres, { object: table('tiny') });
    try {
      const pin = await source.pin(never);
      await postgres.execute(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'beamlift' AND state = 'idle in transaction'`,
      );
      await delay(100);
      await assert.rejects(readAll(source, { pin }), { code: 'SNAPSHOT_LOST', transient: false });
      await assert.rejects(readAll(source), { code: 'SNAPSHOT_LOST' });
      await assert.rejects(readAll(worker, { pin }), { code: 'SNAPSHOT_LOST' });
    } finally {
      await source.close();
      await worker.close();
    }
  });

  /** Reads the first batches, then does something to the reader, then reads on. */
  async function interrupted(meanwhile: () => Promise<void>, signal = never): Promise<unknown> {
    return await withSource(postgres, { object: table('big') }, async (source) => {
      let batches = 0;
      try {
        for await (const batch of source.read(await requestOf(source), signal).batches) {
          if (batch.rows.length > 0 && ++batches === 2) await meanwhile();
        }
      } catch (error) {
        return error;
      }
      return undefined;
    });
  }
  const READERS = `FROM pg_stat_activity WHERE application_name = 'beamlift' AND query LIKE 'COPY%' AND state = 'active'`;

  it('fails with CONNECTION_LOST when the server ends its connection in the middle', async () => {
    const error = await interrupted(async () => {
      await postgres.execute(`SELECT pg_terminate_backend(pid) ${READERS}`);
    });
    assert.ok(error instanceof BeamliftError);
    assert.equal(error.code, 'CONNECTION_LOST');
    assert.equal(error.transient, true);
    assert.deepEqual([error.where.connection, error.where.unit], ['shop', 'all']);
  });

  it('fails, to be read again, when an administrator cancels the statement', async () => {
    const error = await interrupted(async () => {
      await postgres.execute(`SELECT pg_cancel_backend(pid) ${READERS}`);
    });
    assert.ok(error instanceof BeamliftError);
    assert.equal(error.code, 'SOURCE_INCOMPLETE');
    assert.equal(error.transient, true);
  });

  it('stops at once when it is told to, at the server too', async () => {
    const reason = new BeamliftError('CANCELLED', { what: 'SIGINT' });
    const abort = new AbortController();
    const error = await interrupted(async () => abort.abort(reason), abort.signal);
    assert.equal(error, reason);
    // a statement that sends nothing would not notice that its connection is gone
    const slow = new AbortController();
    const started = Date.now();
    await withSource(postgres, { object: query('SELECT pg_sleep(600) AS s') }, async (source) => {
      setTimeout(() => slow.abort(reason), 200);
      await assert.rejects(readAll(source, {}, slow.signal), (thrown) => thrown === reason);
    });
    assert.ok(Date.now() - started < 5_000);
    await vanish(`query LIKE 'COPY%pg_sleep%'`);
  });

  it('leaves nothing running when the reader stops early', async () => {
    await withSource(postgres, { object: table('big'), maxConnections: 2 }, async (source) => {
      for (let round = 0; round < 3; round++) {
        const batches = source.read(await requestOf(source), never).batches[Symbol.asyncIterator]();
        await batches.next();
        await batches.return?.();
      }
      await vanish(`query LIKE 'COPY%big%' AND application_name = 'beamlift' AND state = 'active'`);
      assert.equal((await readAll(source)).rows.length, 60_000);
    });
  });

  it('ends readers that are on their way, and those that wait, when it is closed', async () => {
    const source = await openSource(postgres, { object: table('big'), maxConnections: 2 });
    const first = source.read(await requestOf(source), never).batches[Symbol.asyncIterator]();
    await first.next();
    const waiting = readAll(source);
    const second = assert.rejects(waiting, { code: 'CANCELLED' });
    await source.close();
    await second;
    await assert.rejects(async () => {
      for (;;) if ((await first.next()).done === true) return;
    });
    await assert.rejects(readAll(source), { code: 'CANCELLED' });
    await source.close();
    await vanish(`application_name = 'beamlift'`);
  });

  it('has no more connections than it may, and closes them', async () => {
    const source = await openSource(postgres, { object: table('big'), maxConnections: 3 });
    try {
      const pin = await source.pin(never);
      let most = 0;
      const ended = new AbortController();
      const watch = (async () => {
        while (!ended.signal.aborted) {
          most = Math.max(
            most,
            Number(
              await scalar(
                `SELECT count(*)::int AS value FROM pg_stat_activity WHERE application_name = 'beamlift'`,
              ),
            ),
          );
        }
      })();
      const unit = (remainder: number): WorkUnit => ({
        id: String(remainder),
        kind: 'hash',
        column: 'id',
        modulus: 8,
        remainder,
      });
      const counts = await Promise.all(
        [0, 1, 2, 3, 4, 5, 6, 7].map(
          async (remainder) => (await readAll(source, { pin, unit: unit(remainder) })).rows.length,
        ),
      );
      ended.abort();
      await watch;
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        60_000,
      );
      assert.ok(most >= 2 && most <= 3, `${most} connections`);
    } finally {
      await source.close();
    }
    await vanish(`application_name = 'beamlift'`);
  });

  it('rejects a row with a field of 100 MB, and reads on', async function () {
    this.timeout(60_000);
    await postgres.execute(`
      CREATE TABLE fat (id int PRIMARY KEY, t text, tail text); ALTER TABLE fat ALTER t SET STORAGE EXTERNAL;
      INSERT INTO fat VALUES (1, 'small', 'a'), (2, repeat('x', 100000000), 'b'), (3, repeat('y', 10000000), 'c')`);
    await withSource(postgres, { object: table('fat') }, async (source) => {
      const before = memoryInUse();
      let most = 0;
      const batches: RowBatch[] = [];
      for await (const batch of source.read(await requestOf(source), never).batches) {
        batches.push(batch);
        most = Math.max(most, memoryInUse());
      }
      const rows = batches.flatMap((batch) => batch.rows);
      const rejects = batches.flatMap((batch) => batch.rejects);
      assert.deepEqual(
        rows.map(([id, t, tail]) => [id, String(t).length, tail]),
        [
          [1n, 5, 'a'],
          [3n, 10_000_000, 'c'],
        ],
      );
      assert.deepEqual([rejects.length, rejects[0]?.row, rejects[0]?.column], [1, 'id=2', 't']);
      assert.match(rejects[0]?.reason ?? '', /^100000000 bytes/);
      assert.ok(most - before < 90e6, `${Math.round((most - before) / 1e6)} MB more`);
    });
  });

  it('keeps the server waiting while nobody pulls', async () => {
    await postgres.execute(
      `CREATE TABLE wide AS SELECT n, repeat(md5(n::text), 200) AS pad FROM generate_series(1, 30000) n`,
    );
    await withSource(postgres, { object: table('wide') }, async (source) => {
      const batches = source.read(await requestOf(source), never).batches[Symbol.asyncIterator]();
      await batches.next();
      const before = process.memoryUsage();
      await delay(700);
      const after = process.memoryUsage();
      assert.ok(after.external + after.arrayBuffers - before.external - before.arrayBuffers < 16e6);
      let waitsFor: unknown;
      for (let look = 0; look < 100 && waitsFor !== 'ClientWrite'; look++) {
        if (look > 0) await delay(50);
        waitsFor = await scalar(
          `SELECT wait_event AS value FROM pg_stat_activity WHERE query LIKE 'COPY%wide%' AND application_name = 'beamlift'`,
        );
      }
      assert.equal(waitsFor, 'ClientWrite');
      await batches.return?.();
    });
  });

  it('notices that a table was altered after it was described', async () => {
    await postgres.execute('CREATE TABLE altered (id int, a int); INSERT INTO altered VALUES (1, 2)');
    await withSource(postgres, { object: table('altered') }, async (source) => {
      const request = await requestOf(source);
      const read = async (): Promise<void> => {
        const batches = source.read(request, never).batches[Symbol.asyncIterator]();
        while ((await batches.next()).done !== true);
      };
      await read();
      await postgres.execute('ALTER TABLE altered ALTER a TYPE bigint');
      await assert.rejects(read(), { code: 'SOURCE_CHANGED' });
      await postgres.execute('ALTER TABLE altered DROP a');
      await assert.rejects(read(), { code: 'SOURCE_CHANGED' });
      await postgres.execute('DROP TABLE altered');
      await assert.rejects(read(), { code: 'SOURCE_CHANGED' });
    });
  });

  it('reads while timeouts of the role would cut it off, and in its own zone', async () => {
    await postgres.execute(`
      CREATE ROLE hurried LOGIN PASSWORD 'h'; GRANT SELECT ON big TO hurried;
      ALTER ROLE hurried SET statement_timeout = '40ms'; ALTER ROLE hurried SET idle_in_transaction_session_timeout = '50ms';
      ALTER ROLE hurried SET TimeZone = 'Asia/Kathmandu'; ALTER ROLE hurried SET DateStyle = 'German';
      ALTER ROLE hurried SET standard_conforming_strings = off; ALTER ROLE hurried SET extra_float_digits = -5`);
    const options = {
      object: query(
        "SELECT '2024-01-01 00:00:00+00'::timestamptz::text AS t, 0.1::float8::text AS f, pg_sleep(0.1)::text AS s FROM big LIMIT 1",
      ),
      connection: { user: 'hurried', password: 'h' },
    };
    await withSource(postgres, options, async (source) => {
      const pin = await source.pin(never);
      await delay(120);
      const { rows } = await readAll(source, { pin });
      assert.deepEqual(rows, [['2024-01-01 00:00:00+00', '0.1', '']]);
    });
  });

  /** Waits until no backend fits. */
  async function vanish(condition: string): Promise<void> {
    const deadline = Date.now() + 5_000;
    for (;;) {
      const left = await scalar(
        `SELECT count(*)::int AS value FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ${condition}`,
      );
      if (left === 0) return;
      assert.ok(Date.now() < deadline, `still there: ${condition}`);
      await delay(20);
    }
  }
});

/** Of V8's heap and of buffers. What is resident counts files, too, that come and go with what else the machine does. */
function memoryInUse(): number {
  const { heapTotal, external } = process.memoryUsage();
  return heapTotal + external;
}
