import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import type { Client } from 'pg';
import type { TableField } from '../../core/clients/bigquery-api';
import type { StagingFormat } from '../../core/encoding';
import { LossLedger, type Losses } from '../../core/loss-ledger';
import { DEFAULT_POLICIES, type PolicySet } from '../../core/policies';
import type { RunReport } from '../../launcher/report';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';
import { startPostgres, type PostgresServer } from './postgres-server';
import { Refused, judgeCell, type FieldJudge } from './types/judge';
import { POSTGRES_KINDS, type PostgresKind, type Target } from './types/postgres-kinds';
import { servedValue, type PlainValue } from './types/served-value';

/** How long each property looks for trouble. */
const PROPERTY_MS = 15_000;

/** A column of a random table: where its values go, and what is promised of them. */
interface RandomColumn {
  readonly kind: PostgresKind;
  readonly target: Target | undefined;
  readonly required: boolean;
  readonly values: readonly (string | null)[];
}

const randomColumn = (rows: number, exists: boolean): fc.Arbitrary<RandomColumn> =>
  fc.constantFrom(...POSTGRES_KINDS.filter(({ created }) => exists || created !== undefined)).chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      target: exists ? fc.constantFrom(...kind.existing) : fc.constant(undefined),
      required: fc.integer({ max: 9, min: 0 }).map((dice) => dice === 0 && exists),
      values: fc.array(fc.option(kind.values, { freq: 9 }), { minLength: rows, maxLength: rows }),
    }),
  );

const policies = fc.record<PolicySet>({
  nan: fc.constantFrom('set_null', 'text', 'reject'),
  infinity: fc.constantFrom('set_null', 'text', 'reject'),
  out_of_range_date: fc.constantFrom('set_null', 'reject'),
  zero_date: fc.constant(DEFAULT_POLICIES.zero_date),
  null_in_array: fc.constantFrom('drop', 'drop', 'reject'),
  null_array: fc.constantFrom('empty', 'empty', 'reject'),
  nested_array: fc.constant('json_text'),
  inexact: fc.constantFrom('round', 'reject'),
  nul_character: fc.constant('reject'),
});

const randomTable = fc.tuple(fc.integer({ min: 0, max: 25 }), fc.boolean()).chain(([rows, exists]) =>
  fc.record({
    exists: fc.constant(exists),
    rows: fc.constant(rows),
    columns: fc.array(randomColumn(rows, exists), { minLength: 1, maxLength: 14 }),
    policies,
    strict: fc.boolean(),
    rowsPerUnit: fc.constantFrom(7, 50_000),
  }),
);
type RandomTable = typeof randomTable extends fc.Arbitrary<infer Value> ? Value : never;

/** What a run has to have done. */
interface Verdict {
  readonly rows: Map<string, PlainValue[]>;
  readonly rejected: string[];
  readonly losses: Losses;
}

const describeColumn = ({ kind, target, required, values }: RandomColumn): string =>
  `${kind.type} -> ${JSON.stringify(target?.field ?? 'new')}${required ? ' REQUIRED' : ''}: ${values.join(', ')}`;

/** Tries random values until time is up. What fails can be tried again with BEAMLIFT_SEED=seed:path. */
async function hold<Value>(
  property: fc.IAsyncProperty<[Value]>,
  describeValue: (value: Value) => string,
): Promise<void> {
  const [seed, path] = process.env['BEAMLIFT_SEED']?.split(/:(.*)/) ?? [];
  const details = await fc.check(property, {
    ...{ numRuns: 1_000, interruptAfterTimeLimit: PROPERTY_MS, endOnFailure: true },
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  });
  if (!details.failed || details.counterexample === null) return;
  const [value] = details.counterexample;
  const { errorInstance: error } = details;
  const again = `BEAMLIFT_SEED=${details.seed}:${details.counterexamplePath}`;
  assert.fail(`${again}\n${error instanceof Error ? error.message : String(error)}\n${describeValue(value)}`);
}

/** Rows by their id; `texts` are what the source shows, column by column. */
function judgeRows(
  shown: ReadonlyMap<string, readonly (string | null)[]>,
  columns: readonly (FieldJudge & { readonly name: string })[],
  policySet: PolicySet,
  format: StagingFormat,
): Verdict {
  const ledger = new LossLedger();
  const rows = new Map<string, PlainValue[]>();
  const rejected: string[] = [];
  for (const [id, texts] of shown) {
    const lost: Losses[] = [];
    try {
      rows.set(
        id,
        columns.map((column, index) =>
          judgeCell(column, texts[index] ?? null, {
            ...{ policies: policySet, format },
            lose: (rule) => lost.push({ [column.name]: { [rule]: 1 } }),
          }),
        ),
      );
      for (const losses of lost) ledger.merge(losses);
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      rejected.push(id);
    }
  }
  return { rows, rejected: rejected.sort(), losses: ledger.toJSON() };
}

describe('types and values, from random sources into BigQuery', function () {
  this.timeout(120_000);
  let postgres: PostgresServer;
  let client: Client;
  let services: BigQueryServices;
  let place: BigQueryWorkspace;

  before(async () => {
    [postgres, services] = await Promise.all([startPostgres(), BigQueryServices.start()]);
    client = await postgres.connect();
    await client.query(`SET intervalstyle = iso_8601; SET timezone = 'UTC';
      CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"'); CREATE TYPE pair AS (a int, b text, c int[]);
      CREATE DOMAIN price AS numeric(10,2); CREATE DOMAIN positive_price AS price CHECK (VALUE > 0)`);
  });
  after(async () => {
    await client.end();
    await Promise.all([postgres.stop(), services.stop()]);
  });

  async function inPlace(use: () => Promise<void>): Promise<void> {
    place = await BigQueryWorkspace.create(services);
    try {
      await use();
    } finally {
      place.break(undefined);
      await place.remove();
    }
  }

  async function createTable(name: string, fields: readonly TableField[]): Promise<void> {
    const { bigquery } = services;
    const answer = await bigquery.request('POST', `datasets/${bigquery.dataset}/tables`, {
      tableReference: { projectId: bigquery.project, datasetId: bigquery.dataset, tableId: name },
      schema: { fields },
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }

  /** All rows by id, in plain form, without the id. */
  async function served(name: string): Promise<Map<string, PlainValue[]>> {
    const { bigquery } = services;
    const { body } = await bigquery.request('GET', `datasets/${bigquery.dataset}/tables/${name}`);
    const { fields } = body['schema'] as { fields: TableField[] };
    const rows = await bigquery.query(`SELECT * FROM \`${name}\``);
    return new Map(
      rows.map((row) => [
        String(row['id']),
        fields.filter((field) => field.name !== 'id').map((field) => servedValue(row[field.name], field)),
      ]),
    );
  }

  async function assertRun(report: RunReport | undefined, verdict: Verdict, total: number): Promise<void> {
    assert.ok(report !== undefined);
    assert.deepEqual(
      { extracted: report.rows_extracted, staged: report.rows_staged, loaded: report.rows_loaded },
      { extracted: total, staged: verdict.rows.size, loaded: verdict.rows.size },
    );
    const rejected: string[] = [];
    for (const file of report.reject_files) {
      for (const line of (await readFile(file, 'utf8')).trim().split('\n')) {
        rejected.push((JSON.parse(line) as { row: string }).row.replace(/^id=/, ''));
      }
    }
    assert.equal(report.rows_rejected, rejected.length);
    assert.deepEqual(rejected.sort(), verdict.rejected);
    assert.deepEqual(sorted(report.losses), sorted(verdict.losses));
  }

  const sorted = (losses: Losses): unknown =>
    Object.entries(losses)
      .map(([name, rules]) => [name, Object.entries(rules).sort()])
      .sort();

  async function fillPostgres({ rows, columns }: RandomTable): Promise<Map<string, (string | null)[]>> {
    await client.query('DROP TABLE IF EXISTS random_table');
    const declared = columns.map(({ kind }, index) => `c${index} ${kind.type}`).join(', ');
    await client.query(`CREATE TABLE random_table (id int PRIMARY KEY, ${declared})`);
    if (rows > 0) {
      const values = Array.from(
        { length: rows },
        (_, row) =>
          `(${row}, ${columns.map(({ kind, values }) => `(${values[row] ?? 'NULL'})::${kind.type}`).join(', ')})`,
      );
      await client.query(`INSERT INTO random_table VALUES ${values.join(', ')}`);
    }
    const shown = columns.map(({ kind }, index) => `${kind.shown(`c${index}`)} AS c${index}`).join(', ');
    const { rows: found } = await client.query<Record<string, string | null>>({
      text: `SELECT id, ${shown} FROM random_table`,
      types: { getTypeParser: () => (text: string) => text },
    });
    return new Map(
      found.map((row) => [String(row['id']), columns.map((_, index) => row[`c${index}`] ?? null)]),
    );
  }

  async function tryTable(table: RandomTable): Promise<void> {
    const shown = await fillPostgres(table);
    const judged = table.columns.map(({ kind, target, required }, index) => ({
      ...(target ?? kind.created ?? { judge: (text: string) => text }),
      ...{ name: `c${index}`, required },
    }));
    for (const format of ['avro', 'ndjson'] as const) {
      const name = `${place.name}_${format}`;
      if (table.exists) {
        const fields = table.columns.map(({ target, required }, index): TableField => {
          const field = { type: 'STRING', ...target?.field, name: `c${index}` };
          return field.mode === 'REPEATED' || !required ? field : { ...field, mode: 'REQUIRED' };
        });
        await createTable(name, [{ name: 'id', type: 'INTEGER', mode: 'REQUIRED' }, ...fields]);
      }
      const { host, port, user } = postgres;
      await place.configure({
        ...{ connection: undefined, file_pattern: undefined, source_type: 'postgresql' },
        connection_params: {
          ...{ host, port, user, database: 'postgres', password: '${env:SECRET}', sslmode: 'disable' },
        },
        ...{ source_table_name: 'public.random_table', load_type: 'catalog', dest_table_name: name },
        ...{ create_table: !table.exists, allow_empty: true, staging_format: format },
        ...{ verify: table.strict ? 'strict' : 'counts', policies: table.policies },
        ...{ rejects: { max: 1_000 }, split: { rows_per_unit: table.rowsPerUnit } },
      });
      const result = await place.workspace.beamlift(
        ['run', '--fresh-state'],
        place.workspace.host({ SECRET: postgres.password }),
      );
      const verdict = judgeRows(shown, judged, table.policies, format);
      assert.equal(result.code, verdict.rejected.length === 0 ? 0 : 3, result.err);
      await assertRun(result.reports[0], verdict, table.rows);
      assert.deepEqual(await served(name), verdict.rows, format);
    }
  }

  it('PostgreSQL tables, staged in both ways, have the values and losses that docs/types.md says', async () => {
    await hold(
      fc.asyncProperty(randomTable, async (table) => {
        await inPlace(() => tryTable(table));
      }),
      ({ columns, policies: chosen, strict, rows }) =>
        JSON.stringify({ rows, strict, ...chosen, columns: columns.map(describeColumn) }),
    );
  });
});
