import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { SplitHints, UpperBound } from '../../core/extractor';
import type { Estimate, Window } from '../../core/plan';
import { startPostgres, type PostgresServer } from './postgres-server';
import { never, query, readAll, table, withSource, type SourceOptions } from './postgres-source';

describe('postgres: planning', () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await startPostgres();
    // more than 64 MB, so that nothing of it is counted
    await postgres.execute(`
      CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz, day date, kind text, pad text);
      INSERT INTO events SELECT n, '2024-01-01 00:00:00+00'::timestamptz + n * interval '1 minute', '2024-01-01'::date + n / 1440,
        CASE WHEN n % 4 = 0 THEN NULL ELSE 'k' END, repeat('x', 300) FROM generate_series(1, 200000) n;
      CREATE INDEX ON events (at); ANALYZE events;
      CREATE VIEW recent AS SELECT id, at FROM events WHERE kind = 'k';
      CREATE ROLE etl LOGIN PASSWORD 'etl'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO etl;`);
  });
  after(() => postgres.stop());

  const estimate = (options: SourceOptions, window: Window | null = null): Promise<Estimate> =>
    withSource(postgres, options, (source) => source.estimate(window, never));
  const splits = (options: SourceOptions, window: Window | null = null): Promise<SplitHints> =>
    withSource(postgres, options, (source) => source.splits(window, never));
  const upperBound = (options: SourceOptions, column: string, holdBack = 0): Promise<UpperBound> =>
    withSource(postgres, options, (source) => source.upperBound(column, holdBack, never));
  const etl = { connection: { user: 'etl', password: 'etl' } };

  function near(found: number | null, wanted: number): void {
    assert.ok(
      found !== null && Math.abs(found - wanted) <= wanted * 0.15,
      `${String(found)} is not about ${wanted}`,
    );
  }

  describe('estimate', () => {
    it('takes statistics for large tables, and for parts of them', async () => {
      const whole = await estimate({ object: table('events') });
      near(whole.rows, 200_000);
      near(whole.bytes, 77_000_000);
      assert.equal(whole.quality, 'statistics');
      const window = {
        column: 'at',
        lower: { value: '2024-02-01T00:00:00Z', inclusive: true },
        upper: { value: '2024-03-01T00:00:00Z', inclusive: false },
      };
      const part = await estimate({ object: table('events') }, window);
      near(part.rows, 29 * 1440);
      near(part.bytes, (77_000_000 * 29 * 1440) / 200_000);
      near((await estimate({ object: table('events'), filter: "kind = 'k'" })).rows, 150_000);
      near((await estimate({ object: table('recent') })).rows, 150_000);
      near((await estimate({ object: query('SELECT DISTINCT day FROM events') })).rows, 139);
    });

    it('counts small tables', async () => {
      await postgres.execute(
        `CREATE TABLE small AS SELECT n FROM generate_series(1, 1234) n; CREATE TABLE none (id int)`,
      );
      assert.deepEqual(await estimate({ object: table('small'), filter: 'n <= 1000' }), {
        rows: 1000,
        bytes: null,
        quality: 'exact',
      });
      assert.deepEqual(await estimate({ object: table('none') }), { rows: 0, bytes: 0, quality: 'exact' });
    });

    it('knows nothing of a large table that was never analysed', async () => {
      await postgres.execute(
        `CREATE TABLE unknown WITH (autovacuum_enabled = off) AS SELECT n, repeat('x', 700) FROM generate_series(1, 100000) n`,
      );
      const found = await estimate({ object: table('unknown') });
      assert.deepEqual([found.rows, found.quality], [null, 'unknown']);
      near(found.bytes, 75_000_000);
    });

    it('sums partitions', async () => {
      await postgres.execute(`
        CREATE TABLE parts (id int, d date, pad text) PARTITION BY RANGE (d);
        CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
        CREATE TABLE parts2 PARTITION OF parts DEFAULT;
        INSERT INTO parts SELECT n, '2024-01-01'::date + n % 366, repeat('x', 700) FROM generate_series(1, 110000) n;
        ANALYZE parts1; ANALYZE parts2`);
      near((await estimate({ object: table('parts') })).rows, 110_000);
    });
  });

  describe('splits', () => {
    it('cuts by the window, or by the primary key', async () => {
      const byKey = await splits({ object: table('events') });
      assert.ok(byKey.kind === 'range');
      assert.deepEqual(
        [byKey.column, byKey.domain, byKey.min, byKey.max, byKey.nullable],
        ['id', 'int', '1', '200000', false],
      );
      assert.ok((byKey.histogram?.length ?? 0) > 50);
      const window = {
        column: 'at',
        lower: { value: '2024-02-01T00:00:00Z', inclusive: true },
        upper: { value: '2024-03-01T00:00:00Z', inclusive: false },
      };
      const byTime = await splits({ object: table('events') }, window);
      assert.ok(byTime.kind === 'range');
      assert.deepEqual(
        [byTime.column, byTime.domain, byTime.min, byTime.max],
        ['at', 'timestamp', '2024-02-01T00:00:00.000000Z', '2024-02-29T23:59:00.000000Z'],
      );
      assert.equal(byTime.nullable, false);
      assert.deepEqual([...(byTime.histogram ?? [])].sort(), byTime.histogram);
      // no index on day: then the key
      const byDay = await splits(
        { object: table('events') },
        { column: 'day', lower: null, upper: { value: '2024-02-01', inclusive: false } },
      );
      assert.deepEqual(byDay.kind === 'range' ? byDay.column : byDay, 'id');
    });

    it('shows skew: a common value is in the histogram as often as it fills a bucket', async () => {
      await postgres.execute(`
        CREATE TABLE skewed (id int PRIMARY KEY, d date NOT NULL); CREATE INDEX ON skewed (d);
        INSERT INTO skewed SELECT n, CASE WHEN n % 2 = 0 THEN '2024-06-01'::date ELSE '2024-01-01'::date + n % 300 END FROM generate_series(1, 40000) n;
        ANALYZE skewed`);
      const window = { column: 'd', lower: null, upper: { value: '2030-01-01', inclusive: false } };
      const hints = await splits({ object: table('skewed') }, window);
      assert.ok(hints.kind === 'range' && hints.histogram !== undefined);
      const share = hints.histogram.filter((bound) => bound === '2024-06-01').length / hints.histogram.length;
      assert.ok(share > 0.4 && share < 0.6, `${share} of the bounds`);
    });

    it('leaves out what a calendar does not have', async () => {
      await postgres.execute(`
        CREATE TABLE endless (t timestamp PRIMARY KEY);
        INSERT INTO endless VALUES ('-infinity'), ('4713-01-01 BC'), ('2024-01-01'), ('2024-05-01 12:00:00.5'), ('20000-01-01'), ('infinity'); ANALYZE endless`);
      const hints = await splits({ object: table('endless') });
      assert.ok(hints.kind === 'range');
      assert.deepEqual(
        [hints.domain, hints.min, hints.max],
        ['datetime', '2024-01-01T00:00:00.000000', '2024-05-01T12:00:00.500000'],
      );
      assert.deepEqual(hints.histogram, ['2024-01-01T00:00:00.000000', '2024-05-01T12:00:00.500000']);
    });

    it('hashes other keys, and says why it cannot cut at all', async () => {
      await postgres.execute(
        `CREATE TABLE keyed (k uuid PRIMARY KEY); CREATE TABLE keyless AS SELECT 1 AS n`,
      );
      assert.deepEqual(await splits({ object: table('keyed'), maxConnections: 6 }), {
        kind: 'hash',
        column: 'k',
        maxUnits: 6,
      });
      const none = await splits({ object: table('keyless') });
      assert.match(none.kind === 'none' ? none.reason : '', /no primary key/);
      const aQuery = await splits({ object: query('SELECT * FROM events') });
      assert.match(aQuery.kind === 'none' ? aQuery.reason : '', /query/);
    });

    it('cuts views, queries and partitions where the planner says that it pays', async () => {
      const window = {
        column: 'at',
        lower: { value: '2024-01-15T00:00:00Z', inclusive: true },
        upper: { value: '2024-05-01T00:00:00Z', inclusive: false },
      };
      for (const object of [table('recent'), query('SELECT id, at FROM events')]) {
        const hints = await splits({ object }, window);
        assert.deepEqual(hints.kind === 'range' ? [hints.column, hints.histogram] : hints, ['at', undefined]);
      }
      const sorted = query('SELECT max(at) AS at FROM events GROUP BY id % 1000');
      assert.equal((await splits({ object: sorted }, window)).kind, 'none');
    });
  });

  describe('upperBound', () => {
    before(() =>
      postgres.execute(`
        CREATE TABLE log (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), local timestamp(0) DEFAULT now(), day date DEFAULT CURRENT_DATE, word text);
        INSERT INTO log (word) VALUES ('first'), ('second'); INSERT INTO log (at, word) VALUES (NULL, 'no time');
        GRANT SELECT ON log TO etl; CREATE TABLE void (at timestamptz, id int, word text); GRANT SELECT ON void TO etl`),
    );

    /** A transaction of somebody else, open while `work` runs. */
    async function during<T>(statements: string, work: (other: Client) => Promise<T>): Promise<T> {
      const other = await postgres.connect();
      try {
        await other.query(`BEGIN; ${statements}`);
        return await work(other);
      } finally {
        await other.query('ROLLBACK');
        await other.end();
      }
    }
    const log = { object: table('log') };
    const now = (): string => new Date().toISOString();

    it('stays below every open transaction', async () => {
      const before = now();
      await delay(5);
      await during("INSERT INTO log (word) VALUES ('late')", async (other) => {
        await delay(300);
        const found = await upperBound(log, 'at');
        const started = await other.query<{ at: Date }>('SELECT now() AS at');
        assert.equal(found.commitSafe, true, found.reason);
        assert.equal(found.bound?.inclusive, false);
        assert.match(found.bound.value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        assert.ok(found.bound.value > before);
        assert.ok(found.bound.value.slice(0, 23) <= (started.rows[0]?.at.toISOString() ?? '').slice(0, 23));
        assert.equal(found.nullRows, 1);
      });
      const end = now();
      const later = await upperBound(log, 'at');
      assert.ok((later.bound?.value ?? '') > end);
    });

    it('loses no row to a transaction that commits late (both runs see each row once)', async () => {
      await withSource(postgres, log, async (source) => {
        const other = await postgres.connect();
        await other.query("BEGIN; INSERT INTO log (word) VALUES ('slow')");
        await postgres.execute("INSERT INTO log (word) VALUES ('quick')");
        const first = await source.upperBound('at', 0, never);
        const wordsOf = async (window: Window): Promise<unknown[]> =>
          (await readAll(source, { window, columns: ['word'] })).rows.map(([word]) => word);
        const run1 = await wordsOf({ column: 'at', lower: null, upper: first.bound });
        await other.query('COMMIT');
        await other.end();
        const second = await source.upperBound('at', 0, never);
        const lower = { value: first.bound?.value ?? '', inclusive: true };
        const run2 = await wordsOf({ column: 'at', lower, upper: second.bound });
        assert.deepEqual([...run1, ...run2].sort(), ['first', 'quick', 'second', 'slow']);
        assert.ok(run2.includes('slow'));
      });
    });

    it('cuts at what the column can tell apart, and holds back', async () => {
      const { bound } = await upperBound(log, 'local', 3600);
      assert.match(bound?.value ?? '', /T\d\d:\d\d:\d\d\.000000$/);
      const age = Date.now() - Date.parse(`${bound?.value ?? ''}Z`);
      assert.ok(age >= 3_600_000 && age < 3_605_000, `${age} ms ago`);
      const day = await upperBound(log, 'day', 0);
      assert.deepEqual(day.bound, { value: now().slice(0, 10), inclusive: false });
      assert.equal(day.commitSafe, true);
      const zoned = await upperBound({ ...log, timezone: 'Asia/Tokyo' }, 'local');
      const ahead = Date.parse(`${zoned.bound?.value ?? ''}Z`) - Date.now();
      assert.ok(Math.abs(ahead - 9 * 3_600_000) < 5_000);
      assert.equal(zoned.commitSafe, false);
    });

    it('is not commit-safe where it cannot know, and says why', async () => {
      const blind = await upperBound({ ...log, ...etl }, 'at');
      assert.equal(blind.commitSafe, false);
      assert.match(blind.reason, /GRANT pg_read_all_stats TO "etl"/);
      await postgres.execute('GRANT pg_read_all_stats TO etl');
      assert.equal((await upperBound({ ...log, ...etl }, 'at')).commitSafe, true);
      const client = await postgres.connect();
      await client.query(
        "BEGIN; INSERT INTO log (word) VALUES ('prepared'); PREPARE TRANSACTION 'half done'",
      );
      try {
        await delay(50);
        const prepared = await upperBound(log, 'at');
        assert.equal(prepared.commitSafe, false);
        assert.match(prepared.reason, /half done/);
      } finally {
        await client.query("ROLLBACK PREPARED 'half done'");
        await client.query('SET track_activities = off');
        const hidden = await upperBound(log, 'at');
        await client.end();
        assert.equal(hidden.commitSafe, false);
        assert.match(hidden.reason, /track_activities/);
      }
    });

    it('takes the largest id once everybody who may write a lower one has ended', async () => {
      await postgres.execute(
        'CREATE TABLE ids (id bigserial PRIMARY KEY); INSERT INTO ids SELECT FROM generate_series(1, 1000)',
      );
      const ids = { object: table('ids') };
      const quiet = await upperBound(ids, 'id');
      assert.deepEqual(
        [quiet.bound, quiet.commitSafe, quiet.nullRows],
        [{ value: '1000', inclusive: true }, true, 0],
      );
      const other = await postgres.connect();
      await other.query('BEGIN; INSERT INTO ids DEFAULT VALUES');
      await postgres.execute('INSERT INTO ids DEFAULT VALUES');
      setTimeout(() => void other.query('COMMIT'), 400);
      const started = Date.now();
      const waited = await upperBound(ids, 'id');
      assert.ok(Date.now() - started >= 350);
      assert.deepEqual([waited.bound?.value, waited.commitSafe], ['1002', true]);
      await other.end();
    });

    it('gives up waiting for a writer that does not end', async function () {
      await during("INSERT INTO log (word) VALUES ('never')", async () => {
        const found = await upperBound(log, 'id');
        assert.equal(found.commitSafe, false);
        assert.match(found.reason, /more than 5 seconds/);
      });
    });

    it('promises nothing about ids that do not come from a sequence one by one', async () => {
      await postgres.execute(`CREATE TABLE foreign_ids (id int PRIMARY KEY); INSERT INTO foreign_ids VALUES (7);
        CREATE TABLE cached (id bigserial PRIMARY KEY); INSERT INTO cached DEFAULT VALUES; ALTER SEQUENCE cached_id_seq CACHE 10;
        CREATE TABLE down (id int GENERATED ALWAYS AS IDENTITY (INCREMENT -1)); INSERT INTO down DEFAULT VALUES`);
      for (const [name, reason] of [
        ['foreign_ids', /sequence of its own/],
        ['cached', /CACHE/],
        ['down', /backwards/],
      ] as const) {
        const found = await upperBound({ object: table(name) }, 'id');
        assert.equal(found.commitSafe, false);
        assert.match(found.reason, reason);
      }
    });

    it('orders texts as the database does, and promises nothing about them', async () => {
      const found = await upperBound(log, 'word');
      assert.equal(found.commitSafe, false);
      const client = await postgres.connect();
      const largest = await client
        .query<{ word: string }>('SELECT max(word) AS word FROM log')
        .finally(() => client.end());
      assert.deepEqual(found.bound, { value: largest.rows[0]?.word, inclusive: true });
    });

    it('has no bound where no row has a value', async () => {
      for (const column of ['at', 'id', 'word'])
        assert.equal((await upperBound({ object: table('void') }, column)).bound, null);
      assert.equal((await upperBound({ ...log, filter: 'false' }, 'at')).bound, null);
      await assert.rejects(upperBound(log, 'nix'), { code: 'COLUMN_NOT_FOUND' });
    });
  });

  describe('notices', () => {
    const notices = (options: SourceOptions): Promise<string> =>
      withSource(postgres, options, async (source) => (await source.notices(never)).join('\n'));

    it('promises one snapshot, and names what a reader should know', async () => {
      assert.equal(
        await notices({ object: table('events') }),
        'All units read one snapshot: the database as it is at one moment of the run.',
      );
      await postgres.execute(`
        CREATE MATERIALIZED VIEW frozen AS SELECT 1 AS a; CREATE TABLE shapes (p point, r int4range);
        CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON guarded TO etl`);
      assert.match(await notices({ object: table('frozen') }), /REFRESH/);
      assert.match(await notices({ object: table('shapes') }), /p \(point\), r \(int4range\)/);
      assert.match(await notices({ object: table('guarded'), ...etl }), /Row-level security.*etl/);
    });
  });

  describe('without snapshots', () => {
    it('reads everything as one unit, and says so', async () => {
      await postgres.execute('REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC');
      try {
        await withSource(postgres, { object: table('events'), ...etl }, async (source) => {
          assert.equal(await source.pin(never), undefined);
          const hints = await source.splits(null, never);
          assert.match(hints.kind === 'none' ? hints.reason : '', /no snapshots/);
          assert.match((await source.notices(never)).join('\n'), /one unit/);
          assert.equal((await readAll(source, { columns: ['id'], limit: 10 })).rows.length, 10);
        });
      } finally {
        await postgres.execute('GRANT EXECUTE ON FUNCTION pg_export_snapshot() TO PUBLIC');
      }
    });
  });

  describe('on a standby', () => {
    let standby: PostgresServer;
    before(async function () {
      this.timeout(60_000);
      standby = await startPostgres({ standbyOf: postgres });
    });
    after(() => standby.stop());

    it('reads under one snapshot, and says what it cannot promise', async () => {
      await withSource(standby, { object: table('events') }, async (source) => {
        const pin = await source.pin(never);
        assert.ok(pin !== undefined);
        assert.match((await source.notices(never)).join('\n'), /standby/);
        assert.equal((await readAll(source, { pin, columns: ['id'] })).rows.length, 200_000);
        for (const column of ['at', 'id']) {
          const bound = await source.upperBound(column, 0, never);
          assert.equal(bound.commitSafe, false);
          assert.match(bound.reason, /standby/);
        }
      });
    });
  });
});
