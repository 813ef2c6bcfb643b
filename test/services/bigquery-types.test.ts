import assert from 'node:assert/strict';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { Client } from 'pg';
import type { TableField } from '../../core/clients/bigquery-api';
import type { Losses } from '../../core/loss-ledger';
import type { RunReport } from '../../launcher/report';
import { compileAvroEncoder } from '../../transforms/encode/avro';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';
import { startPostgres, type PostgresServer } from './postgres-server';
import { DUCKDB_KINDS } from './types/duckdb-kinds';
import { POSTGRES_KINDS } from './types/postgres-kinds';
import { POSTGRES_NESTED_KINDS } from './types/postgres-nested-kinds';
import {
  hold,
  judgeRows,
  randomTable,
  type RandomTable,
  type ShownRows,
  type Verdict,
} from './types/random-table';
import { servedValue, type PlainValue } from './types/served-value';
import { TEXT_KINDS } from './types/text-kinds';

/**
 * Random tables and files through the whole program, staged in both ways, against what the source itself shows of its values and what
 * docs/types.md promises. Where the stand-in is not BigQuery, the values keep away from it: decimals of more than 38 digits, or 18 after
 * the point, are not held by it; it prints documents anew, and reads a text in a JSON column as the text of a document.
 */
describe('types and values, from random sources into BigQuery', function () {
  this.timeout(120_000);
  let postgres: PostgresServer;
  let client: Client;
  let duckdb: DuckDBConnection;
  let services: BigQueryServices;
  let place: BigQueryWorkspace;

  before(async () => {
    [postgres, services] = await Promise.all([startPostgres(), BigQueryServices.start()]);
    client = await postgres.connect();
    await client.query(`SET intervalstyle = iso_8601; SET timezone = 'UTC';
      CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"'); CREATE TYPE pair AS (a int, b text, c int[]);
      CREATE DOMAIN price AS numeric(10,2); CREATE DOMAIN positive_price AS price CHECK (VALUE > 0)`);
    duckdb = await (await DuckDBInstance.create(':memory:')).connect();
    await duckdb.run("SET TimeZone = 'UTC'");
  });
  after(async () => {
    duckdb.closeSync();
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

  async function assertRun(
    report: RunReport | undefined,
    verdict: Verdict,
    total: number,
    idOf: (row: string) => string,
  ): Promise<void> {
    assert.ok(report !== undefined);
    assert.deepEqual(
      { extracted: report.rows_extracted, staged: report.rows_staged, loaded: report.rows_loaded },
      { extracted: total, staged: verdict.rows.size, loaded: verdict.rows.size },
    );
    const rejected: string[] = [];
    const { gcs } = services;
    for (const uri of report.reject_files) {
      const file = await gcs.read(uri.replace(`gs://${gcs.bucket}/`, ''));
      assert.ok(file !== undefined, uri);
      for (const line of file.toString('utf8').trim().split('\n')) {
        const { row } = JSON.parse(line) as { row: string };
        rejected.push(idOf(row));
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

  /** Loads a source twice, and looks at what came of it. */
  async function tryTable(
    table: RandomTable,
    shown: ShownRows,
    job: Readonly<Record<string, unknown>>,
    idOf: (row: string) => string,
  ): Promise<void> {
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
      await place.configure({
        ...{ load_type: 'catalog', dest_table_name: name, create_table: !table.exists, allow_empty: true },
        ...{ staging_format: format, verify: table.strict ? 'strict' : 'counts', policies: table.policies },
        ...{ rejects: { max: 1_000 }, ...job },
      });
      const result = await place.workspace.beamlift(
        ['run', '--fresh-state'],
        place.workspace.host({ SECRET: postgres.password }),
      );
      const verdict = judgeRows(shown, judged, table.policies, format);
      assert.equal(result.code, verdict.rejected.length === 0 ? 0 : 3, result.err);
      await assertRun(result.reports[0], verdict, table.rows, idOf);
      assert.deepEqual(await served(name), verdict.rows, format);
    }
  }

  const rowsOf = (
    { rows, columns }: RandomTable,
    shape: (value: string | undefined, type: string) => string,
  ) =>
    Array.from(
      { length: rows },
      (_, row) =>
        `(${row}${columns.map(({ kind, values }) => `, ${shape(values[row] ?? undefined, kind.type)}`).join('')})`,
    );
  const declared = ({ columns }: RandomTable): string =>
    columns.map(({ kind }, index) => `, c${index} ${kind.type}`).join('');
  const shownColumns = ({ columns }: RandomTable): string =>
    columns.map(({ kind }, index) => `, ${kind.shown(`c${index}`)} AS c${index}`).join('');

  it('PostgreSQL tables have the values and losses that docs/types.md says', async () => {
    await hold(randomTable([...POSTGRES_KINDS, ...POSTGRES_NESTED_KINDS]), async (table) => {
      await client.query(`DROP TABLE IF EXISTS random_table;
        CREATE TABLE random_table (id int PRIMARY KEY ${declared(table)})`);
      const rows = rowsOf(table, (value, type) => `(${value ?? 'NULL'})::${type}`);
      if (rows.length > 0) await client.query(`INSERT INTO random_table VALUES ${rows.join(', ')}`);
      const { rows: found } = await client.query<(string | null)[]>({
        text: `SELECT id ${shownColumns(table)} FROM random_table`,
        rowMode: 'array',
        types: { getTypeParser: () => (text: string) => text },
      });
      const { host, port, user } = postgres;
      await inPlace(() =>
        tryTable(
          table,
          new Map(found.map(([id, ...texts]) => [String(id), texts])),
          {
            ...{ connection: undefined, file_pattern: undefined, source_type: 'postgresql' },
            connection_params: {
              ...{ host, port, user, database: 'postgres', password: '${env:SECRET}', sslmode: 'disable' },
            },
            ...{ source_table_name: 'public.random_table', split: { rows_per_unit: table.rowsPerUnit } },
          },
          (row) => row.replace('id=', ''),
        ),
      );
    });
  });

  it('Parquet files have the values and losses that docs/types.md says', async () => {
    await hold(randomTable(DUCKDB_KINDS), async (table) => {
      await inPlace(async () => {
        const file = await place.workspace.write('data/random.parquet', '');
        await duckdb.run(`CREATE OR REPLACE TABLE random_table (id BIGINT ${declared(table)})`);
        const rows = rowsOf(table, (value) => value ?? 'NULL');
        if (rows.length > 0) await duckdb.run(`INSERT INTO random_table VALUES ${rows.join(', ')}`);
        await duckdb.run(`COPY random_table TO '${file}' (FORMAT parquet)`);
        const reader = await duckdb.runAndReadAll(
          `SELECT id::VARCHAR ${shownColumns(table)} FROM read_parquet('${file}')`,
        );
        const found = reader.getRowsJson() as (string | null)[][];
        const shown = new Map(found.map(([id, ...texts]) => [String(id), texts]));
        await tryTable(table, shown, { file_pattern: '*.parquet' }, (row) =>
          String(Number(row.replace('random.parquet row ', '')) - 1),
        );
      });
    });
  });

  for (const format of ['csv', 'jsonl']) {
    it(`${format} files have the values and losses that docs/types.md says`, async () => {
      const tables = randomTable(TEXT_KINDS, [true]).filter(({ rows }) => rows > 0);
      await hold(tables, async (table) => {
        await inPlace(async () => {
          const shown = new Map<string, (string | null)[]>();
          const ids = new Map<string, string>();
          const lines =
            format === 'csv' ? [`id${table.columns.map((_, index) => `,c${index}`).join('')}`] : [];
          for (let row = 0; row < table.rows; row++) {
            const texts = table.columns.map(({ values }) => values[row] ?? null);
            // A null of a JSON file is no value, not a document.
            const isNull = (text: string | null): boolean =>
              text === null || (format === 'jsonl' && text === 'null');
            shown.set(
              String(row),
              texts.map((text, index) =>
                isNull(text) && table.columns[index]?.kind.type === 'JSON' ? null : text,
              ),
            );
            // Rows are named by the line of the file where they begin.
            ids.set(
              `random.${format} line ${lines.join('\n').split(/\r\n|\n|\r/).length + (lines.length === 0 ? 0 : 1)}`,
              String(row),
            );
            lines.push(format === 'csv' ? csvLine(row, texts) : jsonLine(row, texts, table));
          }
          await place.file(`random.${format}`, ...lines);
          await tryTable(table, shown, { file_pattern: `*.${format}` }, (row) => ids.get(row) ?? row);
        });
      });
    });
  }

  const csvLine = (row: number, texts: readonly (string | null)[]): string =>
    [String(row), ...texts.map((text) => (text === null ? '' : `"${text.replaceAll('"', '""')}"`))].join(',');

  /** Numbers and documents in place, everything else as JSON strings. */
  const jsonLine = (row: number, texts: readonly (string | null)[], { columns }: RandomTable): string => {
    const inPlaceTypes = ['JSON', 'INTEGER', 'FLOAT', 'NUMERIC'];
    const members = texts.map((text, index) => {
      const raw = inPlaceTypes.includes(columns[index]?.kind.type ?? '') && text !== 'NaN';
      return `,"c${index}":${text === null ? 'null' : raw ? text : JSON.stringify(text)}`;
    });
    return `{"id":${row}${members.join('')}}`;
  };

  /** As the program staged it, but for one value. */
  const otherAvro = (): Uint8Array => {
    const columns = [
      { name: 'id', type: { kind: 'int', bits: 64 } as const, nullable: true },
      { name: 'name', type: { kind: 'string' } as const, nullable: true },
    ];
    const encoder = compileAvroEncoder({ columns, primaryKey: [] });
    for (const [index, name] of ['one', 'owt', 'three'].entries()) encoder.add([BigInt(index + 1), name]);
    return Buffer.concat([encoder.header, encoder.takeBlock()]);
  };

  for (const format of ['avro', 'ndjson']) {
    it(`staged rows that were changed before they are loaded are not published (${format})`, async () => {
      await inPlace(async () => {
        await place.file('a.csv', 'id,name', '1,one', '2,two', '3,three');
        await place.configure({ staging_format: format, verify: 'strict' });
        const tamper = async (): Promise<void> => {
          const parts = (await place.staged()).filter((name) => name.includes('/parts/'));
          assert.equal(parts.length, 1);
          const name = `${place.prefix}/${parts[0] ?? ''}`;
          const content = await services.gcs.read(name);
          assert.ok(content !== undefined);
          await services.gcs.write(
            name,
            format === 'avro' ? otherAvro() : content.toString().replace('two', 'owt'),
          );
        };
        place.break({ on: /jobs$/, nth: 1, action: { meanwhile: tamper } });
        const result = await place.run();
        assert.equal(services.faults.struck, true, 'nothing was tampered with');
        assert.equal(result.code, 1, result.err);
        assert.equal(result.reports[0]?.status, 'failure');
        assert.equal(result.reports[0].error?.code, 'COUNT_MISMATCH', result.err);
        assert.equal(await place.rows('id'), undefined);
      });
    });
  }
});
