import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMysql, type MysqlServer } from './mysql-server';
import { withMysql } from './mysql-opened';
import { never, query, readAll, table } from './postgres-source';

const MINUTE_MS = 60_000;

describe('planning for MySQL', () => {
  let server: MysqlServer;
  before(async function () {
    this.timeout(60_000);
    server = await startMysql();
    await server.execute(
      `CREATE TABLE events (id INT PRIMARY KEY AUTO_INCREMENT, at TIMESTAMP(3) NULL, local DATETIME NULL, day DATE, word VARCHAR(9), n DECIMAL(9,2)) ENGINE=InnoDB`,
      `INSERT INTO events (at, local, day, word, n) VALUES
        ('2024-01-01 03:00:00.5', '2024-01-01 00:00:00', '2024-01-01', 'b', 1.5), (NULL, '0000-00-00', NULL, 'a', 2), ('2024-06-01 03:00:00', '2024-06-01 12:00:00', '2024-06-01', 'c', 3)`,
      'CREATE TABLE old_engine (id INT PRIMARY KEY) ENGINE=MyISAM',
      'CREATE TABLE nothing (id INT PRIMARY KEY, at DATETIME)',
      'CREATE TABLE byday (day DATE PRIMARY KEY)',
      "INSERT INTO byday VALUES ('0000-00-00'), ('2024-01-01'), ('2024-12-31')",
      "CREATE USER humble@'%'",
      "GRANT SELECT ON shop.* TO humble@'%'",
    );
  });
  after(() => server.stop());

  it('holds the upper end of a time column below every open transaction', async () => {
    const writer = await server.connect();
    try {
      await writer.promise().query('BEGIN');
      await writer.promise().query('INSERT INTO events (at) VALUES (NOW(3))');
      const began = Date.now();
      await sleep(2_500);
      await withMysql(server, { object: table('events') }, async (source) => {
        const { bound, commitSafe, reason, nullRows } = await source.upperBound('at', 0, never);
        assert.ok(bound !== null && commitSafe, reason);
        assert.equal(bound.inclusive, false);
        assert.match(bound.value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/);
        const end = Date.parse(bound.value);
        assert.ok(end <= began && end > began - 5_000, `${bound.value} ${new Date(began).toISOString()}`);
        assert.equal(nullRows, 1);
        await writer.promise().query('ROLLBACK');
        await sleep(200);
        const later = await source.upperBound('at', 60, never);
        const now = Date.now();
        const laterEnd = Date.parse(later.bound?.value ?? '');
        assert.ok(laterEnd <= now - MINUTE_MS && laterEnd > now - MINUTE_MS - 5_000, later.bound?.value);
      });
    } finally {
      writer.destroy();
    }
  }).timeout(20_000);

  it('writes the upper ends of wall clocks in the zone of the job', async () => {
    await withMysql(server, { object: table('events'), timezone: 'Asia/Kolkata' }, async (source) => {
      const local = await source.upperBound('local', 0, never);
      assert.match(local.bound?.value ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000$/);
      const shown = Date.parse(`${local.bound?.value ?? ''}+05:30`);
      assert.ok(Math.abs(Date.now() - shown) < 10_000);
      assert.equal(local.commitSafe, false);
      const day = await source.upperBound('day', 0, never);
      assert.match(day.bound?.value ?? '', /^\d{4}-\d\d-\d\d$/);
    });
  });

  it('promises nothing where it sees no transactions', async () => {
    const connection = { user: 'humble', password: '' };
    await withMysql(server, { object: table('events'), connection }, async (source) => {
      for (const column of ['at', 'id']) {
        const { commitSafe, reason } = await source.upperBound(column, 0, never);
        assert.equal(commitSafe, false);
        assert.match(reason, /GRANT PROCESS ON/);
      }
    });
  });

  it('waits for writers before it calls the largest id complete', async () => {
    const writer = await server.connect();
    try {
      await writer.promise().query('BEGIN');
      await writer.promise().query("INSERT INTO events (word) VALUES ('late')");
      await withMysql(server, { object: table('events') }, async (source) => {
        const finding = source.upperBound('id', 0, never);
        await sleep(700);
        await writer.promise().query('ROLLBACK');
        const { bound, commitSafe, reason } = await finding;
        assert.deepEqual(bound, { value: '3', inclusive: true });
        assert.ok(commitSafe, reason);
        await writer.promise().query('BEGIN');
        await writer.promise().query("INSERT INTO events (word) VALUES ('late')");
        const unsafe = await source.upperBound('id', 0, never);
        assert.equal(unsafe.commitSafe, false);
        assert.match(unsafe.reason, /has been writing for more than 5 seconds/);
        await writer.promise().query('ROLLBACK');
      });
    } finally {
      writer.destroy();
    }
  }).timeout(20_000);

  it('finds the largest of other columns, and says that nothing is known about them', async () => {
    await withMysql(server, { object: table('events') }, async (source) => {
      for (const [column, value] of [
        ['word', 'c'],
        ['n', '3.00'],
      ] as const) {
        const { bound, commitSafe } = await source.upperBound(column, 0, never);
        assert.deepEqual(bound, { value, inclusive: true });
        assert.equal(commitSafe, false);
      }
    });
    await withMysql(server, { object: table('nothing') }, async (source) => {
      assert.equal((await source.upperBound('at', 0, never)).bound, null);
    });
  });

  it('reads windows of every kind of column', async () => {
    const windows: readonly (readonly [column: string, lower: string, upper: string, rows: number])[] = [
      ['at', '2024-01-01T00:00:00.500000Z', '2024-06-01T00:00:00.000000Z', 1],
      ['at', '2024-01-01T00:00:00.500001Z', '2024-06-01T00:00:00.000001Z', 1],
      ['local', '2024-01-01T00:00:00.000000', '2024-06-01T12:00:00.000000', 1],
      ['day', '2024-01-01', '2024-06-01', 1],
      ['word', 'a', 'c', 2],
      ['n', '1.50', '3', 2],
      ['id', '2', '4', 2],
    ];
    await withMysql(server, { object: table('events') }, async (source) => {
      for (const [column, lower, upper, expected] of windows) {
        const window = {
          column,
          lower: { value: lower, inclusive: true },
          upper: { value: upper, inclusive: false },
        };
        assert.equal((await readAll(source, { window })).rows.length, expected, `${column} ${lower}`);
        assert.equal((await source.estimate(window, never)).rows, expected);
      }
      const window = {
        column: 'local',
        lower: null,
        upper: { value: '2024-06-01T12:00:00', inclusive: false },
      };
      assert.equal((await readAll(source, { window })).rows.length, 2);
      const nonsense = { column: 'id', lower: { value: '1 OR 1=1', inclusive: true }, upper: null };
      await assert.rejects(readAll(source, { window: nonsense }), { code: 'PLAN_REFUSED' });
    });
  });

  it('says what its snapshots are worth', async () => {
    await withMysql(server, { object: table('events') }, async (source) => {
      const notices = await source.notices(never);
      assert.match(notices[0] ?? '', /shares no snapshot between connections/);
      assert.equal(await source.pin(never), undefined);
    });
    await withMysql(server, { object: query('SELECT * FROM events') }, async (source) => {
      assert.match((await source.notices(never))[0] ?? '', /one unit, in one snapshot/);
      assert.equal((await source.splits(null, never)).kind, 'none');
      assert.equal((await source.estimate(null, never)).quality, 'statistics');
    });
    await withMysql(server, { object: table('old_engine') }, async (source) => {
      assert.ok((await source.notices(never)).some((notice) => notice.includes('MyISAM')));
    });
  });

  it('leaves zero dates out of the ends of a key, and not out of its units', async () => {
    await withMysql(server, { object: table('byday') }, async (source) => {
      assert.deepEqual(await source.splits(null, never), {
        kind: 'range',
        column: 'day',
        domain: 'date',
        min: '2024-01-01',
        max: '2024-12-31',
        nullable: false,
      });
      const unit = {
        id: 'first',
        kind: 'range' as const,
        column: 'day',
        lower: null,
        upper: { value: '2024-07-01', inclusive: false },
      };
      assert.equal((await readAll(source, { unit })).rows.length, 2);
    });
  });
});
