import assert from 'node:assert/strict';
import type { Cell } from '../../core/cells';
import type { ColumnType, TableSchema } from '../../core/schema';
import { loadJob, type LoadInto } from '../../loaders/bigquery/commit-jobs';
import { tableFields } from '../../loaders/bigquery/schema';
import { compileAvroEncoder, type AvroCodec } from '../../transforms/encode/avro';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

interface Sample {
  readonly name: string;
  readonly type: ColumnType;
  /** In the first row; the second is null, or empty where the column is NOT NULL or an array. */
  readonly cell: Cell;
  /** As the API answers it. */
  readonly served: unknown;
  /** What takes the place of null. */
  readonly otherwise?: { readonly cell: Cell; readonly served: unknown };
}

const YEAR_1 = -62_135_596_800_000_000n;
const LAST_MICROSECOND = 253_402_300_799_999_999n;
const INT: ColumnType = { kind: 'int', bits: 64 };
const NUMERIC: ColumnType = { kind: 'decimal', precision: 38, scale: 9 };
const TIMESTAMP: ColumnType = { kind: 'timestamp', unit: 'us' };

const SAMPLES: readonly Sample[] = [
  { name: 'bool', type: { kind: 'bool' }, cell: true, served: 'true' },
  {
    name: 'int',
    type: INT,
    cell: 2n ** 63n - 1n,
    served: '9223372036854775807',
    otherwise: { cell: -(2n ** 63n), served: '-9223372036854775808' },
  },
  { name: 'float', type: { kind: 'float', bits: 64 }, cell: 0.1, served: '0.1' },
  { name: 'nan', type: { kind: 'float', bits: 64 }, cell: NaN, served: 'NaN' },
  {
    name: 'numeric',
    type: NUMERIC,
    cell: `-${'9'.repeat(29)}.${'9'.repeat(9)}`,
    served: `-${'9'.repeat(29)}.${'9'.repeat(9)}`,
    otherwise: { cell: '0.000000001', served: '0.000000001' },
  },
  {
    name: 'money',
    type: { kind: 'decimal', precision: 12, scale: 2 },
    cell: '-1234567890.12',
    served: '-1234567890.12',
  },
  // The stand-in's BIGNUMERIC has 38 digits, 18 of them behind the point.
  {
    name: 'bignumeric',
    type: { kind: 'decimal', precision: 38, scale: 18 },
    cell: `${'9'.repeat(20)}.${'1'.repeat(18)}`,
    served: `${'9'.repeat(20)}.${'1'.repeat(18)}`,
  },
  {
    name: 'text',
    type: { kind: 'string' },
    cell: 'aé€📦\u0000"\\\n',
    served: 'aé€📦\u0000"\\\n',
    otherwise: { cell: '', served: '' },
  },
  {
    name: 'uuid',
    type: { kind: 'uuid' },
    cell: '6b1d1e7a-0000-4000-8000-0123456789ab',
    served: '6b1d1e7a-0000-4000-8000-0123456789ab',
  },
  { name: 'bytes', type: { kind: 'bytes' }, cell: Uint8Array.of(0, 128, 255), served: 'AID/' },
  // The stand-in prints documents anew.
  {
    name: 'json',
    type: { kind: 'json' },
    cell: '{"a":[1.5,null,12345678901234567890]}',
    served: '{"a":[1.5,null,12345678901234567890]}',
  },
  {
    name: 'date',
    type: { kind: 'date' },
    cell: -719_162n,
    served: '0001-01-01',
    otherwise: { cell: 2_932_896n, served: '9999-12-31' },
  },
  { name: 'time', type: { kind: 'time', unit: 'us' }, cell: 86_399_999_999n, served: '23:59:59.999999' },
  {
    name: 'datetime',
    type: { kind: 'datetime', unit: 'us' },
    cell: LAST_MICROSECOND,
    served: '9999-12-31T23:59:59.999999',
  },
  {
    name: 'timestamp',
    type: TIMESTAMP,
    cell: YEAR_1,
    served: YEAR_1.toString(),
    otherwise: { cell: LAST_MICROSECOND, served: LAST_MICROSECOND.toString() },
  },
  {
    name: 'ints',
    type: { kind: 'array', element: INT },
    cell: [1n, -2n],
    served: [{ v: '1' }, { v: '-2' }],
    otherwise: { cell: [], served: [] },
  },
  {
    name: 'decimals',
    type: { kind: 'array', element: NUMERIC },
    cell: ['0.5'],
    served: [{ v: '0.5' }],
    otherwise: { cell: null, served: [] },
  },
  {
    name: 'struct',
    type: {
      kind: 'struct',
      fields: [
        { name: 'a', type: INT },
        {
          name: 'b',
          type: { kind: 'array', element: { kind: 'struct', fields: [{ name: 'at', type: TIMESTAMP }] } },
        },
      ],
    },
    cell: [7n, [[1n], [null]]],
    served: { f: [{ v: '7' }, { v: [{ v: { f: [{ v: '1' }] } }, { v: { f: [{ v: null }] } }] }] },
  },
];

const SCHEMA: TableSchema = {
  columns: SAMPLES.map(({ name, type, otherwise }) => ({ name, type, nullable: otherwise === undefined })),
  primaryKey: [],
};

describe('Avro files, as the stand-in for BigQuery loads them', function () {
  this.timeout(120_000);
  let gcs: GcsServer;
  let bigquery: BigQueryServer;
  before(async () => {
    gcs = await startGcsServer();
    bigquery = await startBigQueryServer({ storage: gcs.endpoint });
  });
  after(async () => {
    await bigquery.stop();
    await gcs.stop();
  });

  async function load(name: string, file: Uint8Array, rows: number): Promise<void> {
    await gcs.write(`${name}.avro`, file);
    const part = { uri: `gs://${gcs.bucket}/${name}.avro`, rows, bytes: file.length };
    const table = { projectId: bigquery.project, datasetId: bigquery.dataset, tableId: name };
    const create: LoadInto = { kind: 'create', options: { clusterBy: [] } };
    const { configuration } = loadJob(
      'load',
      { stagingFormat: 'avro' },
      [part],
      tableFields(SCHEMA),
      table,
      create,
    );
    const reference = { projectId: bigquery.project, jobId: `load_${name}` };
    let answer = await bigquery.request('POST', 'jobs', { jobReference: reference, configuration });
    while ((answer.body['status'] as { state?: string } | undefined)?.state === 'RUNNING') {
      answer = await bigquery.request('GET', `jobs/load_${name}`);
    }
    const { status, statistics } = answer.body as {
      status?: { errorResult?: unknown };
      statistics?: { load?: { outputRows?: string } };
    };
    assert.equal(status?.errorResult, undefined, JSON.stringify(status));
    assert.equal(statistics?.load?.outputRows, String(rows));
  }

  for (const codec of ['snappy', 'deflate', 'null'] satisfies AvroCodec[]) {
    it(`reads every type exactly, with ${codec}`, async () => {
      const encoder = compileAvroEncoder(SCHEMA, { codec });
      encoder.add(SAMPLES.map(({ cell }) => cell));
      const first = Uint8Array.from(encoder.takeBlock());
      encoder.add(SAMPLES.map(({ otherwise }) => otherwise?.cell ?? null));
      await load(`types_${codec}`, Buffer.concat([encoder.header, first, encoder.takeBlock()]), 2);
      const table = `\`${bigquery.project}.${bigquery.dataset}.types_${codec}\``;
      const rows = await bigquery.query(`SELECT * FROM ${table} ORDER BY bool IS NULL`);
      assert.deepEqual(
        rows.map((row) => SAMPLES.map(({ name }) => row[name])),
        [
          SAMPLES.map(({ served }) => served),
          SAMPLES.map(({ otherwise }) => (otherwise === undefined ? null : otherwise.served)),
        ],
      );
    });
  }
});
