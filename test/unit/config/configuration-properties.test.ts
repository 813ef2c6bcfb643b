import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { checkText, checkValue } from './check-text';

const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,8}$/);
const column = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const duration = fc.oneof(fc.nat({ max: 1000 }), fc.constantFrom('1s', '2.5m', '1h', '7d'));

/** Keys that any job may have. */
const common = fc.record(
  {
    selected_columns: fc.uniqueArray(column, { maxLength: 3 }),
    column_mapping: fc.dictionary(column, column, { maxKeys: 3, noNullPrototype: false }),
    dataset: fc.constantFrom('raw', 'main'),
    create_table: fc.boolean(),
    schema_update: fc.constantFrom('none', 'add_columns'),
    allow_empty: fc.boolean(),
    max_source_connections: fc.integer({ min: 1, max: 90 }),
    policies: fc.record(
      {
        nan: fc.constantFrom('set_null', 'reject'),
        columns: fc.dictionary(column, fc.constant({ inexact: 'round' }), { maxKeys: 2 }),
      },
      { requiredKeys: [] },
    ),
    rejects: fc.record({ max: fc.nat() }, { requiredKeys: [] }),
    timeout: fc.constantFrom(5, '1h'),
  },
  { requiredKeys: [] },
);
const databaseJob = fc.record(
  {
    connection: fc.constant('shop'),
    source_table_name: fc.constantFrom('orders', 'public.orders', 'public."a.b"'),
    load_type: fc.constantFrom('transactional', 'append'),
    timestamp_column: column,
    historical_start_date: fc.constantFrom('2024-01-31', '2024-01-31T06:00:00Z', 17),
    last_sync_value: fc.constantFrom('', null, 'x', 5),
    hold_back: duration,
    timezone: fc.constantFrom('UTC', 'Europe/Warsaw'),
    filter: fc.constantFrom('a > 1', "b = '${x}'"),
    split: fc.record(
      { by: fc.constantFrom('auto', 'hash'), rows_per_unit: fc.integer({ min: 1 }) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['connection', 'source_table_name', 'load_type', 'timestamp_column'] },
);
const mergeJob = fc.record({
  connection: fc.constant('shop'),
  query: fc.constant('SELECT 1'),
  load_type: fc.constant('merge'),
  timestamp_column: column,
  key_columns: fc.uniqueArray(column, { minLength: 1, maxLength: 2 }),
  lookback: duration,
});
const filesJob = fc.record(
  {
    connection: fc.constant('here'),
    file_pattern: fc.constantFrom('*.csv', 'a/**/b?.csv.gz'),
    load_type: fc.constantFrom('append', 'transactional'),
    file_format: fc.constant('csv'),
    file_format_options: fc.record(
      {
        delimiter: fc.constantFrom(';', '\t', '||'),
        has_header: fc.boolean(),
        null_marker: fc.oneof(
          fc.constantFrom('', '\\N'),
          fc.array(fc.constantFrom('', 'x'), { minLength: 1 }),
        ),
        escape: fc.constantFrom('', '\\'),
        comment_prefix: fc.constantFrom('', '#'),
        skip_lines: fc.nat(9),
        ragged_rows: fc.constantFrom('reject', 'pad', 'fail'),
        trim: fc.boolean(),
        quoted_nulls: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    file_selection: fc.constant('all'),
  },
  { requiredKeys: ['connection', 'file_pattern', 'load_type'] },
);
const job = fc
  .tuple(common, fc.oneof(databaseJob, mergeJob, filesJob))
  .map(([shared, own]) => ({ ...shared, ...own }));

const password = fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).filter((text) => !text.includes('${'));
const configuration = fc.record({
  connections: fc.record({
    shop: fc.record({
      source_type: fc.constant('postgresql'),
      host: fc.constant('db'),
      database: fc.constant('shop'),
      password,
    }),
    here: fc.record({ type: fc.constant('local'), path: fc.constantFrom('data', '/data', '.') }),
  }),
  destinations: fc.constant({ warehouse: { type: 'duckdb', path: 'w.duckdb' } }),
  jobs: fc.dictionary(name, job, { minKeys: 1, maxKeys: 4 }),
});

/** JSON of what a configuration says; Maps as their entries. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (member instanceof Map ? [...member] : member));
}

describe('configuration properties', () => {
  it('that are valid load, and mean the same in YAML, JSON and as values', () => {
    fc.assert(
      fc.property(configuration, (value) => {
        const fromYaml = checkText(stringify(value));
        const fromJson = checkText(JSON.stringify(value, undefined, '\t'));
        const fromValue = checkValue(value);
        assert.deepEqual(fromYaml.problems, []);
        assert.ok(fromYaml.configuration !== undefined);
        assert.equal(fromYaml.configuration.jobs.length, Object.keys(value.jobs).length);
        assert.equal(plain(fromJson.configuration), plain(fromYaml.configuration));
        assert.equal(
          plain({ ...fromValue.configuration, file: undefined }),
          plain({ ...fromYaml.configuration, file: undefined }),
        );
        const secrets = fromYaml.configuration.inlineSecrets;
        assert.equal(secrets.get('connections.shop.password'), value.connections.shop.password);
      }),
      { numRuns: 150 },
    );
  });

  it('never show a secret in a problem, whatever is wrong around it', () => {
    const canary = 'canary7Zq';
    const spoil = fc.constantFrom(
      `password: ${canary}`,
      `password: "${canary}`,
      `password: *${canary}`,
      `password: !${canary} x`,
      `password: &${canary}`,
      `password: ${canary}: x`,
      `password: [${canary}]`,
      `password: { ${canary}: 1 }`,
      `password: @${canary}`,
      `password: "\${${canary}}"`,
      `password: "\${secret:${canary}}"`,
      `password: "\${env:}${canary}"`,
      `password: "\\${canary}"`,
      `password: |\n      ${canary}`,
      `url: postgresql://u:${canary}@`,
      `url: postgresql://u:${canary}@h/d`,
      `url: "postgresql://u:${canary}@h:x/d"`,
      `url: mysql://u:${canary}@h/d`,
      `url: ${canary}`,
      `host: ${canary}`,
      `port: ${canary}`,
      `sslmode: ${canary}`,
      `ssl_ca: "\${file:${canary}}"`,
    );
    const noise = fc.constantFrom(
      'port: x',
      'hots: 1',
      'database: d',
      'host: h',
      'user: 5',
      '  bad',
      '- x',
      'type: postgresql',
      'type: mysql',
    );
    fc.assert(
      fc.property(
        fc.array(noise, { maxLength: 3 }),
        spoil,
        fc.array(noise, { maxLength: 3 }),
        (before, line, after) => {
          const lines = [...before, line, ...after].map((text) => `    ${text}`).join('\n');
          const { problems } = checkText(`connections:\n  shop:\n${lines}\njobs:\n  a: {}\n`);
          assert.ok(problems.length > 0);
          assert.doesNotMatch(problems.join('\n'), new RegExp(canary));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('never make it throw, whatever they are', () => {
    const key = fc.constantFrom(
      'connections',
      'destinations',
      'jobs',
      'defaults',
      'runners',
      'run_store',
      'shop',
      'type',
      'source_type',
      'url',
      'connection',
      'load_type',
      'query',
      'policies',
      'columns',
      'split',
      '__proto__',
      'constructor',
      'timezone',
      'file_pattern',
      'path',
      'host',
    );
    const scalar = fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('local', 'postgresql', 'duckdb', 'merge', '${env:X}', '${', 'UTC'),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        scalar,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
      ),
    }));
    const file = fc.dictionary(key, tree, { maxKeys: 6 });
    fc.assert(
      fc.property(file, (value) => {
        const { configuration: read, problems } = checkValue(value);
        assert.equal(read === undefined, problems.length > 0);
      }),
      { numRuns: 1_000 },
    );
  });
});
