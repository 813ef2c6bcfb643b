import type { Clock } from '../../../core/clock';

/** A clock on which waiting takes no time. */
export class VirtualClock implements Clock {
  /** Every wait, in milliseconds. */
  readonly waits: number[] = [];
  /** Called as time goes on. */
  onTick: (nowMs: number) => void = () => undefined;

  constructor(private nowMs = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.nowMs;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.waits.push(milliseconds);
    this.nowMs += milliseconds;
    this.onTick(this.nowMs);
    await Promise.resolve();
    signal.throwIfAborted();
  }
}
