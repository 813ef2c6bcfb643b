import type { Clock } from '../../core/clock';

/** A signal that aborts a while after another one. To be ended when what it is for is done. */
export interface Grace {
  readonly signal: AbortSignal;
  end(): void;
}

/**
 * For a request that may have been done although nobody waited for its answer: those who clean up afterwards must not come before it.
 * It may go on for so many milliseconds after the signal has aborted.
 */
export function graceAfter(signal: AbortSignal, clock: Clock, milliseconds: number): Grace {
  const late = new AbortController();
  const ended = new AbortController();
  const onAbort = (): void => {
    void clock.sleep(milliseconds, ended.signal).then(
      () => late.abort(signal.reason),
      () => undefined,
    );
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const end = (): void => {
    signal.removeEventListener('abort', onAbort);
    ended.abort(new Error('the request is done'));
  };
  return { signal: late.signal, end };
}
