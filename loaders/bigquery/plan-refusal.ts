import { BeamliftError, type ErrorDetails } from '../../core/errors';
import type { RunContext } from '../../core/plan';

/** PLAN_REFUSED, about the job's table. */
export function refusedPlan(context: RunContext, details: Omit<ErrorDetails, 'where'>): BeamliftError {
  return new BeamliftError('PLAN_REFUSED', {
    ...details,
    where: { job: context.job, object: tableName(context) },
  });
}

/** `project.dataset.table` of a run. */
export function tableName({ destination }: RunContext): string {
  const { config, dataset = config['dataset'], table } = destination;
  return [config['project'], dataset, table].filter((part) => typeof part === 'string').join('.');
}
