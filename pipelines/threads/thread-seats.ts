/** The right to run one unit on a thread; to be given back. */
export interface Seat {
  readonly thread: number;
  leave(): void;
}

/** How many units of a run each thread may have, and has. */
export interface SeatTaker {
  readonly shares: readonly number[];
  readonly taken: number[];
}

interface Waiter {
  readonly taker: SeatTaker;
  readonly take: (seat: Seat) => void;
}

/** The seats of all threads: so many of each, and of each run as many as it has connections for. */
export class ThreadSeats {
  private readonly taken: number[];
  private readonly waiters = new Set<Waiter>();

  constructor(
    threads: number,
    private readonly perThread: number,
    /** Which of two threads that have as much to do is better: the one that exists. */
    private readonly isRunning: (thread: number) => boolean,
  ) {
    this.taken = Array.from({ length: threads }, () => 0);
  }

  /** Waits for a seat; who came first is served first. Rejects with the signal's reason. */
  async take(taker: SeatTaker, signal: AbortSignal): Promise<Seat> {
    signal.throwIfAborted();
    const seat = this.tryTake(taker);
    if (seat !== undefined) return seat;
    return await new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.waiters.delete(waiter);
        reject(signal.reason as Error);
      };
      const take = (given: Seat): void => {
        this.waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
        resolve(given);
      };
      const waiter = { taker, take };
      this.waiters.add(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  private tryTake(taker: SeatTaker): Seat | undefined {
    let best: number | undefined;
    for (const [thread, taken] of this.taken.entries()) {
      if (taken >= this.perThread || (taker.taken[thread] ?? 0) >= (taker.shares[thread] ?? 0)) continue;
      if (best === undefined || this.isBetter(thread, best)) best = thread;
    }
    return best === undefined ? undefined : this.seat(best, taker);
  }

  private isBetter(thread: number, best: number): boolean {
    const difference = (this.taken[thread] ?? 0) - (this.taken[best] ?? 0);
    return difference < 0 || (difference === 0 && this.isRunning(thread) && !this.isRunning(best));
  }

  private seat(thread: number, taker: SeatTaker): Seat {
    const change = (by: number): void => {
      this.taken[thread] = (this.taken[thread] ?? 0) + by;
      taker.taken[thread] = (taker.taken[thread] ?? 0) + by;
    };
    change(1);
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      change(-1);
      this.serve();
    };
    return { thread, leave };
  }

  private serve(): void {
    for (const { taker, take } of this.waiters) {
      const seat = this.tryTake(taker);
      if (seat !== undefined) take(seat);
    }
  }
}
