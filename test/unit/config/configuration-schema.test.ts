import assert from 'node:assert/strict';
import { configurationReference, REFERENCE_EXAMPLE } from '../../../launcher/config/configuration-reference';
import { JOB_KEYS, jobSchema } from '../../../launcher/config/job-schema';
import { configurationJsonSchema, type JsonSchema } from '../../../launcher/config/json-schema';
import { checkText } from './check-text';
import { FAKE_MODULES } from './fake-modules';

/** Every schema of a property, with its path. */
function properties(schema: JsonSchema, path = ''): [string, JsonSchema][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]): [string, JsonSchema][] => [
    [`${path}.${name}`, property],
    ...properties(property, `${path}.${name}`),
  ]);
  const values =
    typeof schema.additionalProperties === 'object'
      ? properties(schema.additionalProperties, `${path}.*`)
      : [];
  return [
    ...own,
    ...values,
    ...(schema.anyOf ?? []).flatMap((one, index) => properties(one, `${path}|${index}`)),
  ];
}

describe('JSON schema of the configuration', () => {
  const schema = configurationJsonSchema(FAKE_MODULES);

  it('describes every key', () => {
    const all = properties(schema);
    assert.ok(all.length > 100);
    const bare = all.filter(([, property]) => (property.description ?? '') === '').map(([path]) => path);
    assert.deepEqual(bare, []);
  });

  it('takes a variable where a connection has a number', () => {
    const ports = properties(schema).filter(([path]) => path.endsWith('.port'));
    assert.ok(ports.length > 0);
    for (const [path, { anyOf = [] }] of ports) {
      const patterns = anyOf.map((one) => one['pattern']).filter((pattern) => typeof pattern === 'string');
      assert.ok(
        patterns.some((pattern) => new RegExp(pattern).test('${env:PGPORT}')),
        path,
      );
      assert.ok(anyOf.some(({ type }) => type === 'integer'));
    }
  });

  it('is closed, and plain JSON', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema);
    assert.equal(schema.additionalProperties, false);
    assert.deepEqual(Object.keys(schema.properties ?? {}), [
      'connections',
      'destinations',
      'defaults',
      'jobs',
      'runners',
      'run_store',
    ]);
    const { connections } = schema.properties ?? {};
    const kinds =
      typeof connections?.additionalProperties === 'object' ? connections.additionalProperties.anyOf : [];
    assert.deepEqual(
      kinds?.map((kind) => kind.required),
      [
        ['source_type', 'host', 'database'],
        ['type', 'host', 'database'],
        ['source_type', 'path'],
        ['type', 'path'],
        ['url'],
      ],
    );
  });

  it('has examples and defaults that are valid themselves', () => {
    const { defaults } = schema.properties ?? {};
    let checked = 0;
    for (const [key, property] of Object.entries(defaults?.properties ?? {})) {
      const values = [
        ...(property.examples ?? []),
        ...(property.default === undefined ? [] : [property.default]),
      ];
      for (const value of values) {
        assert.ok(jobSchema.safeParse({ [key]: value }).success, `${key}: ${JSON.stringify(value)}`);
        checked++;
      }
    }
    assert.ok(checked > 20);
  });

  it('takes the modules that there are', () => {
    const real = configurationJsonSchema();
    const bare = properties(real).filter(([, property]) => (property.description ?? '') === '');
    assert.deepEqual(
      bare.map(([path]) => path),
      [],
    );
  });
});

describe('configuration reference', () => {
  const page = configurationReference(FAKE_MODULES);

  it('has every key, with tables that are tables', () => {
    for (const key of JOB_KEYS) assert.ok(page.includes(`| \`${key}\` |`), key);
    for (const key of [
      'split.by',
      'policies.columns',
      'file_format_options.null_marker',
      'threshold_rows',
      'sslmode',
      'prefix',
    ]) {
      assert.ok(page.includes(`| \`${key}\` |`), key);
    }
    for (const line of page.split('\n').filter((text) => text.startsWith('|'))) {
      assert.equal(line.replaceAll('\\|', '').split('|').length, 6, line);
    }
  });

  it('shows an example that works', () => {
    assert.ok(page.includes(REFERENCE_EXAMPLE));
    assert.deepEqual(checkText(REFERENCE_EXAMPLE).problems, []);
  });

  it('tells secrets', () => {
    assert.match(
      page,
      /Secret fields are: postgresql: `password`; duckdb: `token`; run store postgresql: `password`, `ssl_key`, `ssh\.private_key`, `ssh\.passphrase`, `ssh\.password`; run store gcs: `credentials`\./,
    );
    assert.match(page, /\| `password` \| text \| {2}\| Password of the login\. A secret\. \|/);
  });
});
