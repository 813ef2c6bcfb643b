import { BeamliftError } from '../../core/errors';
import type { Logger } from '../../core/logger';
import { RETRY_POLICIES, type RetryPolicy } from '../../core/retry-policies';
import { withRetries } from '../../core/with-retries';

type Outcome<Connection> = { readonly connection: Connection } | { readonly failure: unknown };

/** Opens a connection; where the server says that all that it allows are in use, waits for one to be free. Every other failure is thrown as it is. */
export async function waitForConnection<Connection>(
  open: () => Promise<Connection>,
  log: Logger,
  signal: AbortSignal,
  patience: RetryPolicy = RETRY_POLICIES.connectionLimit,
): Promise<Connection> {
  const outcome = await withRetries(
    patience,
    signal,
    async (): Promise<Outcome<Connection>> => {
      try {
        return { connection: await open() };
      } catch (failure) {
        if (isConnectionLimit(failure)) throw failure;
        return { failure };
      }
    },
    (attempt, error) =>
      log.warn('source.connection_limit', { attempt, of: patience.attempts, error: error.message }),
  );
  if ('failure' in outcome) throw outcome.failure;
  return outcome.connection;
}

export function isConnectionLimit(failure: unknown): boolean {
  return failure instanceof BeamliftError && failure.code === 'CONNECTION_LIMIT';
}
