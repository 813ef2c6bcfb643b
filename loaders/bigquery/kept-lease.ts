import type { Clock } from '../../core/clock';
import { BeamliftError, messageOf, toBeamliftError } from '../../core/errors';
import type { Logger } from '../../core/logger';

const NEVER = new AbortController().signal;

/** How a lease is kept alive. */
export interface LeaseUpkeep {
  readonly clock: Clock;
  readonly log: Logger;
  /** What is leased, for messages: `job orders`. */
  readonly subject: string;
  readonly everyMs: number;
  /** The lease is certainly over when it was not renewed for so long. */
  readonly lifetimeMs: number;
  /** One renewal, which is never cut short: nobody would know whether it was made. An error that is not transient means that the lease is lost. */
  readonly renew: (signal: AbortSignal) => Promise<void>;
}

/** A lease that is renewed in the background until it is stopped. `lost` aborts with a BeamliftError when it is gone. */
export class KeptLease {
  private readonly losing = new AbortController();
  private readonly stopping = new AbortController();
  private readonly renewing: Promise<void>;

  constructor(private readonly upkeep: LeaseUpkeep) {
    this.renewing = this.keep();
  }

  get lost(): AbortSignal {
    return this.losing.signal;
  }

  /** Ends the renewing; the lease itself stays as it is. Safe to call twice. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the lease is no longer kept'));
    await this.renewing;
  }

  private async keep(): Promise<void> {
    const { clock, log, subject, everyMs, lifetimeMs, renew } = this.upkeep;
    const { signal } = this.stopping;
    let renewedAt = clock.now();
    while (!signal.aborted) {
      try {
        await clock.sleep(everyMs, signal);
        const beganAt = clock.now();
        // A machine that slept, or a process that was stopped, finds out before it does anything else.
        await renew(NEVER);
        renewedAt = beganAt;
      } catch (thrown) {
        if (signal.aborted) return;
        const error = toBeamliftError(thrown);
        const over = clock.now() - renewedAt >= lifetimeMs;
        if (!error.transient || over) {
          this.losing.abort(error.transient ? overdue(subject, lifetimeMs, error) : error);
          return;
        }
        log.warn('lease.renewal.failed', { subject, error: messageOf(thrown) });
      }
    }
  }
}

function overdue(subject: string, lifetimeMs: number, cause: BeamliftError): BeamliftError {
  return new BeamliftError('FENCED', {
    what: `The lease of ${subject} could not be renewed for ${lifetimeMs / 1000} s`,
    why: cause.what,
    hint: 'Another run may have taken over. Nothing more is published by this one; run the job again.',
    cause,
  });
}
