import type { Clock } from '../../core/clock';
import type { ErrorCode } from '../../core/error-codes';
import { BeamliftError, toBeamliftError } from '../../core/errors';
import type { Logger } from '../../core/logger';
import { neverAborts } from '../../core/never-aborts';

/** A lease that is not renewed for so long, by the store's clock, is free. */
export const LEASE_MS = 60_000;

/** Two renewals may fail, or be late, before a lease is over. */
const RENEW_EVERY_MS = LEASE_MS / 3;

/** What a renewal that fails so has found out; other failures may pass before the lease is over. */
const LOST: readonly ErrorCode[] = ['FENCED', 'CANCELLED', 'NEEDS_ATTENTION'];

/** How a lease is kept alive. */
export interface LeaseUpkeep {
  readonly clock: Clock;
  readonly log: Logger;
  /** What is leased, for messages: `job orders`. */
  readonly subject: string;
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
    const { clock, log, subject, renew } = this.upkeep;
    let renewedAt = clock.now();
    while (await this.waited(clock, RENEW_EVERY_MS)) {
      const beganAt = clock.now();
      try {
        await renew(neverAborts());
        renewedAt = beganAt;
      } catch (thrown) {
        const error = toBeamliftError(thrown);
        const isOver = clock.now() - renewedAt >= LEASE_MS;
        if (LOST.includes(error.code) || isOver) {
          this.losing.abort(LOST.includes(error.code) ? error : overdue(subject, error));
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

function overdue(subject: string, cause: BeamliftError): BeamliftError {
  return new BeamliftError('FENCED', {
    what: `The lease of ${subject} could not be renewed for ${LEASE_MS / 1000} s`,
    why: cause.what,
    hint: 'Another run may have taken over. Nothing more is published by this one; run the job again.',
    cause,
  });
}
