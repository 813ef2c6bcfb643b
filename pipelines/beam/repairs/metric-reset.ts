import '../sdk-entry';
import { MetricsContainer } from 'apache-beam/worker/metrics';
import { replaceMethod } from './replace-method';

/**
 * `worker/metrics.js:234`, MetricsContainer.reset: between bundles, metrics are marked as unset but keep their values. Bundle processors
 * are used again, so a bundle reports the counts of those before it as well, and the runner adds them up once more.
 */
export function repairMetricReset(): void {
  replaceMethod<MetricsContainer, [], unknown>(
    MetricsContainer.prototype,
    'reset',
    (reset) =>
      function () {
        reset.call(this);
        for (const cell of this.metrics.values()) cell.value.reset();
      },
  );
}
