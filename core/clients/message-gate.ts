/** Lets messages through one by one, each when somebody asks for it: a fast sender is held back by a slow reader. */
export class MessageGate {
  private permits = 0;
  private forGood = false;
  private readonly waiting: (() => void)[] = [];

  /** One more message may pass. */
  open(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.permits++;
    else next();
  }

  /** Nobody reads any longer: all may pass. */
  openForGood(): void {
    this.forGood = true;
    for (const pass of this.waiting.splice(0)) pass();
  }

  async wait(): Promise<void> {
    if (this.forGood) return;
    if (this.permits > 0) {
      this.permits--;
      return;
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}
