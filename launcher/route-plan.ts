import { BeamliftError, messageOf } from '../core/errors';
import type { Estimate, RunContext } from '../core/plan';
import type { Obstacle } from '../pipelines/pipeline-runner';
import type { LaunchOptions, LaunchServices } from './launch-options';
import type { OpenedJob } from './open-job';
import { chooseRunner, type Route } from './route';
import { isPipelineRunner, type PipelineRunnerName } from './runner-desk';
import { submitterServices } from './submitter-services';

/**
 * Who runs the plan. A runner with workers of its own is asked first whether they can: where they cannot, a job that chose nobody runs in
 * process, and one that named the runner is refused (PLAN_REFUSED, with everything that is in the way).
 */
export async function routePlan(
  opened: OpenedJob,
  context: RunContext,
  estimate: Estimate,
  options: LaunchOptions,
  services: LaunchServices,
): Promise<Route> {
  const route = chooseRunner({
    estimate,
    thresholdRows: services.thresholdRows,
    embedded: opened.destination.embedded,
    largeRunner: services.largeRunner,
    requested: options.runner,
  });
  if (!isPipelineRunner(route.runner)) return route;
  const obstacles = await preflight(route.runner, opened, context, services);
  const [first] = obstacles;
  if (first === undefined) return route;
  if (options.runner !== 'auto') throw refused(context, route.runner, obstacles);
  return {
    ...route,
    runner: 'in-process',
    reason: `${route.reason}, but ${route.runner} cannot run it: ${first.what}`,
  };
}

async function preflight(
  name: PipelineRunnerName,
  opened: OpenedJob,
  context: RunContext,
  services: LaunchServices,
): Promise<readonly Obstacle[]> {
  if (opened.loader.recovery === undefined) {
    return [
      {
        what: `what is staged for ${opened.job.destination.type} is on this machine, where workers cannot write`,
        hint: 'Use --runner in-process or direct.',
      },
    ];
  }
  try {
    const runner = await services.runners.open(name, submitterServices(opened, services), services.signal);
    try {
      return await runner.preflight(context, services.signal);
    } finally {
      await runner.close();
    }
  } catch (error) {
    services.signal.throwIfAborted();
    const isKnown = error instanceof BeamliftError && error.code !== 'INTERNAL';
    if (!isKnown || error.code === 'USAGE') throw error;
    return [{ what: messageOf(error), hint: error.hint ?? '' }];
  }
}

function refused(
  { job }: RunContext,
  runner: PipelineRunnerName,
  obstacles: readonly Obstacle[],
): BeamliftError {
  const [first] = obstacles;
  const only = obstacles.length === 1 ? first : undefined;
  return new BeamliftError('PLAN_REFUSED', {
    what: `The runner ${runner} cannot run job ${job}${only === undefined ? '' : `: ${only.what}`}`,
    where: { job },
    ...(only === undefined ? { why: obstacles.map(({ what }) => `${what}.`).join(' ') } : {}),
    hint: [...new Set(obstacles.map(({ hint }) => hint))].join(' '),
  });
}
