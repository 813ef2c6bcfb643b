import assert from 'node:assert/strict';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { localConfiguration, Workspace } from './workspace';

const COLUMNS = 90;
const ROWS = 12;
const SEED = 1;
const MAX_DEPTH = 3;

/** Values of SQL types that Parquet and a created table hold as they are. */
const SCALARS: Readonly<Record<string, readonly string[]>> = {
  BOOLEAN: ['true', 'false'],
  TINYINT: ['-128', '127'],
  USMALLINT: ['65535'],
  INTEGER: ['-2147483648', '5'],
  BIGINT: ["'-9223372036854775808'", '9007199254740993'],
  UBIGINT: ["'18446744073709551615'"],
  FLOAT: ["'nan'", "'-inf'", "'-0.0'", '0.1', '1e-45'],
  DOUBLE: ["'nan'", "'inf'", "'-0.0'", '5.7', '5e-324', '1.7976931348623157e308'],
  'DECIMAL(4,1)': ['-999.9'],
  'DECIMAL(9,9)': ['-0.999999999'],
  'DECIMAL(18,4)': ['99999999999999.9999'],
  'DECIMAL(38,38)': [`'-0.${'9'.repeat(38)}'`],
  'DECIMAL(38,0)': [`'${'9'.repeat(38)}'`],
  VARCHAR: [
    "''",
    "'null'",
    "'ü📦'",
    `chr(10)||'"'||chr(13)`,
    "'a'||chr(0)||'b'",
    "repeat('xy', 2000)",
    "'\\N'",
  ],
  BLOB: ["''::BLOB", "'\\x00\\xFF'::BLOB"],
  UUID: ["'00000000-0000-0000-0000-000000000001'"],
  JSON: [`'{"a": 1.50, "b":[1e400, 12345678901234567890]}'`, "'null'", `'"x"'`],
  DATE: ["'0044-03-15 (BC)'", "'5877642-06-25 (BC)'", "'5881580-07-10'", "'2024-02-29'"],
  TIME: ["'00:00'", "'24:00:00'", "'23:59:59.999999'"],
  TIMESTAMP: [
    "'infinity'",
    "'0044-03-15 (BC) 10:11:12'",
    "'294247-01-10 04:00:54.775806'",
    "'1969-12-31 23:59:59.999999'",
  ],
  TIMESTAMP_NS: ["'2024-01-01 00:00:00.123456789'", "'1677-09-22 00:00:00'"],
  TIMESTAMPTZ: ["'-infinity'", "'2024-06-01 12:00:00.000001+05:45'"],
  INTERVAL: ["'14 months 3 days 1.5 seconds'", "'0 days'"],
};

/** A type as the file has it, and as a created table does: a map is a list of keys and values. `values` makes one, in SQL for each. */
interface Nested {
  readonly file: string;
  readonly table: string;
  readonly value: () => readonly [file: string, table: string];
}

/** Choices that are the same in every run of the test. */
class Choices {
  private at = 0;
  private readonly numbers = fc.sample(fc.nat(), { numRuns: 100_000, seed: SEED });

  below(count: number): number {
    return (this.numbers[this.at++ % this.numbers.length] ?? 0) % count;
  }

  of<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.below(items.length)];
    assert.ok(item !== undefined);
    return item;
  }
}

const NAMES = ['a', 'b c', '__proto__', 'Ü', "it's", 'x"y', 'key', 'select'];

function nested(choose: Choices, depth: number): Nested {
  const kind =
    depth === 0 ? 'scalar' : choose.of(['scalar', 'list', 'list', 'map', 'struct', 'struct'] as const);
  switch (kind) {
    case 'scalar': {
      const type = choose.of(Object.keys(SCALARS));
      return sometimesNull(choose, type, type, () => {
        const value = `CAST(${choose.of(SCALARS[type] ?? [])} AS ${type})`;
        return [value, value];
      });
    }
    case 'list': {
      const inner = nested(choose, depth - 1);
      return sometimesNull(choose, `${inner.file}[]`, `${inner.table}[]`, () => {
        const values = Array.from({ length: choose.below(4) }, () => inner.value());
        return [`[${values.map(([file]) => file).join()}]`, `[${values.map(([, table]) => table).join()}]`];
      });
    }
    case 'map': {
      const inner = nested(choose, depth - 1);
      const table = `STRUCT("key" VARCHAR, "value" ${inner.table})[]`;
      return sometimesNull(choose, `MAP(VARCHAR, ${inner.file})`, table, () => {
        const values = ['k', '', 'ü'].slice(choose.below(4)).map((key) => ({ key, value: inner.value() }));
        return [
          `MAP {${values.map(({ key, value }) => `'${key}': ${value[0]}`).join()}}`,
          `[${values.map(({ key, value }) => `{'key': '${key}', 'value': ${value[1]}}`).join()}]`,
        ];
      });
    }
    case 'struct': {
      const fields = Array.from({ length: 1 + choose.below(3) }, (_, index) => ({
        name: `${choose.of(NAMES)}${index}`,
        inner: nested(choose, depth - 1),
      }));
      const type = (of: 'file' | 'table') =>
        `STRUCT(${fields.map(({ name, inner }) => `"${name.replaceAll('"', '""')}" ${inner[of]}`).join(', ')})`;
      return sometimesNull(choose, type('file'), type('table'), () => {
        const values = fields.map(({ name, inner }) => ({
          name: name.replaceAll("'", "''"),
          value: inner.value(),
        }));
        return [
          `{${values.map(({ name, value }) => `'${name}': ${value[0]}`).join()}}`,
          `{${values.map(({ name, value }) => `'${name}': ${value[1]}`).join()}}`,
        ];
      });
    }
  }
}

function sometimesNull(choose: Choices, file: string, table: string, value: Nested['value']): Nested {
  return {
    ...{ file, table },
    value: () => {
      if (choose.below(7) === 0) return ['NULL', 'NULL'];
      const [inFile, inTable] = value();
      return [`CAST(${inFile} AS ${file})`, `CAST(${inTable} AS ${table})`];
    },
  };
}

describe('nested Parquet into a created table', function () {
  this.timeout(60_000);

  it(`keeps each value of ${COLUMNS} columns, types and names included`, async () => {
    const choose = new Choices();
    const columns = Array.from({ length: COLUMNS }, () => nested(choose, MAX_DEPTH));
    const rows = Array.from({ length: ROWS }, () => columns.map((column) => column.value()));
    const workspace = await Workspace.create();
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const answers = async (sql: string): Promise<unknown[][]> =>
      (await connection.runAndReadAll(sql)).getRows();
    try {
      await connection.run("SET TimeZone = 'UTC'");
      for (const [at, of] of [
        [0, 'file'],
        [1, 'table'],
      ] as const) {
        const types = columns.map((column, index) => `c${index} ${column[of]}`);
        await connection.run(`CREATE TABLE of_${of} (n INTEGER, ${types.join(', ')})`);
        for (const [n, row] of rows.entries()) {
          await connection.run(
            `INSERT INTO of_${of} VALUES (${n}, ${row.map((value) => value[at]).join(', ')})`,
          );
        }
      }
      await workspace.write('data/README', '');
      await connection.run(`COPY of_file TO '${workspace.path('data/t.parquet')}' (FORMAT parquet)`);
      await workspace.write('beamlift.yaml', localConfiguration('  t: { file_pattern: t.parquet }'));
      const { code, reports } = await workspace.beamlift(['run']);
      assert.equal(code, 0, JSON.stringify(reports[0]?.error));
      assert.deepEqual([reports[0]?.rows_loaded, reports[0]?.losses], [ROWS, {}]);

      await connection.run(`ATTACH '${workspace.path('warehouse.duckdb')}' AS warehouse (READ_ONLY)`);
      const types = (database: string, table: string): string =>
        `SELECT data_type FROM duckdb_columns() WHERE database_name = '${database}' AND table_name = '${table}' ORDER BY column_index`;
      assert.deepEqual(await answers(types('warehouse', 't')), await answers(types('memory', 'of_table')));
      for (const index of columns.keys()) {
        const differences = await answers(
          `SELECT n, w.c${index}::VARCHAR, o.c${index}::VARCHAR FROM of_table o FULL JOIN warehouse.t w USING (n)
           WHERE w.c${index}::VARCHAR IS DISTINCT FROM o.c${index}::VARCHAR`,
        );
        assert.deepEqual(differences, [], columns[index]?.file);
      }
    } finally {
      connection.closeSync();
      instance.closeSync();
      await workspace.remove();
    }
  });
});
