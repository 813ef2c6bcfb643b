import assert from 'node:assert/strict';
import { portableOptionsSchema, workerEnvironment } from '../../../pipelines/beam/portable/options';

describe('portableOptionsSchema', () => {
  const endpoint = 'localhost:8073';

  for (const [environment, expected] of [
    [undefined, { kind: 'loopback' }],
    ['loopback', { kind: 'loopback' }],
    ['process:/opt/beamlift/bin/boot', { kind: 'process', command: '/opt/beamlift/bin/boot' }],
    ['external:worker-pool:50000', { kind: 'external', address: 'worker-pool:50000' }],
    [
      'docker:europe-docker.pkg.dev/p/r/beamlift@sha256:abc',
      { kind: 'docker', image: 'europe-docker.pkg.dev/p/r/beamlift@sha256:abc' },
    ],
  ] as const) {
    it(`takes the environment ${environment ?? 'that is left out'}`, () => {
      const options = portableOptionsSchema.parse({
        endpoint,
        ...(environment === undefined ? {} : { environment }),
      });
      assert.deepEqual(workerEnvironment(options), expected);
    });
  }

  for (const environment of ['', 'process', 'process:', 'process: ', 'docker', 'LOOPBACK', 'kubernetes:x']) {
    it(`refuses the environment ${JSON.stringify(environment)}`, () => {
      assert.equal(portableOptionsSchema.safeParse({ endpoint, environment }).success, false);
    });
  }

  for (const [address, isOne] of [
    ['127.0.0.1:8099', true],
    ['[::1]:8099', true],
    ['flink-jobs.example.com:8099', true],
    ['localhost', false],
    ['localhost:0', false],
    ['localhost:port', false],
    ['http://localhost:8099', false],
    ['localhost:8099/jobs', false],
  ] as const) {
    it(`${isOne ? 'takes' : 'refuses'} the endpoint ${address}`, () => {
      assert.equal(portableOptionsSchema.safeParse({ endpoint: address }).success, isOne);
    });
  }

  it('describes every key', () => {
    for (const [key, schema] of Object.entries(portableOptionsSchema.shape)) {
      assert.ok(schema.description, key);
    }
  });
});
