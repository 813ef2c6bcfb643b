/** Work that waits for the work before it, whatever became of that. */
export class OneAtATime {
  private last: Promise<unknown> = Promise.resolve();

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work, work);
    this.last = result.catch(() => undefined);
    return await result;
  }
}
