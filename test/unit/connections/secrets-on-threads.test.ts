import assert from 'node:assert/strict';
import { sealSecret, SecretKeys } from '../../../core/sealed-secrets';
import { UnitHost } from '../../../pipelines/threads/unit-host';
import { quietServices } from '../../contract/quiet-services';
import { fakeContext, unit } from '../pipelines/fake-equipment';

describe('secrets of stored connections on threads', () => {
  it('are resolved from what the thread was born with, and its redactor knows them', async () => {
    const key = Buffer.alloc(32, 2).toString('base64');
    const place = { name: 'shop', field: 'password' };
    const sealed = await sealSecret('canary-on-a-thread', place, new SecretKeys(key));
    let resolved: string | undefined;
    const host = new UnitHost(
      {
        environment: { BEAMLIFT_SECRET_KEY: key },
        baseFolder: '/',
        inlineSecrets: new Map(),
        sealedSecrets: new Map([['shop/password', sealed]]),
      },
      quietServices('/').log,
      async (_context, { secrets }, signal) => {
        resolved = await secrets.resolve('${connection:shop/password}', signal);
        throw new Error('that was all');
      },
    );
    const attempt = { context: fakeContext('/staging'), unit: unit('0001'), attempt: 1, resumed: false };
    const { signal } = new AbortController();
    await assert.rejects(
      host.stage('run', attempt, () => undefined, signal),
      /that was all/,
    );
    assert.equal(resolved, 'canary-on-a-thread');
    assert.equal(host.redactor.redact('canary-on-a-thread'), '***');
    await host.close();
  });
});
