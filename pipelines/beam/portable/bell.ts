/** Wakes whoever waits before the time is up. */
export class Bell {
  private rung = false;
  private wake: (() => void) | undefined;

  /** Heard at once by who waits, or by the next who does. */
  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Until it rings, or so many milliseconds. Throws the signal's reason. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.wake, { once: true });
      });
      if (this.wake !== undefined) signal.removeEventListener('abort', this.wake);
      this.wake = undefined;
    }
    this.rung = false;
    signal.throwIfAborted();
  }
}
