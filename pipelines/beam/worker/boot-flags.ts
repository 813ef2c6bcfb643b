import { BeamliftError } from '../../../core/errors';
import { neededFlag, readFlags } from './flags';

const FLAGS = [
  'id',
  'provision_endpoint',
  'control_endpoint',
  'logging_endpoint',
  'artifact_endpoint',
  'semi_persist_dir',
] as const;

/** How a runner starts a container, or a process in its place: Beam's container contract. */
export interface BootFlags {
  readonly id: string;
  readonly provisionEndpoint: string | undefined;
  readonly controlEndpoint: string | undefined;
  readonly loggingEndpoint: string | undefined;
  /** Where temporary files may be; absent: where the system has them. */
  readonly folder: string | undefined;
}

/** Throws USAGE. */
export function parseBootFlags(argv: readonly string[]): BootFlags {
  const flags = readFlags(argv, FLAGS);
  const id = neededFlag(flags, 'id');
  if (!flags.has('control_endpoint')) neededFlag(flags, 'provision_endpoint');
  return {
    // Prism quotes it for a shell, where there is none.
    id: /^'(.*)'$/s.exec(id)?.[1] ?? id,
    provisionEndpoint: flags.get('provision_endpoint'),
    controlEndpoint: flags.get('control_endpoint'),
    loggingEndpoint: flags.get('logging_endpoint'),
    folder: flags.get('semi_persist_dir'),
  };
}

/** How people, or a scheduler, start a pool of workers. */
export interface PoolFlags {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly folder: string | undefined;
}

/** Only this machine can reach it: whoever does can have workers started that have this machine's secrets. */
const POOL_ADDRESS = '127.0.0.1:50000';

/** `--worker_pool`, or `--worker_pool=HOST:PORT`; undefined: a runner wants a worker. Throws USAGE. */
export function parsePoolFlags(argv: readonly string[]): PoolFlags | undefined {
  const flag = argv.find((argument) => /^--?worker_pool(=|$)/.test(argument));
  if (flag === undefined) return undefined;
  const [, address = POOL_ADDRESS] = /=(.*)$/s.exec(flag) ?? [];
  if (/^(\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):\d{1,5}$/.test(address)) {
    return { address, folder: readFlags(argv, FLAGS).get('semi_persist_dir') };
  }
  throw new BeamliftError('USAGE', {
    what: 'The address of the worker pool is not HOST:PORT',
    hint: `--worker_pool listens on ${POOL_ADDRESS}; --worker_pool=0.0.0.0:50000 on all addresses of this machine.`,
  });
}
