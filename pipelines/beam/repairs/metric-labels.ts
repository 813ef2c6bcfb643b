import type { MonitoringInfo } from 'apache-beam/proto/metrics';
import { COUNTER_URN, metricCell, prototypeOf } from './metric-cells';
import { replaceMethod } from './replace-method';

/** Under which namespace runners show the counters. */
export const METRIC_NAMESPACE = 'beamlift';

/**
 * `worker/metrics.js:223` and `:220`, ScopedMetricCell.toEmptyMonitoringInfo: the step is labelled TRANSFORM where the protocol says
 * PTRANSFORM, and the namespace is empty. Flink and Dataflow leave out user counters with such labels.
 */
export function repairMetricLabels(): void {
  replaceMethod<{ readonly name?: string }, [], MonitoringInfo>(
    prototypeOf(metricCell(COUNTER_URN)),
    'toEmptyMonitoringInfo',
    (original) =>
      function () {
        const info = original.call(this);
        const { TRANSFORM: step, ...others } = info.labels;
        const labels: Record<string, string> = others;
        if (step !== undefined) labels['PTRANSFORM'] = step;
        if (this.name !== undefined) labels['NAMESPACE'] = METRIC_NAMESPACE;
        return { ...info, labels };
      },
  );
}
