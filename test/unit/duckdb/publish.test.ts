import assert from 'node:assert/strict';
import type { Row } from '../../../core/cells';
import { BeamliftError, type ErrorPlace } from '../../../core/errors';
import type { RunContext } from '../../../core/plan';
import type { ColumnType } from '../../../core/schema';
import { stageUnit } from '../../../loaders/staging-folder';
import { DuckdbFixture, NEVER, encoded, stageRows, unit } from './duckdb-fixture';
import { Oracle } from './oracle';
import { hasCode } from '../../has-code';

const INT: ColumnType = { kind: 'int', bits: 64 };
const TEXT: ColumnType = { kind: 'string' };
const COLUMNS = [
  ['id', INT],
  ['name', TEXT],
] as const;

describe('publishing into DuckDB', () => {
  const oracle = new Oracle();
  let fixture: DuckdbFixture;
  after(() => oracle.close());
  beforeEach(async () => (fixture = await DuckdbFixture.make(oracle)));
  afterEach(async () => await fixture.remove());

  const there: Partial<RunContext> = { createTable: false, runId: 'run-2' };
  const rows = async (): Promise<unknown> => await fixture.ask('SELECT id, name FROM t ORDER BY ALL');

  describe('append', () => {
    it('makes the table, and adds to it', async () => {
      const first = await fixture.load(COLUMNS, [[[1n, 'a']], [[2n, null]]]);
      assert.deepEqual(first, { rowsLoaded: 2, alreadyCommitted: false, table: 't' });
      const second = await fixture.load(COLUMNS, [[[3n, '']]], there);
      assert.equal(second.rowsLoaded, 1);
      assert.deepEqual(await rows(), [
        ['1', 'a'],
        ['2', null],
        ['3', ''],
      ]);
    });

    it('makes an empty table of no rows, in a schema of its own', async () => {
      const table = { schema: 'Raw "data"', name: 'T é' };
      const report = await fixture.load(COLUMNS, [], {}, { table });
      assert.deepEqual(report, {
        rowsLoaded: 0,
        alreadyCommitted: false,
        table: 'Raw "data".T é',
      });
      assert.deepEqual(await fixture.ask('SELECT count(*) FROM "Raw ""data"""."T é"'), [['0']]);
      assert.deepEqual((await fixture.loader({ table }).schema(NEVER))?.columns.length, 2);
    });

    it('leaves columns that are not loaded to their defaults, and finds names in any case', async () => {
      await fixture.change(
        `CREATE TABLE T (extra INTEGER DEFAULT 7, NAME VARCHAR, ID BIGINT, g BIGINT AS (ID + 1))`,
      );
      await fixture.load(COLUMNS, [[[1n, 'a']]], { createTable: false });
      assert.deepEqual(await fixture.ask('SELECT id, name, extra, g FROM t'), [['1', 'a', '7', '2']]);
    });

    it('adds new columns, for old rows null', async () => {
      await fixture.load(COLUMNS, [[[1n, 'a']]]);
      const added = { name: 'since', type: { kind: 'date' }, nullable: true } as const;
      const wider = [...COLUMNS, ['since', added.type] as const];
      await fixture.load(wider, [[[2n, 'b', 0n]]], { ...there, newColumns: [added] });
      assert.deepEqual(await fixture.ask('SELECT id, since::VARCHAR FROM t ORDER BY id'), [
        ['1', null],
        ['2', '1970-01-01'],
      ]);
    });

    it('takes thousands of files', async () => {
      const loader = fixture.loader();
      const lease = await loader.acquireLease({ job: 'orders', fingerprint: 'f' }, 'run-1', 'fail', NEVER);
      const context = fixture.context(COLUMNS);
      const rows = Array.from({ length: 1_050 }, (_, index): Row => [BigInt(index), null]);
      const everyRowAPart = 1;
      const manifest = await stageUnit(context, unit('u'), encoded(context, rows, 1), NEVER, everyRowAPart);
      assert.equal(manifest.parts.length, 1_050);
      assert.equal((await loader.commit(context, [manifest], {}, NEVER)).rowsLoaded, 1_050);
      await lease.release();
      assert.deepEqual(await fixture.ask('SELECT count(*), sum(id), count(DISTINCT id) FROM t'), [
        ['1050', '550725', '1050'],
      ]);
    });

    it('reads a staging folder whose name is a pattern, and nothing else', async () => {
      const run = { runId: `r[ab]*?'` };
      const loader = fixture.loader();
      const other = fixture.context(COLUMNS, { runId: `ra1x'`, stagingFolder: `${fixture.folder}/ra1x'` });
      await stageRows(loader, other, [[[9n, 'of another run']]]);
      await fixture.load(COLUMNS, [[[1n, 'ours']]], { ...run, stagingFolder: `${fixture.folder}/r[ab]*?'` });
      assert.deepEqual(await rows(), [['1', 'ours']]);
    });

    it('all of it or nothing: a constraint of the table', async () => {
      await fixture.change(`CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR CHECK (name <> 'bad'))`);
      await assert.rejects(
        fixture.load(COLUMNS, [[[1n, 'good']], [[2n, 'bad']]], { createTable: false }),
        hasCode('DESTINATION_FAILED', /CHECK constraint/),
      );
      assert.deepEqual(await rows(), []);
    });

    it('counts what DuckDB read: a file that changed is not published', async () => {
      const loader = fixture.loader();
      const lease = await loader.acquireLease({ job: 'orders', fingerprint: 'f' }, 'run-1', 'fail', NEVER);
      const context = fixture.context(COLUMNS);
      const stream = encoded(context, [
        [1n, 'a'],
        [2n, 'b'],
      ]);
      const manifest = await loader.stage(
        context,
        unit('u'),
        { ...stream, counts: () => ({ ...stream.counts(), rowsStaged: 3 }) },
        NEVER,
      );
      await assert.rejects(
        loader.commit(context, [manifest], {}, NEVER),
        hasCode('COUNT_MISMATCH', /3 rows .* 2 of/),
      );
      const [part] = manifest.parts;
      assert.ok(part);
      const longer = { ...manifest, parts: [{ ...part, bytes: part.bytes + 1 }] };
      await assert.rejects(
        loader.commit(context, [longer], {}, NEVER),
        hasCode('COUNT_MISMATCH', /bytes long/),
      );
      const gone = { ...manifest, parts: [{ ...part, uri: 'nothing.parquet' }] };
      await assert.rejects(loader.commit(context, [gone], {}, NEVER), hasCode('COUNT_MISMATCH', /is gone/));
      const outside = { ...manifest, parts: [{ ...part, uri: '../../warehouse.duckdb' }] };
      await assert.rejects(loader.commit(context, [outside], {}, NEVER), hasCode('INTERNAL', /outside/));
      assert.equal((await loader.schema(NEVER)) === undefined, true);
      await lease.release();
    });

    it('stops at an abort, and leaves nothing', async () => {
      const loader = fixture.loader();
      const lease = await loader.acquireLease({ job: 'orders', fingerprint: 'f' }, 'run-1', 'fail', NEVER);
      const context = fixture.context(COLUMNS);
      const many = Array.from({ length: 200_000 }, (_, index): Row => [BigInt(index), 'x'.repeat(50)]);
      const manifest = await loader.stage(context, unit('u'), encoded(context, many), NEVER);
      const stop = new AbortController();
      const reason = new Error('enough');
      const commit = loader.commit(context, [manifest], {}, stop.signal);
      setTimeout(() => stop.abort(reason), 30);
      await assert.rejects(commit, reason);
      await lease.release();
      assert.equal(await loader.schema(NEVER), undefined);
    });
  });

  describe('replace', () => {
    const replace = { disposition: 'replace' as const, ...there };

    it('leaves the new rows and nothing else', async () => {
      await fixture.load(COLUMNS, [[[1n, 'a']]]);
      const report = await fixture.load(COLUMNS, [[[2n, 'b']], [[3n, 'c']]], replace);
      assert.equal(report.rowsLoaded, 2);
      assert.deepEqual(await rows(), [
        ['2', 'b'],
        ['3', 'c'],
      ]);
      const tables = await fixture.ask('SELECT table_name FROM duckdb_tables() ORDER BY 1');
      assert.deepEqual(tables, [['_beamlift_state'], ['t']]);
    });

    it('keeps everything that makes the table: keys, checks, defaults, comments, indexes, enums, views', async () => {
      const definition = `CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR DEFAULT 'none' CHECK (length(name) < 9), m mood, g BIGINT AS (id * 2), n VARCHAR COLLATE NOCASE UNIQUE)`;
      await fixture.change(
        `CREATE TYPE mood AS ENUM ('sad', 'happy')`,
        definition,
        `INSERT INTO t VALUES (1, 'old', 'sad', 'n')`,
        'CREATE INDEX by_name ON t (name)',
        `COMMENT ON TABLE t IS 'orders'`,
        `COMMENT ON COLUMN t.name IS 'who'`,
        'CREATE VIEW seen AS SELECT g, name FROM t',
      );
      const facts = `SELECT sql, comment, (SELECT string_agg(coalesce(comment, '-'), ' ') FROM duckdb_columns() WHERE table_name = 't'), (SELECT string_agg(sql, ' ') FROM duckdb_indexes()) FROM duckdb_tables() WHERE table_name = 't'`;
      const before = await fixture.ask(facts);
      await fixture.load(
        COLUMNS,
        [
          [
            [1n, 'new'],
            [2n, 'two'],
          ],
        ],
        replace,
      );
      assert.deepEqual(await fixture.ask(facts), before);
      assert.deepEqual(await fixture.ask('SELECT g, name FROM seen ORDER BY g'), [
        ['2', 'new'],
        ['4', 'two'],
      ]);
      await assert.rejects(fixture.change('INSERT INTO t (id) VALUES (2)'), /[Dd]uplicate key/);
    });

    for (const [what, made] of [
      ['a default', 'id BIGINT, name VARCHAR DEFAULT $$x$$'],
      ['NOT NULL', 'id BIGINT NOT NULL, name VARCHAR'],
      ['a collation', 'id BIGINT, name VARCHAR COLLATE NOCASE'],
      ['a generated column', 'id BIGINT, name VARCHAR, twice BIGINT AS (id * 2)'],
    ] as const) {
      it(`keeps ${what}`, async () => {
        await fixture.change(`CREATE TABLE t (${made})`, 'INSERT INTO t (id) VALUES (5)');
        const sql = `SELECT sql FROM duckdb_tables() WHERE table_name = 't'`;
        const before = await fixture.ask(sql);
        await fixture.load(COLUMNS, [[[1n, 'a']]], replace);
        assert.deepEqual(await fixture.ask(sql), before);
        assert.deepEqual(await rows(), [['1', 'a']]);
      });
    }

    it('keeps a column that is not loaded', async () => {
      await fixture.change(
        'CREATE TABLE t (other DATE, id BIGINT, name VARCHAR)',
        `INSERT INTO t VALUES ('2020-01-01', 1, 'a')`,
      );
      await fixture.load(COLUMNS, [[[2n, 'b']]], replace);
      assert.deepEqual(await fixture.ask('SELECT * FROM t'), [[null, '2', 'b']]);
    });

    it('does not empty a table that has rows, unless it may', async () => {
      await fixture.load(COLUMNS, [[[1n, 'a']]]);
      await assert.rejects(fixture.load(COLUMNS, [], replace), hasCode('EMPTY_REPLACE', /the table has 1/));
      assert.deepEqual(await rows(), [['1', 'a']]);
      await fixture.load(COLUMNS, [], { ...replace, runId: 'run-3', allowEmpty: true });
      assert.deepEqual(await rows(), []);
      await fixture.load(COLUMNS, [], { ...replace, runId: 'run-4' });
    });

    it('leaves the old rows where the new ones are refused', async () => {
      await fixture.change(
        `CREATE TABLE t (id BIGINT, name VARCHAR CHECK (name <> 'bad'))`,
        `INSERT INTO t VALUES (1, 'a')`,
      );
      await assert.rejects(fixture.load(COLUMNS, [[[2n, 'bad']]], replace), hasCode('DESTINATION_FAILED'));
      assert.deepEqual(await rows(), [['1', 'a']]);
    });
  });

  describe('merge', () => {
    const merge = { disposition: 'merge' as const, keyColumns: ['id'], ...there };

    it('updates what is there and adds what is not, into a created table too', async () => {
      const first = await fixture.load(
        COLUMNS,
        [
          [
            [1n, 'a'],
            [2n, 'b'],
          ],
        ],
        { ...merge, createTable: true, runId: 'run-1' },
      );
      assert.deepEqual([first.rowsLoaded, first.rowsSuperseded], [2, 0]);
      const second = await fixture.load(COLUMNS, [[[2n, 'B']], [[3n, 'c']]], merge);
      assert.deepEqual([second.rowsLoaded, second.rowsSuperseded], [2, 0]);
      const expected = [
        ['1', 'a'],
        ['2', 'B'],
        ['3', 'c'],
      ];
      assert.deepEqual(await rows(), expected);
      await fixture.load(COLUMNS, [[[2n, 'B']], [[3n, 'c']]], { ...merge, runId: 'run-3' });
      assert.deepEqual(await rows(), expected);
    });

    it('takes the last of rows with one key, by unit and row, and counts the others', async () => {
      const report = await fixture.load(
        COLUMNS,
        [
          [
            [1n, 'first'],
            [2n, 'only'],
            [1n, 'second'],
          ],
          [
            [1n, 'third'],
            [3n, 'x'],
            [3n, 'y'],
          ],
        ],
        { ...merge, createTable: true },
      );
      assert.deepEqual([report.rowsLoaded, report.rowsSuperseded], [3, 3]);
      assert.deepEqual(await rows(), [
        ['1', 'third'],
        ['2', 'only'],
        ['3', 'y'],
      ]);
    });

    it('keeps that order over many files and rows, whatever the threads', async () => {
      const last = new Map<number, string>();
      const units = Array.from({ length: 40 }, (_, file) =>
        Array.from({ length: 500 }, (_, row): Row => {
          const key = (file * 7 + row * 13) % 700;
          last.set(key, `${file}/${row}`);
          return [BigInt(key), `${file}/${row}`];
        }),
      );
      await fixture.load(COLUMNS, units, { ...merge, createTable: true }, { threads: 4 });
      const expected = [...last].sort(([a], [b]) => a - b).map(([key, name]) => [String(key), name]);
      assert.deepEqual(await fixture.ask('SELECT id, name FROM t ORDER BY id'), expected);
    });

    it('takes the newest by the cursor, and leaves newer rows of the table', async () => {
      const columns = [...COLUMNS, ['at', { kind: 'datetime', unit: 'us' }] as const];
      const window = { column: 'at', lower: null, upper: null };
      await fixture.change(
        'CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR, "at" TIMESTAMP)',
        `INSERT INTO t VALUES (1, 'newer', make_timestamp(100)), (2, 'same', make_timestamp(50)), (3, 'none', NULL), (4, 'kept', make_timestamp(9))`,
      );
      const report = await fixture.load(
        columns,
        [
          [
            [5n, 'new', 7n],
            [5n, 'old', 6n],
            [5n, 'null', null],
            [1n, 'older', 99n],
          ],
          [
            [2n, 'equal', 50n],
            [3n, 'three', 1n],
            [4n, 'unknown', null],
          ],
        ],
        { ...merge, window },
      );
      assert.deepEqual([report.rowsLoaded, report.rowsSuperseded], [4, 3]);
      assert.deepEqual(await rows(), [
        ['1', 'newer'],
        ['2', 'equal'],
        ['3', 'three'],
        ['4', 'unknown'],
        ['5', 'new'],
      ]);
    });

    it('keeps columns that are not loaded, and gives new rows their defaults', async () => {
      await fixture.change(
        `CREATE TABLE t (id BIGINT PRIMARY KEY, note VARCHAR DEFAULT 'new', name VARCHAR, l INTEGER[], g BIGINT AS (id + 1))`,
        `INSERT INTO t VALUES (1, 'mine', 'a', [1]), (2, NULL, 'b', NULL), (3, 'untouched', 'c', [3])`,
      );
      await fixture.load(
        COLUMNS,
        [
          [
            [1n, 'A'],
            [2n, 'B'],
            [4n, 'D'],
          ],
        ],
        merge,
      );
      assert.deepEqual(await fixture.ask('SELECT id, name, note, l::VARCHAR, g FROM t ORDER BY id'), [
        ['1', 'A', 'mine', '[1]', '2'],
        ['2', 'B', null, null, '3'],
        ['3', 'c', 'untouched', '[3]', '4'],
        ['4', 'D', 'new', null, '5'],
      ]);
    });

    it('by several keys, with lists and a key of the table', async () => {
      const columns = [
        ['a', INT],
        ['b', TEXT],
        ['l', { kind: 'array', element: INT } as ColumnType],
      ] as const;
      await fixture.change(
        'CREATE TABLE t (a BIGINT, b VARCHAR, l BIGINT[], PRIMARY KEY (a, b))',
        `INSERT INTO t VALUES (1, 'x', [1]), (1, 'y', [2])`,
      );
      await fixture.load(
        columns,
        [
          [
            [1n, 'x', [9n]],
            [2n, 'x', []],
          ],
        ],
        { ...merge, keyColumns: ['a', 'b'] },
      );
      assert.deepEqual(await fixture.ask('SELECT a, b, l::VARCHAR FROM t ORDER BY ALL'), [
        ['1', 'x', '[9]'],
        ['1', 'y', '[2]'],
        ['2', 'x', '[]'],
      ]);
    });

    it('refuses rows without a key', async () => {
      await fixture.load(COLUMNS, [[[1n, 'a']]]);
      await assert.rejects(
        fixture.load(
          COLUMNS,
          [
            [
              [2n, 'b'],
              [null, 'c'],
            ],
          ],
          merge,
        ),
        hasCode('DESTINATION_FAILED', /1 row has no value in key_columns/),
      );
      assert.deepEqual(await rows(), [['1', 'a']]);
    });
  });

  describe('memory', () => {
    it('stays within what is configured, and else grows by itself and says so', async () => {
      const units = Array.from({ length: 20 }, (): Row[] => [[1n, 'y'.repeat(4_000_000)]]);
      const where: ErrorPlace = { job: 'orders', object: 't' };
      await assert.rejects(fixture.load(COLUMNS, units, {}, { memoryLimit: '16MB' }), (error) => {
        assert.ok(error instanceof BeamliftError);
        assert.equal(error.code, 'DESTINATION_FAILED');
        assert.match(error.hint ?? '', /Raise memory_limit of the destination \(now 16MB\)/);
        assert.deepEqual(error.where, where);
        return true;
      });
      await fixture.load(COLUMNS, units, { runId: 'run-2' });
      assert.ok(fixture.logged.some(([, event]) => event === 'warehouse.memory.raised'));
    });
  });
});
