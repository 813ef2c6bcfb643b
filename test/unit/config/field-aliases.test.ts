import assert from 'node:assert/strict';
import { configurationReference } from '../../../launcher/config/configuration-reference';
import { configurationJsonSchema } from '../../../launcher/config/json-schema';
import { ALL_MODULES } from '../../../launcher/config/endpoint-modules';
import { checkText } from './check-text';

const text = (fields: string): string => `connections:
  lake: { source_type: s3, ${fields} }
destinations: { local: { type: duckdb, path: w.duckdb } }
jobs:
  a: { connection: lake, file_pattern: "*.csv", destination: local, load_type: catalog, dest_table_name: a }
`;

describe('other words for fields of connections', () => {
  it('are understood, and their secrets taken out', () => {
    const { problems, configuration } = checkText(
      text(
        'bucket_path: "s3://lake/exports", aws_access_key_id: AKIA, aws_secret_access_key: very-secret, aws_region: eu-west-1',
      ),
      {},
      true,
      ALL_MODULES,
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(configuration?.connections.get('lake')?.config, {
      bucket: 's3://lake/exports',
      access_key_id: 'AKIA',
      secret_access_key: '${inline:connections.lake.secret_access_key}',
      region: 'eu-west-1',
    });
  });

  it('are a problem beside the field itself, or another word for it', () => {
    const problemsOf = (fields: string): unknown => checkText(text(fields), {}, true, ALL_MODULES).problems;
    assert.deepEqual(problemsOf('bucket: a, bucket_path: b'), [
      'f.yaml:2:39  connections.lake.bucket_path: bucket_path is another word for bucket: write one of them',
    ]);
    assert.deepEqual(problemsOf('bucket_name: a, bucket_path: b'), [
      'f.yaml:2:44  connections.lake.bucket_path: bucket_path is another word for bucket: write one of them',
    ]);
    assert.deepEqual(problemsOf('bucket: a, aws_region: 5'), [
      'f.yaml:2:3  connections.lake.region: expected a text, but this is a number: put it in quotes',
    ]);
  });

  it('are in the JSON schema and the reference', () => {
    const schema = JSON.stringify(configurationJsonSchema());
    assert.match(schema, /"aws_region":\{"description":"Another word for `region`\."\}/);
    assert.match(configurationReference(), /Other words are understood, too: `bucket_path` for `bucket`/);
  });
});
