import assert from 'node:assert/strict';
import { problemsError } from '../../../launcher/config/configuration-problem';
import { checkText } from './check-text';

/** 7 lines, then the jobs. */
const HEAD = `connections:
  shop: { source_type: postgresql, host: db, database: shop }
  here: { source_type: local, path: data }
destinations:
  warehouse: { type: duckdb, path: w.duckdb }
  other: { type: duckdb, path: o.duckdb }
jobs:
`;
const GOOD = `  good:
    connection: shop
    source_table_name: orders
    load_type: catalog
    destination: warehouse
`;

interface Broken {
  readonly says: string;
  /** Behind HEAD. */
  readonly jobs?: string;
  readonly whole?: string;
  readonly expected: readonly string[];
}

const CASES: readonly Broken[] = [
  {
    says: 'an empty file',
    whole: '',
    expected: ['f.yaml:1:1  the file is empty; `beamlift init` writes one'],
  },
  { says: 'a list', whole: '- a', expected: ['f.yaml:1:1  expected a mapping, but this is a list'] },
  {
    says: 'no jobs',
    whole: 'jobs: {}',
    expected: ['f.yaml:1:1  jobs: there is no job; `beamlift init` writes one'],
  },
  {
    says: 'jobs as a list',
    whole: 'jobs:\n  - name: a',
    expected: ['f.yaml:1:1  jobs: expected a mapping, but this is a list'],
  },
  {
    says: 'unknown keys at the top',
    whole: `conections: {}\nload_type: catalog\nzzzzzzzzz: 1\n__proto__: {}\n${HEAD}${GOOD}`,
    expected: [
      'f.yaml:1:1  conections: there is no such key; did you mean connections?',
      'f.yaml:2:1  load_type: belongs to a job, or into defaults',
      'f.yaml:3:1  zzzzzzzzz: there is no such key; known are connections, destinations, defaults, jobs, runners, run_store',
      'f.yaml:4:1  __proto__: there is no such key; known are connections, destinations, defaults, jobs, runners, run_store',
    ],
  },
  {
    says: 'a mistyped key, and nothing about the key it means',
    jobs: '  orders:\n    connection: shop\n    destination: other\n    source_table_name: orders\n    load_tpye: catalog\n',
    expected: ['f.yaml:12:5  jobs.orders.load_tpye: there is no such key; did you mean load_type?'],
  },
  {
    says: 'keys of other tools and of later versions',
    jobs: '  orders:\n    connection: shop\n    destination: other\n    table: orders\n    load_type: catalog\n    delimiter: ";"\n    schedule: daily\n    verify: strict\n    cluster_by: [a]\n    __proto__: 1\n',
    expected: [
      'f.yaml:11:5  jobs.orders.table: there is no such key; did you mean source_table_name?',
      'f.yaml:13:5  jobs.orders.delimiter: there is no such key; write file_format_options: { delimiter: … }',
      'f.yaml:14:5  jobs.orders.schedule: is not available in this version; remove it',
      'f.yaml:15:5  jobs.orders.verify: means nothing to duckdb; remove it',
      'f.yaml:16:5  jobs.orders.cluster_by: there is no such key; write table_options: { cluster_by: … }',
      'f.yaml:17:5  jobs.orders.__proto__: there is no such key; known are connection, source_type, connection_params, source_table_name, query, source_tables, file_pattern, file_format, file_format_options, file_selection, on_bad_file, load_type, timestamp_column, historical_start_date, last_sync_value, hold_back, lookback, timezone, filter, selected_columns, column_mapping, key_columns, destination, dataset, dest_table_name, create_table, schema_update, allow_empty, split, max_source_connections, policies, rejects, verify, staging_format, staging_compression, table_options, timeout',
    ],
  },
  {
    says: 'wrong kinds of values',
    jobs: `  orders:
    connection: shop
    destination: other
    source_table_name: 2024
    load_type: catalogue
    selected_columns: id
    column_mapping: { a: 1 }
    create_table: yes
    split: { rows_per_unit: 0.5, by: dates }
    allow_empty: "true"
    max_source_connections: "5"
    rejects: { max: -1 }
    timeout: 5 minutes
    dataset:
    dest_table_name: ""
    policies: { nan: nul, columns: { __proto__: { nan: x } } }
`,
    expected: [
      'f.yaml:11:5  jobs.orders.source_table_name: expected a text, but this is a number: put it in quotes',
      'f.yaml:12:5  jobs.orders.load_type: expected transactional, append, catalog, replace or merge; did you mean catalog?',
      'f.yaml:13:5  jobs.orders.selected_columns: expected a list, as in [a, b], but this is a text',
      'f.yaml:14:23  jobs.orders.column_mapping.a: expected a text, but this is a number: put it in quotes',
      'f.yaml:15:5  jobs.orders.create_table: expected true or false, but this is a text',
      'f.yaml:16:14  jobs.orders.split.rows_per_unit: expected a whole number',
      'f.yaml:16:34  jobs.orders.split.by: expected auto, date, range, hash or none; did you mean date?',
      'f.yaml:17:5  jobs.orders.allow_empty: expected true or false, but this is a text: remove the quotes',
      'f.yaml:18:5  jobs.orders.max_source_connections: expected a number, but this is a text: remove the quotes',
      'f.yaml:19:16  jobs.orders.rejects.max: must be at least 0',
      'f.yaml:20:5  jobs.orders.timeout: expected seconds, or a text such as 30s, 5m, 1h or 7d',
      'f.yaml:21:5  jobs.orders.dataset: has no value: write a text, or remove the key (the words null and ~ are texts in quotes only)',
      'f.yaml:22:5  jobs.orders.dest_table_name: must not be empty',
      'f.yaml:23:17  jobs.orders.policies.nan: expected set_null, text, reject or fail',
      'f.yaml:23:51  jobs.orders.policies.columns.__proto__.nan: expected set_null, text, reject or fail',
    ],
  },
  {
    says: 'everything that a job lacks',
    jobs: '  orders: {}\n  sales: { connection: here, destination: other }\n',
    expected: [
      'f.yaml:8:3  jobs.orders.connection: is needed: one of shop, here',
      'f.yaml:8:3  jobs.orders.load_type: is needed: transactional (adds what is new), catalog (replaces the table) or merge (by key_columns)',
      'f.yaml:8:3  jobs.orders.destination: is needed: one of warehouse, other',
      'f.yaml:9:3  jobs.sales.file_pattern: is needed: which files to read, as in sales/**/*.csv',
      'f.yaml:9:3  jobs.sales.load_type: is needed: transactional (adds what is new), catalog (replaces the table) or merge (by key_columns)',
    ],
  },
  {
    says: 'what load types need',
    jobs: `  a: { connection: shop, destination: other, query: SELECT 1, load_type: append }
  b: { connection: shop, destination: other, source_table_name: t, load_type: merge, lookback: 1h }
  c: { connection: here, destination: other, file_pattern: "*.csv", load_type: transactional, timestamp_column: t }
`,
    expected: [
      'f.yaml:8:3  jobs.a.timestamp_column: is needed for a transactional load: the column that says which rows are new',
      'f.yaml:9:3  jobs.b.key_columns: is needed for a merge load: the columns that identify a row, as in [id]',
      'f.yaml:9:86  jobs.b.lookback: needs a timestamp_column: without one, a merge load reads everything',
      'f.yaml:10:95  jobs.c.timestamp_column: files have none: what is new is known by the name, size and time of a file; remove it',
    ],
  },
  {
    says: 'what load types do not use',
    jobs: `  a:
    connection: shop
    destination: other
    source_table_name: t
    load_type: transactional
    timestamp_column: at
    lookback: 1h
    key_columns: [id]
  b:
    connection: shop
    destination: other
    source_table_name: u
    load_type: replace
    historical_start_date: "2024-01-01"
    hold_back: 5
    last_sync_value: ""
  c:
    connection: here
    destination: other
    file_pattern: "*.csv"
    load_type: append
    file_selection: latest
    filter: a > 1
    split: { by: hash }
  d:
    connection: shop
    destination: other
    source_table_name: t
    file_pattern: "*.csv"
    load_type: catalog
`,
    expected: [
      'f.yaml:14:5  jobs.a.lookback: is for load_type merge: any other load would have the rows twice that it reads again',
      'f.yaml:15:5  jobs.a.key_columns: is for load_type merge; a transactional load only adds rows',
      'f.yaml:21:5  jobs.b.historical_start_date: means nothing to a catalog load, which reads everything; remove it, or use a filter',
      'f.yaml:22:5  jobs.b.hold_back: means nothing to a catalog load, which reads everything; remove it, or use a filter',
      'f.yaml:29:5  jobs.c.file_selection: latest is for load_type catalog: other loads take each new file',
      'f.yaml:30:5  jobs.c.filter: is for databases, and the connection is one of files; remove it',
      'f.yaml:31:14  jobs.c.split.by: hash is for databases; large files are cut by auto, or not at all (none)',
      'f.yaml:36:5  jobs.d.file_pattern: is for files, and the connection is one of a database; remove it',
      'f.yaml:36:5  jobs.d.file_pattern: a job has one of source_table_name, file_pattern',
    ],
  },
  {
    says: 'names that are not there',
    jobs: `  a: { connection: shopp, destination: warehous, source_table_name: t, load_type: catalog }
  b: { connection: elsewhere, destination: nowhere, source_table_name: t, load_type: catalog }
`,
    expected: [
      'f.yaml:8:8  jobs.a.connection: there is no connection "shopp"; did you mean shop?',
      'f.yaml:8:27  jobs.a.destination: there is no destination "warehous"; did you mean warehouse?',
      'f.yaml:9:8  jobs.b.connection: there is no connection "elsewhere"; one of shop, here',
      'f.yaml:9:31  jobs.b.destination: there is no destination "nowhere"; one of warehouse, other',
    ],
  },
  {
    says: 'names that cannot be',
    whole:
      'connections:\n  "a/b": { source_type: local, path: x }\ndestinations:\n  ../x: { type: duckdb, path: x }\njobs:\n  "": {}\n  .x: {}\n',
    expected: [
      'f.yaml:2:3  connections."a/b": a name has up to 100 letters, digits, _ . and -, and begins with a letter, a digit or _',
      'f.yaml:4:3  destinations."../x": a name has up to 100 letters, digits, _ . and -, and begins with a letter, a digit or _',
      'f.yaml:6:3  jobs."": a name has up to 100 letters, digits, _ . and -, and begins with a letter, a digit or _',
      'f.yaml:7:3  jobs.".x": a name has up to 100 letters, digits, _ . and -, and begins with a letter, a digit or _',
    ],
  },
  {
    says: 'files and tables that cannot be read',
    jobs: `  a: { connection: here, destination: other, file_pattern: "../x/*.csv", load_type: catalog }
  b: { connection: here, destination: other, file_pattern: "x/*", load_type: catalog }
  c: { connection: here, destination: other, file_pattern: x.json, load_type: catalog, file_format_options: { delimiter: ";" } }
  d: { connection: here, destination: other, file_pattern: x.csv, load_type: catalog, file_format_options: { encoding: utf8x, separator: ; } }
  e: { connection: here, destination: other, file_pattern: y.csv, load_type: catalog, file_format_options: { encoding: utf8x } }
  f: { connection: shop, destination: other, source_table_name: 'a."b', load_type: catalog }
  g: { connection: shop, destination: other, source_tables: ["public.*"], load_type: catalog, dest_table_name: all }
  h: { connection: shop, destination: other, query: SELECT 1, load_type: catalog, dest_table_name: "{table}" }
  i: { connection: shop, destination: other, source_table_name: t, load_type: catalog, dest_table_name: main.t }
`,
    expected: [
      'f.yaml:8:46  jobs.a.file_pattern: ',
      'f.yaml:9:3  jobs.b.file_format: is needed: the ending of file_pattern does not say it; write csv, json, jsonl or parquet',
      'f.yaml:10:111  jobs.c.file_format_options.delimiter: is for csv files, and these are json; remove it',
      'f.yaml:11:127  jobs.d.file_format_options.separator: there is no such key; known are delimiter, quote, escape, comment_prefix, encoding, has_header, skip_lines, null_marker, quoted_nulls, ragged_rows, trim, records_path, parquet_decoder',
      'f.yaml:12:110  jobs.e.file_format_options.encoding: cannot be "utf8x": known are utf-8',
      'f.yaml:13:46  jobs.f.source_table_name: is not table or schema.table; ',
      'f.yaml:14:95  jobs.g.dest_table_name: must hold {table}: with source_tables, each table needs its own',
      'f.yaml:15:83  jobs.h.dest_table_name: {table} and {schema} stand for the names of a source table, and this job has none',
      'f.yaml:16:88  jobs.i.dest_table_name: is the name of the table alone; the schema or dataset is written as dataset',
    ],
  },
  {
    says: 'everything that is wrong with the options of files',
    jobs: `  a: { connection: here, destination: other, file_pattern: x.csv, load_type: catalog, file_format_options: { skip_lines: -1, null_marker: [], ragged_rows: skip } }
  b:
    connection: here
    destination: other
    file_pattern: x.csv.zst
    load_type: catalog
    file_format_options:
      delimiter: "#!"
      quote: "''"
      escape: "#"
      comment_prefix: "#"
      encoding: base64
      null_marker: ["", "a\\nb"]
      records_path: /a
  c: { connection: here, destination: other, file_pattern: x.json, load_type: catalog, file_format_options: { records_path: data.items } }
  d: { connection: here, destination: other, file_pattern: x.jsonl.zst, load_type: catalog, file_format_options: { records_path: /a } }
`,
    expected: [
      'f.yaml:8:110  jobs.a.file_format_options.skip_lines: must be at least 0',
      'f.yaml:8:126  jobs.a.file_format_options.null_marker: must not be empty',
      'f.yaml:8:143  jobs.a.file_format_options.ragged_rows: expected reject, pad or fail',
      `f.yaml:16:7  jobs.b.file_format_options.quote: cannot be "''": it must be one ASCII character, or empty for files without quotes`,
      'f.yaml:17:7  jobs.b.file_format_options.escape: cannot be "#": the delimiter begins with it',
      'f.yaml:18:7  jobs.b.file_format_options.comment_prefix: cannot be "#": a record whose first field is empty begins with the delimiter',
      'f.yaml:18:7  jobs.b.file_format_options.comment_prefix: cannot be "#": it begins with the escape character',
      'f.yaml:19:7  jobs.b.file_format_options.encoding: cannot be "base64": known are utf-8, latin1, ',
      'f.yaml:20:7  jobs.b.file_format_options.null_marker: cannot be ["","a\\nb"]: only a field in quotes can hold a line end',
      'f.yaml:21:7  jobs.b.file_format_options.records_path: is for json files, and these are csv; remove it',
      'f.yaml:22:111  jobs.c.file_format_options.records_path: cannot be "data.items": it is a JSON pointer and begins with a slash, as in /data/items',
      'f.yaml:23:116  jobs.d.file_format_options.records_path: is for json files, and these are jsonl; remove it; with `file_format: json`, each line is a document of its own with such a path',
    ],
  },
  {
    says: 'dates and zones',
    jobs: `  a:
    connection: shop
    destination: other
    source_table_name: t
    load_type: append
    timestamp_column: at
    timezone: Europe/Warsav
    historical_start_date: 2024-02-30
    timeout: 0
    selected_columns: [a, b, a]
`,
    expected: [
      'f.yaml:14:5  jobs.a.timezone: there is no zone "Europe/Warsav"; did you mean Europe/Warsaw?',
      'f.yaml:15:5  jobs.a.historical_start_date: expected a date (2024-01-31), a date and time (2024-01-31T06:00:00), or a number',
      'f.yaml:16:5  jobs.a.timeout: must be more than 0; without a limit, remove it',
      'f.yaml:17:5  jobs.a.selected_columns: names the column "a" twice',
    ],
  },
  {
    says: 'two jobs on a table that one of them replaces',
    jobs: `${GOOD}  two: { connection: shop, source_table_name: t, destination: warehouse, dest_table_name: ORDERS, load_type: catalog }
  three: { connection: shop, source_table_name: t, destination: warehouse, dest_table_name: orders, load_type: append, timestamp_column: at }
  four: { connection: shop, source_table_name: t, destination: other, dest_table_name: orders, load_type: catalog }
`,
    expected: [
      'f.yaml:13:74  jobs.two.dest_table_name: this job replaces the table ORDERS, which job good loads, too: choose another table, or another load_type',
      'f.yaml:14:76  jobs.three.dest_table_name: job good replaces the table orders, which this one loads, too: choose another table, or another load_type',
    ],
  },
  {
    says: 'connections',
    whole: `connections:
  a: { source_type: postgress, host: h }
  b: { source_type: http_api, host: h }
  c: { host: h }
  d: { type: postgresql, source_type: postgresql, host: h, database: d }
  e: { type: postgresql, port: 70000, database: d, sslmode: verify_full, hots: x, bucket: y }
  f: postgresql
  g: { type: 5 }
  h: { type: local, path: "\${file:where}" }
  i: { source_typ: local, path: x }
  j: { usr: a, host: h }
destinations:
  a: { type: redis }
  b: { type: duckdb }
jobs:
${GOOD}`,
    expected: [
      'f.yaml:2:8  connections.a.source_type: there is no connection of kind "postgress"; did you mean postgres?',
      'f.yaml:3:8  connections.b.source_type: http_api is not available in this version; write postgresql or local',
      'f.yaml:4:3  connections.c: says no kind: write source_type: postgresql or local; or a url',
      'f.yaml:5:8  connections.d.type: type is another word for source_type: write one of them',
      'f.yaml:6:3  connections.e.host: is needed: Name or address of the server',
      'f.yaml:6:26  connections.e.port: must be at most 65535',
      'f.yaml:6:52  connections.e.sslmode: expected disable, require or verify-full; did you mean verify-full?',
      'f.yaml:6:74  connections.e.hots: there is no such key; did you mean host?',
      'f.yaml:6:83  connections.e.bucket: there is no such key; known are host, port, database, user, password, sslmode, ssl_ca, source_type, url',
      'f.yaml:7:3  connections.f: expected a mapping, but this is a text',
      'f.yaml:8:8  connections.g.type: expected a text, but this is a number: put it in quotes',
      'f.yaml:9:21  connections.h.path: a path takes ${env:NAME}, but not ${file:…}',
      'f.yaml:10:8  connections.i.source_typ: there is no such key; did you mean source_type?',
      'f.yaml:11:3  connections.j: says no kind: write source_type: postgresql or local; or a url',
      'f.yaml:13:8  destinations.a.type: redis is not available in this version; write duckdb',
      'f.yaml:14:3  destinations.b.path: is needed: The file',
      'f.yaml:17:5  jobs.good.connection: there is no connection "shop"; one of a, b, c, d, e, f, g, h, i, j',
      'f.yaml:20:5  jobs.good.destination: there is no destination "warehouse"; one of a, b',
    ],
  },
  {
    says: 'references',
    whole: `connections:
  a: { type: postgresql, host: "\${env:NONE}", database: d, password: "\${vault:x}" }
  b: { type: postgresql, host: h, database: d, password: "\${inline:connections.a.password}" }
  c: { type: postgresql, host: h, database: d, password: "\${SHOP_PASSWORD}" }
  d: { type: postgresql, host: h, database: d, password: "\${secret:canary}" }
  shop: { type: local, path: x }
destinations:
  warehouse: { type: duckdb, path: x }
jobs:
  a: { connection: shop, file_pattern: "*.csv", load_type: catalog, dest_table_name: "\${env:X}" }
run_store: "sqlite:\${env:X}"
`,
    expected: [
      'f.yaml:2:26  connections.a.host: the environment variable NONE is not set',
      'f.yaml:2:60  connections.a.password: ${vault:…} is not a known reference; ',
      'f.yaml:3:48  connections.b.password: ${inline:…} is made by beamlift itself; ',
      'f.yaml:4:48  connections.c.password: ${…} without a kind is not a reference; for an environment variable write ${env:NAME}, for a literal ${ write $${',
      'f.yaml:5:48  connections.d.password: ${secret:…} does not name projects/P/secrets/S/versions/V',
      'f.yaml:10:69  jobs.a.dest_table_name: references such as ${env:NAME} are for connections and destinations; here, write the value',
      'f.yaml:11:1  run_store.path: the environment variable X is not set',
    ],
  },
  {
    says: 'URLs of connections',
    whole: `connections:
  a: { url: "postgresql://u:canary@" }
  b: { url: "https://u:canary@h/d" }
  c: { url: "canary" }
  d: { url: "postgresql://h/d", host: other }
  e: { url: "postgresql://h/d", source_type: local }
  f: { url: "./data/*.csv" }
  g: { url: "\${file:x}" }
  h: { url: "\${env:NONE}" }
  i: { url: 5 }
destinations:
  a: { url: "redis://x" }
  b: { url: "duckdb:w.duckdb", schma: x }
jobs:
${GOOD.replace('warehouse', 'b').replace('shop', 'f')}`,
    expected: [
      'f.yaml:2:8  connections.a.url: cannot read ***',
      'f.yaml:3:8  connections.b.url: http_api is not available in this version; available are postgresql (a database) and local (a folder)',
      'f.yaml:4:8  connections.c.url: no connection has a URL of this form; there are postgresql (a database) and local (a folder)',
      'f.yaml:5:33  connections.d.host: is in the url, too: write it in one of them',
      'f.yaml:6:8  connections.e.url: is a URL of postgresql, but the kind says local',
      'f.yaml:7:8  connections.f.url: names files: a connection is a folder, and a job says which files, as file_pattern',
      'f.yaml:8:8  connections.g.url: a URL may begin with ${env:NAME}, not with ${file:…}; write the fields instead',
      'f.yaml:9:8  connections.h.url: the environment variable NONE is not set',
      'f.yaml:10:8  connections.i.url: expected a text, but this is a number: put it in quotes',
      'f.yaml:12:8  destinations.a.url: redis is not available in this version; available is duckdb (a warehouse file)',
      'f.yaml:13:32  destinations.b.schma: there is no such key; did you mean schema?',
    ],
  },
  {
    says: 'connections inside of jobs',
    jobs: `  a: { source_type: postgresql, connection_params: { host: h }, destination: other, query: SELECT 1, load_type: catalog }
  b: { source_type: postgresql, destination: other, query: SELECT 1, load_type: catalog }
  c: { connection: shop, source_type: postgresql, destination: other, query: SELECT 1, load_type: catalog }
  d: { source_type: http_api, connection_params: {}, destination: other, query: SELECT 1, load_type: catalog }
`,
    expected: [
      'f.yaml:8:33  jobs.a.connection_params.database: is needed: Name of the database',
      'f.yaml:9:3  jobs.b.connection_params: is needed: source_type and connection_params go together',
      'f.yaml:10:8  jobs.c.connection: a job has a connection, or a source_type with connection_params',
      'f.yaml:11:8  jobs.d.source_type: http_api is not available in this version; write postgresql or local',
    ],
  },
  {
    says: 'runners and the run store',
    whole: `runners: { threshold_rows: 0, large: portable, dataflow: { project: acme-prod, region: europe-west1, temp_location: canary, credentials: canary, max_num_workers: 2, num_workers: 3, disk_size_gb: 2.5, worker: 1 } }\nrun_store: mysql://u:canary@h/d\n${HEAD}${GOOD}`,
    expected: [
      'f.yaml:1:12  runners.threshold_rows: must be at least 1',
      'f.yaml:1:31  runners.large: is portable, and there is no runners.portable that describes it',
      'f.yaml:1:102  runners.dataflow.temp_location: expected gs://bucket/prefix; the prefix has letters, digits, _ . = - and single slashes',
      'f.yaml:1:182  runners.dataflow.disk_size_gb: expected a whole number from 1 to 65536',
      'f.yaml:1:201  runners.dataflow.worker: there is no such key; known are ',
      'f.yaml:2:1  run_store: no run store has a URL of this form; there are sqlite (sqlite: and a path, as in sqlite:.beamlift/runs.db), postgresql (postgres://user@host/database?schema=…) and gcs (gs://bucket/prefix)',
    ],
  },
  {
    says: 'defaults, at their own place',
    whole: `defaults:\n  conection: shop\n  destination: wharehouse\n  load_type: catalog\n  timezone: Mars/Olympus\n${HEAD}  good:\n    source_table_name: orders\n`,
    expected: [
      'f.yaml:2:3  defaults.conection: there is no such key; did you mean connection?',
      'f.yaml:3:3  defaults.destination: there is no destination "wharehouse"; did you mean warehouse?',
      'f.yaml:5:3  defaults.timezone: there is no zone "Mars/Olympus"; write an IANA name, as in Europe/Warsaw or UTC',
    ],
  },
];

describe('broken configurations', () => {
  for (const { says, jobs, whole, expected } of CASES) {
    it(`explains ${says}`, () => {
      const { configuration, problems } = checkText(whole ?? `${HEAD}${jobs ?? ''}`);
      assert.equal(configuration, undefined);
      // An expected line that ends with a blank is the beginning of one.
      const seen = problems.map((problem, index) => {
        const beginning = expected[index] ?? '';
        const open = beginning.endsWith(' ') || beginning.endsWith('utf-8');
        return open && problem.startsWith(beginning) ? beginning : problem;
      });
      assert.deepEqual(seen, expected);
      for (const problem of problems) assert.doesNotMatch(problem, /canary|\n/);
    });
  }

  it('lists at most 50 problems and counts the others', () => {
    const problems = Array.from({ length: 60 }, (_, line) => ({
      file: 'f',
      line,
      column: 1,
      path: 'a',
      text: 'b',
    }));
    const error = problemsError(problems, { file: 'f', code: 'CONFIG_INVALID' });
    assert.equal(error.what, 'f has 60 problems');
    const lines = error.why?.split('\n') ?? [];
    assert.equal(lines.length, 51);
    assert.equal(lines.at(-1), '… and 10 more');
  });
});
