import assert from 'node:assert/strict';
import type { CheckResult } from '../../../launcher/check-configuration';
import { main } from '../../../launcher/main';
import { fakeEngine } from './fake-engine';
import { fakeHost } from './fake-host';

const REFUSED = { step: 'login', ok: false, detail: 'refused', hint: 'Check the password.' };

/** Two jobs of the connection `shop`, which works or does not. */
async function check(line: readonly string[], shopWorks: boolean) {
  const host = fakeHost({});
  const fake = fakeEngine({ jobs: ['orders', 'sales'] });
  const planned: string[] = [];
  const engine: typeof fake = {
    ...fake,
    loadConfiguration: async (request) => ({
      ...(await fake.loadConfiguration(request)),
      connections: new Map([['shop', { name: 'shop', type: 'postgresql', config: {} }]]),
    }),
    checkConnection: async ({ name, type }): Promise<CheckResult> => ({
      kind: 'connection',
      name,
      type,
      ok: shopWorks,
      findings: shopWorks ? [{ step: 'login', ok: true, detail: 'etl' }] : [REFUSED],
    }),
    checkJob: async ({ name }): Promise<CheckResult> => {
      planned.push(name);
      return { kind: 'job', name, type: 'database', ok: true, findings: [] };
    },
  };
  const code = await main(['check', ...line], host, { engine });
  return { code, out: host.out.text(), planned };
}

describe('check', () => {
  it('says of every job of a broken connection that it cannot run, and asks the source no more', async () => {
    const { code, out, planned } = await check([], false);
    assert.equal(code, 1);
    assert.match(out, /login: failed {2}refused\n\s+→ Check the password\./);
    for (const job of ['orders', 'sales']) {
      assert.match(
        out,
        new RegExp(`failed {2}job ${job} .*\\n\\s+connection: failed {2}connection shop cannot`),
      );
    }
    assert.deepEqual(planned, []);
  });

  it('prints one JSON object for each thing, jobs of a broken connection too', async () => {
    const { out } = await check(['--json'], false);
    const results = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as CheckResult);
    assert.deepEqual(
      results.map(({ kind, name, ok }) => [kind, name, ok]),
      [
        ['connection', 'shop', false],
        ['run_store', 'sqlite', true],
        ['job', 'orders', false],
        ['job', 'sales', false],
      ],
    );
  });

  it('checks jobs whose connection works, and only what is named', async () => {
    assert.deepEqual((await check([], true)).planned, ['orders', 'sales']);
    const { code, out, planned } = await check(['sales'], true);
    assert.deepEqual([code, planned], [0, ['sales']]);
    assert.doesNotMatch(out, /run store/);
  });
});
