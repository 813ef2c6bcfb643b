import type { DestinationSpec } from '../core/plan';

/** The table of a job as users find it: behind the project and the dataset, where the destination has such. */
export function destinationTable({
  config,
  dataset,
  table,
}: Pick<DestinationSpec, 'config' | 'dataset' | 'table'>): string {
  const parts = [config['project'], dataset ?? config['dataset'], table];
  return parts.filter((part): part is string => typeof part === 'string' && part !== '').join('.');
}
