/** What is going to happen at a point of virtual time. */
export interface WorldEvent {
  readonly at: number;
  readonly order: number;
  /** Whether code under test goes on in it, so that its promises have to settle before the next event. */
  readonly wakesCode: boolean;
  run: (() => void) | undefined;
}

/** When the story of every seed begins, in milliseconds since 1970. */
export const BEGINNING = Date.UTC(2026, 0, 5, 6);

/** A seed that takes more is taken for an endless loop. */
const MAX_EVENTS = 150_000;

/** Events between two turns of the real event loop, in which nothing happens but what the engine itself has put off. */
const TURN_EVERY = 64;

/** When all promises have settled that can: the queue of ticks comes after that of promises. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Virtual time: a queue of events, run one after another; between two of them all promises settle. */
export class World {
  now = BEGINNING;
  readonly trace: string[] = [];
  private readonly queue: WorldEvent[] = [];
  private ordered = 0;
  private happened = 0;

  /** `tracing`: what happens is written down. */
  constructor(
    readonly tracing: boolean,
    private readonly afterEvent: (world: World) => void,
  ) {}

  note(who: string, what: string): void {
    if (!this.tracing) return;
    this.trace.push(`${((this.now - BEGINNING) / 1000).toFixed(3).padStart(11)} ${who.padEnd(8)} ${what}`);
  }

  /** The event can be called off by removing its `run`. */
  schedule(at: number, wakesCode: boolean, run: () => void): WorldEvent {
    const event = { at: Math.max(Math.round(at), this.now), order: this.ordered++, wakesCode, run };
    this.push(event);
    return event;
  }

  /** Runs events until `done` says so, or until the given time. False: nothing is left to happen before then. */
  async runUntil(done: () => boolean, until: number): Promise<boolean> {
    while (!done()) {
      const next = this.queue[0];
      if (next === undefined || next.at > until) {
        this.now = Math.max(this.now, Math.round(until));
        return false;
      }
      this.pop();
      const { run } = next;
      if (run === undefined) continue;
      if (++this.happened > MAX_EVENTS) throw new Error(`${MAX_EVENTS} events and no end`);
      this.now = Math.max(this.now, next.at);
      run();
      if (next.wakesCode) await (this.happened % TURN_EVERY === 0 ? turn() : settled());
      this.afterEvent(this);
    }
    return true;
  }

  get events(): number {
    return this.happened;
  }

  private push(event: WorldEvent): void {
    const { queue } = this;
    let child = queue.length;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = queue[parent];
      if (above === undefined || !comesBefore(event, above)) break;
      queue[child] = above;
      child = parent;
    }
    queue[child] = event;
  }

  private pop(): void {
    const { queue } = this;
    const last = queue.pop();
    if (last === undefined || queue.length === 0) return;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      let least = queue[child];
      const right = queue[child + 1];
      if (least === undefined) break;
      if (right !== undefined && comesBefore(right, least)) {
        child++;
        least = right;
      }
      if (!comesBefore(least, last)) break;
      queue[parent] = least;
      parent = child;
    }
    queue[parent] = last;
  }
}

function comesBefore(a: WorldEvent, b: WorldEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
