import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Reject } from '../core/reject';

/** Whose rejects a file holds. */
export interface RejectOrigin {
  readonly job: string;
  readonly runId: string;
  readonly unit: string;
  /** Of a unit that is a file. */
  readonly file?: string | undefined;
}

/**
 * The rejected rows of one attempt at a unit, one JSON object a line: `{job, run_id, unit, file, row, column, value, reason}`.
 * The file is made with the first reject, under a name of its own: a second attempt never appends to the first one's.
 */
export class RejectFile {
  private handle: FileHandle | undefined;
  private readonly file: string;

  constructor(
    folder: string,
    private readonly origin: RejectOrigin,
  ) {
    this.file = path.join(folder, `${origin.unit}.${randomBytes(4).toString('hex')}.jsonl`);
  }

  /** Undefined until something was written. */
  get path(): string | undefined {
    return this.handle === undefined ? undefined : this.file;
  }

  async write(rejects: readonly Reject[]): Promise<void> {
    if (rejects.length === 0) return;
    if (this.handle === undefined) {
      await mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
      this.handle = await open(this.file, 'wx', 0o600);
    }
    const { job, runId, unit, file } = this.origin;
    const lines = rejects.map(
      (reject) => JSON.stringify({ job, run_id: runId, unit, file, ...reject }) + '\n',
    );
    await this.handle.write(lines.join(''));
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }

  /** For an attempt that does not count. */
  async discard(): Promise<void> {
    if (this.handle !== undefined) await rm(this.file, { force: true });
  }
}
