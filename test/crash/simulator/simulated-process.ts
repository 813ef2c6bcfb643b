import type { Clock } from '../../../core/clock';
import type { ProcessIdentity } from '../../../loaders/process-identity';
import type { World, WorldEvent } from './world';

/** A process of the simulation: it has its own clock, may be stopped for a while, and may die at any moment. */
export class SimulatedProcess {
  readonly identity: ProcessIdentity;
  readonly clock: Clock;
  /** Requests it has begun. */
  requests = 0;
  private dead = false;
  private wakesAt = 0;

  /** `skewMs`: how much its clock is ahead. */
  constructor(
    readonly world: World,
    readonly name: string,
    host: string,
    pid: number,
    skewMs: number,
  ) {
    this.identity = { host, pid, started: String(pid * 10) };
    this.clock = {
      now: () => world.now + skewMs,
      sleep: (milliseconds, signal) => this.sleep(milliseconds, signal),
    };
  }

  get isDead(): boolean {
    return this.dead;
  }

  /** SIGKILL: nothing of it goes on, but what it has sent may still arrive. */
  kill(): void {
    if (this.dead) return;
    this.world.note(this.name, 'KILLED');
    this.dead = true;
  }

  /** SIGSTOP, and SIGCONT after a while. */
  pause(milliseconds: number): void {
    this.world.note(this.name, `stopped for ${Math.round(milliseconds / 1000)} s`);
    this.wakesAt = Math.max(this.wakesAt, Math.round(this.world.now + milliseconds));
  }

  /** Something happens in the process: at that time, or when it wakes, or never. */
  deliver(at: number, run: () => void): WorldEvent {
    const event = this.world.schedule(at, true, () => {
      if (this.dead) return;
      if (this.wakesAt > this.world.now) this.deliver(this.wakesAt, () => event.run?.());
      else run();
    });
    return event;
  }

  private sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      let over = false;
      const abort = (): void => {
        if (over) return;
        over = true;
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.deliver(this.world.now + Math.max(milliseconds, 0), () => {
        if (over) return;
        over = true;
        signal.removeEventListener('abort', abort);
        resolve();
      });
    });
  }
}
