import type { RunEvent } from '../../pipelines/run-events';

/** Events in words. */
export class Told {
  readonly events: RunEvent[] = [];
  readonly listener = (event: RunEvent): void => {
    this.events.push(event);
  };

  get states(): string[] {
    return this.events.flatMap((event) => (event.kind === 'runner.state' ? [event.state] : []));
  }

  get messages(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'runner.message' ? [`${event.level}: ${event.text}`] : [],
    );
  }

  get workers(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'runner.workers' ? [`${event.workers ?? '?'} of ${event.target ?? '?'}`] : [],
    );
  }

  counters(name: string): number[] {
    return this.events.flatMap((event) =>
      event.kind === 'runner.counters' ? [event.counters.get(name) ?? -1] : [],
    );
  }
}
