import { setMaxListeners } from 'node:events';

/** How long one call of a remote run store may take before the run goes on without it, in milliseconds. */
const WRITE_PATIENCE_MS = 15_000;

/** How long somebody who looks waits, in milliseconds: a list may read tens of thousands of objects. */
const READ_PATIENCE_MS = 600_000;

/** A few for each of the objects that are read at the same time. */
const MAX_LISTENERS = 100;

/** For writing: a run that has been interrupted still writes down how it ended, so the command's signal does not count. */
export function writePatience(): AbortSignal {
  return AbortSignal.timeout(WRITE_PATIENCE_MS);
}

/** For making the store ready to write: as long as for writing, but not beyond the command. */
export function preparePatience(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, writePatience()]);
}

/** For reading: until the command is interrupted. */
export function readPatience(signal: AbortSignal): AbortSignal {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(READ_PATIENCE_MS)]);
  // Every request listens to it, and Node warns of more than ten listeners.
  setMaxListeners(MAX_LISTENERS, patience);
  return patience;
}
