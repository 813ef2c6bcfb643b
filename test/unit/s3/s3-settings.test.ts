import assert from 'node:assert/strict';
import { s3ConnectionSchema, s3Place } from '../../../core/clients/s3-connection';
import { resolveS3Settings, type S3Settings } from '../../../core/clients/s3-settings';
import { parseS3Url } from '../../../extractors/files/s3-url';
import { quietServices } from '../../contract/quiet-services';
import { hasCode } from '../../has-code';

const KEYS = { access_key_id: 'AKIA', secret_access_key: 'secret' };

async function settings(
  fields: Record<string, unknown>,
  environment: Record<string, string> = {},
): Promise<S3Settings> {
  const connection = s3ConnectionSchema.parse({ bucket: 'lake', ...fields });
  return await resolveS3Settings(
    connection,
    { ...quietServices('/'), environment },
    new AbortController().signal,
  );
}

describe('settings of S3', () => {
  it('takes what is written before what the environment says', async () => {
    const environment = {
      AWS_ACCESS_KEY_ID: 'AKIAENV',
      AWS_SECRET_ACCESS_KEY: 'env-secret',
      AWS_SESSION_TOKEN: 'env-token',
      AWS_DEFAULT_REGION: 'eu-west-1',
    };
    const own = await settings({ ...KEYS, region: 'eu-central-1' }, environment);
    assert.deepEqual(
      [own.region, own.login.kind === 'keys' && own.login.keys],
      ['eu-central-1', { accessKeyId: 'AKIA', secretAccessKey: 'secret' }],
    );
    const found = await settings({}, environment);
    assert.deepEqual(
      [found.region, found.login.kind === 'keys' && found.login.keys],
      ['eu-west-1', { accessKeyId: 'AKIAENV', secretAccessKey: 'env-secret', sessionToken: 'env-token' }],
    );
  });

  it('leaves profiles and machines to the SDK', async () => {
    assert.deepEqual((await settings({})).login, { kind: 'chain', profile: undefined });
    const environment = { AWS_PROFILE: 'etl', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' };
    assert.deepEqual((await settings({}, environment)).login, { kind: 'chain', profile: 'etl' });
    assert.deepEqual((await settings({ profile: 'mine' }, environment)).login, {
      kind: 'chain',
      profile: 'mine',
    });
    assert.deepEqual((await settings({ credentials: 'anonymous' }, environment)).login, {
      kind: 'anonymous',
    });
    assert.equal((await settings({})).region, undefined);
    const own = { profile: 'mine', endpoint: 'https://minio.example' };
    assert.equal((await settings(own)).region, undefined);
  });

  it('addresses other services by path, AWS by host', async () => {
    const own = await settings({ ...KEYS, endpoint: 'https://minio.example:9000' });
    assert.deepEqual([own.pathStyle, own.region], [true, 'us-east-1']);
    assert.equal((await settings({})).pathStyle, false);
    const aws = 'https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com';
    assert.equal((await settings({ endpoint: aws })).pathStyle, false);
    assert.equal(
      (await settings({ endpoint: 'https://oss.example', force_path_style: false })).pathStyle,
      false,
    );
    const found = await settings({}, { AWS_ENDPOINT_URL: 'https://a', AWS_ENDPOINT_URL_S3: 'https://b' });
    assert.equal(found.endpoint, 'https://b');
  });

  it('goes without TLS only on this machine, or with credentials written for that service', async () => {
    const endpoint = 'http://minio:9000';
    for (const fields of [{ endpoint }, { endpoint, profile: 'etl' }]) {
      await assert.rejects(
        settings(fields, { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' }),
        hasCode('CONFIG_INVALID', /minio:9000 without https/),
      );
    }
    await assert.rejects(settings({}, { AWS_ENDPOINT_URL: endpoint }), hasCode('CONFIG_INVALID'));
    assert.equal((await settings({ endpoint, ...KEYS })).endpoint, endpoint);
    assert.equal((await settings({ endpoint, credentials: 'anonymous' })).endpoint, endpoint);
    for (const own of ['http://127.0.0.1:9000', 'http://localhost:9000', 'http://[::1]:9000']) {
      assert.equal((await settings({ endpoint: own })).endpoint, own);
    }
    await assert.rejects(settings({}, { AWS_ENDPOINT_URL: 'http://169.254.169.254' }), /metadata/);
  });

  it('refuses fields that contradict each other', () => {
    const problem = (fields: Record<string, unknown>): string | undefined => {
      const issue = s3ConnectionSchema.safeParse({ bucket: 'lake', ...fields }).error?.issues[0];
      return issue && `${issue.path.join('.')} ${issue.message}`;
    };
    assert.equal(problem({}), undefined);
    assert.match(problem({ access_key_id: 'x' }) ?? '', /^secret_access_key is needed/);
    assert.match(problem({ secret_access_key: 'x' }) ?? '', /^access_key_id is needed/);
    assert.match(problem({ session_token: 'x' }) ?? '', /^session_token belongs to/);
    assert.match(problem({ ...KEYS, profile: 'x' }) ?? '', /^profile contradicts access_key_id/);
    assert.match(
      problem({ ...KEYS, credentials: 'anonymous' }) ?? '',
      /^access_key_id contradicts credentials/,
    );
    assert.match(problem({ bucket: 'lake/a', prefix: 'b' }) ?? '', /^prefix is in the bucket, too/);
    assert.match(problem({ bucket: 's3://' }) ?? '', /^bucket names no bucket/);
    assert.match(problem({ endpoint: 'minio:9000' }) ?? '', /^endpoint must be a URL/);
    assert.match(problem({ endpoint: 'http://169.254.169.254' }) ?? '', /^endpoint may not lead to/);
  });

  it('reads a bucket with its prefix', () => {
    assert.deepEqual(s3Place({ bucket: 'lake' }), { bucket: 'lake', prefix: '' });
    assert.deepEqual(s3Place({ bucket: 'lake', prefix: 'a' }), { bucket: 'lake', prefix: 'a' });
    assert.deepEqual(s3Place({ bucket: 's3://lake/a/b/' }), { bucket: 'lake', prefix: 'a/b/' });
    assert.deepEqual(s3Place({ bucket: 'lake/a' }), { bucket: 'lake', prefix: 'a' });
    const arn = 'arn:aws:s3:eu-west-1:123456789012:accesspoint/lake';
    assert.deepEqual(s3Place({ bucket: arn }), { bucket: arn, prefix: '' });
  });
});

describe('parseS3Url', () => {
  it('cuts a URL into bucket, prefix and pattern', () => {
    const cut = (url: string): unknown => parseS3Url(url);
    assert.deepEqual(cut('s3://lake'), { connection: { bucket: 'lake' } });
    assert.deepEqual(cut('s3://lake/a/b'), { connection: { bucket: 'lake', prefix: 'a/b' } });
    assert.deepEqual(cut('s3://lake/a/**/*.csv'), {
      connection: { bucket: 'lake', prefix: 'a' },
      object: { pattern: '**/*.csv' },
    });
    assert.deepEqual(cut('S3://lake/a b#?.csv.gz'), {
      connection: { bucket: 'lake' },
      object: { pattern: 'a b#?.csv.gz' },
    });
    assert.deepEqual(cut('s3a://lake/2024/x%20y.parquet'), {
      connection: { bucket: 'lake', prefix: '2024' },
      object: { pattern: 'x%20y.parquet' },
    });
    assert.equal(cut('gs://lake/a'), undefined);
    assert.throws(() => cut('s3:///a'), hasCode('USAGE'));
    assert.throws(() => cut('s3://key:secret@lake/a'), hasCode('USAGE'));
  });
});
