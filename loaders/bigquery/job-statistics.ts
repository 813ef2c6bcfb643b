import type { JobResource } from '../../core/clients/bigquery-api';
import { jsonObjectSchema } from '../../core/plan';

/** A count in a job's statistics, which the API writes as text; undefined: it is not there. */
export function jobStatistic(job: JobResource, ...path: readonly string[]): number | undefined {
  let value: unknown = job.statistics;
  for (const name of path) {
    const parsed = jsonObjectSchema.safeParse(value);
    value = parsed.success ? parsed.data[name] : undefined;
  }
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const count = Number(value);
  return Number.isSafeInteger(count) ? count : undefined;
}
