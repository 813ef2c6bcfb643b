import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port';
import { installedService } from './installed-services';
import { startServer } from './server-process';

/** A row of a query by column name: values as the API writes them, nested ones as `{ v }` and `{ f }`. */
export type ServedRow = Record<string, unknown>;

export interface BigQueryServerOptions {
  /** Where it reads `gs://` from: another server's endpoint. */
  readonly storage: string;
  readonly project?: string;
  readonly dataset?: string;
  /** Rows that a stream of its Storage Read API has at most; 100,000 where absent. */
  readonly streamRows?: number;
  /** Rows of a message of a stream, a multiple of 2,048; all of them where absent. */
  readonly messageRows?: number;
  /** Load jobs count the rows of Avro files and write as many empty ones: a minute less for a million, for benchmarks that do not look at values. */
  readonly onlyCounts?: boolean;
}

/** local-bigquery with its data in a temporary folder. */
export interface BigQueryServer {
  /** `http://127.0.0.1:PORT`, the `endpoint` of a destination. */
  readonly endpoint: string;
  /** Of its Storage Read API (gRPC), the `storage_read_endpoint` of a connection. */
  readonly storageEndpoint: string;
  readonly project: string;
  /** A dataset that exists, in location US: all of this server is. */
  readonly dataset: string;
  createDataset(name: string): Promise<void>;
  /** Rows of a query whose unqualified tables are in the dataset. Throws the server's words. */
  query(sql: string): Promise<ServedRow[]>;
  /** All rows of a table, without a query; undefined: there is no such table. */
  rows(table: string, dataset?: string): Promise<ServedRow[] | undefined>;
  /** Any request of the API: path below `/bigquery/v2/projects/PROJECT/`. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Names of the dataset's tables, in order. */
  tables(dataset?: string): Promise<string[]>;
  /** The end of what the server wrote. */
  log(): string;
  stop(): Promise<void>;
}

/** For a `before` hook; call `stop` in `after`. Takes 2 to 4 seconds: share one among the tests of a file. */
export async function startBigQueryServer(options: BigQueryServerOptions): Promise<BigQueryServer> {
  const { project = 'test-project', dataset = 'warehouse' } = options;
  const installed = installedService('local-bigquery');
  const folder = await mkdtemp(join(tmpdir(), 'beamlift-bigquery-'));
  try {
    const [port, grpcPort] = [await freePort(), await freePort()];
    const endpoint = `http://127.0.0.1:${port}`;
    const projectUrl = `${endpoint}/bigquery/v2/projects/${project}`;
    const server = await startServer(
      join(installed, 'bin', 'python'),
      [
        ...['-c', mainProgram(options), '--host', '127.0.0.1'],
        ...['--port', String(port), '--grpc-port', String(grpcPort), '--data-dir', join(folder, 'data')],
        ...['--project', project, '--dataset', dataset],
      ],
      // Its DuckDB finds its extensions below HOME.
      { HOME: join(installed, 'home'), STORAGE_EMULATOR_HOST: options.storage },
      `${projectUrl}/datasets`,
    );
    const request: BigQueryServer['request'] = async (method, path, body, headers = {}) => {
      const response = await fetch(`${projectUrl}/${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      };
    };
    const expectOk = async (
      method: string,
      path: string,
      body?: unknown,
    ): Promise<Record<string, unknown>> => {
      const answer = await request(method, path, body);
      if (answer.status < 300) return answer.body;
      throw new Error(`${answer.status} of ${method} ${path}: ${JSON.stringify(answer.body)}`);
    };
    const bigquery: BigQueryServer = {
      endpoint,
      storageEndpoint: `http://127.0.0.1:${grpcPort}`,
      project,
      dataset,
      createDataset: async (name) => {
        await expectOk('POST', 'datasets', { datasetReference: { projectId: project, datasetId: name } });
      },
      query: async (sql) =>
        servedRows(
          await expectOk('POST', 'queries', {
            query: sql,
            useLegacySql: false,
            maxResults: 100_000,
            timeoutMs: 30_000,
            defaultDataset: { projectId: project, datasetId: dataset },
            formatOptions: { useInt64Timestamp: true },
          }),
        ),
      rows: async (table, inDataset = dataset) => {
        const path = `datasets/${inDataset}/tables/${table}`;
        const { status, body } = await request('GET', path);
        if (status === 404) return undefined;
        const data = await expectOk(
          'GET',
          `${path}/data?maxResults=100000&formatOptions.useInt64Timestamp=true`,
        );
        return servedRows({ schema: body['schema'] as TableSchema, rows: data['rows'] as ServedRows });
      },
      request,
      tables: async (inDataset = dataset) => {
        const { tables = [] } = (await expectOk('GET', `datasets/${inDataset}/tables?maxResults=10000`)) as {
          tables?: { tableReference: { tableId: string } }[];
        };
        return tables.map(({ tableReference }) => tableReference.tableId).sort();
      },
      log: () => server.log(),
      stop: async () => {
        await server.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
    await bigquery.createDataset(dataset).catch((error: unknown) => {
      if (!String(error).startsWith('Error: 409')) throw error;
    });
    return bigquery;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Rows that are as many as a file's blocks say, with the value 0, and null where it may be. */
const COUNTED_ROWS = `
import io
import fastavro, pyarrow as pa
import local_bigquery.jobs.load as load
def counted(data, config):
    blocks = fastavro.block_reader(io.BytesIO(data))
    rows = sum(block.num_records for block in blocks)
    def column(field):
        kind = load._arrow_type(field["type"], bool(config.useAvroLogicalTypes))
        if isinstance(field["type"], list): return pa.nulls(rows, kind)
        if pa.types.is_nested(kind): return pa.array([[]] * rows, kind)
        if pa.types.is_binary(kind): return pa.repeat(pa.scalar(b"", kind), rows)
        return pa.repeat(pa.scalar(False if pa.types.is_boolean(kind) else "0" if pa.types.is_string(kind) else 0, kind), rows)
    fields = blocks.writer_schema["fields"]
    return pa.table([column(field) for field in fields], names=[field["name"] for field in fields])
load.ARROW_READERS["AVRO"] = counted`;

/** The server's own program; the sizes of streams and messages are no options of it. */
function mainProgram({
  streamRows = 100_000,
  messageRows,
  onlyCounts = false,
}: BigQueryServerOptions): string {
  return [
    'import duckdb, local_bigquery.grpc.read as read',
    `read.STREAM_ROWS = ${streamRows}`,
    ...(messageRows === undefined
      ? []
      : [
          'whole = duckdb.DuckDBPyRelation.to_arrow_reader',
          `duckdb.DuckDBPyRelation.to_arrow_reader = lambda relation: whole(relation, ${messageRows})`,
        ]),
    ...(onlyCounts ? [COUNTED_ROWS] : []),
    'from local_bigquery.cli import main',
    'main()',
  ].join('\n');
}

interface TableSchema {
  readonly fields?: readonly { readonly name: string }[];
}

type ServedRows = readonly { readonly f: readonly { readonly v: unknown }[] }[];

interface QueryResponse {
  readonly schema?: TableSchema;
  readonly rows?: ServedRows;
}

function servedRows({ schema, rows = [] }: QueryResponse): ServedRow[] {
  const names = schema?.fields ?? [];
  return rows.map(({ f }) => {
    const row = Object.create(null) as ServedRow;
    for (const [index, { name }] of names.entries()) row[name] = f[index]?.v;
    return row;
  });
}
