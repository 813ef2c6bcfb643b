import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { CONVERSIONS } from '../../transforms/conversions';
import type { TypeKind } from '../../core/schema';
import { localConfiguration, Workspace } from './workspace';

/** Values of Parquet columns, as DuckDB writes them: SQL type, kind, values. */
const SOURCES: readonly (readonly [sql: string, kind: TypeKind, values: readonly string[]])[] = [
  ['BOOLEAN', 'bool', ['true', 'false']],
  ['TINYINT', 'int', ['-128', '1']],
  ['BIGINT', 'int', ['9223372036854775807', '9007199254740993', '-1', '0']],
  ['UBIGINT', 'int', ["'18446744073709551615'", '1']],
  ['FLOAT', 'float', ["'nan'", "'-inf'", "'-0.0'", '0.1', '1']],
  ['DOUBLE', 'float', ["'nan'", "'inf'", '0.1', '5e-324', '1.7976931348623157e308', '2.5', '1e22']],
  ['DECIMAL(9,4)', 'decimal', ['-99999.9999', '1.0000', '2.5', '0.0001']],
  ['DECIMAL(38,0)', 'decimal', ["'99999999999999999999999999999999999999'", '1']],
  [
    'VARCHAR',
    'string',
    [
      ...[
        "''",
        "'null'",
        "'ü📦'",
        "'a'||chr(0)||'b'",
        "'1'",
        "'-7.0'",
        "'true'",
        "'NaN'",
        "'-Infinity'",
        "'0000-00-00'",
      ],
      ...[
        "'2024-02-29'",
        "'2024-02-29T12:34:56.123456789+02:00'",
        "'12:34:56'",
        "'P1Y2M3DT4H'",
        "'\\x00ff'",
        "'1e400'",
      ],
      ...["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", `'{"a": 1.50}'`, "'[1, 2]'", "'infinity'", "'x'"],
    ],
  ],
  ['BLOB', 'bytes', ["''::BLOB", "'\\x00\\xFF'::BLOB"]],
  ['UUID', 'uuid', ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]],
  ['JSON', 'json', [`'{"a": 1.50, "b": [1e400]}'`, "'null'", `'"x"'`, "'[1,2.5,null]'", "'1'", "'true'"]],
  ['DATE', 'date', ["'0044-03-15 (BC)'", "'5881580-07-10'", "'2024-02-29'"]],
  ['TIME', 'time', ["'24:00:00'", "'23:59:59.999999'"]],
  ['TIMESTAMP', 'datetime', ["'infinity'", "'0044-03-15 (BC) 10:11:12'", "'1969-12-31 23:59:59.999999'"]],
  ['TIMESTAMP_NS', 'datetime', ["'2024-01-01 00:00:00.123456789'"]],
  ['TIMESTAMPTZ', 'timestamp', ["'-infinity'", "'2024-06-01 12:00:00.000001+05:45'"]],
  ['INTERVAL', 'interval', ["'14 months 3 days 1.5 seconds'"]],
];

const DESTINATIONS: readonly (readonly [sql: string, kind: Exclude<TypeKind, 'variant'>])[] = [
  ['BOOLEAN', 'bool'],
  ['TINYINT', 'int'],
  ['BIGINT', 'int'],
  ['HUGEINT', 'int'],
  ['UHUGEINT', 'int'],
  ['FLOAT', 'float'],
  ['DOUBLE', 'float'],
  ['DECIMAL(38,9)', 'decimal'],
  ['DECIMAL(5,2)', 'decimal'],
  ['DECIMAL(38,38)', 'decimal'],
  ['VARCHAR', 'string'],
  ["ENUM('1', 'x', 'true')", 'string'],
  ['BLOB', 'bytes'],
  ['UUID', 'uuid'],
  ['JSON', 'json'],
  ['DATE', 'date'],
  ['TIME', 'time'],
  ['TIME_NS', 'time'],
  ['TIMESTAMP', 'datetime'],
  ['TIMESTAMP_S', 'datetime'],
  ['TIMESTAMP_MS', 'datetime'],
  ['TIMESTAMP_NS', 'datetime'],
  ['TIMESTAMPTZ', 'timestamp'],
  ['INTERVAL', 'interval'],
];

const PAIRS = SOURCES.flatMap(([from, kind, values]) =>
  DESTINATIONS.filter(([, to]) => !('none' in CONVERSIONS[kind][to])).map(([to]) => ({ from, to, values })),
);
/** One row for each value of each pair; all its other columns are null, so that a reject is that value's alone. */
const CELLS = PAIRS.flatMap(({ from, values }, column) => values.map((value) => ({ column, from, value })));

/** Every lossless policy refuses, or every lossy one applies. */
const POLICIES = {
  strict: 'nan: reject, infinity: reject, out_of_range_date: reject, zero_date: reject, inexact: reject',
  nulls:
    'nan: set_null, infinity: set_null, out_of_range_date: set_null, zero_date: set_null, inexact: reject',
  texts: 'nan: text, infinity: text, out_of_range_date: set_null, zero_date: set_null, inexact: round',
} as const;

interface Outcome {
  readonly loaded: ReadonlyMap<number, string | null>;
  readonly rejected: ReadonlySet<number>;
  readonly losses: Readonly<Record<string, Partial<Record<string, number>>>>;
}

describe('every pair of types, from Parquet into an existing table', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  const outcomes = new Map<keyof typeof POLICIES, Outcome>();

  before(async () => {
    workspace = await Workspace.create();
    await workspace.write('data/README', '');
    await writeParquet(workspace.path('data/t.parquet'));
    await workspace.execute(
      `CREATE TABLE t (n INTEGER, ${PAIRS.map(({ to }, index) => `c${index} ${to}`).join(', ')})`,
    );
    for (const name of ['strict', 'nulls', 'texts'] as const) outcomes.set(name, await load(POLICIES[name]));
  });
  after(async () => {
    await workspace.remove();
  });

  async function load(policies: string): Promise<Outcome> {
    await workspace.write(
      'beamlift.yaml',
      localConfiguration(
        `  t: { file_pattern: t.parquet, rejects: { max: ${CELLS.length} }, policies: { ${policies} } }`,
      ),
    );
    const { code, reports } = await workspace.beamlift(['run']);
    const [report] = reports;
    assert.ok(report);
    assert.equal(code, 3, JSON.stringify(report.error));
    const rejected = new Set<number>();
    for (const file of report.reject_files) {
      for (const line of (await readFile(file, 'utf8')).trim().split('\n')) {
        const { row, column, reason } = JSON.parse(line) as { row: string; column: string; reason: string };
        const index = Number(/\d+/.exec(row)?.[0]) - 1;
        assert.equal(column, `c${CELLS[index]?.column}`);
        assert.ok(reason.length > 0);
        rejected.add(index);
      }
    }
    const values = PAIRS.map((_, index) => `c${index}::VARCHAR`).join(', ');
    const loaded = new Map<number, string | null>();
    for (const [n, ...cells] of (await workspace.query(`SELECT n::VARCHAR, ${values} FROM t`)) ?? []) {
      loaded.set(Number(n), cells[CELLS[Number(n)]?.column ?? 0] ?? null);
      assert.ok(cells.filter((cell) => cell !== null).length <= 1);
    }
    return { loaded, rejected, losses: report.losses };
  }

  const outcome = (name: keyof typeof POLICIES): Outcome => {
    const found = outcomes.get(name);
    assert.ok(found);
    return found;
  };

  it(`each of ${CELLS.length} values of ${PAIRS.length} pairs is loaded or a reject, and the run never fails`, () => {
    for (const { loaded, rejected } of outcomes.values()) {
      for (const [index, { from, value }] of CELLS.entries()) {
        assert.equal(loaded.has(index), !rejected.has(index), `${from} ${value}`);
      }
    }
  });

  it('without losses allowed, none is counted, and only the null of a document is null', () => {
    const { loaded, losses } = outcome('strict');
    assert.deepEqual(losses, {});
    for (const [index, text] of loaded) {
      const cell = CELLS[index];
      if (cell?.value !== "'null'" || cell.from !== 'JSON') assert.notEqual(text, null, JSON.stringify(cell));
    }
  });

  it('what a policy made null is what it counted, column by column, and nothing else changed', () => {
    const strict = outcome('strict').loaded;
    const { loaded, losses } = outcome('nulls');
    const nulls: Record<string, number> = {};
    for (const [index, text] of loaded) {
      if (strict.has(index)) assert.equal(text, strict.get(index));
      else {
        assert.equal(text, null);
        const name = `c${CELLS[index]?.column}`;
        nulls[name] = (nulls[name] ?? 0) + 1;
      }
    }
    assert.deepEqual(nulls, totals(losses));
  });

  it('what was rounded or written as text is what is counted', () => {
    const strict = outcome('strict').loaded;
    const { loaded, losses } = outcome('texts');
    const changed: Record<string, number> = {};
    for (const [index, text] of loaded) {
      if (strict.has(index)) assert.equal(text, strict.get(index));
      else {
        const name = `c${CELLS[index]?.column}`;
        changed[name] = (changed[name] ?? 0) + 1;
      }
    }
    assert.deepEqual(changed, totals(losses));
    assert.ok(Object.keys(changed).length >= 20, String(Object.keys(changed).length));
  });
});

function totals(losses: Outcome['losses']): Record<string, number> {
  return Object.fromEntries(
    Object.entries(losses).map(([name, rules]) => [
      name,
      Object.values(rules).reduce((sum: number, times = 0) => sum + times, 0),
    ]),
  );
}

async function writeParquet(file: string): Promise<void> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const columns = PAIRS.map(({ from }, column) => {
      const cases = CELLS.flatMap((cell, n) =>
        cell.column === column ? [`WHEN ${n} THEN CAST(${cell.value} AS ${from})`] : [],
      );
      return `CASE n ${cases.join(' ')} ELSE NULL END AS c${column}`;
    });
    await connection.run(
      `COPY (SELECT n::INTEGER AS n, ${columns.join(', ')} FROM range(${CELLS.length}) AS r(n) ORDER BY n) TO '${file}' (FORMAT parquet)`,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
