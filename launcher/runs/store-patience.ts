/** How long one call of a remote run store may take before the run goes on without it, in milliseconds. */
const WRITE_PATIENCE_MS = 15_000;

/** How long somebody who looks waits, in milliseconds: a list may read many objects. */
const READ_PATIENCE_MS = 120_000;

/** For writing: a run that has been interrupted still writes down how it ended, so the command's signal does not count. */
export function writePatience(): AbortSignal {
  return AbortSignal.timeout(WRITE_PATIENCE_MS);
}

/** For reading: until the command is interrupted. */
export function readPatience(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(READ_PATIENCE_MS)]);
}
