import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to one request. Statuses: the request is not forwarded. */
export type FaultAction =
  /** The launcher dies; the request is not forwarded. */
  | 'kill-before'
  /** The request is done, and the launcher dies before it hears of it. */
  | 'kill-after'
  /** The request is done, and the connection breaks instead of an answer. */
  | 'drop-answer'
  /** The connection breaks before the request is forwarded. */
  | 'reset'
  | 429
  | 500
  | 503
  | { readonly delayMs: number }
  /** An answer of a Google service; the request is not forwarded. */
  | { readonly refuse: { readonly status: number; readonly reason: string; readonly message: string } }
  /** Anything: the request is forwarded when it resolves. */
  | { readonly meanwhile: () => Promise<void> };

export interface FaultRule {
  /** The effect's name, or a pattern that `METHOD path` matches. */
  readonly on: string | RegExp;
  /** Which of them, from 1. */
  readonly nth: number;
  readonly action: FaultAction;
  /** So many requests from that one on; 1 when absent. */
  readonly times?: number;
}

export interface RecordedRequest {
  readonly effect: string;
  readonly method: string;
  /** Without its query, decoded. */
  readonly path: string;
  /** Undefined: no answer was sent. */
  status: number | undefined;
  /** What was done to it, where something was. */
  fault: FaultAction | undefined;
}

/** What proxies have seen, and the one thing they are to break; several proxies may share it. */
export class Faults {
  readonly requests: RecordedRequest[] = [];
  /** Whether the rule has struck. */
  struck = false;
  private rule: FaultRule | undefined;
  private matched = 0;

  /** `kill` ends the launcher at once and resolves when it is gone. */
  constructor(public kill: () => Promise<void> = () => Promise.resolve()) {}

  /** From now on, counting from the next request; undefined: nothing is broken any more. */
  set(rule: FaultRule | undefined): void {
    this.rule = rule;
    this.matched = 0;
    this.struck = false;
  }

  /** What is to happen to this request. */
  next(request: Pick<RecordedRequest, 'effect' | 'method' | 'path'>): FaultAction | undefined {
    const { rule } = this;
    if (rule === undefined) return undefined;
    const { on, nth, action, times = 1 } = rule;
    const named = `${request.method} ${request.path}`;
    if (typeof on === 'string' ? request.effect !== on : !on.test(named)) return undefined;
    this.matched += 1;
    if (this.matched < nth || this.matched >= nth + times) return undefined;
    this.struck = true;
    return action;
  }
}

/** Waits as a fault says, before the request is forwarded. */
export async function hold(action: FaultAction | undefined): Promise<void> {
  if (typeof action !== 'object') return;
  if ('delayMs' in action) await sleep(action.delayMs);
  if ('meanwhile' in action) await action.meanwhile();
}

/** The body of a Google service's error. */
export function failureBody(status: 429 | 500 | 503): string {
  const reason = { 429: 'rateLimitExceeded', 500: 'internalError', 503: 'backendError' }[status];
  return refusalBody({ status, reason, message: `made by a test: ${reason}` });
}

/** The same, with words of the test's own. */
export function refusalBody({
  status,
  reason,
  message,
}: {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}): string {
  return JSON.stringify({
    error: { code: status, message, errors: [{ domain: 'global', reason, message }] },
  });
}
