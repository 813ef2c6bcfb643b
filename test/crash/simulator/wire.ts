import { setMaxListeners } from 'node:events';
import type { CrashPhase, Fate, FaultPlan, Operation } from './fault-plan';
import type { SimulatedProcess } from './simulated-process';

/** What a client gets for one request; nothing at all looks the same whether the server did it or not. */
export type Answer<Value> =
  | { readonly kind: 'answered'; readonly value: Value }
  | { readonly kind: 'silence' }
  | { readonly kind: 'status'; readonly status: 403 | 429 | 503 };

/** When something befalls a process: at a later request of it, or the so-manieth of an operation. */
export interface Interruption {
  readonly operation: Operation | undefined;
  readonly countdown: number;
  readonly effect: InterruptionEffect;
}

export type InterruptionEffect =
  | { readonly kind: 'crash'; readonly phase: CrashPhase }
  | { readonly kind: 'pause'; readonly ms: number }
  /** Ctrl-C, or a deadline, with the request on its way or lost. */
  | { readonly kind: 'stop'; readonly reason: Error; readonly request: 'served' | 'unsent' | 'late' };

/** After so long without an answer a client gives up, in milliseconds. */
const CLIENT_TIMEOUT_MS = 60_000;

/** A process's way to both services. */
export class Wire {
  private readonly left: { interruption: Interruption; count: number }[];

  /** `interruptions`: one after another; each is counted from the one before. */
  constructor(
    readonly process: SimulatedProcess,
    readonly faults: FaultPlan,
    interruptions: readonly Interruption[],
    private readonly stop: (reason: Error) => void,
  ) {
    this.left = interruptions.map((interruption) => ({ interruption, count: interruption.countdown }));
  }

  /** One request: `effect` is what the server does when it arrives. Rejects with the signal's reason, and may be done all the same. */
  send<Value>(
    operation: Operation,
    target: string,
    signal: AbortSignal,
    effect: () => Value,
  ): Promise<Answer<Value>> {
    const { process, faults } = this;
    const { world } = process;
    if (process.isDead) return never();
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    process.requests++;
    let fate = faults.fateOf(operation, world.now);
    const interruption = this.interrupted(operation);
    if (interruption?.kind === 'pause') process.pause(interruption.ms);
    if (interruption?.kind === 'stop') {
      this.interrupt(interruption.reason);
      const { request } = interruption;
      fate = request === 'late' ? { kind: request, delayMs: faults.lateness() } : { kind: request };
    }
    const phase = interruption?.kind === 'crash' ? interruption.phase : undefined;
    if (phase === 'before') {
      process.kill();
      return never();
    }
    if (phase === 'late') fate = { kind: 'late', delayMs: faults.lateness() };
    if (phase === 'after') fate = { kind: 'served' };
    world.note(
      process.name,
      `${operation} ${target}${fate.kind === 'served' ? '' : `  (${describe(fate)})`}`,
    );
    return new Promise((resolve, reject) => {
      let over = false;
      const answer = (delay: number, what: Answer<Value>): void => {
        process.deliver(world.now + delay, () => {
          if (over) return;
          over = true;
          signal.removeEventListener('abort', abort);
          resolve(what);
        });
      };
      const abort = (): void => {
        over = true;
        reject(signal.reason as Error);
      };
      // A sweep sends many requests at once.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', abort, { once: true });
      const serve = (delay: number, then: (value: Value) => void): void => {
        world.schedule(world.now + delay, false, () => {
          const value = effect();
          world.note(
            process.name,
            `  done: ${operation} ${target}${world.tracing ? ` = ${shown(value)}` : ''}`,
          );
          then(value);
        });
      };
      const giveUp = faults.chance(0.5) ? CLIENT_TIMEOUT_MS : faults.latency();
      switch (fate.kind) {
        case 'served':
          serve(faults.latency(), (value) => {
            if (phase === 'after') process.kill();
            answer(faults.latency(), { kind: 'answered', value });
          });
          break;
        case 'unsent':
          answer(giveUp, { kind: 'silence' });
          break;
        case 'unanswered':
          serve(faults.latency(), () => answer(giveUp, { kind: 'silence' }));
          break;
        case 'late':
          serve(fate.delayMs, () => {
            if (operation === 'jobs.publish') faults.lateJobs++;
          });
          answer(giveUp, { kind: 'silence' });
          if (phase === 'late') process.kill();
          break;
        case 'unavailable':
          if (fate.done)
            serve(faults.latency(), () => answer(faults.latency(), { kind: 'status', status: 503 }));
          else answer(2 * faults.latency(), { kind: 'status', status: 503 });
          break;
        case 'throttled':
          answer(2 * faults.latency(), { kind: 'status', status: 429 });
          break;
        case 'forbidden':
          answer(2 * faults.latency(), { kind: 'status', status: 403 });
          break;
      }
    });
  }

  private interrupt(reason: Error): void {
    const { process } = this;
    process.deliver(process.world.now, () => {
      process.world.note(process.name, reason.message);
      this.stop(reason);
    });
  }

  private interrupted(operation: Operation): InterruptionEffect | undefined {
    const [next] = this.left;
    if (next === undefined || this.faults.healed) return undefined;
    const { operation: at, effect } = next.interruption;
    if (at !== undefined && at !== operation) return undefined;
    if (--next.count > 0) return undefined;
    this.left.shift();
    return effect;
  }
}

function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

function describe(fate: Fate): string {
  if (fate.kind === 'late') return `late by ${Math.round(fate.delayMs / 1000)} s`;
  if (fate.kind === 'unavailable') return fate.done ? '503, but done' : '503';
  return fate.kind;
}

function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(value, (key, item: unknown) => (key === 'body' ? undefined : item)).slice(0, 160);
}
