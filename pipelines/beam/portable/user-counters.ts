import '../sdk-entry';
import type { MetricResults } from 'apache-beam/proto/beam_job_api';
import { Reader } from 'protobufjs';
import { COUNTER_URN } from '../repairs/metric-cells';
import { METRIC_NAMESPACE } from '../repairs/metric-labels';

/**
 * The counters of our steps, summed over the steps. Those of bundles that succeeded, where the runner tells them apart: Flink's local
 * runner only has `attempted`.
 */
export function userCounters(metrics: MetricResults | undefined): Map<string, number> {
  const committed = counted(metrics?.committed ?? []);
  return committed.size > 0 ? committed : counted(metrics?.attempted ?? []);
}

function counted(infos: MetricResults['committed']): Map<string, number> {
  const counters = new Map<string, number>();
  for (const { urn, labels, payload } of infos) {
    const { NAMESPACE: namespace, NAME: name } = labels;
    if (urn !== COUNTER_URN || namespace !== METRIC_NAMESPACE || name === undefined) continue;
    counters.set(name, (counters.get(name) ?? 0) + Number(new Reader(payload).int64()));
  }
  return counters;
}
