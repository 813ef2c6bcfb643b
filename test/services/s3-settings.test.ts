import assert from 'node:assert/strict';
import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import type { CheckFinding, SourceServices } from '../../core/extractor';
import { s3Source } from '../../extractors/files/s3';
import { quietServices } from '../contract/quiet-services';
import { hasCode } from '../has-code';
import { Workspace, type CommandResult } from '../pipelines/workspace';
import { startS3Server, type S3Server } from './s3-server';

const WRONG_SECRET = 'another/Secret+Key-of-40-characters-01234';

describe('settings of S3, right and wrong', function () {
  this.timeout(60_000);
  const { signal } = new AbortController();
  let server: S3Server;

  before(async () => {
    server = await startS3Server();
    await server.write('exports/a.csv', 'id\n1\n');
  });
  after(() => server.stop());

  const check = async (
    more: Readonly<Record<string, unknown>>,
    services: SourceServices = quietServices('/'),
  ): Promise<CheckFinding[]> => {
    const { connectionSchema } = s3Source;
    const fields = { ...server.connection(), ...more };
    const connection = connectionSchema.parse(
      Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    );
    return await s3Source.check(connection as Record<string, string>, services, signal);
  };
  const failing = async (more: Readonly<Record<string, unknown>>): Promise<string> => {
    const findings = await check(more);
    const last = findings.at(-1);
    assert.equal(last?.ok, false, JSON.stringify(findings));
    assert.ok(findings.slice(0, -1).every(({ ok }) => ok));
    const text = `${last.step}: ${last.detail} -> ${last.hint ?? ''}`;
    for (const secret of [server.secretAccessKey, WRONG_SECRET]) assert.ok(!text.includes(secret), text);
    return text;
  };

  it('passes with right ones', async () => {
    const findings = await check({ prefix: 'exports' });
    assert.deepEqual(
      findings.map(({ step, ok, detail }) => [step, ok, detail]),
      [
        ['bucket', true, 's3://lake is there, the login is accepted'],
        ['list', true, '1 file below s3://lake/exports/'],
        ['read', true, 'exports/a.csv can be read'],
      ],
    );
    const [, list] = await check({ prefix: 'nothing/here' });
    assert.deepEqual([list?.ok, list?.warning], [true, true]);
  });

  it('names what is wrong, at its step', async () => {
    assert.match(
      await failing({ secret_access_key: WRONG_SECRET }),
      /^login: .*SignatureDoesNotMatch.*copy it again/s,
    );
    assert.match(await failing({ access_key_id: 'AKIANOBODY' }), /^login: .*does not know the access key/s);
    assert.match(await failing({ bucket: 'lakes' }), /^bucket: There is no bucket "lakes".*Check `bucket`/s);
    assert.match(
      await failing({ region: 'us-west-2' }),
      /^configuration: .*region eu-central-1, not in us-west-2.*`region: eu-central-1`/s,
    );
    assert.match(await failing({ endpoint: 'http://127.0.0.1:1' }), /^connect: .*ECONNREFUSED/s);
    assert.match(await failing({ endpoint: 'https://nowhere.invalid' }), /^dns: .*nowhere\.invalid/s);
    assert.match(
      await failing({ endpoint: server.endpoint.replace('http', 'https') }),
      /^tls: .*speak https/s,
    );
    assert.match(
      await failing({ endpoint: undefined, region: undefined }),
      /^configuration: No region is known.*AWS_REGION/s,
    );
    assert.match(
      await failing({ access_key_id: undefined, secret_access_key: undefined, credentials: 'anonymous' }),
      /^list: .*AccessDenied.*not public/s,
    );
  });

  it('tells an object that may not be read where the bucket may be listed', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey, bucket } = server;
    const client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    const policy = (actions: readonly string[]): Promise<unknown> =>
      client.send(
        new PutBucketPolicyCommand({
          Bucket: bucket,
          Policy: JSON.stringify({
            Version: '2012-10-17',
            Statement: actions.map((action) => ({
              Effect: 'Allow',
              Principal: '*',
              Action: action,
              Resource: action === 's3:ListBucket' ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/*`,
            })),
          }),
        }),
      );
    const anonymous = { access_key_id: undefined, secret_access_key: undefined, credentials: 'anonymous' };
    try {
      await policy(['s3:ListBucket']);
      assert.match(
        await failing(anonymous),
        /^read: the bucket can be listed, but exports\/a\.csv cannot be read: .*AccessDenied/s,
      );
      await policy(['s3:ListBucket', 's3:GetObject']);
      assert.equal((await check(anonymous)).at(-1)?.ok, true);
      // an object by its name, from a bucket that may not be listed
      await policy(['s3:GetObject']);
      const extractor = await s3Source.open(
        {
          type: 's3',
          connectionName: 'lake',
          connection: { bucket, endpoint, credentials: 'anonymous' },
          object: { kind: 'files', pattern: 'exports/a.csv', format: 'csv', options: {} },
          maxConnections: 1,
        },
        quietServices('/'),
      );
      try {
        assert.deepEqual(
          (await extractor.files(signal))?.map(({ uri }) => uri),
          ['exports/a.csv'],
        );
        assert.equal((await extractor.schema(signal)).columns.length, 1);
      } finally {
        await extractor.close();
      }
    } finally {
      client.destroy();
    }
  });

  it('says nothing of secrets, anywhere', async () => {
    const workspace = await Workspace.create();
    try {
      await workspace.write(
        'beamlift.yaml',
        `connections:
  right: { source_type: s3, bucket: lake, region: ${server.region}, access_key_id: ${server.accessKeyId}, secret_access_key: '\${env:LAKE_SECRET}', endpoint: "${server.endpoint}" }
  wrong: { source_type: s3, bucket: lake, region: ${server.region}, access_key_id: ${server.accessKeyId}, secret_access_key: "${WRONG_SECRET}", session_token: "a-token-that-nobody-may-see", endpoint: "${server.endpoint}" }
destinations: { warehouse: { type: duckdb, path: warehouse.duckdb } }
defaults: { load_type: catalog, create_table: true, file_format: csv }
jobs:
  one: { connection: right, file_pattern: exports/a.csv, dest_table_name: one }
  two: { connection: wrong, file_pattern: exports/a.csv, dest_table_name: two }
`,
      );
      const commands = [
        ['check', '--json'],
        ['run', '--log-level', 'debug'],
        ['plan', 'one', '--json'],
        ['discover', 'wrong'],
        ['runs', 'list', '--json'],
      ];
      for (const command of commands) {
        const { out, err }: CommandResult = await workspace.beamlift(
          command,
          workspace.host({ LAKE_SECRET: server.secretAccessKey }),
        );
        assert.ok((out + err).length > 50);
        for (const secret of [server.secretAccessKey, WRONG_SECRET, 'a-token-that-nobody-may-see']) {
          for (const spelling of [secret, encodeURIComponent(secret)]) {
            assert.ok(!(out + err).includes(spelling), `${command.join(' ')}: ${out}${err}`);
          }
        }
      }
      assert.deepEqual(await workspace.query('SELECT id FROM one'), [['1']]);
    } finally {
      await workspace.remove();
    }
  });
});

describe('objects of S3 that change', function () {
  this.timeout(60_000);
  const { signal } = new AbortController();
  let server: S3Server;
  before(async () => {
    server = await startS3Server();
  });
  after(() => server.stop());

  it('are read as they were listed, or not at all', async () => {
    for (const change of ['replaced', 'replaced by as many bytes', 'removed'] as const) {
      await server.write('a.csv', 'id\n1\n');
      const extractor = await s3Source.open(
        {
          type: 's3',
          connectionName: 'lake',
          connection: server.connection(),
          object: { kind: 'files', pattern: 'a.csv', format: 'csv', options: {} },
          maxConnections: 1,
        },
        quietServices('/'),
      );
      try {
        await extractor.schema(signal);
        if (change === 'removed') await server.delete('a.csv');
        else await server.write('a.csv', change === 'replaced' ? 'id\n1\n2\n' : 'id\n2\n');
        const { batches } = extractor.read(
          { unit: { id: 'u', kind: 'all' }, window: null, columns: ['id'], limit: null, pin: undefined },
          signal,
        );
        await assert.rejects(
          async () => {
            for await (const batch of batches)
              assert.fail(`${batch.rows.length} rows of an object ${change}`);
          },
          hasCode('SOURCE_CHANGED'),
          change,
        );
      } finally {
        await extractor.close();
      }
    }
  });
});
