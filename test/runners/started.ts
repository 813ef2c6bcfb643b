/** What a suite has started, so that all of it is stopped, also where one of them does not start. */
export class Started {
  private readonly stops: (() => Promise<void>)[] = [];

  /** Waits for a start; what `stop` is to do comes from what was started. */
  async with<Thing>(starting: Promise<Thing>, stop: (thing: Thing) => Promise<void>): Promise<Thing> {
    const thing = await starting;
    this.stops.unshift(async () => await stop(thing));
    return thing;
  }

  /** For an `after` hook: the last first. Throws what went wrong, when all have been stopped. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.stops.splice(0)) {
      await stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped');
  }
}
