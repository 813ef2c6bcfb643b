import assert from 'node:assert/strict';
import type { JsonObject, RunContext } from '../../../core/plan';
import type { WorkerEnvironment } from '../../../pipelines/beam/portable/options';
import { workerObstacles, type PortablePlace } from '../../../pipelines/beam/portable/worker-obstacles';
import { fakeContext } from './fake-equipment';

const LOOPBACK: WorkerEnvironment = { kind: 'loopback' };
const PROCESS: WorkerEnvironment = { kind: 'process', command: 'boot' };
const DOCKER: WorkerEnvironment = { kind: 'docker', image: 'beamlift' };

function context(
  source: { type: string; connection: JsonObject },
  destination: { type: string; config: JsonObject } = { type: 'bigquery', config: { project: 'p' } },
): RunContext {
  const made = fakeContext('/run');
  return {
    ...made,
    source: { ...made.source, ...source, connectionName: 'shop' },
    destination: { ...made.destination, ...destination, destinationName: 'warehouse' },
  };
}

const database = (connection: JsonObject): RunContext =>
  context({ type: 'postgresql', connection: { host: 'db.example.com', ...connection } });

function obstacles(
  run: RunContext,
  environment: WorkerEnvironment,
  place: Partial<PortablePlace> = {},
): string[] {
  return workerObstacles(run, { environment, serviceIsHere: true, workersHaveSecrets: false, ...place }).map(
    ({ what, hint }) => `${what} | ${hint}`,
  );
}

const pool = (address: string): WorkerEnvironment => ({ kind: 'external', address });

describe('workerObstacles', () => {
  const withVariable = database({ password: '${env:SHOP_PASSWORD}' });
  const withFile = database({ ssl_key: '${file:client.key}' });
  const withManager = database({ password: '${secret:projects/p/secrets/s/versions/1}' });
  const withInline = database({ password: '${inline:connections.shop.password}' });
  const files = context({ type: 'local', connection: { path: '/data' } });
  const embedded = context(
    { type: 'postgresql', connection: { host: 'db.example.com' } },
    { type: 'duckdb', config: { path: '/w.duckdb' } },
  );
  const onThisMachine = database({ host: 'localhost', password: '' });

  it('finds none for workers in this process, whatever the run needs', () => {
    for (const run of [withVariable, withFile, withManager, withInline, files, embedded, onThisMachine]) {
      assert.deepEqual(obstacles(run, LOOPBACK), []);
    }
  });

  it('takes a pool on this machine for what it is, and one elsewhere, too', () => {
    for (const run of [withFile, withManager, files, onThisMachine]) {
      for (const address of ['127.0.0.1:50000', 'localhost:50000', '[::1]:50000']) {
        assert.deepEqual(obstacles(run, pool(address), { serviceIsHere: false }), []);
      }
    }
    assert.equal(obstacles(withVariable, pool('127.0.0.1:50000')).length, 1);
    for (const run of [withFile, files, onThisMachine]) {
      assert.equal(obstacles(run, pool('workers.example.com:50000')).length, 1);
    }
  });

  it('finds that a job service on another machine cannot reach workers in this process', () => {
    const [found = '', ...others] = obstacles(withManager, LOOPBACK, { serviceIsHere: false });
    assert.match(found, /job service is on another machine.*docker:IMAGE/);
    assert.deepEqual(others, []);
  });

  it('finds none for processes of this machine but its variables and what is written out', () => {
    for (const run of [withFile, withManager, files, onThisMachine]) {
      assert.deepEqual(obstacles(run, PROCESS), []);
    }
    assert.match(obstacles(withVariable, PROCESS).join(), /is \$\{env:SHOP_PASSWORD\}.*workers_have_secrets/);
    assert.match(obstacles(withInline, PROCESS).join(), /never leave this machine.*Secret Manager/);
    assert.match(obstacles(embedded, PROCESS).join(), /destination warehouse is a file of this machine/);
  });

  it('finds what workers elsewhere cannot have', () => {
    for (const [run, expected] of [
      [withVariable, /\$\{env:SHOP_PASSWORD\}.*workers_have_secrets/],
      [withFile, /\$\{file:client.key\}.*workers_have_secrets/],
      [withInline, /written out in the configuration/],
      [files, /`path` of connection shop is on this machine/],
      [embedded, /`path` of destination warehouse is on this machine/],
      [onThisMachine, /`host` of connection shop is localhost, which is this machine/],
    ] as const) {
      for (const [environment, place] of [
        [DOCKER, {}],
        [PROCESS, { serviceIsHere: false }],
      ] as const) {
        assert.match(obstacles(run, environment, place).join(), expected);
      }
    }
    assert.deepEqual(obstacles(withManager, DOCKER), []);
  });

  it('takes the word of the options that workers have variables and files', () => {
    for (const run of [withVariable, withFile]) {
      assert.deepEqual(obstacles(run, DOCKER, { workersHaveSecrets: true }), []);
    }
    assert.equal(obstacles(withInline, DOCKER, { workersHaveSecrets: true }).length, 1);
  });
});
