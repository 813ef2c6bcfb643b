import type { DestinationModule } from '../../../core/loader';
import type { RunContext } from '../../../core/plan';
import { DESTINATIONS } from '../../../loaders';
import type { Obstacle } from '../../pipeline-runner';
import { isLoopback, planObstacles } from '../plan-obstacles';
import type { WorkerEnvironment } from './options';

/** Where the workers of a job service are, as its options say. */
export interface PortablePlace {
  readonly environment: WorkerEnvironment;
  /** The job service is on this machine, and so are the processes that it starts. */
  readonly serviceIsHere: boolean;
  /** Workers have the variables and files that references name. */
  readonly workersHaveSecrets: boolean;
}

/**
 * What of a run the workers of a job service cannot do where they are. Workers in this process can do all. Processes that a job service
 * or a worker pool on this machine starts have its files and addresses, and the environment variables of whoever starts them rather than
 * this process'. All others are elsewhere.
 */
export function workerObstacles(context: RunContext, place: PortablePlace): readonly Obstacle[] {
  const { environment, serviceIsHere, workersHaveSecrets } = place;
  if (environment.kind === 'loopback') return serviceIsHere ? [] : [LOOPBACK_ELSEWHERE];
  const here = isHere(environment, serviceIsHere);
  const obstacles = planObstacles(context, {
    here,
    resolves: workersHaveSecrets ? ['env', 'file'] : here ? ['file'] : [],
    toResolve: 'or give it to the workers and set `runners.portable.workers_have_secrets: true`',
  });
  return here ? [...embeddedObstacles(context), ...obstacles] : obstacles;
}

/** Whether workers are other processes of this machine. */
function isHere(environment: WorkerEnvironment, serviceIsHere: boolean): boolean {
  if (environment.kind === 'external') return isLoopback(environment.address.replace(/:\d+$/, ''));
  return environment.kind === 'process' && serviceIsHere;
}

const LOOPBACK_ELSEWHERE: Obstacle = {
  what: 'The environment loopback has its workers in this process, and the job service is on another machine',
  hint: 'Give `runners.portable.environment` a worker image: docker:IMAGE. Or use a job service on localhost.',
};

function embeddedObstacles({ destination }: RunContext): Obstacle[] {
  const destinations: readonly DestinationModule[] = DESTINATIONS;
  if (destinations.find(({ type }) => type === destination.type)?.embedded !== true) return [];
  return [
    {
      what: `destination ${destination.destinationName} is a file of this machine, which one process writes`,
      hint: 'Use `environment: loopback`, or --runner in-process.',
    },
  ];
}
