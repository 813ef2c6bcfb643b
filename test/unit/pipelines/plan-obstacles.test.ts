import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { JsonObject, RunContext } from '../../../core/plan';
import { isLoopback, planObstacles } from '../../../pipelines/beam/plan-obstacles';
import { fakeContext } from './fake-equipment';

const BIGQUERY = { project: 'p', dataset: 'd', staging: 'gs://bucket/prefix' };

function contextOf(
  source: [type: string, connection: JsonObject],
  config: JsonObject = BIGQUERY,
  type = 'bigquery',
): RunContext {
  const context = fakeContext('/staging');
  return {
    ...context,
    source: { ...context.source, type: source[0], connectionName: 'shop', connection: source[1] },
    destination: { ...context.destination, type, destinationName: 'warehouse', config },
  };
}

function told(context: RunContext, here = false): string[] {
  return planObstacles(context, { here, resolves: [] }).map(({ what }) => what);
}

describe('obstacles of a plan for workers elsewhere', () => {
  it('are none for what workers can resolve and reach', () => {
    const connection = {
      host: 'db.internal',
      user: 'etl',
      password: '${secret:projects/p/secrets/s/versions/latest}',
      options: 'a literal $${env:X}',
      ssl_ca: '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----',
    };
    assert.deepEqual(told(contextOf(['postgresql', connection])), []);
  });

  it('are secrets of this machine, in this place of any depth', () => {
    const connection = {
      host: 'db',
      password: '${env:PW}',
      nested: { key: ['x${file:/k.json}y'] },
      token: '${inline:a}',
    };
    assert.deepEqual(
      told(contextOf(['mysql', connection], { ...BIGQUERY, credentials: '${file:key.json}' })),
      [
        '`password` of connection shop is ${env:PW}, which only this machine can resolve',
        '`nested.key` of connection shop is ${file:/k.json}, which only this machine can resolve',
        '`token` of connection shop is written out in the configuration, and secrets never leave this machine',
        '`credentials` of destination warehouse is ${file:key.json}, which only this machine can resolve',
      ],
    );
    const [first] = planObstacles(contextOf(['mysql', connection]), { here: false, resolves: [] });
    assert.match(first?.hint ?? '', /Secret Manager .*--runner in-process/);
  });

  it('are secrets that the run store keeps encrypted, also for workers that resolve references', () => {
    const context = contextOf(['postgresql', { host: 'db', password: '${connection:shop/password}' }]);
    for (const place of [
      { here: false, resolves: [] },
      { here: true, resolves: ['env', 'file'] as const },
    ]) {
      const [first, ...others] = planObstacles(context, place);
      assert.deepEqual(others, []);
      assert.match(first?.what ?? '', /^`password` of connection shop is kept encrypted in the run store/);
      assert.match(first?.hint ?? '', /Secret Manager .*connections edit.*--runner in-process/);
    }
  });

  it('are files of this machine', () => {
    assert.deepEqual(told(contextOf(['local', { path: '/data' }], { path: '/w.duckdb' }, 'duckdb')), [
      '`path` of connection shop is on this machine, where workers cannot read or write',
      '`path` of destination warehouse is on this machine, where workers cannot read or write',
    ]);
    assert.deepEqual(told(contextOf(['postgresql', { host: 'db', password: '', ssl_ca: 'ca.pem' }])), [
      '`ssl_ca` of connection shop is a file of this machine',
    ]);
  });

  it('are addresses of this machine', () => {
    assert.deepEqual(told(contextOf(['postgresql', { database: 'd', password: '' }])), [
      'connection shop names no `host`, so that each worker would look on itself',
    ]);
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '/var/run/postgresql', 'x.localhost']) {
      assert.deepEqual(told(contextOf(['mysql', { host, password: '' }])), [
        `\`host\` of connection shop is ${host}, which is this machine`,
      ]);
    }
    const config = {
      ...BIGQUERY,
      credentials: 'anonymous',
      endpoint: 'http://127.0.0.1:9050',
      staging_endpoint: 'http://[::1]:1',
    };
    assert.deepEqual(told(contextOf(['mysql', { host: 'db', password: '' }], config)), [
      '`endpoint` of destination warehouse is http://127.0.0.1:9050, which is this machine',
      '`staging_endpoint` of destination warehouse is http://[::1]:1, which is this machine',
    ]);
  });

  it('are a password that is not given, since workers have no variables and no password file', () => {
    const without = contextOf(['postgresql', { host: 'db' }]);
    assert.deepEqual(told(without), [
      'connection shop has no `password`, and workers have neither the variables nor the password file of this machine',
    ]);
    assert.deepEqual(told(without, true), []);
    assert.deepEqual(planObstacles(without, { here: false, resolves: ['env', 'file'] }), []);
    assert.deepEqual(told(contextOf(['mysql', { host: 'db', password: '' }])), []);
    const certificate = { host: 'db', ssl_key: '${secret:projects/p/secrets/k/versions/1}' };
    assert.deepEqual(told(contextOf(['postgresql', certificate])), []);
  });

  it('are the parts of an SSH tunnel that are on this machine, while the database may be on the SSH server itself', () => {
    const secret = '${secret:projects/p/secrets/k/versions/1}';
    const ssh = { host: 'bastion', private_key: secret, host_key: `SHA256:${'A'.repeat(43)}` };
    const through = (more: JsonObject): string[] =>
      told(contextOf(['postgresql', { host: 'localhost', password: secret, ssh: { ...ssh, ...more } }]));
    assert.deepEqual(through({}), []);
    assert.deepEqual(through({ host: '127.0.0.1' }), [
      '`ssh.host` of connection shop is 127.0.0.1, which is this machine',
    ]);
    assert.deepEqual(through({ private_key: '${file:/k}', passphrase: '${inline:x}' }), [
      '`ssh.private_key` of connection shop is ${file:/k}, which only this machine can resolve',
      '`ssh.passphrase` of connection shop is written out in the configuration, and secrets never leave this machine',
    ]);
    assert.deepEqual(through({ known_hosts: '~/.ssh/known_hosts' }), [
      '`ssh.known_hosts` of connection shop is a file of this machine',
    ]);
    assert.deepEqual(through({ known_hosts: 'bastion ssh-ed25519 AAAAC3' }), []);
    assert.deepEqual(
      told(contextOf(['mysql', { host: 'db', password: secret, ssh: { host: 'bastion', agent: true } }])),
      [
        '`ssh` of connection shop logs in with the SSH agent of this machine, which workers do not have',
        '`ssh` of connection shop names no `host_key`, and workers do not have the known_hosts of this machine',
      ],
    );
  });

  it('are secrets alone where the workers are on this machine', () => {
    const context = contextOf(
      ['postgresql', { host: 'localhost', password: '${env:PW}' }],
      { path: '/w' },
      'duckdb',
    );
    assert.deepEqual(told(context, true), [
      '`password` of connection shop is ${env:PW}, which only this machine can resolve',
    ]);
  });

  it('tell this machine from others', () => {
    for (const here of [
      'localhost',
      'LOCALHOST',
      '127.0.0.1',
      '0.0.0.0',
      '::1',
      'http://localhost:1/x',
      'https://127.0.0.1',
    ]) {
      assert.equal(isLoopback(here), true, here);
    }
    for (const there of [
      'db',
      '10.0.0.1',
      'localhost.example.com',
      'https://dataflow.googleapis.com',
      '128.0.0.1',
      '',
    ]) {
      assert.equal(isLoopback(there), false, there);
    }
  });
});
