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
