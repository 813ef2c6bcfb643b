import path from 'node:path';
import { DUCKDB_PACKAGES } from './duckdb-scanner';

/** Another program that does the same work: a table of PostgreSQL into files that a warehouse loads. */
export interface Peer {
  readonly name: string;
  readonly title: string;
  readonly output: string;
  /** What it needs of Python's packages; none: it is there. */
  readonly packages: readonly string[];
  readonly command: (uri: string, table: string, folder: string) => readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const PYARROW = 'pyarrow==26.0.1';
const CONNECTORX = 'connectorx==0.4.6';
const DLT = [
  'dlt[filesystem,parquet,sql_database]==1.31.0',
  'sqlalchemy==2.0.44',
  'psycopg2-binary==2.9.11',
  PYARROW,
];
const DLT_ENVIRONMENT = { RUNTIME__DLTHUB_TELEMETRY: 'false', RUNTIME__LOG_LEVEL: 'ERROR' };

export const PEERS: readonly Peer[] = [
  {
    ...{ name: 'beamlift', title: 'beamlift, loaded and published', output: 'Avro snappy' },
    ...{ packages: [], command: () => [] },
  },
  {
    ...{ name: 'duckdb', title: 'DuckDB 1.5.5, PostgreSQL scanner', output: 'Parquet snappy' },
    ...{ packages: DUCKDB_PACKAGES, command: script('duckdb_scanner') },
  },
  {
    ...{ name: 'adbc', title: 'ADBC 1.13.0 and pyarrow', output: 'Parquet snappy' },
    packages: ['adbc-driver-postgresql==1.13.0', PYARROW],
    command: script('adbc_parquet'),
  },
  {
    ...{ name: 'connectorx', title: 'connectorx 0.4.6 and pyarrow', output: 'Parquet snappy' },
    ...{ packages: [CONNECTORX, PYARROW], command: script('connectorx_parquet') },
  },
  {
    ...{ name: 'psql', title: 'psql through gzip -1', output: 'CSV gzip' },
    packages: [],
    command: (uri, table, folder) => [
      ...['bash', '-o', 'pipefail', '-c'],
      `psql -X -q '${uri}' -c '\\copy ${table} TO STDOUT (FORMAT csv, HEADER)' | gzip -1 >'${folder}/${table}.csv.gz'`,
    ],
  },
  {
    ...{ name: 'dlt-connectorx', title: 'dlt 1.31.0, connectorx', output: 'Parquet' },
    packages: [...DLT, CONNECTORX],
    ...{ command: script('dlt_files', 'connectorx'), environment: DLT_ENVIRONMENT },
  },
  {
    ...{ name: 'dlt', title: 'dlt 1.31.0, pyarrow', output: 'Parquet' },
    packages: [...DLT, 'numpy'],
    ...{ command: script('dlt_files', 'pyarrow'), environment: DLT_ENVIRONMENT },
  },
  {
    ...{ name: 'sling', title: 'sling 1.4.11', output: 'CSV gzip' },
    packages: ['sling-linux-amd64==1.4.11'],
    command: script('sling_files'),
    environment: { SLING_DISABLE_TELEMETRY: 'TRUE' },
  },
];

/** One of `peers`, with the interpreter of its packages. */
function script(name: string, ...more: readonly string[]): Peer['command'] {
  const file = path.join(__dirname, 'peers', `${name}.py`);
  return (uri, table, folder) => ['python', file, uri, table, folder, ...more];
}
