import type { Environment } from '../../core/extractor';
import type { Logger } from '../../core/logger';

/**
 * What threads open sources and destinations with. Each resolves secret references itself, and takes what it resolved out of every text
 * that leaves it.
 */
export interface ThreadServices {
  readonly environment: Environment;
  /** What `${file:…}` and relative paths are meant from; absolute. */
  readonly baseFolder: string;
  /** What `${inline:…}` stands for, by path; see `SecretResolverOptions`. */
  readonly inlineSecrets: ReadonlyMap<string, string>;
  /** What `${connection:…}` stands for, encrypted; the key is in the environment. Absent: there are none. */
  readonly sealedSecrets?: ReadonlyMap<string, string>;
  /** Gets the threads' entries, without secrets. */
  readonly log: Logger;
}

/** What a thread is born with: the only way by which secrets and the environment get into it. */
export interface ThreadBirth extends Omit<ThreadServices, 'log'> {
  /** For tests: a module with an `openEquipment` of its own. */
  readonly equipmentModule: string | undefined;
}

/** What is passed to a new thread. */
export interface ThreadStart {
  readonly birth: ThreadBirth;
  /** Where its modules come from: see `useBundle`. */
  readonly bundle: string | undefined;
}
