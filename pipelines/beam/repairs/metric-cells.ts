import '../sdk-entry';
import { MetricsContainer } from 'apache-beam/worker/metrics';

export const COUNTER_URN = 'beam:metric:user:sum_int64:v1';
export const DISTRIBUTION_URN = 'beam:metric:user:distribution_int64:v1';

/** A metric with its labels, as `MetricsContainer.getMetric` gives it. */
type ScopedCell = ReturnType<MetricsContainer['getMetric']>;

/** The SDK exports none of the classes of its metrics: they are reached through one of their objects. */
export function metricCell(metricType: string): ScopedCell {
  return new MetricsContainer().getMetric('transform', undefined, { metricType, name: 'name' });
}

/** Where the methods of a class are that is not exported. */
export function prototypeOf(object: object): object {
  return Object.getPrototypeOf(object) as object;
}
