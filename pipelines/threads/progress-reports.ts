import type { ProgressListener } from '../encode-rows';

/** Reports of one unit come at most this often: tens a second over all threads, and a bar still moves. In milliseconds. */
const REPORT_EVERY_MS = 100;

/** Adds up what a unit tells, so that a fast one does not flood the other thread with messages. */
export class ProgressReports {
  private rows = 0;
  private sourceBytes = 0;
  private stagedBytes = 0;
  private last = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly report: ProgressListener) {}

  /** Reports at once when the last report is old: a unit that never lets go of its thread is heard as well. */
  readonly add: ProgressListener = (rows, sourceBytes, stagedBytes) => {
    this.rows += rows;
    this.sourceBytes += sourceBytes;
    this.stagedBytes += stagedBytes;
    const wait = this.last + REPORT_EVERY_MS - performance.now();
    if (wait <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), wait);
  };

  /** Reports what is left; nothing comes after it. */
  end(): void {
    if (this.rows + this.sourceBytes + this.stagedBytes > 0) this.flush();
    clearTimeout(this.timer);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.last = performance.now();
    const { rows, sourceBytes, stagedBytes } = this;
    this.rows = this.sourceBytes = this.stagedBytes = 0;
    this.report(rows, sourceBytes, stagedBytes);
  }
}
