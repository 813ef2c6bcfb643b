import type { SourceModule } from '../../../core/extractor';
import type { RunContext } from '../../../core/plan';
import { SOURCES } from '../../../extractors';
import type { Obstacle } from '../../pipeline-runner';
import { mostWorkers } from './job-request';
import type { DataflowOptions } from './options';

/** Cores of a machine whose type is not known; the service chooses none that has more. */
const ASSUMED_CORES = 4;
/** e2-micro, e2-small, e2-medium and g1-small share cores, and show two. */
const SHARED_CORES = 2;

/**
 * Options with no more workers than a database has connections for (`max_source_connections`): a worker runs one process for each of its
 * cores, and each process has a connection of its own at least. More workers would wait. Files have no such bound.
 */
export function fitWorkers(options: DataflowOptions, context: RunContext): DataflowOptions {
  const connections = sharedConnections(context);
  if (connections === undefined) return options;
  const most = Math.max(1, Math.floor(connections / coresOf(options)));
  const { num_workers: start } = options;
  return {
    ...options,
    max_num_workers: Math.min(mostWorkers(options), most),
    ...(start === undefined ? {} : { num_workers: Math.min(start, most) }),
  };
}

/** A machine with more cores than the source has connections would open more all the same. */
export function connectionObstacles(options: DataflowOptions, context: RunContext): Obstacle[] {
  const connections = sharedConnections(context);
  const cores = coresOf(options);
  if (connections === undefined || cores <= connections) return [];
  const { maxConnections } = context.source;
  return [
    {
      what: `one worker (${options.machine_type ?? `${cores} cores`}) opens ${cores} connections to ${context.source.connectionName}, and max_source_connections is ${maxConnections}`,
      hint: 'Choose a smaller machine_type under runners: dataflow, or raise `max_source_connections` of the job where the database can bear it.',
    },
  ];
}

/** What the workers may open together; undefined: the source knows no connections. */
function sharedConnections({ source, pin }: RunContext): number | undefined {
  const sources: readonly SourceModule[] = SOURCES;
  if (sources.find(({ type }) => type === source.type)?.category !== 'database') return undefined;
  // The launcher holds one of them, which keeps the snapshot.
  return source.maxConnections - (pin === undefined ? 0 : 1);
}

function coresOf({ machine_type: machine }: DataflowOptions): number {
  if (machine === undefined) return ASSUMED_CORES;
  const custom = /-custom-(\d+)-\d+/.exec(machine) ?? /^custom-(\d+)-\d+/.exec(machine);
  const named = custom ?? /-(\d+)$/.exec(machine);
  if (named?.[1] !== undefined) return Number(named[1]);
  return /-(?:micro|small|medium)$/.test(machine) ? SHARED_CORES : ASSUMED_CORES;
}
