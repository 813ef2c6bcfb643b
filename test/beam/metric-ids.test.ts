import assert from 'node:assert/strict';
import { MetricIds } from '../../pipelines/beam/worker/metric-ids';

const COUNTED = new Map([['m0', Uint8Array.of(1)]]);

describe('short ids of metrics', () => {
  it('are used again a second after the runner was told what they mean', () => {
    let now = 0;
    const ids = new MetricIds(() => now);
    const next = (): string[] => [...ids.ofBundle(COUNTED).keys()];
    assert.deepEqual([next(), next(), next()], [['m0'], ['m0.1'], ['m0.2']]);
    now = 5_000;
    ids.asMonitoringInfo('m0', Uint8Array.of(1));
    assert.deepEqual(next(), ['m0.3'], 'a bundle’s report is no answer to a question');
    ids.asMonitoringInfo('m0');
    now = 5_999;
    assert.deepEqual(next(), ['m0.4'], 'the answer may still be under way');
    ids.asMonitoringInfo('m0');
    now = 6_000;
    assert.deepEqual(next(), ['m0'], 'the first answer counts');
  });

  it('end with a runner that never asks', () => {
    const ids = new MetricIds();
    const used = Array.from({ length: 1_000 }, () => [...ids.ofBundle(COUNTED).keys()]).flat();
    assert.equal(new Set(used).size, 65);
    assert.deepEqual(
      used.slice(65),
      Array.from({ length: 935 }, () => 'm0'),
    );
  });

  it('keep what was counted', () => {
    const counted = new Map([
      ['m0', Uint8Array.of(7)],
      ['m1', Uint8Array.of(9)],
    ]);
    const ids = new MetricIds();
    ids.ofBundle(counted);
    assert.deepEqual(Object.fromEntries(ids.ofBundle(counted)), {
      'm0.1': Uint8Array.of(7),
      'm1.1': Uint8Array.of(9),
    });
  });
});
