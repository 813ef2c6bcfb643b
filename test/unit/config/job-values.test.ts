import assert from 'node:assert/strict';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { JobSpec, JobTemplate } from '../../../launcher/config/job-spec';
import { checkText } from './check-text';

function configurationOf(text: string, environment: Record<string, string> = {}) {
  const { configuration, problems } = checkText(text, environment);
  assert.deepEqual(problems, []);
  assert.ok(configuration !== undefined);
  return configuration;
}

function isSpec(job: JobSpec | JobTemplate | undefined): asserts job is JobSpec {
  assert.ok(job !== undefined && !('instantiate' in job));
}

function jobOf(text: string): JobSpec {
  const [job] = configurationOf(text).jobs;
  isSpec(job);
  return job;
}

const HEAD = `connections:
  shop: { source_type: postgres, host: db, database: shop, password: "\${env:P}" }
  here: { type: local, path: data }
destinations:
  warehouse: { type: duckdb, path: w.duckdb, schema: raw }
`;

describe('job values', () => {
  it('have every default', () => {
    const job = jobOf(
      `${HEAD}jobs:\n  a: { connection: shop, source_table_name: public.orders, load_type: catalog }\n`,
    );
    assert.deepEqual(job, {
      name: 'a',
      source: {
        type: 'postgresql',
        connectionName: 'shop',
        connection: { host: 'db', database: 'shop', password: '${env:P}' },
        object: { kind: 'table', name: 'public.orders' },
        maxConnections: 8,
      },
      sourceCategory: 'database',
      destination: {
        type: 'duckdb',
        destinationName: 'warehouse',
        config: { path: '/base/w.duckdb', schema: 'raw' },
        table: 'orders',
      },
      loadType: 'catalog',
      timestampColumn: undefined,
      historicalStartDate: undefined,
      lastSyncValue: undefined,
      selectedColumns: [],
      columnMapping: new Map(),
      keyColumns: [],
      createTable: true,
      schemaUpdate: 'none',
      allowEmpty: false,
      split: { rowsPerUnit: 50_000, isChosen: false, by: 'auto' },
      policies: { ...DEFAULT_POLICIES, columns: Object.create(null) },
      maxRejects: 0,
      holdBackSeconds: 2,
      lookbackSeconds: 0,
      timeoutSeconds: undefined,
      timezone: 'UTC',
      fileSelection: 'all',
      onBadFile: 'fail',
      verify: 'counts',
      stagingFormat: undefined,
      tableOptions: { clusterBy: [] },
    } satisfies JobSpec);
  });

  it('are those that were written', () => {
    const job = jobOf(`${HEAD}jobs:
  a:
    connection: shop
    query: |
      SELECT 1 AS "\${env:P}"
    load_type: merge
    key_columns: [id, "__proto__"]
    timestamp_column: at
    historical_start_date: 2024-01-01
    last_sync_value: 17
    hold_back: 1.5
    lookback: 2h
    timezone: Europe/Warsaw
    filter: a > 1
    selected_columns: [id]
    column_mapping: { __proto__: proto, constructor: c, 2024: y }
    destination: warehouse
    dataset: other
    dest_table_name: orders
    create_table: false
    schema_update: add_columns
    allow_empty: true
    split: { by: hash }
    max_source_connections: 3
    policies: { nan: reject, columns: { __proto__: { nan: text } } }
    rejects: { max: 5 }
    timeout: 1.5m
`);
    assert.deepEqual(job.source.object, { kind: 'query', sql: 'SELECT 1 AS "${env:P}"' });
    assert.deepEqual(
      [job.source.filter, job.source.timezone, job.source.maxConnections],
      ['a > 1', 'Europe/Warsaw', 3],
    );
    assert.deepEqual([job.destination.dataset, job.destination.table], ['other', 'orders']);
    assert.deepEqual([...job.columnMapping].sort(), [
      ['2024', 'y'],
      ['__proto__', 'proto'],
      ['constructor', 'c'],
    ]);
    assert.deepEqual(job.keyColumns, ['id', '__proto__']);
    assert.deepEqual(Object.entries(job.policies.columns), [['__proto__', { nan: 'text' }]]);
    assert.equal(job.policies.nan, 'reject');
    assert.deepEqual([job.historicalStartDate, job.lastSyncValue], ['2024-01-01', '17']);
    assert.deepEqual([job.holdBackSeconds, job.lookbackSeconds, job.timeoutSeconds], [1.5, 7200, 90]);
    assert.deepEqual(job.split, { rowsPerUnit: 50_000, isChosen: false, by: 'hash' });
    assert.deepEqual(
      [job.createTable, job.schemaUpdate, job.allowEmpty, job.maxRejects],
      [false, 'add_columns', true, 5],
    );
  });

  it('take an empty last_sync_value for none', () => {
    for (const value of ['""', "''", '', 'null', '~']) {
      const job = jobOf(
        `${HEAD}jobs:\n  a: { connection: shop, source_table_name: t, load_type: append, timestamp_column: at, last_sync_value: ${value} }\n`,
      );
      assert.equal(job.lastSyncValue, undefined);
    }
  });

  it('know formats by the ending of the pattern', () => {
    const cases: [string, object][] = [
      ['sales/**/*.csv', { format: 'csv', options: {} }],
      ['x.CSV.gz', { format: 'csv', options: {} }],
      ['x.tsv', { format: 'csv', options: { delimiter: '\t' } }],
      ['*.ndjson.gz', { format: 'jsonl', options: {} }],
      ['*.json*', { format: 'json', options: {} }],
      ['a.parquet', { format: 'parquet', options: {} }],
    ];
    for (const [pattern, expected] of cases) {
      const job = jobOf(
        `${HEAD}jobs: { a: { connection: here, file_pattern: "${pattern}", load_type: append } }`,
      );
      assert.deepEqual(job.source.object, { kind: 'files', pattern, ...expected });
      assert.equal(job.destination.table, 'a');
    }
    const said = jobOf(
      `${HEAD}jobs: { a: { connection: here, file_pattern: x.txt, file_format: csv, file_format_options: { delimiter: "|", has_header: false }, load_type: append } }`,
    );
    assert.deepEqual(said.source.object, {
      kind: 'files',
      pattern: 'x.txt',
      format: 'csv',
      options: { delimiter: '|', has_header: false },
    });
  });

  it('come from the defaults where they fit', () => {
    const { jobs, warnings } = configurationOf(`${HEAD}defaults:
  connection: shop
  load_type: transactional
  timestamp_column: created_at
  historical_start_date: "2024-01-01"
  key_columns: [id]
  split: { by: date, rows_per_unit: 10 }
  policies: { nan: reject, columns: { a: { nan: text, infinity: text } } }
  column_mapping: { a: b }
jobs:
  orders:
    source_table_name: orders
    split: { rows_per_unit: 20 }
    policies: { infinity: fail, columns: { a: { nan: fail } } }
    column_mapping: { c: d }
  lines: { source_table_name: lines, load_type: catalog }
  users: { source_table_name: users, load_type: merge }
  sales: { connection: here, file_pattern: "*.csv" }
  views: { source_table_name: v, load_type: catalog, timestamp_column: at }
`);
    const [orders, lines, users, sales] = jobs;
    for (const job of [orders, lines, users, sales]) isSpec(job);
    isSpec(orders);
    assert.deepEqual(orders.split, { rowsPerUnit: 20, isChosen: true, by: 'date' });
    assert.deepEqual([orders.policies.nan, orders.policies.infinity], ['reject', 'fail']);
    assert.deepEqual(Object.entries(orders.policies.columns), [['a', { nan: 'fail', infinity: 'text' }]]);
    assert.deepEqual(
      [...orders.columnMapping],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    );
    assert.deepEqual(orders.keyColumns, []);
    isSpec(lines);
    assert.deepEqual([lines.timestampColumn, lines.historicalStartDate], [undefined, undefined]);
    isSpec(users);
    assert.deepEqual([users.timestampColumn, users.keyColumns], ['created_at', ['id']]);
    isSpec(sales);
    assert.deepEqual(
      [sales.loadType, sales.timestampColumn, sales.source.type],
      ['transactional', undefined, 'local'],
    );
    assert.deepEqual(warnings, ['jobs.views.timestamp_column is not used: a catalog load reads everything']);
  });

  it('of jobs over many tables are made table by table', () => {
    const { jobs } = configurationOf(
      `${HEAD}jobs: { all: { connection: shop, source_tables: ["public.*", "x.y"], load_type: catalog, dest_table_name: "{schema}_{table}" } }`,
    );
    const [template] = jobs;
    assert.ok(template !== undefined && 'instantiate' in template);
    assert.deepEqual([template.connection, template.sourceTables], ['shop', ['public.*', 'x.y']]);
    const job = template.instantiate('public', 'Order $& Lines');
    assert.equal(job.name, 'all.Order $& Lines');
    assert.equal(job.destination.table, 'public_Order $& Lines');
    assert.deepEqual(job.source.object, { kind: 'table', schema: 'public', name: 'Order $& Lines' });
    const [plain] = configurationOf(
      `${HEAD}jobs: { all: { connection: shop, source_tables: ["*"], load_type: catalog } }`,
    ).jobs;
    assert.ok(plain !== undefined && 'instantiate' in plain);
    assert.equal(plain.instantiate(undefined, 't').destination.table, 't');
  });

  it('describe their own connection', () => {
    const configuration = configurationOf(
      `destinations: { w: { type: duckdb, path: w } }\njobs: { a: { source_type: postgres, connection_params: { host: h, database: d, password: literal-canary }, query: SELECT 1, load_type: catalog } }`,
    );
    const [job] = configuration.jobs;
    isSpec(job);
    assert.equal(job.source.connectionName, 'jobs.a');
    assert.deepEqual(configuration.connections.get('jobs.a')?.config, job.source.connection);
    assert.equal(job.source.connection['password'], '${inline:jobs.a.connection_params.password}');
    assert.equal(configuration.inlineSecrets.get('jobs.a.connection_params.password'), 'literal-canary');
  });

  it('of connections keep references and lose secrets that are written out', () => {
    const { connections, destinations, inlineSecrets } = configurationOf(
      `connections:
  a: { type: postgresql, host: "\${env:HOST}", port: "\${env:PORT}", database: d, sslmode: "\${env:MODE}", ssl_ca: "\${file:ca.pem}", password: "\${env:P}" }
  b: { type: postgresql, host: h, database: d, password: "x\${env:P}" }
  c: { url: "postgresql://u:pass:word@h:5433/d" }
  d: { url: "\${env:URL}" }
  e: { url: "postgresql://u:\${env:P}@h/d", sslmode: require }
  f: { type: local, path: "\${env:HOME}/x" }
  __proto__: { type: local, path: . }
destinations: { w: { url: "duckdb:w.duckdb", token: t } }
jobs: { a: { connection: __proto__, file_pattern: x.csv, load_type: catalog } }
`,
      {
        HOST: 'db.example',
        PORT: '5433',
        MODE: 'require',
        URL: 'postgresql://u:a${b@h/d',
        HOME: '/home/x',
        P: 'canary',
      },
    );
    assert.deepEqual(connections.get('a')?.config, {
      host: 'db.example',
      port: 5433,
      database: 'd',
      sslmode: 'require',
      ssl_ca: '${file:ca.pem}',
      password: '${env:P}',
    });
    assert.equal(connections.get('b')?.config['password'], '${inline:connections.b.password}');
    assert.deepEqual(connections.get('c')?.config, {
      host: 'h',
      port: 5433,
      database: 'd',
      user: 'u',
      password: '${inline:connections.c.password}',
    });
    assert.equal(connections.get('e')?.config['password'], '${env:P}');
    assert.equal(connections.get('f')?.config['path'], '/home/x/x');
    assert.equal(connections.get('__proto__')?.config['path'], '/base');
    assert.equal(destinations.get('w')?.config['path'], '/base/w.duckdb');
    assert.deepEqual([...inlineSecrets].sort(), [
      ['connections.b.password', 'x${env:P}'],
      ['connections.c.password', 'pass:word'],
      ['connections.d.password', 'a$${b'],
      ['destinations.w.token', 't'],
    ]);
  });

  it('of runners and the run store', () => {
    const configuration = configurationOf(
      `${HEAD}runners: { threshold_rows: 5, large: in-process }\nrun_store: sqlite:/var/runs.db\njobs: { a: { connection: here, file_pattern: x.csv, load_type: replace } }`,
    );
    assert.deepEqual(configuration.runners, { thresholdRows: 5, large: 'in-process' });
    assert.deepEqual(configuration.runStore, { type: 'sqlite', config: { path: '/var/runs.db' } });
  });
});
