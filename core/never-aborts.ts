/**
 * A signal that never aborts, for what has to be done whatever ends the run: giving back a lease, removing what was staged. Another one for
 * each call, since listeners at a signal for all would stay and add up.
 */
export function neverAborts(): AbortSignal {
  return new AbortController().signal;
}
