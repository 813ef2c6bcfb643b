import type { Clock } from '../../core/clock';
import type { ErrorCode } from '../../core/error-codes';
import { BeamliftError, toBeamliftError } from '../../core/errors';
import type { Logger } from '../../core/logger';
import { neverAborts } from '../../core/never-aborts';

/** What a renewal that fails so has found out; other failures may pass before the lease is over. */
const LOST: readonly ErrorCode[] = ['FENCED', 'CANCELLED', 'NEEDS_ATTENTION'];

/** How a lease is kept alive. */
export interface LeaseUpkeep {
  readonly clock: Clock;
  readonly log: Logger;
  /** What is leased, for messages: `job orders`. */
  readonly subject: string;
  readonly everyMs: number;
  /** The lease is certainly over when it was not renewed for so long. */
  readonly lifetimeMs: number;
  /** One renewal, which is never cut short: nobody would know whether it was made. Throws FENCED, CANCELLED or NEEDS_ATTENTION for a lease that is lost; anything else passes, or does not. */
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
    let renewedAt = clock.now();
    while (await this.waited(clock, everyMs)) {
      const beganAt = clock.now();
      try {
        await renew(neverAborts());
        renewedAt = beganAt;
      } catch (thrown) {
        const error = toBeamliftError(thrown);
        const isOver = clock.now() - renewedAt >= lifetimeMs;
        if (LOST.includes(error.code) || isOver) {
          this.losing.abort(LOST.includes(error.code) ? error : overdue(subject, lifetimeMs, error));
          return;
        }
        log.warn('lease.renewal.failed', { subject, error: error.what });
      }
    }
  }

  /** Whether it is time for a renewal; false: the lease is no longer kept. */
  private async waited(clock: Clock, milliseconds: number): Promise<boolean> {
    try {
      await clock.sleep(milliseconds, this.stopping.signal);
      return true;
    } catch (error) {
      if (this.stopping.signal.aborted) return false;
      throw error;
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
