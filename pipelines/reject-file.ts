import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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

/** Where the files of rejects stay: in a folder of this machine, or where `keep` takes each one, and says so. */
export type RejectPlace =
  { readonly folder: string } | { readonly keep: (file: string, signal: AbortSignal) => Promise<string> };

/**
 * The rejected rows of one attempt at a unit, one JSON object a line: `{job, run_id, unit, file, row, column, value, reason}`.
 * The file is made with the first reject, under a name of its own: a second attempt never appends to the first one's.
 */
export class RejectFile {
  private handle: FileHandle | undefined;
  private readonly file: string;
  private kept: string | undefined;

  constructor(
    private readonly place: RejectPlace,
    private readonly origin: RejectOrigin,
  ) {
    const name = `${origin.unit}.${randomBytes(8).toString('hex')}.jsonl`;
    this.file =
      'folder' in place ? path.join(place.folder, name) : path.join(tmpdir(), `beamlift-rejects.${name}`);
  }

  /** Where people find it, once it was kept. */
  get keptAs(): string | undefined {
    return this.kept;
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

  /** Ends the file and puts it where it stays. Undefined: there are no rejects. */
  async keep(signal: AbortSignal): Promise<string | undefined> {
    if (this.handle === undefined) return undefined;
    await this.close();
    if ('folder' in this.place) return (this.kept = this.file);
    this.kept = await this.place.keep(this.file, signal);
    await rm(this.file, { force: true });
    return this.kept;
  }

  /** As `keep`, for a run that ends with these rejects: where they cannot be taken away, they stay here. */
  async keepSomewhere(signal: AbortSignal): Promise<string | undefined> {
    try {
      return await this.keep(signal);
    } catch {
      return (this.kept = this.file);
    }
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }

  /** For an attempt that does not count. What was taken away stays there: its place knows which attempts count. */
  async discard(): Promise<void> {
    if (this.handle !== undefined) await rm(this.file, { force: true });
  }
}
